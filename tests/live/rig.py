"""Senders as processes of their own, and what a live source made of them."""

from __future__ import annotations

import contextlib
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from detector.config import LiveSettings
from detector.model import Frame, Gap
from detector.sources.live import LiveVideo

FEEDS = Path(__file__).parents[2] / "sample_feeds"
SENDER = Path(__file__).with_name("sender.py")

ADDRESSES = {
    "rtsp": "rtsp://user:secret@127.0.0.1:{}/feed",
    "rtsp-push": "rtsp://127.0.0.1:{}/feed?listen=1",
    "udp": "udp://127.0.0.1:{}",
    "multicast": "udp://239.255.42.42:{}?localaddr=127.0.0.1",
    "rtp": "rtp://127.0.0.1:{}",
    "http": "http://127.0.0.1:{}/feed",
    "srt": "srt://127.0.0.1:{}?mode=listener",
    "rtmp": "rtmp://127.0.0.1:{}/live/feed?listen=1",
}


def free_port() -> int:
    """An even one, with the next one free too, as RTP wants it: the kernel itself gives odd ones."""
    for _ in range(1000):
        port = random.SystemRandom().randrange(21_000, 32_000, 2)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                for number in (port, port + 1):
                    stack.enter_context(socket.socket(type=kind)).bind(("127.0.0.1", number))
            return port
    raise OSError("no free port")


@contextmanager
def sending(kind: str, port: int, file: Path, *options: str, wait: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """A sender; killed at the end, as a link is lost."""
    command = [sys.executable, str(SENDER), kind, str(port), str(file), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            if wait and process.stdout is not None:
                process.stdout.readline()
            yield process
        finally:
            process.kill()


@contextmanager
def running(file: Path, out: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`trucewatch run` as a process, told to stop at the end; what it says goes to said.jsonl beside `out`."""
    command = [sys.executable, "-m", "detector", "run", str(file), "--out", str(out)]
    with (out.parent / "said.jsonl").open("ab") as said, subprocess.Popen(command, stderr=said) as process:
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) in {0, -signal.SIGKILL}
        finally:
            process.kill()


class Watched:
    """A live source read by a thread: what it gave, each with when it came (monotonic clock, seconds).

    judging_s: how long the thread takes over each picture. [s]
    """

    def __init__(
        self, kind: str, port: int, settings: LiveSettings, spool: Path, transport: str = "tcp", judging_s: float = 0.0
    ) -> None:
        self._judging_s = judging_s
        self.source = LiveVideo(ADDRESSES[kind].format(port), "feed", settings, spool=spool, transport=transport)
        self.items: list[tuple[float, Frame | Gap]] = []
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.source.stop()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()

    def _read(self) -> None:
        for item in self.source:
            self.items.append((time.monotonic(), item))
            time.sleep(self._judging_s)

    @property
    def frames(self) -> list[Frame]:
        return [item for _, item in list(self.items) if isinstance(item, Frame)]

    @property
    def gaps(self) -> list[Gap]:
        return [item for _, item in list(self.items) if isinstance(item, Gap)]


def until(true: Callable[[], bool], within_s: float = 120.0) -> None:
    """Wait for it. The limit only ends what hangs: a busy machine is no fault."""
    end_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end_s, "it did not come about in time"
        time.sleep(0.02)
