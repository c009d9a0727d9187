"""DJI .SRT subtitles: formats differ by model; what a model does not write is missing, never guessed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from detector.model import CameraPose, Datum
from detector.sources.telemetry import Sample

_CUE = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{1,3})\s*-->")
_DATE = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})\s+(\d{1,2}):(\d\d):(\d\d)(?:[.,:](\d{1,3}))?(?!\d)")
_NUMBER = r"\s*([-+]?\d+(?:\.\d+)?)"
_NAMED = r"\s*([-+]?\d+(?:[.,]\d+)?)"  # behind a name of its own, where no comma separates: it is a decimal one
_LATITUDE = re.compile(rf"\[latitude\s*:{_NAMED}", re.I)
_LONGITUDE = re.compile(rf"\[long?t?itude\s*:{_NAMED}", re.I)
_LONGITUDE_FIRST = re.compile(rf"GPS\s*\({_NUMBER}\s*,{_NUMBER}\s*(?:,{_NUMBER}(M?))?\s*\)", re.I)
_ABSOLUTE = re.compile(rf"abs_alt\s*:{_NAMED}", re.I)
# The character after the number proves that the file does not end in the middle of it.
_RELATIVE = re.compile(rf"(?:rel_alt|BAROMETER|Hb)\s*[:(]{_NAMED}(?=[\sM\])])|\bH{_NAMED}m\b", re.I)
_ALTITUDE = re.compile(rf"\[altitude\s*:{_NAMED}", re.I)
_GIMBAL = re.compile(rf"G\.PRY\s*\({_NUMBER}°?\s*,{_NUMBER}°?\s*,{_NUMBER}", re.I)
_GIMBAL_BRACKETS = tuple(re.compile(rf"gb_{name}\s*:{_NAMED}", re.I) for name in ("yaw", "pitch", "roll"))


@dataclass(frozen=True, slots=True)
class Fix:
    """One cue. NaN where the model writes nothing. t_s: from the start of the picture. [s]"""

    t_s: float
    lat_deg: float
    lon_deg: float
    height_m: float
    datum: Datum
    ypr_deg: tuple[float, float, float] | None


@dataclass(slots=True)
class Subtitles:
    """All cues, and as poses where attitude and angle of view are known."""

    fixes: list[Fix] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)


def parse_srt(text: str, hfov_deg: float | None = None) -> Subtitles:
    """Read what can be read; cues without a position or broken are counted, and the rest carried on.

    The date in a cue has no zone, so it is not taken for a time: cues count from the start of the picture. Some
    models write no times but dates: there the seconds since the first date count. A cue that was cut off is left out
    as a whole, for half of a number is a wrong number. A height called `altitude` and nothing more is taken as above
    the take-off place.
    """
    counters: Counter[str] = Counter()
    found = Subtitles()
    last_s = -math.inf
    timed = _CUE.search(text) is not None
    first_ms: int | None = None
    for block in _cues(text):
        counters["srt_cues"] += 1
        t_ms = _cue_ms(block) if timed else _date_ms(block)
        if t_ms is None or _cut_off(block):
            counters["srt_broken"] += 1
            continue
        if first_ms is None:
            first_ms = 0 if timed else t_ms
        t_s = (t_ms - first_ms) / 1000
        if t_s < last_s:
            counters["srt_clock_went_back"] += 1
            continue
        last_s = t_s
        fix = _fix(t_s, block)
        if fix is None:
            counters["srt_without_position"] += 1
            continue
        found.fixes.append(fix)
        place = fix.lat_deg, fix.lon_deg, fix.height_m
        found.samples.append(Sample(round(t_s * 1e9), _pose(fix, hfov_deg), place))
    counters["srt_without_pose"] = sum(sample.pose is None for sample in found.samples)
    found.counters = {name: count for name, count in counters.items() if count}
    return found


def _cues(text: str) -> Iterator[str]:
    """A cue begins with its number alone on a line, or with its time where the number was lost."""
    kept, timed = "", False
    for raw in text.splitlines(keepends=True):
        line = raw.strip("\ufeff \t\r\n")
        arrow = _CUE.match(line) is not None
        if line.isdecimal() or (arrow and timed):
            if kept.strip():
                yield kept
            kept, timed = "", False
        timed = timed or arrow
        kept += raw.replace("\ufeff", "")
    if kept.strip():
        yield kept


def _cue_ms(block: str) -> int | None:
    match = _CUE.search(block)
    if match is None:
        return None
    hours, minutes, seconds, thousandths = match.groups()
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(thousandths.ljust(3, "0"))


def _date_ms(block: str) -> int | None:
    """Milliseconds of the drone's own clock: only differences mean anything, for its zone is not known."""
    match = _DATE.search(block)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    try:
        date = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  the zone cancels in the difference
    except ValueError:
        return None
    whole = (date - datetime.min) // timedelta(milliseconds=1)  # noqa: DTZ901  as above
    return whole + int((match[7] or "0").ljust(3, "0"))


def _cut_off(block: str) -> bool:
    return any(block.count(opening) != block.count(closing) for opening, closing in ("[]", "()"))


def _fix(t_s: float, block: str) -> Fix | None:
    lat, lon = _first(_LATITUDE, block), _first(_LONGITUDE, block)
    gps = _LONGITUDE_FIRST.search(block)
    if gps is not None:
        # Longitude comes first where the third number counts satellites. Where it is a height (0.0M on the Matrice 300,
        # 69.800 on the Avata 2) latitude does: read the other way round the drone would be on another continent.
        is_height = bool(gps[4]) or "." in (gps[3] or "")
        lon, lat = (float(gps[2]), float(gps[1])) if is_height else (float(gps[1]), float(gps[2]))
    if not (abs(lat) <= 90 and abs(lon) <= 180) or lat == lon == 0:
        return None
    height, datum = _height(block)
    gimbal = _GIMBAL.search(block)
    ypr = (float(gimbal[3]) % 360.0, float(gimbal[1]), float(gimbal[2])) if gimbal is not None else None
    bracketed = [_first(one, block) for one in _GIMBAL_BRACKETS]
    if ypr is None and not any(map(math.isnan, bracketed)):
        ypr = (bracketed[0] % 360.0, bracketed[1], bracketed[2])
    return Fix(t_s, lat, lon, height, datum, ypr)


def _height(block: str) -> tuple[float, Datum]:
    relative = _first(_RELATIVE, block)
    if not math.isnan(relative):
        return relative, Datum.TAKEOFF
    absolute = _first(_ABSOLUTE, block)
    if not math.isnan(absolute):
        return absolute, Datum.MSL
    # `[altitude:` alone: models differ in what they count it from, and none says. Above take-off is the careful
    # reading: such heights are compared with nothing until the ground's height above that place is configured.
    altitude = _first(_ALTITUDE, block)
    return altitude, Datum.MSL if math.isnan(altitude) else Datum.TAKEOFF


def _first(pattern: re.Pattern[str], block: str) -> float:
    match = pattern.search(block)
    if match is None:
        return math.nan
    return float(next(group for group in match.groups() if group is not None).replace(",", "."))


def _pose(fix: Fix, hfov_deg: float | None) -> CameraPose | None:
    if fix.ypr_deg is None or hfov_deg is None or math.isnan(fix.height_m):
        return None
    return CameraPose(fix.lat_deg, fix.lon_deg, fix.height_m, *fix.ypr_deg, hfov_deg, math.nan, datum=fix.datum)
