"""Telemetry as a CSV table: one row an instant, units in the names of the columns.

Time, one of: `t_ns` (ns UTC), `time_utc` (ISO 8601 with its zone), `t_s` (seconds from the first picture).
Needed: `lat_deg`, `lon_deg`, `alt_m`, `yaw_deg`, `pitch_deg` (of the optical axis, -90 = straight down).
Optional: `roll_deg` (0), `hfov_deg`, `vfov_deg`, `datum` (ellipsoid, msl, takeoff), `ground_alt_m`,
`sigma_pos_m`, `sigma_att_deg`. Other columns are passed over.

Cells are separated by commas, or by semicolons, tabs or bars, and then numbers may have a decimal comma. An empty
cell and `nan` say "not known"; a row without all that is needed has a time and no pose, and so has one at latitude and
longitude 0, which is what a receiver without a fix writes. This is also the table that
is kept as evidence, so it reads back.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches

from detector.errors import Complaint, SourceError
from detector.model import CameraPose, Datum
from detector.sources.table_text import separator_of, with_point
from detector.sources.telemetry import Sample
from detector.timebase import LATEST_NS, NS_PER_S, ns_from_iso, ns_from_seconds

_TIMES = ("t_ns", "time_utc", "t_s")
_NEEDED = ("lat_deg", "lon_deg", "alt_m", "yaw_deg", "pitch_deg")
_OPTIONAL = ("roll_deg", "hfov_deg", "vfov_deg", "datum", "ground_alt_m", "sigma_pos_m", "sigma_att_deg")
# What evidence/tables.py writes besides; the age belongs to a frame, not to a sample.
_WRITTEN = ("frame", "age_s")
_KNOWN = (*_TIMES, *_NEEDED, *_OPTIONAL, *_WRITTEN)
# Lowest and highest that is allowed, both included.
_ALLOWED = {
    "lat_deg": (-90.0, 90.0),
    "lon_deg": (-180.0, 180.0),
    "alt_m": (-1_000.0, 100_000.0),
    "yaw_deg": (-360.0, 360.0),
    "pitch_deg": (-90.0, 90.0),
    "roll_deg": (-180.0, 180.0),
    "hfov_deg": (0.001, 179.999),
    "vfov_deg": (0.001, 179.999),
    "ground_alt_m": (-1_000.0, 100_000.0),
    "sigma_pos_m": (0.0, 100_000.0),
    "sigma_att_deg": (0.0, 180.0),
}
# Lowest and highest time, and what is said of others: above all of seconds or milliseconds since 1970 as t_s.
_UTC = (0, LATEST_NS, "allowed are 1970 to 2199")
_LONG_NS = 10**7 * NS_PER_S
_RELATIVE = (-_LONG_NS, _LONG_NS, "it counts from the first picture; times of day are time_utc or t_ns")
_MOST_COMPLAINTS = 20


def parse_csv(text: str, hfov_deg: float | None, name: str) -> tuple[list[Sample], bool, dict[str, int]]:
    """Samples, whether their times count from the first picture, and what was counted.

    Args:
        text: the table.
        hfov_deg: horizontal angle of view where the table does not tell it. [deg]
        name: of the file, for complaints.

    Raises:
        SourceError: a column is missing or misspelt, or a cell cannot be what it has to be: every complaint (the first
            20) as file:line. A time that goes back is no mistake of the table: it is counted and the row left out.
    """
    rows = _rows(text, name)
    columns = [cell.strip() for cell in rows[0][1]] if rows else []
    _refuse([Complaint(name, 1, message) for message in _wrong_columns(columns)])
    time = next(column for column in _TIMES if column in columns)
    samples: list[Sample] = []
    counters: Counter[str] = Counter()
    complaints: list[Complaint] = []
    for line, cells in rows[1:]:
        try:
            named = _named(columns, cells)
            sample = _sample(named, time, hfov_deg)
        except ValueError as error:
            complaints.append(Complaint(name, line, str(error)))
            continue
        if samples and sample.t_ns <= samples[-1].t_ns:
            counters["csv_clock_went_back"] += 1
            continue
        counters["csv_rows_without_pose"] += sample.pose is None
        counters["roll_taken_as_0"] += sample.pose is not None and not named.get("roll_deg")
        samples.append(sample)
    if len(rows) == 1:
        complaints.append(Complaint(name, 1, "the table has no rows"))
    _refuse(complaints)
    counters["csv_rows"] = len(samples)
    return samples, time == "t_s", {key: count for key, count in counters.items() if count}


def _rows(text: str, name: str) -> list[tuple[int, list[str]]]:
    """Line number and cells of each row that is not empty."""
    separator = separator_of(text.lstrip().partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise SourceError(str(Complaint(name, reader.line_num, f"this is no table: {error}"))) from error
    return [(line, with_point(cells, separator)) for line, cells in rows]


def _refuse(complaints: list[Complaint]) -> None:
    if complaints:
        more = len(complaints) - _MOST_COMPLAINTS
        rest = [f"and {more} more lines"] if more > 0 else []
        raise SourceError("\n".join([*map(str, complaints[:_MOST_COMPLAINTS]), *rest]))


def _wrong_columns(columns: list[str]) -> list[str]:
    found = [f"column {column} stands there twice" for column in dict.fromkeys(columns) if columns.count(column) > 1]
    missing = [column for column in _NEEDED if column not in columns]
    if not any(column in columns for column in _TIMES):
        missing.append("one of t_ns, time_utc, t_s")
    if missing:
        found.append(f"missing columns: {', '.join(missing)}; found {', '.join(columns) or 'none'}")
    for column in columns:
        # A column of another name is somebody's own; one that is nearly ours is a slip that would go unnoticed.
        meant = get_close_matches(column.lower(), _KNOWN, 1, 0.8) if column not in _KNOWN else []
        if meant:
            found.append(f"column {column} is not known; is {meant[0]} meant?")
    return found


def _named(columns: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} cells under {len(columns)} columns")
    return {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}


def _sample(row: Mapping[str, str], time: str, hfov_deg: float | None) -> Sample:
    t_ns = _time_ns(row[time], time)
    value = {column: _number(row, column) for column in _ALLOWED}
    datum = _datum(row)
    if math.isnan(value["hfov_deg"]) and hfov_deg is not None:
        value["hfov_deg"] = hfov_deg
    if any(math.isnan(value[column]) for column in (*_NEEDED, "hfov_deg")):
        return Sample(t_ns, None)
    if value["lat_deg"] == value["lon_deg"] == 0:
        return Sample(t_ns, None)
    for column, default in (("roll_deg", 0.0), ("sigma_pos_m", 5.0), ("sigma_att_deg", 1.0)):
        if math.isnan(value[column]):
            value[column] = default
    value["yaw_deg"] %= 360.0
    return Sample(t_ns, CameraPose(**value, datum=datum))


def _time_ns(text: str, column: str) -> int:
    t_ns = ns_from_iso(text) if column == "time_utc" else _number_ns(text, column)
    lowest_ns, highest_ns, told = _RELATIVE if column == "t_s" else _UTC
    if not lowest_ns <= t_ns <= highest_ns:
        raise ValueError(f"{column} is {text}: {told}")
    return t_ns


def _number_ns(text: str, column: str) -> int:
    try:
        return int(text) if column == "t_ns" else ns_from_seconds(float(text))
    except (ValueError, OverflowError):
        wanted = "a whole number of nanoseconds" if column == "t_ns" else "a number of seconds"
        raise ValueError(f"{column} is {text!r}: {wanted} is needed") from None


def _datum(row: Mapping[str, str]) -> Datum:
    text = row.get("datum", "").lower() or Datum.ELLIPSOID.value
    if text not in set(Datum):
        raise ValueError(f"datum is {text!r}: allowed are {', '.join(Datum)}")
    return Datum(text)


def _number(row: Mapping[str, str], column: str) -> float:
    """NaN where the table says nothing."""
    text = row.get(column, "")
    try:
        value = float(text) if text else math.nan
    except ValueError:
        raise ValueError(f"{column} is {text!r}: a number is needed") from None
    lowest, highest = _ALLOWED[column]
    if not (math.isnan(value) or lowest <= value <= highest):
        raise ValueError(f"{column} is {text}: allowed are {lowest:g} to {highest:g}")
    return value
