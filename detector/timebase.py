"""Time: int nanoseconds UTC inside, ISO 8601 with Z outside, and the clocks that say what time it is."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_US = 1_000

EARLIEST_NS = 631_152_000 * NS_PER_S
"""1990: a clock that shows less was never set."""
LATEST_NS = 7_258_118_400 * NS_PER_S - 1
"""The end of 2199: what lies after it is no time but a fault. int64 ends in 2262."""
_FIRST_NS = -8_520_336_000 * NS_PER_S
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d|\d{8})[Tt ](?P<minutes>\d\d:?\d\d)"
    r"(?::?(?P<seconds>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)"
)


def iso_from_ns(t_ns: int, digits: int = 6) -> str:
    """UTC time as ISO 8601 with Z, cut (never rounded up into the future) to `digits` decimals, 0 to 9."""
    if not 0 <= digits <= 9:
        raise ValueError(f"digits={digits}: allowed are 0 to 9")
    seconds, nanoseconds = divmod(t_ns, NS_PER_S)
    whole = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{nanoseconds:09d}"[: digits + 1] if digits else ""
    return f"{whole}{fraction}Z"


def ns_from_iso(text: str) -> int:
    """Nanoseconds since 1970 UTC of an ISO 8601 date and time with its zone.

    Raises:
        ValueError: not such a time, before 1700 or after 2199 (int64 holds 1678 to 2261), or without a zone: a local
            time without its zone is a guess.
    """
    match = _ISO.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a time like 2026-03-01T06:30:00Z (the zone, Z or +hh:mm, is needed)")
    plain = f"{match['date']}T{match['minutes']}{match['seconds'] or '00'}".translate({ord(one): None for one in "-:"})
    whole = datetime.fromisoformat(plain + match["zone"].upper())
    since_epoch = whole - _EPOCH
    seconds = since_epoch.days * 86_400 + since_epoch.seconds
    t_ns = seconds * NS_PER_S + int((match["fraction"] or "").ljust(9, "0"))
    if not _FIRST_NS <= t_ns <= LATEST_NS:
        raise ValueError(f"{text!r} lies outside the years 1700 to 2199")
    return t_ns


def ns_from_seconds(seconds: float) -> int:
    """Nearest whole nanosecond of a duration in seconds."""
    return round(seconds * NS_PER_S)


def seconds(ns: int) -> str:
    """A length of time for people: 0.3 s, 42 s, 7 min 5 s, 3 h 10 min."""
    whole = round(ns / NS_PER_S)
    if ns < 9.95 * NS_PER_S:
        return f"{ns / NS_PER_S:.1f} s"
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (left if not hours else 0, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


class Clock(Protocol):
    """Says what time it is. [ns UTC]"""

    def now_ns(self) -> int:
        """Time now. [ns UTC]"""
        ...


class SystemClock:
    """The machine's own clock: live feeds."""

    def now_ns(self) -> int:
        """Time now. [ns UTC]"""
        return time.time_ns()


class ReplayClock:
    """The recording's own time, so that two replays write the same log. Set by the pipeline, never goes back."""

    def __init__(self, t_ns: int = 0) -> None:
        self._t_ns = t_ns

    def now_ns(self) -> int:
        """Time of the newest frame seen. [ns UTC]"""
        return self._t_ns

    def advance(self, t_ns: int) -> None:
        """Move on to `t_ns`; an earlier time is ignored."""
        self._t_ns = max(self._t_ns, t_ns)
