"""Which column of a table holds its times, by name."""

from __future__ import annotations

import re
from collections.abc import Sequence

TIME_NAMES = (
    "t_ns", "time_utc", "t_s", "time", "timestamp", "datetime", "date_time", "utc", "ts", "epoch", "epoch_s",
    "epoch_ms", "epoch_us", "epoch_ns", "t", "date/time", "date",
)  # fmt: skip
_TIMES_OF_DAY = ("time", "time_utc", "utc")
_BRACKETS = re.compile(r"(.+?)\s*[\[(]([^\])]+)[\])]")
_TEMPERATURE = re.compile(r"T(?![a-zA-Z])")
_UNIT_BEHIND = re.compile(r"(.+?)_(ns|us|ms|s|utc)")
_UNITS = {
    "ns": "ns", "us": "us", "\u00b5s": "us", "\u03bcs": "us", "ms": "ms", "s": "s", "sec": "s", "seconds": "s",
    "utc": "utc", "gmt": "utc",
}  # fmt: skip


def time_at(header: Sequence[str], stated: str = "") -> int | None:
    """Which column is the time: the one stated, else the one named like one of `TIME_NAMES`; None: none.

    A unit may stand behind it: timestamp_ms, "Time [UTC]". A capital T alone is a temperature.

    Raises:
        ValueError: the one stated is not there.
    """
    if stated:
        found = [name.strip() for name in header]
        if stated not in found:
            raise ValueError(f"no column {stated!r}, which `time_column` states; found {', '.join(found)}")
        return found.index(stated)
    plain = [_plain(name) for name in header]
    for names in (plain, [base for base, _ in map(parted_name, header)]):
        at = next((names.index(name) for name in TIME_NAMES if name in names), None)
        if at is not None:
            return at
    return None


def no_time(header: Sequence[str]) -> str:
    """What to say where there is no column of time."""
    return (
        f"no column of time: one of {', '.join(TIME_NAMES)} is needed, or `time_column` in the .json beside it; "
        f"found {', '.join(header)}"
    )


def parted_name(name: str) -> tuple[str, str]:
    """The name of a column of time without its unit; and the unit: ns, us, ms, s, utc, or what else stands there."""
    plain = _plain(name)
    brackets, behind = _BRACKETS.fullmatch(plain), _UNIT_BEHIND.fullmatch(plain)
    if brackets:
        base, unit = brackets[1].rstrip("_"), _UNITS.get(brackets[2], brackets[2])
        return (plain, "") if base == "t" and unit not in _UNITS.values() else (base, unit)
    return (behind[1], behind[2]) if behind else (plain, "")


def date_and_time(header: Sequence[str], stated: Sequence[str] = ()) -> tuple[int, int] | None:
    """Which columns hold a date and the time of that day, where they stand apart; None where they do not.

    Raises:
        ValueError: one of two that are stated is not there.
    """
    if len(stated) == 2:
        date, time = (time_at(header, name) for name in stated)
        assert date is not None and time is not None  # noqa: PT018
        return date, time
    lower = [_plain(name) for name in header]
    day = next((name for name in _TIMES_OF_DAY if name in lower), None)
    return (lower.index("date"), lower.index(day)) if day is not None and "date" in lower else None


def one_time(cells: Sequence[str], date: int, time: int) -> list[str]:
    """The same cells with the date put before the time of day, in the place of both."""
    if max(date, time) >= len(cells):
        return list(cells)
    joined = list(cells)
    joined[time] = f"{joined[date].strip()}T{joined[time].strip()}"
    del joined[date]
    return joined


def _plain(name: str) -> str:
    name = name.strip()
    return name if _TEMPERATURE.match(name) else name.lower().replace(" ", "_").replace("-", "_")
