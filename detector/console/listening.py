"""Where the console listens: on this machine only, or with TLS."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from detector.config.settings import ConsoleSettings
from detector.console.certificate import Certificate


@dataclass(frozen=True, slots=True)
class Listening:
    """Where, and with which certificate and key (PEM files); without, only on this machine.

    Raises:
        ValueError: passwords would cross the network unprotected, one of certificate and key is missing, or they cannot
            be used.
    """

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None

    @classmethod
    def asked_for(cls, settings: ConsoleSettings) -> Listening | None:
        """As a configuration has it; None: it wants no console. Raises ValueError: as above."""
        if settings.address is None:
            return None
        return cls(settings.host, settings.port, settings.certificate, settings.key)

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a certificate and its key are given together")
        _ = self.tls
        if self.certificate is None and not _is_this_machine(self.host):
            raise ValueError(
                f"host {self.host!r} without a certificate: passwords would cross the network in the open. "
                "Give --certificate and --key, or listen on 127.0.0.1 behind a proxy that speaks TLS"
            )

    @property
    def tls(self) -> Certificate | None:
        """Certificate and key together; None on this machine alone. Raises ValueError: they cannot be used."""
        return None if self.certificate is None or self.key is None else Certificate(self.certificate, self.key)

    @property
    def address(self) -> str:
        """What to open in a browser."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate is not None else 'http'}://{host}:{self.port}/"


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
