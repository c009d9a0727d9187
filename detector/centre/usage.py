"""Processor time and memory of a process, as Linux tells them in /proc."""

from __future__ import annotations

import os
import time
from pathlib import Path

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Usage:
    """Of one process. pid: None, or of another machine: nothing is known."""

    def __init__(self, pid: int | None) -> None:
        self._stat = None if pid is None else Path(f"/proc/{pid}/stat")
        self._last: tuple[float, float] | None = None
        self._share: float | None = None

    def measured(self) -> tuple[float | None, int | None]:
        """Share of a core since the last call (at least 0.5 s ago), and resident memory [bytes]; None: not known."""
        if self._stat is None:
            return None, None
        try:
            fields = self._stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None, None
        now_s, cpu_s = time.monotonic(), (int(fields[11]) + int(fields[12])) * _TICK_S
        if self._last is None:
            self._last = (now_s, cpu_s)
        elif now_s - self._last[0] >= 0.5:
            self._share = round((cpu_s - self._last[1]) / (now_s - self._last[0]), 3)
            self._last = (now_s, cpu_s)
        return self._share, int(fields[21]) * _PAGE
