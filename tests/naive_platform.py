"""Slow twin of the platform detector: one second after the other, everything looked up anew."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from detector.geo.wgs84 import metres_per_degree

S = 1_000_000_000
CHANNELS = (
    "lat_deg", "lon_deg", "alt_m", "baro_alt_m", "speed_m_s", "course_deg", "airspeed_m_s", "yaw_deg", "roll_deg",
    "satellites",
)  # fmt: skip
_LOOK = 3.5


def _short(angle: float) -> float:
    return (angle + 180.0) % 360.0 - 180.0


def naive_jumps(rows: list[tuple[int, float, float]]) -> list[int]:
    """Times of positions that nothing can have flown to. rows: t_ns, lat, lon."""
    known = [row for row in rows if not (math.isnan(row[1]) or math.isnan(row[2])) and (row[1], row[2]) != (0, 0)]
    found = []
    for (t0, lat0, lon0), (t1, lat1, lon1) in pairwise(known):
        east, north = metres_per_degree(lat1)
        step = math.hypot(_short(lon1 - lon0) * float(east), (lat1 - lat0) * float(north))
        if step > 15 + 150 * (t1 - t0) / S:
            found.append(t1)
    return found


def naive_looks(rows: list[tuple[int, dict[str, float]]]) -> list[tuple[int, float, dict[str, float]]]:
    """Second, time of its position [s from the first row], last known value of each channel."""
    looks: dict[int, tuple[float, dict[str, float], bool]] = {}
    start = rows[0][0]
    for t_ns, told in rows:
        values = told
        when, known, placed = looks.get(t_ns // S, (0.0, {}, False))
        if (values.get("lat_deg"), values.get("lon_deg")) == (0, 0):
            values = {**values, "lat_deg": math.nan, "lon_deg": math.nan}
        if not math.isnan(values["lat_deg"]):
            when, placed = (t_ns - start) / S, True
        elif not placed:
            when = (t_ns - start) / S
        known = {**known, **{name: value for name, value in values.items() if not math.isnan(value)}}
        looks[t_ns // S] = when, known, placed
    return [(second, when, known) for second, (when, known, _) in sorted(looks.items())]


def naive_features(looks: list[tuple[int, float, dict[str, float]]]) -> list[dict[str, float]]:
    """Of telemetry with `CHANNELS`."""
    found: list[dict[str, float]] = []
    nan = math.nan
    last = dict.fromkeys(("lat", "lon", "yaw", "te", "tn", "ae", "an", "flown", "east", "north", "course"), nan)
    last_t = nan
    offs: list[tuple[float, float, float]] = []
    winds: list[tuple[float, float]] = []
    before: dict[str, float] = {}
    for _, t, known in looks:
        value = {name: known.get(name, nan) for name in CHANNELS}
        step = t - last_t
        step = step if 0 < step <= _LOOK else nan
        east_scale, north_scale = metres_per_degree(value["lat_deg"])
        east = _short(value["lon_deg"] - last["lon"]) * float(east_scale) / step
        north = (value["lat_deg"] - last["lat"]) * float(north_scale) / step
        speed = math.hypot(east, north)
        course = math.degrees(math.atan2(east, north)) if speed > 3 else nan
        rate = _short(course - last["course"]) / step
        roll = min(max(value["roll_deg"], -80), 80) if not math.isnan(value["roll_deg"]) else nan
        flown = math.degrees(9.80665 * math.tan(math.radians(roll)) / max(speed, 3.0)) if speed == speed else nan
        te, tn = _vector(value["speed_m_s"], value["course_deg"])
        ae, an = _vector(value["airspeed_m_s"], value["yaw_deg"])
        offs.append(((east - (te + last["te"]) / 2) * step, (north - (tn + last["tn"]) / 2) * step, step))
        winds.append((east - (ae + last["ae"]) / 2, north - (an + last["an"]) / 2))
        ten_offs, ten_winds = (offs[-10:], winds[-10:]) if len(offs) >= 10 else ([(nan,) * 3], [(nan,) * 2])
        found.append(
            {
                "velocity": math.hypot(offs[-1][0], offs[-1][1]) / step,
                "drift": math.hypot(*(sum(one[k] for one in ten_offs) for k in (0, 1)))
                / sum(one[2] for one in ten_offs),
                "acceleration": math.hypot(east - last["east"], north - last["north"]) / step,
                "height": value["alt_m"] - value["baro_alt_m"],
                "heading": _short(course - value["yaw_deg"]),
                "turn": abs(rate - _short(value["yaw_deg"] - last["yaw"]) / step),
                "bank": abs(rate - (flown + last["flown"]) / 2),
                "wind_east": sum(one[0] for one in ten_winds) / 10,
                "wind_north": sum(one[1] for one in ten_winds) / 10,
                "fix": float(math.isnan(value["lat_deg"]) or math.isnan(value["lon_deg"])),
                "frozen": float(all(value[name] == before.get(name) for name in CHANNELS if name != "satellites")),
                "satellites": value["satellites"],
            }
        )
        last = {"lat": value["lat_deg"], "lon": value["lon_deg"], "yaw": value["yaw_deg"], "flown": flown, "te": te,
                "tn": tn, "ae": ae, "an": an, "east": east, "north": north, "course": course}  # fmt: skip
        last_t, before = t, value
    found[0]["frozen"] = nan
    return found


def _vector(size: float, direction_deg: float) -> tuple[float, float]:
    """East and north."""
    return size * math.sin(math.radians(direction_deg)), size * math.cos(math.radians(direction_deg))


def naive_signs(
    seconds: list[int], values: list[float], worse: int, least: float, hold: int, config: object
) -> list[tuple[int, int]]:
    """Stretches [first, end) in seconds in which one feature stands out, pieces joined."""
    past: list[float] = []
    middle = swing = math.nan
    refreshed = None
    run: list[tuple[int, float]] = []
    found = []

    def ends() -> None:
        if 0 < len(run) < hold:
            past.extend(value for _, value in run)
        elif run:
            found.append((run[0][0], run[-1][0] + 1))
        run.clear()

    for k, (second, value) in enumerate(zip(seconds, values, strict=True)):
        if refreshed != second // 10:
            refreshed = second // 10
            recent = past[-config.history :]
            if len(recent) >= config.learn:
                middle = float(np.median(recent))
                off = [abs(one - middle) if worse == 0 else worse * (one - middle) for one in recent]
                swing = float(np.percentile(off, 95))
            else:
                middle = swing = math.nan
        if k and second - seconds[k - 1] > _LOOK:
            ends()
        off_now = abs(value - middle) if worse == 0 else worse * (value - middle)
        if off_now / max(swing, least) >= config.factor:
            run.append((second, value))
            if len(run) >= config.relearn:
                ends()
                past.clear()
            continue
        ends()
        if not math.isnan(value):
            past.append(value)
    ends()
    return found
