"""/healthz, /readyz and /metrics: for whoever keeps the machine running, not for reviewers."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from detector.centre.metrics import CONTENT_TYPE, exposition
from detector.errors import Complaint, ConfigError

_FRESH_S = 10.0


class HealthPage:
    """Answers on a thread of its own. Neither of these may block; each is called for every request that needs it.

    snapshot: what the figures are made of.
    turned_s: how long ago the centre's loop turned, whatever the time of day is set to. [s]

    Raises:
        ConfigError: the address is taken, or is none of this machine.
    """

    def __init__(
        self, address: str, config: str, snapshot: Callable[[], dict[str, Any]], turned_s: Callable[[], float]
    ) -> None:
        host, _, port = address.rpartition(":")

        class Handler(_Handler):
            answers = staticmethod(snapshot)
            since_turned_s = staticmethod(turned_s)

        class Server(_Server):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        try:
            self._server = Server((host.strip("[]"), int(port)), Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ConfigError(Complaint(config, None, f"centre.health: {address} cannot be used: {reason}")) from error
        self.url = f"http://{host}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, name="health page", daemon=True).start()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


def readiness(feeds: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Ready: every process runs, and every source has been seen since it was started. not_seen: which was not, and why.

    A feed that was seen and is lost now does not make a centre less ready: its state says so, and its metrics.
    """
    states = {feed: one["status"].get("state", one["state"]) for feed, one in feeds.items()}
    connecting = (feed for feed, state in states.items() if state == "connecting")
    not_seen = {feed: feeds[feed]["status"].get("state_why") or "connecting" for feed in connecting}
    alive = all(one["alive"] or one["state"] == "ended" for one in feeds.values())
    return {"ready": alive and not not_seen, "feeds": states} | ({"not_seen": not_seen} if not_seen else {})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: who asked has gone before the answer. Its traceback would stand between lines of JSON."""


class _Handler(BaseHTTPRequestHandler):
    answers: Callable[[], dict[str, Any]]
    since_turned_s: Callable[[], float]
    timeout = 10  # a client that says nothing does not keep its thread

    def do_GET(self) -> None:
        snapshot = self.answers()
        match self.path.partition("?")[0]:
            case "/healthz":
                fresh = type(self).since_turned_s() < _FRESH_S
                self._answer(200 if fresh else 503, "application/json", json.dumps({"turning": fresh}))
            case "/readyz":
                said = readiness(snapshot["feeds"])
                self._answer(200 if said["ready"] else 503, "application/json", json.dumps(said))
            case "/metrics":
                self._answer(200, CONTENT_TYPE, exposition(snapshot))
            case _:
                self._answer(404, "text/plain", "here are /healthz, /readyz and /metrics\n")

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def _answer(self, code: int, content_type: str, body: str) -> None:
        data = body.encode()
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that http.server calls
        """Nothing: a scrape every few seconds is no news."""
