"""Watches the log for all pages at once, and tells them when something came."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from detector.console.logbook import LogBook
from detector.errors import LogError

EVERY_S = 0.05
"""A look is one row by its key, 0.1 ms."""


class Pulse:
    """problem: why the log cannot be read now, in words; empty if it can."""

    def __init__(self, book: LogBook) -> None:
        self._book = book
        self._news = asyncio.Event()
        self.generation = 0
        self.problem = ""

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self._book.refresh)
                problem = ""
            except LogError as error:
                problem = str(error)
            if (problem, self._book.generation) != (self.problem, self.generation):
                self.problem, self.generation = problem, self._book.generation
                self.wake()
            await asyncio.sleep(EVERY_S)

    def wake(self) -> None:
        """Whoever waits looks again."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def wait(self, timeout_s: float) -> None:
        """Until something came, or so long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), timeout_s)
