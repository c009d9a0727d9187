"""Telemetry as a CSV table: one row an instant, units in the names of the columns.

Time, one of: `t_ns` (ns UTC), `time_utc` (ISO 8601 with its zone), `t_s` (seconds from the first picture).
Needed: `lat_deg`, `lon_deg`, `alt_m`, `yaw_deg`, `pitch_deg` (of the optical axis, -90 = straight down).
Optional: `roll_deg` (0), `hfov_deg`, `vfov_deg`, `datum` (ellipsoid, msl, takeoff), `ground_alt_m`,
`sigma_pos_m`, `sigma_att_deg`.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter

from detector.model import CameraPose, Datum
from detector.sources.telemetry import Sample
from detector.timebase import ns_from_iso

_TIMES = ("t_ns", "time_utc", "t_s")
_NEEDED = ("lat_deg", "lon_deg", "alt_m", "yaw_deg", "pitch_deg")


def parse_csv(text: str, hfov_deg: float | None) -> tuple[list[Sample], bool, dict[str, int]]:
    """Samples, whether their times count from the first picture, and what was counted.

    Raises:
        ValueError: a needed column is missing; the message names all columns that are allowed.
    """
    reader = csv.DictReader(io.StringIO(text))
    columns = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = columns
    time = next((name for name in _TIMES if name in columns), None)
    missing = [name for name in _NEEDED if name not in columns]
    if time is None or missing:
        wanted = ", ".join(missing + ([] if time else ["one of t_ns, time_utc, t_s"]))
        raise ValueError(f"line 1: missing columns: {wanted}; found {', '.join(columns) or 'none'}")
    samples: list[Sample] = []
    counters: Counter[str] = Counter()
    for row in reader:
        try:
            sample = _sample(row, time, hfov_deg)
        except (ValueError, TypeError, KeyError, OverflowError):
            counters["csv_broken_rows"] += 1
            continue
        if samples and sample.t_ns <= samples[-1].t_ns:
            counters["csv_clock_went_back"] += 1
            continue
        samples.append(sample)
    counters["csv_rows"] = len(samples)
    return samples, time == "t_s", dict(counters)


def _sample(row: dict[str, str], time: str, hfov_deg: float | None) -> Sample:
    t_ns = (
        ns_from_iso(row[time])
        if time == "time_utc"
        else int(row[time])
        if time == "t_ns"
        else round(float(row[time]) * 1e9)
    )
    lat, lon, alt, yaw, pitch = (float(row[name]) for name in _NEEDED)
    hfov = _number(row, "hfov_deg", math.nan if hfov_deg is None else hfov_deg)
    if not (abs(lat) <= 90 and abs(lon) <= 180 and abs(pitch) <= 90 and math.isfinite(alt + yaw)):
        raise ValueError("out of range")
    if not 0 < hfov < 180:
        return Sample(t_ns, None)
    pose = CameraPose(
        lat, lon, alt, yaw % 360.0, pitch, _number(row, "roll_deg", 0.0), hfov, _number(row, "vfov_deg", math.nan),
        sigma_pos_m=_number(row, "sigma_pos_m", 5.0), sigma_att_deg=_number(row, "sigma_att_deg", 1.0),
        datum=Datum((row.get("datum") or "ellipsoid").strip().lower()),
        ground_alt_m=_number(row, "ground_alt_m", math.nan),
    )  # fmt: skip
    return Sample(t_ns, pose)


def _number(row: dict[str, str], name: str, default: float) -> float:
    text = row.get(name)
    return float(text) if text is not None and text.strip() else default
