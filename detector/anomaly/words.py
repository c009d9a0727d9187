"""Why something is unusual: one sentence with its numbers, and the numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from detector.anomaly.stretch import Stretch
from detector.anomaly.usual import LEAST_SEEN_H, Finding, Usual, local_hours

_NEAR_H = 2.0  # "around this hour"
_WINDS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
_SAME_WAY_DEG = 45.0
_DAY_S = 86_400


def explain(finding: Finding, usual: Usual, known: Iterable[Stretch]) -> tuple[str, dict[str, float]]:
    """The sentence's end, after "movement observed: ", and what it was judged by.

    Args:
        known: all that was seen before this stretch began, today included.
    """
    if finding.question == "many":
        return _many(finding, usual)
    return _odd(finding, usual) if finding.question == "odd" else _rare(finding, usual, known)


def _rare(finding: Finding, usual: Usual, known: Iterable[Stretch]) -> tuple[str, dict[str, float]]:
    here = finding.passage
    cell, zone = (here.row, here.col), usual.history.zone
    hour = local_hours(here.t_s, zone) % 24
    watched = [one for one in known if cell in one.seen_s]
    passed = [one.t_s for stretch in watched for one in stretch.passages if (one.row, one.col) == cell]
    around = [t_s for t_s in passed if _apart_h(local_hours(t_s, zone), hour) <= _NEAR_H]
    begun_s = min(one.t_start_s for one in watched)
    # The hour needs no mention where nothing has passed at any other either.
    at_hour = len(around) < len(passed)
    times, when = (around, " at about this hour") if at_hour else (passed, "")
    times = sorted(times) + [here.t_s] * (finding.nth - 1)
    days_ago = (here.t_s - (times[-1] if times else begun_s)) / _DAY_S
    watched_h = sum(
        one.seen_s[cell]
        for one in watched
        if one.t_end_s > here.t_s - days_ago * _DAY_S
        and (not at_hour or _apart_h(local_hours(one.t_start_s, zone), hour) <= _NEAR_H)
    )
    measures = {"days_since": days_ago, "watched_h": watched_h / 3600.0, "passed_before": float(len(times))}
    if days_ago < 1.0:
        span = (here.t_s - begun_s) / _DAY_S
        return f"only number {len(times) + 1} here{when} in {_days(span)}", measures
    since = f"in {_days(days_ago)}" if times else f"since watching began {_days(days_ago)} ago"
    return f"the first here{when} {since} ({measures['watched_h']:.0f} h watched)", measures


def _many(finding: Finding, usual: Usual) -> tuple[str, dict[str, float]]:
    here, nth = finding.passage, finding.nth
    hour = int(local_hours(here.t_s, usual.history.zone) % 24)
    cell = usual.history.cells[here.row, here.col]
    rate = usual.taught.passed[cell, hour] / usual.taught.watched_h[cell, hour]
    within_h = max(here.seen_s / 3600.0, LEAST_SEEN_H)
    usually = float(rate * within_h)
    measures = {"number": float(nth), "usual_number": usually, "within_s": within_h * 3600.0}
    span = f"{math.ceil(within_h * 60 - 1e-9)} min"
    if usually < 0.05 * nth:
        return f"{nth} within {span}, where {usually:.2g} is usual at this hour", measures
    return (
        f"{nth / usually:.1f} times the usual number at this hour ({nth} within {span}, usual {usually:.1f})",
        measures,
    )


def _odd(finding: Finding, usual: Usual) -> tuple[str, dict[str, float]]:
    here, history = finding.passage, usual.history
    rows = usual.taught.of_cell(history.cells[here.row, here.col])
    own = history.columns([(here, 1)]).features[0]
    past = history.rows.features[rows]
    # What sets it apart most, each quality alone: how far the third nearest is.
    parts = {"speed": [0], "heading": [1, 2], "size": [3], "hour": [4, 5]}
    apart = {name: float(np.sort(np.linalg.norm((past - own)[:, at], axis=1))[2]) for name, at in parts.items()}
    quality = max(apart, key=lambda name: apart[name])
    known = [history.passages[row] for row in rows.tolist()]
    ways = np.array([one.heading_deg for one in known])
    speeds, sizes = [one.speed_m_s for one in known], [one.size_m for one in known]
    usual_speed, usual_size = float(np.median(speeds)), float(np.median(sizes))
    same_way = int((np.abs((ways - here.heading_deg + 180) % 360 - 180) <= _SAME_WAY_DEG).sum())
    measures = {
        "speed_m_s": here.speed_m_s,
        "usual_speed_m_s": usual_speed,
        "size_m": here.size_m,
        "usual_size_m": usual_size,
        "heading_deg": here.heading_deg,
        "same_way": float(same_way),
        "compared_with": float(len(rows)),
    }
    if apart[quality] < finding.score / 2:
        return f"its speed, heading and size together are unlike the {len(rows)} seen here before", measures
    if quality == "heading":
        wind = _WINDS[round(here.heading_deg / 45.0) % 8]
        return f"heading {wind}, as {same_way} of {len(rows)} here before", measures
    if quality == "hour":
        return f"at an hour at which few of the {len(rows)} seen here before came", measures
    now, before, unit = (here.speed_m_s, usual_speed, "m/s") if quality == "speed" else (here.size_m, usual_size, "m")
    return f"{_times(now, before)} the usual {quality} here ({now:.1f} {unit}, usual {before:.1f})", measures


def _times(now: float, before: float) -> str:
    ratio = now / max(before, 0.01)
    return f"{ratio:.1f} times" if ratio >= 0.1 else "a small part of"


def _days(days: float) -> str:
    whole = math.floor(days + 1e-9)
    return "less than a day" if whole < 1 else f"{whole} day{'' if whole == 1 else 's'}"


def _apart_h(one: float, other: float) -> float:
    return abs((one - other + 12.0) % 24.0 - 12.0)
