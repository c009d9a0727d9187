"""What a network of sensors shows of itself while it is listened to: DIR/live/NETWORK.live, without a picture."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

from detector.addresses import masked
from detector.centre.tally import Tally
from detector.config import SensorNetwork
from detector.feed import Entry, Progress
from detector.live_file import VERSION, write_live


class SensorView:
    """Figures only. `frames` are samples."""

    def __init__(self, network: SensorNetwork, out: Path) -> None:
        self._network, self._out = network, out
        self._state, self._why = "running", ""
        self._since_ns = self._alive_ns = time.time_ns()
        self._tally, self._samples = Tally(), 0

    def passed(self, entry: Entry) -> None:
        """Its loop has turned, and this came of it."""
        self._alive_ns = time.time_ns()
        self._tally.count(entry)
        if isinstance(entry, Progress):
            self._samples = entry.frames

    def end(self, why: str) -> None:
        """No more is to come."""
        self._state, self._why, self._since_ns = "ended", why, time.time_ns()

    def status(self) -> dict[str, Any]:
        """As docs/live.md has it."""
        return {
            "version": VERSION,
            "source_id": self._network.id,
            "kind": "sensors",
            "media": ", ".join(map(masked, self._network.media)),
            "pid": os.getpid(),
            "state": self._state,
            "state_why": self._why,
            "since_ns": self._since_ns,
            "written_ns": time.time_ns(),
            "alive_ns": self._alive_ns,
            "lag_s": None,
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
            write_live(self._out, self._network.id, self.status())
