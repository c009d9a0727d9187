"""Which records of a log are one possible violation: what was joined, and what a person split again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from detector.geo.ellipse import ellipse_95
from detector.log.records import concerned
from detector.model import Joined, Means, Place, Split, State, Violation, Witness


class Grouping:
    """What the entries about joining and splitting come to, taken in the order of the chain."""

    def __init__(self) -> None:
        self._into: dict[str, str] = {}
        self._about: dict[str, dict[int, Joined | Split]] = {}

    def take(self, seq: int, entry: Joined | Split) -> None:
        """One more entry, with its number."""
        for violation_id in concerned(entry):
            self._about.setdefault(violation_id, {})[seq] = entry
        if isinstance(entry, Joined):
            for one in entry.joined:
                kept = self.kept(entry.violation_id)
                if self.kept(one) != kept:
                    self._into[one] = kept
        else:
            for one in entry.apart:
                if self.kept(one) == self.kept(entry.violation_id):
                    self._take_out(one)

    def about(self, ids: Iterable[str]) -> dict[int, Joined | Split]:
        """The entries that concern any of these records, by their numbers, in their order."""
        found = {seq: entry for one in ids for seq, entry in self._about.get(one, {}).items()}
        return dict(sorted(found.items()))

    def records(self) -> list[str]:
        """Every record that was ever joined or split, in the order of its first time."""
        return list(self._about)

    def kept(self, violation_id: str) -> str:
        """Id of the record that stands for this one, itself if it was joined into none."""
        while violation_id in self._into:
            violation_id = self._into[violation_id]
        return violation_id

    def groups(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """The records of `ids` by the one that is kept of them, this one first, the others in their order."""
        found: dict[str, list[str]] = {}
        for one in dict.fromkeys(ids):
            kept = self.kept(one)
            found.setdefault(kept, [kept])
            if one != kept:
                found[kept].append(one)
        return found

    def _take_out(self, violation_id: str) -> None:
        if self._into.pop(violation_id, None) is not None:
            return
        # The one that stood for the others goes: the first that was joined into it stands for them now.
        orphans = [one for one, into in self._into.items() if into == violation_id]
        for one in orphans:
            del self._into[one]
            if one != orphans[0]:
                self._into[one] = orphans[0]


def witnesses_of(ids: Sequence[str], history: Sequence[Joined | Split]) -> tuple[Witness, ...]:
    """Who supports these records besides their own sources, by name: the newest word of each."""
    found: dict[str, Witness] = {}
    for entry in history:
        if entry.violation_id not in ids:
            continue
        if isinstance(entry, Joined):
            found |= {one.source_id: one for one in entry.witnesses}
        else:
            for source_id in entry.witnesses:
                found.pop(source_id, None)
    return tuple(found[source_id] for source_id in sorted(found))


def as_one(parts: Sequence[Violation], history: Sequence[Joined | Split], witnesses: Sequence[Witness]) -> Violation:
    """The first of the records with what is known from all of them.

    means: of all and of the witnesses. place: the smallest ellipse of its own and of the events that records which are
    still together were joined for; as with a series, whose place is that of its surest incident. count: of the source
    that has counted most: a lower bound. OPEN while any is. Its own start stays: its id has it in it.
    """
    kept, ids = parts[0], {one.violation_id for one in parts}
    if len(parts) == 1 and not witnesses:
        return kept
    means = {means for one in parts for means in one.means} | {one.means for one in witnesses}
    events = [one for one in history if isinstance(one, Joined) and ids.issuperset(concerned(one))]
    places = [kept.place, *(one.place for one in events if one.place is not None)]
    # What moves is the same again after a gap, and counted before.
    again = {one for event in events if event.place is None and not event.party for one in event.joined}
    counts: dict[tuple[str, str], int] = {}
    for one in parts:
        before = counts.get((one.source_id, one.rule_id), 0)
        counted = max(before, one.count) if one.violation_id in again else before + one.count
        counts[one.source_id, one.rule_id] = counted
    return replace(
        kept,
        means=tuple(one for one in Means if one in means),
        place=min(places, key=_size),
        count=max(counts.values()),
        t_end_ns=max(one.t_end_ns for one in parts),
        state=State.OPEN if any(one.state is State.OPEN for one in parts) else State.CLOSED,
    )


def sources_of(parts: Sequence[Violation], witnesses: Sequence[Witness]) -> Mapping[str, tuple[Means, ...]]:
    """Every source that noticed it, the kept record's first, with its means."""
    return {one.source_id: one.means for one in parts} | {one.source_id: (one.means,) for one in witnesses}


def _size(place: Place) -> float:
    """Area of the ellipse, in squares of pi; what has none is larger than all. [m2]"""
    if place.covariance_m2 is None:
        return float("inf")
    east, both, north = place.covariance_m2
    ellipse = ellipse_95([[east, both], [both, north]])
    return float(ellipse.semi_major_m[0] * ellipse.semi_minor_m[0])
