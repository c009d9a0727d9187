"""Listens: on this machine only, or with TLS."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from detector.config import load_outline
from detector.console.accounts import Accounts
from detector.console.agreement import Agreement
from detector.console.app import make_app
from detector.console.desk import Desk
from detector.console.logbook import LogBook
from detector.console.sessions import USUAL_IDLE, Idle
from detector.console.versions import Check
from detector.timebase import Clock

MOST_CONNECTIONS = 200
IDLE_S = 30
MOST_SAID = 1024
"""Bytes of a WebSocket message from a browser, of which there are none."""


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


def open_desk(
    log: Path, config: Path | None, clock: Clock, check: Check = load_outline, idle: Idle = USUAL_IDLE
) -> Desk:
    """Everything the console works with. `check` reads a new version of the configuration whole before it is kept.

    Raises:
        LogError: there is no log, or it or the accounts cannot be read and written.
        ConfigError: the configuration cannot be read.
    """
    agreement = Agreement(config)
    book = LogBook(log)
    try:
        accounts = Accounts(log, clock, idle)
    except BaseException:
        book.close()
        raise
    return Desk(book, agreement, accounts, clock, check=check)


def open_socket(listening: Listening) -> socket.socket:
    """Take the address. Raises OSError: it is taken, or not this machine's."""
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    return socket.create_server((listening.host, listening.port), family=family)


def serve(desk: Desk, listening: Listening, taken: socket.socket) -> None:
    """Until it is told to stop."""
    config = uvicorn.Config(
        make_app(desk),
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.key,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=IDLE_S,
        ws="websockets-sansio",
        ws_max_size=MOST_SAID,
        ws_per_message_deflate=False,  # what is sent are JPEGs
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(config).run(sockets=[taken])


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
