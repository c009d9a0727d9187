"""Keeps one feed's process running: starts it, hears it, ends it if it hangs, starts it again after a back-off."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from detector.centre.back_off import BackOff
from detector.centre.messages import Amend, Done, FromFeed, Logged, Order, Status, Stop
from detector.centre.place import Place, Worker
from detector.centre.usage import Usage
from detector.config import CentreSettings
from detector.model import RunEnd
from detector.timebase import NS_PER_S


@dataclass(slots=True)
class _Stay:
    """One life of the process. cut: why its source was not read to its end, empty if it was."""

    worker: Worker
    usage: Usage
    done: Done | None = None
    cut: str = ""


class Supervised:
    """One feed. Call `turn` often: it never waits.

    before_start: brings the order up to date and the log in order before each start.
    monotonic_s: the clock by which it hangs. Not the time of day: that is set, by hours even, while feeds run.
    status: the newest that its process has told.
    whole: False of one that has ended before its source had been read to its end.
    """

    def __init__(
        self,
        order: Order,
        place: Place,
        settings: CentreSettings,
        before_start: Callable[[Order], Order],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.order, self._place, self._settings, self._before_start = order, place, settings, before_start
        self._monotonic_s = monotonic_s
        self._turned_s = 0.0
        self.status: dict[str, Any] = {}
        self.starts = 0
        self.why, self.whole = "", True
        self._stay: _Stay | None = None
        self._back_off = BackOff(settings.longest_restart_s)
        self._stopping = False
        self._ended = False

    @property
    def source_id(self) -> str:
        """The feed's name."""
        return self.order.source_id

    @property
    def worker(self) -> Worker | None:
        """Its process; None between two of them."""
        return None if self._stay is None else self._stay.worker

    @property
    def state(self) -> str:
        """As docs/live.md has it."""
        if self._stay is not None:
            return "running"
        if self._ended:
            return "stopped" if self._stopping else "ended"
        return "waiting"

    @property
    def over(self) -> bool:
        """It will not run again."""
        return self._ended and self._stay is None

    @property
    def alive(self) -> bool:
        """Its process runs, and its loop has turned lately."""
        return self._stay is not None and bool(self.status) and not self._hangs()

    def turn(self) -> list[Logged]:
        """Start what is due, hear what has come, see to what is gone or hangs. Returns entries for the log."""
        stay = self._stay
        if stay is None:
            if not self._ended and self._back_off.wait_s <= 0:
                self._start()
            return []
        messages = stay.worker.receive()
        entries = [message for message in messages or () if isinstance(message, Logged)]
        for message in messages or ():
            self._heard(stay, message)
        if messages is None:
            self._gone(stay)
        elif self._hangs():
            stay.worker.kill()
            self._gone(replace(stay, done=Done(f"its loop has not turned for {self._settings.hang_s:g} s")))
        return entries

    def stop(self) -> None:
        """Close what is open, and end. `over` says when it has."""
        self._stopping = True
        if self._stay is None:
            self._ended = True
        else:
            self._stay.worker.send(Stop())

    def kill(self) -> None:
        """End it now."""
        if self._stay is not None:
            self._stay.worker.kill()
            self._stay = None
        self._ended = self._stopping = True

    def amend(self, order: Order) -> None:
        """Judge by these rules from the next picture on."""
        self.order = order
        if self._stay is not None:
            self._stay.worker.send(Amend(order.configuration, order.run_id))

    def figures(self) -> dict[str, Any]:
        """What docs/live.md says of it in centre.json."""
        stay = self._stay
        cpu_share, memory = (None, None) if stay is None else stay.usage.measured()
        waits = stay is None and not self._ended
        return {
            "state": self.state,
            "why": self.why,
            "pid": None if stay is None else stay.worker.pid,
            "starts": self.starts,
            "next_start_ns": time.time_ns() + round(self._back_off.wait_s * NS_PER_S) if waits else None,
            "config_sha256": self.order.configuration.sha256,
            "cpu_share": cpu_share,
            "memory_bytes": memory,
        }

    def _start(self) -> None:
        self.order = self._before_start(self.order)
        worker = self._place.start(self.order)
        self.starts += 1
        self.status = {}
        self._stay = _Stay(worker, Usage(worker.pid))
        self._turned_s = self._monotonic_s()
        self._back_off.started()

    def _heard(self, stay: _Stay, message: FromFeed) -> None:
        if isinstance(message, Status):
            if message.members.get("alive_ns") != self.status.get("alive_ns"):
                self._turned_s = self._monotonic_s()
            self.status = message.members
        elif isinstance(message, Done):
            stay.done = message
        elif isinstance(message.entry, RunEnd) and not message.entry.complete:
            stay.cut = message.entry.detail

    def _gone(self, stay: _Stay) -> None:
        stay.worker.kill()
        self._stay = None
        if stay.done is not None and not stay.done.failure:
            self._ended, self.why = True, "" if self._stopping else stay.cut or "it has come to its end"
            self.whole = self._stopping or not stay.cut
            return
        self.why = stay.done.failure if stay.done is not None else "its process was killed"
        if self._stopping:
            self._ended = True
            return
        self._back_off.ended()

    def _hangs(self) -> bool:
        return self._monotonic_s() - self._turned_s > self._settings.hang_s
