"""Where live samples come from: mqtt://user:password@host:port/topic."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from detector.addresses import masked

_FORM = re.compile(
    r"(?P<scheme>mqtts?)://(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:@/\[\]\s]+)(?::(?P<port>\d{1,5}))?/(?P<topic>.+)"
)
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class MqttAddress:
    """A broker and a pattern of topics. `str` and `repr` never show who signs in, nor with what.

    topic: as the broker takes it: `+` stands for one level, `#` at the end for all that follow.
    """

    host: str
    port: int
    topic: str
    tls: bool = False
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> MqttAddress:
        """Read mqtt://host/topic, or mqtts:// with TLS; user and password are percent-encoded.

        Raises:
            ValueError: not of this form; the message has no credentials in it.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(
                f"{masked(text)} is not of the form mqtt://host/topic (or mqtts://user:password@host:port/topic)"
            )
        port = int(match["port"] or _PORTS[match["scheme"]])
        if not 0 < port < 65_536:
            raise ValueError(f"{masked(text)}: port {port} is not between 1 and 65535")
        user, password = (None if part is None else unquote(part) for part in (match["user"], match["password"]))
        return cls(
            match["host"].strip("[]"), port, _pattern(match["topic"]), match["scheme"] == "mqtts", user, password
        )

    def __str__(self) -> str:
        scheme = "mqtts" if self.tls else "mqtt"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}/{self.topic}"


def _pattern(topic: str) -> str:
    levels = topic.split("/")
    wild = [level for level in levels if level not in {"+", "#"} and ("+" in level or "#" in level)]
    if wild or "#" in levels[:-1]:
        raise ValueError(f"topic {topic}: + stands for one whole level, and # for all levels after the last /")
    return topic
