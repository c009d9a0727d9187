"""To an MQTT broker: entries as they come, and what each feed is doing as retained state."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from detector.config import PathBeside
from detector.log.reader import Entry
from detector.outbox.cloud_event import cloud_event, encoded
from detector.outbox.secret import read_secret
from detector.outbox.sink import SinkError, SinkSettings

_NOBODY = "-"


class MqttConfig(SinkSettings):
    """Which broker, and under which topics."""

    host: str = Field(min_length=1, max_length=255, description="The broker's name or address.")
    port: int = Field(1883, ge=1, le=65535, description="Its port; 8883 is usual with tls.")
    topic: str = Field(
        "trucewatch",
        pattern=r"^[^+#\x00]{1,200}$",
        description="Topics are TOPIC/FEED/entry, TOPIC/FEED/state (retained while it is watched) and TOPIC/centre "
        "(retained: online, offline).",
    )
    user: str | None = Field(None, description="User name.")
    secret_file: PathBeside | None = Field(None, description="Its first line is the password.")
    tls: bool = Field(False, description="Encrypt, and check the broker's certificate.")
    ca_file: PathBeside | None = Field(
        None, description="Certificates that vouch for the broker; left out: the system's."
    )
    qos: Literal[1, 2] = Field(1, description="2 has the broker itself keep one message from coming twice.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.secret_file is not None and self.user is None:
            raise ValueError("secret_file is the password of a user: name the user")
        if self.ca_file is not None and not self.tls:
            raise ValueError("ca_file belongs to tls: true")
        return self


class MqttSink:
    """Delivered is what the broker has acknowledged (PUBACK or PUBCOMP). Its last will says `offline` if it dies."""

    Config = MqttConfig

    def __init__(self, config: MqttConfig) -> None:
        self.config = config
        self._client: Any = None
        self._state: dict[str, str] = {}

    def deliver(self, entry: Entry) -> None:
        """One message, and its acknowledgement."""
        topic = f"{self.config.topic}/{entry.source_id or _NOBODY}/entry"
        self._publish(topic, encoded(cloud_event(entry)), retain=False)

    def state(self, feeds: dict[str, str]) -> None:
        """Retained, when it has changed; of a feed that is no longer watched, nothing more."""
        for feed, state in feeds.items():
            if self._state.get(feed) != state:
                self._publish(f"{self.config.topic}/{feed}/state", json.dumps({"state": state}).encode(), retain=True)
                self._state[feed] = state
        for feed in self._state.keys() - feeds.keys():  # no longer watched: the broker forgets it
            self._publish(f"{self.config.topic}/{feed}/state", b"", retain=True)
            self._state.pop(feed, None)

    def close(self) -> None:
        """Say so, and go."""
        if self._client is not None:
            with contextlib.suppress(SinkError):  # the last will says it, too
                self._publish(f"{self.config.topic}/centre", b"offline", retain=True)
            self._drop()

    def _publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        client = self._connected()
        try:
            told = client.publish(topic, payload, qos=self.config.qos, retain=retain)
            told.wait_for_publish(self.config.timeout_s)
            done = told.is_published()
        except (ValueError, RuntimeError, OSError) as error:
            self._drop()
            raise SinkError(f"the broker does not take it: {error}") from None
        if not done:
            # The client would send it again by itself, out of order: a new one knows nothing of it.
            self._drop()
            raise SinkError(f"the broker has not acknowledged within {self.config.timeout_s:g} s")

    def _connected(self) -> Any:
        if self._client is not None and self._client.is_connected():
            return self._client
        self._drop()
        try:
            from paho.mqtt import client as paho  # noqa: PLC0415 - an extra
            from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415
        except ImportError:
            raise SinkError("MQTT needs the extra `mqtt`: pip install 'trucewatch[mqtt]'") from None
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        refusals: list[str] = []

        def answered(_client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            if reason.is_failure:
                refusals.append(str(reason))

        client.on_connect = answered
        client.will_set(f"{self.config.topic}/centre", b"offline", qos=1, retain=True)
        if self.config.user is not None:
            client.username_pw_set(self.config.user, read_secret(self.config.secret_file).decode() or None)
        try:
            if self.config.tls:
                client.tls_set(ca_certs=None if self.config.ca_file is None else str(self.config.ca_file))
            client.connect(self.config.host, self.config.port, keepalive=15)
            client.loop_start()
        except (OSError, ValueError) as error:
            raise SinkError(f"{self.config.host}:{self.config.port}: {error}") from None
        self._client, self._state = client, {}
        self._wait_for_the_broker(client, refusals)
        client.publish(f"{self.config.topic}/centre", b"online", qos=1, retain=True)
        return client

    def _wait_for_the_broker(self, client: Any, refusals: list[str]) -> None:
        until_s = time.monotonic() + self.config.timeout_s
        while not client.is_connected():
            if refusals or time.monotonic() > until_s:
                self._drop()
                why = f"the broker does not let us in: {refusals[-1]}" if refusals else "the broker does not answer"
                raise SinkError(f"{self.config.host}:{self.config.port}: {why}")
            time.sleep(0.02)

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()
