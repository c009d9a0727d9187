"""Where the camera was at the clearest moment, from an evidence file `telemetry.csv`."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CameraAt:
    """NaN where the telemetry does not say."""

    t_ns: int
    lat_deg: float
    lon_deg: float
    alt_m: float
    above_ground_m: float
    yaw_deg: float
    pitch_deg: float
    hfov_deg: float
    age_s: float
    datum: str


def camera_at(text: bytes, t_ns: int) -> CameraAt | None:
    """The row nearest to `t_ns`; None if there is none. Raises ValueError: it is not such a file."""
    try:
        rows = list(csv.DictReader(io.StringIO(text.decode())))
        if not rows:
            return None
        row = min(rows, key=lambda one: abs(int(one["t_ns"]) - t_ns))
        alt_m, ground_m = _number(row, "alt_m"), _number(row, "ground_alt_m")
        return CameraAt(
            int(row["t_ns"]),
            _number(row, "lat_deg"),
            _number(row, "lon_deg"),
            alt_m,
            alt_m - ground_m,
            _number(row, "yaw_deg"),
            _number(row, "pitch_deg"),
            _number(row, "hfov_deg"),
            _number(row, "age_s"),
            row.get("datum") or "",
        )
    except (KeyError, UnicodeDecodeError, TypeError) as error:
        raise ValueError(f"no table of telemetry: {error}") from error


def _number(row: dict[str, str], name: str) -> float:
    return float(row.get(name) or math.nan)
