"""Search: which possible violations answer a question, read from the address of the page."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from detector.console.judging import open_for, standing
from detector.geo.wgs84 import metres_per_degree, wrapped_deg
from detector.log import LoggedViolation
from detector.log.reader import Period
from detector.model import Decision, Place
from detector.timebase import iso_from_ns, ns_from_iso, ns_from_seconds

UNDECIDED = "undecided"
VERDICTS = (UNDECIDED, *(str(one) for one in Decision if one is not Decision.WITHDRAWN), "differing")

NEAR_S, AROUND_S, NEAR_M = 120.0, 3600.0, 300.0
"""What counts as near: in time; in place, and then in a longer time. [s, s, m]"""

KEYS = ("since", "until", "feed", "rule", "kind", "verdict", "box", "text")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for; None or empty is no limit. Of several records that are one, any may answer.

    verdict: `undecided` (a party has not spoken), `differing` (the two say different things), or what any party said.
    box: west, south, east, north. [deg] West may be greater than east: across the 180th meridian.
    """

    since_ns: int | None = None
    until_ns: int | None = None
    feed: str = ""
    rule: str = ""
    kind: str = ""
    verdict: str = ""
    box: tuple[float, float, float, float] | None = None
    text: str = ""

    def answers(self, found: Iterable[LoggedViolation]) -> list[LoggedViolation]:
        """Those that fit, newest first."""
        period, words = Period(self.since_ns, self.until_ns), _folded(self.text)
        fitting = (one for one in found if self._fits(one, period, words))
        return sorted(fitting, key=lambda one: one.violation.t_start_ns, reverse=True)

    def _fits(self, one: LoggedViolation, period: Period, words: str) -> bool:
        return (
            any(period.overlaps(record.t_start_ns, record.t_end_ns) for record in one.records)
            and self.feed in {"", *one.sources}
            and self.rule in {"", *(record.rule_id for record in one.records)}
            and self.kind in {"", *(record.rule_kind for record in one.records)}
            and self._verdict_fits(one)
            and (self.box is None or _inside(one.violation.place, self.box))
            and (
                not words or any(words in _folded(f"{v.observation} {v.subject} {v.violation_id}") for v in one.records)
            )
        )

    def _verdict_fits(self, one: LoggedViolation) -> bool:
        given = standing(one)
        if self.verdict == UNDECIDED:
            return open_for(one, "")
        if self.verdict == "differing":
            return len({verdict.verdict for verdict in given.values()}) > 1
        return not self.verdict or self.verdict in {str(verdict.verdict) for verdict in given.values()}


def question_of(query: Mapping[str, str]) -> Question:
    """From the parameters of an address; empty ones are no limit.

    Raises:
        ValueError: naming the parameter and what is allowed.
    """
    given = {key: query.get(key, "").strip()[:200] for key in KEYS}
    if given["verdict"] and given["verdict"] not in VERDICTS:
        raise ValueError(f"verdict {given['verdict']!r}: allowed are {', '.join(VERDICTS)}")
    since_ns, until_ns = _time("since", given["since"]), _time("until", given["until"])
    if since_ns is not None and until_ns is not None and until_ns <= since_ns:
        raise ValueError(f"until {given['until']!r}: allowed is a time after since {given['since']!r}")
    return Question(
        since_ns,
        until_ns,
        given["feed"],
        given["rule"],
        given["kind"],
        given["verdict"],
        _box(given["box"]),
        given["text"],
    )


def _folded(text: str) -> str:
    """Whatever is large or small; in Turkish and Azerbaijani i has its dot, or has none, in both."""
    return unicodedata.normalize("NFC", text).casefold().replace("\u0307", "").replace("\u0131", "i")


def _time(name: str, text: str) -> int | None:
    """UTC where no zone is given: a browser's field for a time has none, and the page says that it is UTC."""
    if not text:
        return None
    if len(text) == len("2026-03-01"):
        text += "T00:00"
    if len(text) == len("2026-03-01T09:30"):
        text += ":00"
    try:
        t_ns = ns_from_iso(text if text.endswith(("Z", "z")) or "+" in text else f"{text}Z")
        iso_from_ns(t_ns)
    except (ValueError, OverflowError):
        raise ValueError(f"{name} {text!r}: allowed is a time like 2026-03-01T06:30:00Z") from None
    return t_ns


def _box(text: str) -> tuple[float, float, float, float] | None:
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        west, south, east, north = 181.0, 0.0, 0.0, 0.0
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError(f"box {text!r}: allowed are west,south,east,north in degrees")
    return west, south, east, north


def _inside(place: Place, box: tuple[float, float, float, float]) -> bool:
    if place.lat_deg is None or place.lon_deg is None:
        return False
    west, south, east, north = box
    in_longitude = west <= place.lon_deg <= east if west <= east else not east < place.lon_deg < west
    return in_longitude and south <= place.lat_deg <= north


def neighbours(one: LoggedViolation, found: Iterable[LoggedViolation], most: int = 8) -> list[LoggedViolation]:
    """Others within NEAR_S of it, or within NEAR_M of its place and AROUND_S of it; the nearest in time first."""
    v = one.violation

    def apart_ns(other: LoggedViolation) -> int:
        return max(v.t_start_ns - other.violation.t_end_ns, other.violation.t_start_ns - v.t_end_ns, 0)

    earliest_ns, latest_ns = v.t_start_ns - ns_from_seconds(AROUND_S), v.t_end_ns + ns_from_seconds(AROUND_S)
    around = [
        other for other in found if other.violation.t_start_ns <= latest_ns and other.violation.t_end_ns >= earliest_ns
    ]
    near = [
        other
        for other in around
        if other.violation.violation_id != v.violation_id
        and (apart_ns(other) <= ns_from_seconds(NEAR_S) or apart_m(v.place, other.violation.place) <= NEAR_M)
    ]
    return sorted(near, key=lambda other: (apart_ns(other), abs(other.violation.t_start_ns - v.t_start_ns)))[:most]


def apart_m(first: Place, second: Place) -> float:
    """Distance on the ground of two places, at most some kilometres apart. [m] Infinite where one is unknown."""
    if None in {first.lat_deg, first.lon_deg, second.lat_deg, second.lon_deg}:
        return math.inf
    east_m_deg, north_m_deg = metres_per_degree(first.lat_deg or 0.0)
    east_deg = wrapped_deg((second.lon_deg or 0.0) - (first.lon_deg or 0.0))
    return math.hypot(float(east_deg * east_m_deg), ((second.lat_deg or 0.0) - (first.lat_deg or 0.0)) * north_m_deg)
