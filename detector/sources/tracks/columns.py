"""Columns of a table of aircraft positions, whoever wrote it, and positions in our units from its cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.sources.series.table import Columns
from detector.sources.series.time_names import TIME_NAMES, time_at

Float = NDArray[np.float64]

TRACK_CHANNELS = ("lat_deg", "lon_deg", "alt_m", "sigma_pos_m", "sigma_alt_m", "speed_m_s", "heading_deg")

LANDED_M = -np.inf
"""Height of an aircraft that says that it is on the ground."""

_FT, _KT = 0.3048, 1852 / 3600
_UNITS = {
    "m": 1.0, "ft": _FT, "feet": _FT, "m/s": 1.0, "kt": _KT, "kts": _KT, "knots": _KT, "km/h": 1 / 3.6, "deg": 1.0,
}  # fmt: skip
_BRACKETS = re.compile(r"(.+?)\s*[\[(]([^\])]+)[\])]")
_IDS = ("id", "icao24", "hex", "icao", "icao_address", "address", "track_id", "aircraft", "aircraft_id")
# What a column means, and what one of its units is in ours. The time of a row is that of its position.
_NAMES: dict[str, dict[str, float]] = {
    "lat": {"lat_deg": 1, "lat": 1, "latitude": 1},
    "lon": {"lon_deg": 1, "lon": 1, "lng": 1, "longitude": 1},
    "geometric": {
        "alt_m": 1, "alt": 1, "altitude": 1, "altitude_m": 1, "geoaltitude": 1, "geo_altitude": 1, "alt_ft": _FT,
        "altitude_ft": _FT, "alt_geom": _FT, "geo_altitude_ft": _FT,
    },
    "pressure": {"baroaltitude": 1, "baro_altitude": 1, "pressure_alt_m": 1, "alt_baro": _FT, "baro_altitude_ft": _FT},
    "speed": {"speed_m_s": 1, "speed": 1, "velocity": 1, "gs": _KT, "speed_kt": _KT, "groundspeed_kt": _KT},
    "heading": {"heading_deg": 1, "heading": 1, "track": 1, "track_deg": 1, "course_deg": 1},
    "sigma_pos": {"sigma_pos_m": 1},
    "sigma_alt": {"sigma_alt_m": 1},
    "nacp": {"nacp": 1, "nac_p": 1},
}  # fmt: skip
# Radius that holds 95 % of positions, by NACp. [m] RTCA DO-260B, table 2-69. 0: it is not known, 20 km or more.
_EPU_M = np.array([37_040, 18_520, 7_408, 3_704, 1_852, 926, 555.6, 185.2, 92.6, 30, 10, 3])
_SIGMAS_IN_EPU = 2.4477  # of a circular Gaussian


@dataclass(frozen=True, slots=True)
class Assumed:
    """Standard deviations of positions that do not tell theirs. [m]"""

    sigma_pos_m: float = 50.0
    sigma_alt_m: float = 30.0
    sigma_pressure_alt_m: float = 150.0


def track_columns(header: Sequence[str], stated_time: str = "") -> Columns:
    """Columns by their names: time, id, then what the table has of `_NAMES`, each `values` column named by its role.

    A unit in brackets goes before what the name means: "Altitude (ft)".

    Raises:
        ValueError: a column that is needed is missing, or a name stands there twice.
    """
    lower = [name.strip().lower() for name in header]
    twice = next((name for name in lower if lower.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"column {twice!r} stands there twice")
    time = time_at(header, stated_time)
    ids = next((lower.index(name) for name in _IDS if name in lower), None)
    plain, stated = zip(*map(_parted, lower), strict=True) if lower else ((), ())
    found = {role: plain.index(name) for role, names in _NAMES.items() if (name := _first(names, plain)) is not None}
    missing = {
        "time": (time is None, TIME_NAMES),
        "id": (ids is None, _IDS),
        "latitude": ("lat" not in found, tuple(_NAMES["lat"])),
        "longitude": ("lon" not in found, tuple(_NAMES["lon"])),
    }
    for what, (is_missing, names) in missing.items():
        if is_missing:
            raise ValueError(f"no column of {what}: one of {', '.join(names)} is needed; found {', '.join(header)}")
    assert time is not None
    assert ids is not None
    units = {role: str(stated[column] or _NAMES[role][plain[column]]) for role, column in found.items()}
    used = {time, ids, *found.values()}
    passed = tuple(name.strip() for column, name in enumerate(header) if column not in used)
    return Columns(time, tuple(found.values()), tuple(found), units, (ids,), nameless=True, passed=passed)


def positions_from(values: Float, columns: Columns, assumed: Assumed) -> tuple[Float, int]:
    """Values of `TRACK_CHANNELS`, and how many positions told no uncertainty. values: shape (T, len(columns.values))

    The height of one that has landed is LANDED_M.

    Heights are geometric where the row has one, else pressure altitude, which is off by the day's air pressure: 8 m for
    each hectopascal. That is why it has a standard deviation of its own.
    """
    at = {role: values[:, k] * float(columns.units[role]) for k, role in enumerate(columns.names)}
    nothing = np.full(len(values), np.nan)
    geometric, pressure = at.get("geometric", nothing), at.get("pressure", nothing)
    by_pressure = np.isnan(geometric)
    landed = (pressure == LANDED_M) | (geometric == LANDED_M)
    alt = np.where(landed, LANDED_M, np.where(by_pressure, pressure, geometric))
    sigma = at.get("sigma_pos", nothing)
    nacp = at.get("nacp", nothing)
    graded = np.isfinite(nacp) & (nacp >= 0) & (nacp < len(_EPU_M))
    by_grade = _EPU_M[np.where(graded, nacp, 0).astype(np.intp)] / _SIGMAS_IN_EPU
    sigma = np.where(sigma > 0, sigma, np.where(graded, by_grade, np.nan))
    untold = np.isnan(sigma)
    sigma_alt = at.get("sigma_alt", nothing)
    assumed_alt = np.where(by_pressure, assumed.sigma_pressure_alt_m, assumed.sigma_alt_m)
    columns_out = (
        at["lat"], at["lon"], alt,
        np.where(untold, assumed.sigma_pos_m, sigma),
        np.where(np.isnan(alt), np.nan, np.where(sigma_alt > 0, sigma_alt, assumed_alt)),
        at.get("speed", nothing), at.get("heading", nothing),
    )  # fmt: skip
    return np.stack(columns_out, axis=1), int(untold.sum())


def _parted(name: str) -> tuple[str, float | None]:
    """A name without the unit in brackets behind it, and what one of that is in ours; None: none stands there.

    What is in a unit that is not known here is left as it is, and so means nothing.
    """
    found = _BRACKETS.fullmatch(name)
    if found is None:
        return name.replace(" ", "_"), None
    return (found[1].replace(" ", "_"), _UNITS[found[2]]) if found[2] in _UNITS else (name, None)


def _first(names: dict[str, float], lower: Sequence[str]) -> str | None:
    return next((name for name in names if name in lower), None)
