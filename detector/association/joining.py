"""Events that several sources noticed are one possible violation: which records belong together."""

from __future__ import annotations

import bisect
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

from detector.association.fusion import AGREE_ONE, MOST_SIGMA_S, Fused, alone, paired
from detector.association.noticed import Noticed, Settled
from detector.geo.ellipse import ellipse_95
from detector.model import Joined, Means, Place, Violation, Witness
from detector.timebase import ns_from_seconds

# What is heard or felt goes on where a camera looks away: it keeps what was seen of it, not the other way round.
_KEEPS = ("impulse", "series", "flash")
_GATE = math.sqrt(AGREE_ONE)
# So far at most what a source says of an event may lie from the event. [ns]
_OFF_NS = ns_from_seconds(_GATE * MOST_SIGMA_S)
_LONG_AGO_NS, _NEVER_NS = -(2**62), 2**62


class Joiner:
    """Says which possible violations of different sources are one.

    An event is decided when every source has settled beyond it, from all that was noticed by then: in which order the
    sources' words come changes nothing. Each source's word on an event counts once; a source with no possible
    violation of its own (a lone sensor, an incident left undecided) supports what others have placed and raises
    nothing. Of one source nothing is ever joined with another of its own, unless both are of one event of another's.

    A possible violation is joined into another once, for its first event: a series of forty impacts heard keeps the
    flashes seen of it; what was heard before a gap and after it stays two, whatever was seen meanwhile. Counted:
    `late`, what came after its source had settled beyond it, and is left out.

    Raises, from every call:
        KeyError: a source that was not among `sources`.

    Hit: a flash seen by a drone, its bang placed by five microphones, a shock at one geophone when the ground wave was
    due there: one possible violation, three means.   Miss: a flash and a bang 3 standard deviations apart in time; a
    bang 200 m from a flash, each known to 10 m; a geophone's onset that no event was due at.
    """

    def __init__(self, sources: Iterable[str]) -> None:
        self._settled_ns = dict.fromkeys(sources, _LONG_AGO_NS)
        self.counters: Counter[str] = Counter()
        self._timed: list[Noticed] = []
        self._arrived: list[Noticed] = []
        self._groups = _Groups()

    def notice(self, noticed: Noticed) -> None:
        """Take what a source has noticed."""
        longest_ns = 0 if noticed.carrier is None else ns_from_seconds(noticed.carrier.longest_s)
        if noticed.t_ns - longest_ns < self._settled_ns[noticed.source_id]:
            self.counters["late"] += 1
        elif noticed.places:
            if noticed.t_sigma_s <= MOST_SIGMA_S:
                bisect.insort(self._timed, noticed, key=_from_ns)
        else:
            bisect.insort(self._arrived, noticed, key=_order)

    def settle(self, settled: Settled) -> list[Joined]:
        """A source has come so far: what is decided by it, in the order of the events."""
        before_ns = self._settled_ns[settled.source_id]
        self._settled_ns[settled.source_id] = max(before_ns, settled.t_ns)
        return list(self._decide(min(self._settled_ns.values())))

    def end(self, source_id: str) -> list[Joined]:
        """A source has said all it had to say."""
        return self.settle(Settled(source_id, _NEVER_NS))

    def _decide(self, settled_ns: int) -> Iterator[Joined]:
        while self._timed:
            # Those whose times may agree with one another's, directly or through others, and with nothing else's.
            end_ns, size = _from_ns(self._timed[0]), 0
            for one in self._timed:
                if _from_ns(one) > end_ns:
                    break
                end_ns, size = max(end_ns, 2 * one.t_ns - _from_ns(one)), size + 1
            if end_ns >= settled_ns - _OFF_NS:
                break
            cluster, self._timed = self._timed[:size], self._timed[size:]
            yield from self._events(cluster)
        oldest_ns = min(settled_ns, _from_ns(self._timed[0]) if self._timed else _NEVER_NS) - 2 * _OFF_NS
        del self._arrived[: bisect.bisect_left(self._arrived, oldest_ns, key=lambda one: one.t_ns)]

    def _events(self, cluster: list[Noticed]) -> Iterator[Joined]:
        times_ns = [one.t_ns for one in cluster]
        first_ns, last_ns = min(times_ns) - _OFF_NS, max(times_ns) + _OFF_NS
        start = bisect.bisect_left(self._arrived, first_ns, key=lambda one: one.t_ns)
        due = [
            one
            for one in self._arrived[start:]
            if one.carrier is not None and one.t_ns <= last_ns + ns_from_seconds(one.carrier.longest_s)
        ]
        events: list[Fused] = []
        for _, same in groupby(sorted([*cluster, *due], key=_turn), key=_turn):
            stream = sorted(same, key=_order)
            events, left = paired(events, stream)
            events += [one for one in map(alone, left) if one is not None and one.noticed[0].violation is not None]
        used = {id(one) for event in events for one in event.noticed}
        self._arrived = [one for one in self._arrived if id(one) not in used]
        for event in sorted(events, key=lambda one: (one.t_ns, one.place)):
            yield from self._groups.add(event)


class _Groups:
    """Which possible violations have been joined, into which, and which witnesses each has."""

    def __init__(self) -> None:
        self._into: dict[str, str] = {}
        self._means: dict[str, set[Means]] = {}
        self._witnesses: dict[str, set[str]] = {}

    def add(self, event: Fused) -> Iterator[Joined]:
        """The event as an entry, if any record or witness is new to what it belongs to."""
        if len(event.noticed) == 1:
            return
        violations = [one.violation for one in event.noticed if one.violation is not None]
        free = sorted(
            {one.violation_id: one for one in violations if one.violation_id not in self._into}.values(), key=_rank
        )
        keeps = free[0] if free else violations[0]
        kept_id = self._head(keeps.violation_id)
        means = self._means.setdefault(kept_id, set(keeps.means))
        known = self._witnesses.setdefault(kept_id, set())
        support = [one for one in event.noticed if one.violation is None and one.source_id not in known]
        for one in free[1:]:
            self._into[one.violation_id] = kept_id
            means |= self._means.pop(one.violation_id, set(one.means))
            known |= self._witnesses.pop(one.violation_id, set())
        means |= {one.means for one in support}
        known |= {one.source_id for one in support}
        if len(free) > 1 or support:
            yield Joined(
                violation_id=kept_id,
                joined=tuple(sorted(one.violation_id for one in free[1:])),
                reason=_reason(event),
                t_ns=event.t_ns,
                witnesses=tuple(
                    sorted((Witness(o.source_id, o.means, o.t_ns) for o in support), key=lambda w: w.source_id)
                ),
                means=tuple(one for one in Means if one in means),
                place=_place(event),
                t_sigma_s=round(event.t_sigma_s, 3),
                misfit=round(event.misfit, 3),
                run_id=keeps.run_id,
            )

    def _head(self, violation_id: str) -> str:
        while violation_id in self._into:
            violation_id = self._into[violation_id]
        return violation_id


def _from_ns(one: Noticed) -> int:
    """No event that happened before this agrees with it. [ns]"""
    return one.t_ns - ns_from_seconds(_GATE * one.t_sigma_s)


def _order(one: Noticed) -> tuple[int, str, str, tuple[tuple[float, float], ...]]:
    """By time; of equal times one order that does not depend on which came first."""
    return one.t_ns, one.source_id, "" if one.violation is None else one.violation.violation_id, one.places


def _turn(one: Noticed) -> tuple[int, int, str, str]:
    """In which order sources' words are put together: what has a place, what has one of two, directions, arrivals.

    Of one source that has it in several possible violations, the first: the others stay beside it.
    """
    shape = len(one.places) - 1 if one.places else 2 if one.bearings_deg else 3
    if one.violation is None:
        return shape, len(_KEEPS), one.source_id, ""
    return shape, _keeping(one.violation), one.source_id, one.violation.rule_id


def _keeping(violation: Violation) -> int:
    return _KEEPS.index(violation.rule_kind)


def _rank(violation: Violation) -> tuple[int, int, str]:
    """Which of several stays: heard or felt before seen, then the one that began first."""
    return _keeping(violation), violation.t_start_ns, violation.violation_id


def _reason(event: Fused) -> str:
    east, both, north = event.covariance_m2
    ellipse = ellipse_95([[east, both], [both, north]])
    first = event.noticed[0].source_id
    together = f"together ± {float(ellipse.semi_major_m[0]):.0f} m and ± {1.96 * event.t_sigma_s:.2f} s (95 %)"
    return f"one event: placed by {first}; {'; '.join(event.told)}; {together}"


def _place(event: Fused) -> Place:
    (lon_deg, lat_deg), (east, both, north) = event.place, event.covariance_m2
    covariance = round(east, 2) + 0.0, round(both, 2) + 0.0, round(north, 2) + 0.0
    return Place(round(lat_deg, 7) + 0.0, round(lon_deg, 7) + 0.0, covariance, None)
