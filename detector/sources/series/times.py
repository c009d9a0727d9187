"""Times as tables write them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from detector.sources.series.time_names import parted_name
from detector.timebase import NS_PER_MS, NS_PER_S, NS_PER_US, ns_from_iso

ORDERS = ("day_first", "month_first")
"""Of dates like 03/04/2026, beside the patterns of `strptime`."""
_PER_UNIT = {"ns": 1, "us": NS_PER_US, "ms": NS_PER_MS, "s": NS_PER_S}
_NUMBER = re.compile(r"\s*([+-]?)(\d+)(?:\.(\d*))?\s*")
_POWER = re.compile(r"\s*[+-]?\d+(?:\.\d*)?[eE][+-]?\d{1,2}\s*")
_ZONE_IN_WORDS = re.compile(r"\s*(?:UTC|GMT)\s*")
_YEAR_FIRST = re.compile(r"\s*\d{4}([-/.])\d\d?\1\d|\s*\d{8}T\d{4}")
_YEAR_LAST = re.compile(
    r"\s*(?P<a>\d{1,2})(?P<sep>[./-])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4})[T ,]\s*"
    r"(?P<hour>\d{1,2})(?P<rest>:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?\s*"
)
_LOOKS_LIKE_A_DATE = re.compile(r"\s*\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?!\d)")
_NO_ZONE = re.compile(r"(?P<whole>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)(?:[.,](?P<fraction>\d{1,9}))?")
_NEEDED = "neither a number nor a time like 2026-03-01T06:30:00Z"
NO_ZONE_SAID = (
    'it has no zone; if it is UTC, say so (--utc), else `"time_zone": "Europe/Vienna"` in the .json beside it'
)
_NO_ORDER_SAID = (
    'is the day first, or the month? Say `"time_format": "day_first"`, or "month_first", in the .json beside it'
)
# Epoch numbers of the years 1990 to 2100 by their unit; below all of them, from the start.
_YEARS = (631_152_000, 4_102_444_800)


class TimeColumn:
    """Turns the cells of a time column into ns UTC. What kind of time it is, the first cell decides for all.

    Known: ISO 8601 with its zone, UTC and GMT too; without, in `zone`, or as UTC if `assume_utc`. Dates with the year
    last and other forms if `form` says how they are meant: one of `ORDERS`, or a pattern of `strptime`. Numbers since
    1970 in s, ms, us or ns, told apart by their size (1990 to 2100) or by the column's name; smaller numbers count from
    `start_ns`, in seconds or what the name says.
    """

    def __init__(
        self,
        name: str,
        start_ns: int | None = None,
        *,
        assume_utc: bool = False,
        zone: tzinfo | None = None,
        form: str = "",
    ) -> None:
        self.name, self._start_ns, self._form = name, start_ns, form
        base, self._unit = parted_name(name)
        self._since_1970 = base == "epoch" or (base, self._unit) == ("t", "ns")
        self._zone = zone or (UTC if assume_utc or self._unit == "utc" else None)
        self._kind: str | None = None
        self._from_start = False

    @property
    def has_no_start(self) -> bool:
        """It counts from a start that nobody stated."""
        return self._from_start and self._start_ns is None

    def ns_of(self, cells: Sequence[str]) -> tuple[NDArray[np.int64], dict[int, str]]:
        """Times, and what is wrong with those cells that cannot be read (their times are 0)."""
        if cells and self._kind is None:
            self._kind = self._decide(cells)
        quick = self._quick(cells)
        if quick is not None:
            return quick, {}
        t_ns, wrong = np.zeros(len(cells), np.int64), {}
        for row, cell in enumerate(cells):
            try:
                t_ns[row] = self._one(cell)
            except (ValueError, OverflowError) as error:
                wrong[row] = f"{self.name} is {cell!r}: {error}"
        return t_ns, wrong

    def _decide(self, cells: Sequence[str]) -> str | None:
        """By the first cell that can be a time."""
        if self._form:
            return "stated"
        for cell in cells:
            match = _NUMBER.fullmatch(_plain(cell))
            if match is None:
                if _YEAR_FIRST.match(cell) or _LOOKS_LIKE_A_DATE.match(cell):
                    return "iso"
                continue
            size = abs(int(match[2]))
            stated = [self._unit] if self._unit in _PER_UNIT else []
            for unit in stated or _PER_UNIT:
                if size * _PER_UNIT[unit] // NS_PER_S >= _YEARS[0] and (
                    stated or size * _PER_UNIT[unit] // NS_PER_S <= _YEARS[1]
                ):
                    return unit
            self._from_start = not self._since_1970
            return stated[0] if stated else "s"
        return None

    def _quick(self, cells: Sequence[str]) -> NDArray[np.int64] | None:
        """All at once, where every cell is plain; None where some is not."""
        try:
            if self._kind == "ns" and not self._from_start:
                return np.array(cells, dtype=np.int64)
            if self._kind == "iso" and all(len(cell) >= 20 and cell[-1] in "Zz" for cell in cells):
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    return np.array([cell[:-1] for cell in cells], "datetime64[ns]").astype(np.int64)
        except (ValueError, OverflowError, UserWarning, DeprecationWarning):
            return None
        return None

    def _one(self, cell: str) -> int:
        if self._kind == "stated":
            return self._stated(cell)
        if self._kind == "iso":
            return self._iso(cell)
        match = _NUMBER.fullmatch(_plain(cell))
        per = _PER_UNIT.get(self._kind or "", 0)
        if match is None or not per:
            raise ValueError(_NEEDED)
        if self._unit and self._unit not in {*_PER_UNIT, "utc"}:
            raise ValueError(f"its unit is {self._unit!r}: of numbers ns, us, ms or s is needed")
        digits = len(str(per)) - 1
        fraction = (match[3] or "").ljust(digits, "0")[:digits]
        size = int(match[2]) * per + int(fraction or "0")
        if size > np.iinfo(np.int64).max:
            raise ValueError(f"too large for {self._kind}")
        ns = -size if match[1] == "-" else size
        return ns + (self._start_ns or 0) if self._from_start else ns

    def _iso(self, cell: str) -> int:
        cell = _ZONE_IN_WORDS.sub("Z", cell).strip()
        if _LOOKS_LIKE_A_DATE.match(cell):
            raise ValueError(_NO_ORDER_SAID)
        if _YEAR_FIRST.match(cell) and cell[4:5] in {"/", "."}:
            cell = cell[:10].replace(cell[4], "-") + cell[10:]
        found = _NO_ZONE.fullmatch(cell)
        if found is None:
            return ns_from_iso(cell)
        return self._local(datetime.fromisoformat(found["whole"])) + int((found["fraction"] or "").ljust(9, "0"))

    def _stated(self, cell: str) -> int:
        if self._form in ORDERS:
            found = _YEAR_LAST.fullmatch(_ZONE_IN_WORDS.sub("Z", cell))
            if found is None:
                raise ValueError("no date and time like 03/04/2026 05:06:07, with the year in four digits")
            day, month = (found["a"], found["b"]) if self._form == "day_first" else (found["b"], found["a"])
            hour = int(found["hour"])
            if found["half"]:
                if not 1 <= hour <= 12:
                    raise ValueError("hour must be in 1..12 before AM and PM")
                hour = hour % 12 + 12 * (found["half"][0] in "Pp")
            text = f"{found['year']}-{int(month):02d}-{int(day):02d}T{hour:02d}{found['rest']}"
            return self._iso(text + (found["zone"] or ""))
        at = datetime.strptime(cell.strip(), self._form)  # noqa: DTZ007  (its zone is looked at below)
        fraction_ns = at.microsecond * NS_PER_US
        at = at.replace(microsecond=0)
        return fraction_ns + (self._local(at) if at.tzinfo is None else _ns(at))

    def _local(self, at: datetime) -> int:
        """Of whole seconds without a zone of their own."""
        if self._zone is None:
            raise ValueError(NO_ZONE_SAID)
        first, second = (_ns(at.replace(tzinfo=self._zone, fold=fold)) for fold in (0, 1))
        if first == second:
            return first
        if first < second:
            raise ValueError(f"clocks were set back in {self._zone}: this time is there twice")
        raise ValueError(f"clocks were set forward in {self._zone}: there is no such time")


def _ns(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * NS_PER_US


def _plain(cell: str) -> str:
    """A number without a power of ten."""
    return f"{Decimal(cell.strip()):f}" if _POWER.fullmatch(cell) else cell
