"""Where the console listens: on this machine only, or with TLS."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Listening:
    """Where, and with which certificate and key (PEM files); without, only on this machine.

    Raises:
        ValueError: passwords would cross the network unprotected, or one of certificate and key is missing.
    """

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a certificate and its key are given together")
        for file in (self.certificate, self.key):
            if file is not None and not file.is_file():
                raise ValueError(f"{file}: there is no such file")
        if self.certificate is None and not _is_this_machine(self.host):
            raise ValueError(
                f"host {self.host!r} without a certificate: passwords would cross the network in the open. "
                "Give --certificate and --key, or listen on 127.0.0.1 behind a proxy that speaks TLS"
            )

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
