"""Processor time and memory of running processes, as /proc tells them."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


def _fields(pid: int) -> list[str] | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def cpu_s(pid: int) -> float:
    """Of a process so far, user and system, without its children; 0 once it is gone."""
    found = _fields(pid)
    return 0.0 if found is None else (int(found[11]) + int(found[12])) * _TICK_S


def memory_mb(pid: int) -> float:
    """Resident, shared libraries included; NaN once it is gone."""
    found = _fields(pid)
    return float("nan") if found is None else int(found[21]) * _PAGE_MB


def descendants(pid: int) -> list[int]:
    """The process and all that it started, as far as they run."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            found = _fields(int(folder.name))
            if found is not None:
                parents.setdefault(int(found[1]), []).append(int(folder.name))
    family, news = [pid], [pid]
    while news:
        news = [child for one in news for child in parents.get(one, ())]
        family += news
    return family


def give_way(pids: list[int]) -> None:
    """From now on these processes, and what they start, take only what the others leave (lowest priority).

    Where the kernel shares processor time out among sessions first, theirs too, unless it is this process's own.
    """
    for pid in pids:
        with suppress(OSError):
            if os.getsid(pid) != os.getsid(0):
                Path(f"/proc/{pid}/autogroup").write_text("19")
        for thread in Path(f"/proc/{pid}/task").glob("*"):
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), 19)


@dataclass(slots=True)
class Watched:
    """Some processes as one: a feed's, or a browser's with all its own. pids may change.

    samples: time since the first [s], processor time [s], memory [MB].
    """

    name: str
    pids: list[int] = field(default_factory=list)
    samples: list[tuple[float, float, float]] = field(default_factory=list)
    _used_s: dict[int, float] = field(default_factory=dict)

    def look(self, now_s: float) -> None:
        for pid in self.pids:
            self._used_s[pid] = max(self._used_s.get(pid, 0.0), cpu_s(pid))
        memory = [one for one in map(memory_mb, self.pids) if one == one]
        self.samples.append((now_s, sum(self._used_s.values()), sum(memory)))

    def cpu_share(self, since_s: float) -> float:
        """Of one core, from then to the newest sample."""
        first = next(one for one in self.samples if one[0] >= since_s)
        last = self.samples[-1]
        return (last[1] - first[1]) / max(last[0] - first[0], 1e-9)

    def minutes_mb(self) -> list[float]:
        """Median memory of each whole minute."""
        t_s, _, memory = np.array(self.samples).T
        return [float(np.median(memory[t_s // 60 == k])) for k in range(int(t_s[-1] // 60))]

    def growth_mb(self, first: int) -> tuple[float, float] | None:
        """From this minute (0 is the first) to the last whole one; None if there are not three.

        By a straight line through the minutes' medians, and the last of them less the first: what a clip takes while
        it is written is no growth.
        """
        minutes = self.minutes_mb()[first:]
        if len(minutes) < 3:
            return None
        slope, _ = np.polyfit(np.arange(len(minutes)), minutes, 1)
        return float(slope * (len(minutes) - 1)), minutes[-1] - minutes[0]
