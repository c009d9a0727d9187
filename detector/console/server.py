"""Opens the console and answers."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI

from detector.config import load_outline
from detector.console.accounts import Accounts
from detector.console.agreement import Agreement
from detector.console.app import let_go, make_app
from detector.console.certificate import Renewal
from detector.console.counts import Counts
from detector.console.desk import Desk
from detector.console.lately import LatelyBook
from detector.console.listening import Listening
from detector.console.logbook import LogBook
from detector.console.patience import Patient
from detector.console.sessions import USUAL_IDLE, Idle
from detector.console.versions import Check
from detector.timebase import Clock

MOST_CONNECTIONS = 200
IDLE_S = 30
_LOOK_EVERY_TICKS = 100
MOST_SAID = 1024
"""Bytes of a WebSocket message from a browser, of which there are none."""


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
    return Desk(book, agreement, accounts, clock, Counts(book), LatelyBook(book), check=check)


def open_socket(listening: Listening) -> socket.socket:
    """Take the address. Raises OSError: it is taken, or not this machine's."""
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    return socket.create_server((listening.host, listening.port), family=family)


def serve(desk: Desk, listening: Listening, taken: socket.socket) -> None:
    """Until it is told to stop; by a certificate that is renewed meanwhile."""
    tls = listening.tls
    app = make_app(desk)
    config = uvicorn.Config(
        app,
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.key,
        log_config=None,  # as this process says everything else
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=IDLE_S,
        http=Patient,
        ws="websockets-sansio",
        ws_max_size=MOST_SAID,
        ws_per_message_deflate=False,  # what is sent are JPEGs
        timeout_graceful_shutdown=3,
    )
    config.load()
    renewal = None if tls is None or config.ssl is None else Renewal(tls, config.ssl)
    for remark in () if tls is None else tls.remarks(datetime.now(UTC)):
        _say_of_certificate(remark)
    _Server(config, app, renewal).run(sockets=[taken])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: FastAPI, renewal: Renewal | None) -> None:
        super().__init__(config)
        self._app, self._renewal = app, renewal

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        if self._renewal is not None and counter % _LOOK_EVERY_TICKS == 0:
            told = self._renewal.look()
            if told:
                _say_of_certificate(told)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """It was told to end."""
        let_go(self._app)
        await super().shutdown(sockets)


def _say_of_certificate(told: str) -> None:
    structlog.get_logger().warning("certificate", what=told)
