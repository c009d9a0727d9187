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
from typing import Any
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


class Desk:
    """One person at one screen. What the browser itself complains of is kept."""

    def __init__(self, chromium: Any, console: Served, name: str) -> None:
        context = chromium.new_context(viewport={"width": 1440, "height": 900})
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(f"{console.address}/queue")
        self.page.locator("[name=name]:focus").wait_for()  # by itself, but not before it is first drawn
        self.page.keyboard.type(name)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(console.passwords[name])
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{console.address}/queue")
        self.address = console.address

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)

    def until(self, expression: str, timeout_s: float = 30.0) -> None:
        """Ask until it is true: Playwright's own waiting evaluates text, which the page's policy rightly forbids."""
        end_s = time.monotonic() + timeout_s
        while not self._is(expression):
            assert time.monotonic() < end_s, expression
            self.page.wait_for_timeout(20)

    def insist(self, key: str, expression: str) -> None:
        """Press the key until it is true: one that comes while the page is busy, or is drawn anew, is passed over."""
        end_s = time.monotonic() + 30
        while not self._is(expression):
            assert time.monotonic() < end_s, expression
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(200)

    def after_s(self, expression: str) -> float:
        """How long until it is true."""
        begin_s = time.monotonic()
        self.until(expression)
        return time.monotonic() - begin_s

    def _is(self, expression: str) -> bool:
        try:
            return bool(self.page.evaluate(expression))
        except Exception as error:  # Playwright's own, which is not there where there is no Playwright
            if "context was destroyed" not in str(error):
                raise
            return False  # another page is coming: it is asked next

    def shown(self) -> str:
        return str(self.page.evaluate("document.querySelector('article.violation').dataset.id"))

    def close(self) -> None:
        assert self.page.evaluate("window.broken") is None, "a text of the log was run"
        self.page.context.close()
        assert self.complaints == []
