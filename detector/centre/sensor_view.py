"""What sensors and files of telemetry show of themselves while they are read: DIR/live/SOURCE.live, no picture."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

from detector.addresses import masked
from detector.centre.tally import Tally
from detector.feed import Entry, Progress
from detector.live_file import VERSION, write_live


class SensorView:
    """Figures only. `frames` are samples. live: something has to come before it is seen."""

    def __init__(self, source_id: str, media: str, out: Path, *, live: bool) -> None:
        self._source_id, self._media, self._out = source_id, masked(media), out
        self._state, self._why = "connecting" if live else "running", ""
        self._since_ns = self._alive_ns = time.time_ns()
        self._tally, self._samples = Tally(), 0

    def passed(self, entry: Entry) -> None:
        """Its loop has turned, and this came of it."""
        self._alive_ns = time.time_ns()
        self._tally.count(entry)
        if isinstance(entry, Progress):
            self._samples = entry.frames
            waiting = "reconnecting" if self._samples else "connecting"
            self._say(waiting if entry.waits_for else "running", entry.waits_for)

    def end(self, why: str) -> None:
        """No more is to come."""
        self._say("ended", why)

    def failed(self, why: str) -> None:
        """It could not begin, and will be tried again."""
        self._say("connecting", why)

    def _say(self, state: str, why: str) -> None:
        if state != self._state:
            self._state, self._since_ns = state, time.time_ns()
        self._why = masked(why)

    def status(self) -> dict[str, Any]:
        """As docs/live.md has it."""
        return {
            "version": VERSION,
            "source_id": self._source_id,
            "kind": "sensors",
            "media": self._media,
            "pid": os.getpid(),
            "state": self._state,
            "state_why": self._why,
            "since_ns": self._since_ns,
            "written_ns": time.time_ns(),
            "alive_ns": self._alive_ns,
            "lag_s": None,
            "delay_s": None,
            "counters": {
                "frames": self._samples,
                "skipped_frames": 0,
                "reconnects": 0,
                "violations": self._tally.violations,
                "gaps": dict(self._tally.gaps),
            },
        }

    def write(self) -> None:
        """Now. This is no evidence: if the disk is full, the next one may succeed."""
        with contextlib.suppress(OSError):
            write_live(self._out, self._source_id, self.status())
