"""Clients that say nothing, or too little, against the real server: they are let go, and keep nobody out."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from detector.console.patience import BODY_S, HEAD_S
from detector.console.server import MOST_CONNECTIONS
from tests.console.browser import Served, served

LATE_S = 10.0
"""How much later than due on a loaded machine."""


@pytest.fixture(scope="module")
def console(night: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(Path(shutil.copytree(night, tmp_path_factory.mktemp("slow") / "night"))) as running:
        yield running


def connected(console: Served) -> socket.socket:
    address = urlsplit(console.address)
    assert address.hostname is not None
    assert address.port is not None
    return socket.create_connection((address.hostname, address.port), timeout=BODY_S + LATE_S)


def code(console: Served) -> int:
    try:
        with urllib.request.urlopen(f"{console.address}/sign-in", timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.slow
def test_as_many_silent_connections_as_there_may_be_keep_nobody_out_for_long(console: Served) -> None:
    assert code(console) == 200
    begun_s = time.monotonic()
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connected(console)) for _ in range(MOST_CONNECTIONS)]
        silent[0].sendall(b"GET / HTTP/1.1\r\nHost: ")
        assert code(console) == 503
        while code(console) != 200:
            assert time.monotonic() - begun_s < HEAD_S + LATE_S
            with contextlib.suppress(OSError):
                silent[0].sendall(b"x")  # a byte now and then does not help
            time.sleep(0.5)
        with contextlib.suppress(ConnectionError):
            assert silent[0].recv(10) == b""
        assert silent[1].recv(10) == b""


@pytest.mark.slow
def test_a_body_or_a_second_head_that_does_not_end_is_let_go_and_who_asks_again_and_again_meanwhile_is_not(
    console: Served,
) -> None:
    begun_s = time.monotonic()
    with connected(console) as body, connected(console) as head, keeps_asking(console) as asked:
        body.sendall(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nname")
        head.sendall(b"GET /sign-in HTTP/1.1\r\nHost: x\r\n\r\n")
        assert head.recv(1 << 20).startswith(b"HTTP/1.1 200")
        head.sendall(b"GET /sign-in HT")
        while head.recv(1 << 20):
            pass
        assert HEAD_S - 1 < time.monotonic() - begun_s < HEAD_S + LATE_S
        assert body.recv(1 << 20).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - begun_s < BODY_S + LATE_S
    assert asked.result() > 4  # so for longer than a head may take
    assert code(console) == 200


@contextlib.contextmanager
def keeps_asking(console: Served) -> Iterator[Future[int]]:
    """How often it was answered over one and the same connection, a third of the patience apart, until this is left."""
    over = threading.Event()

    def ask() -> int:
        answered = 0
        with contextlib.closing(http.client.HTTPConnection(urlsplit(console.address).netloc, timeout=30)) as one:
            one.connect()
            first = one.sock
            while True:
                one.request("GET", "/sign-in")
                answer = one.getresponse()
                assert (answer.status, one.sock) == (200, first)
                answer.read()
                answered += 1
                if over.wait(HEAD_S / 3):
                    return answered

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            yield asking
        finally:
            over.set()
