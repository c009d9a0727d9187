"""UTC of a live stream's presentation times, by the best clock that comes with it."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from detector.model import TimeFrom
from detector.sources.time_line import TimeLine, through
from detector.timebase import NS_PER_S

_STAMPS = 300
_EVERY = 10
_LEAP_NS = NS_PER_S
_SLEW = 0.01  # as a share of the time that passes
# Without telemetry for so long from its beginning, a connection goes by the next best clock. [s of the stream]
PATIENCE_S = 1.5

_BEST_FIRST = (TimeFrom.TELEMETRY, TimeFrom.SENDER, TimeFrom.ARRIVAL)


class StreamClock:
    """One connection's clock: the time stamps of its telemetry, else the sender's reports, else the arrival here.

    Of each clock the newest 300 stamps are kept; most of them decide, so a single one that jumps does not count.
    """

    def __init__(self) -> None:
        self._stamps: dict[TimeFrom, deque[tuple[float, int]]] = {one: deque(maxlen=_STAMPS) for one in _BEST_FIRST}
        self._count = dict.fromkeys(_BEST_FIRST, 0)
        self._lines: dict[TimeFrom, TimeLine] = {}
        self._fitted_s: dict[TimeFrom, float] = {}
        self._first_s: float | None = None
        self._last_s = 0.0

    def told(self, by: TimeFrom, shown_s: float, t_ns: int) -> None:
        """One clock says that `shown_s` was at `t_ns`."""
        self._first_s = shown_s if self._first_s is None else self._first_s
        self._last_s = max(self._last_s, shown_s)
        stamps = self._stamps[by]
        stamps.append((shown_s, t_ns))
        self._count[by] += 1
        # Later ones change little: every tenth is enough, and so every picture does not cost a median.
        if len(stamps) < _EVERY or self._count[by] % _EVERY == 0:
            found = through([one[0] for one in stamps], [one[1] for one in stamps])
            self._lines[by] = found if by not in self._lines else self._slewed(by, found, shown_s)
            self._fitted_s[by] = shown_s

    def _slewed(self, by: TimeFrom, found: TimeLine, now_s: float) -> TimeLine:
        """A better line is gone over to little by little: time neither leaps nor goes back. A leap of the clock counts.

        The first stamps are few and those of arrival come in bursts: at once, the change would be up to 0.2 s.
        """
        change_ns = found.t_ns(now_s) - self._lines[by].t_ns(now_s)
        if abs(change_ns) >= _LEAP_NS:
            return found
        most_ns = _SLEW * abs(now_s - self._fitted_s[by]) * NS_PER_S
        left_ns = change_ns - round(min(max(change_ns, -most_ns), most_ns))
        return replace(found, offset_ns=found.offset_ns - left_ns)

    @property
    def best(self) -> TimeFrom | None:
        """The clock that counts now; None while the best may still come."""
        if TimeFrom.TELEMETRY in self._lines:
            return TimeFrom.TELEMETRY
        if self._first_s is None or self._last_s - self._first_s < PATIENCE_S:
            return None
        return self.usable

    @property
    def usable(self) -> TimeFrom | None:
        """The best that there is so far; None before any."""
        return next((one for one in _BEST_FIRST if one in self._lines), None)

    @property
    def first_s(self) -> float:
        """The first presentation time that any clock told a time of; 0 before. [s]"""
        return self._first_s or 0.0

    def apart_ns(self) -> int | None:
        """Telemetry's time minus that of arrival, as it stands; None without telemetry. [ns]"""
        if TimeFrom.TELEMETRY not in self._lines or TimeFrom.ARRIVAL not in self._lines:
            return None
        telemetry, arrival = self._lines[TimeFrom.TELEMETRY], self._lines[TimeFrom.ARRIVAL]
        return telemetry.t_ns(self._last_s) - arrival.t_ns(self._last_s)

    def line(self, by: TimeFrom) -> TimeLine:
        """From presentation time to UTC by this clock, which has told at least one time."""
        return self._lines[by]
