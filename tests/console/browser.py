"""A real browser on a real console: which one is there, and how it is started."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

CHROMIUM = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)
WHY_NOT = "no Chromium here: apt-get install chromium (scripts/browser.sh does it when it runs as root)"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


@dataclass(frozen=True)
class Served:
    """A console that runs, and the passwords that it showed."""

    address: str
    passwords: dict[str, str]
    process: subprocess.Popen[str]


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(folder: Path, config: Path | None = None) -> Iterator[Served]:
    """`trucewatch console --demo` on the log in `folder`/out, as its own process; config: `folder`/agreement.yaml."""
    port = free_port()
    command = [sys.executable, "-m", "detector", "console", str(folder / "out"), "--demo", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--config", str(config or folder / "agreement.yaml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        passwords, line = {}, ""
        for line in process.stdout:
            if found := re.match(r"\s+(demo\S*)\s+(\S+)", line):
                passwords[found[1]] = found[2]
            if "console is at" in line:
                break
        try:
            assert len(passwords) == 3, line
            address = f"http://127.0.0.1:{port}"
            _wait(address)
            yield Served(address, passwords, process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def _wait(address: str) -> None:
    for _ in range(200):
        try:
            with urlopen(f"{address}/sign-in", timeout=5):
                return
        except (URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError(f"{address} does not answer")
