"""Movers that meet a condition for a while: candidates, incidents, and stretches that cannot be decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detector.model import Joined, Place, Scene, State, Undecided, Violation
from detector.rules.company import Company
from detector.rules.contract import MoverSettings
from detector.rules.first_seen import BESIDE_M, BESIDE_NS, BESIDE_PX, FirstSeen
from detector.rules.points import Points, Sighted
from detector.rules.report import Peak, place_of_track
from detector.rules.resumed import Resumed
from detector.timebase import ns_from_seconds

Found = Violation | Undecided | Joined


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """Whether movers meet a rule's condition; pairs left out decidedly do not.

    shape: position of the zone, -1 where the rule has none. shape (K,)
    row: row of the track in the scene. shape (K,)
    decision: +1 met, 0 undecidable, -1 not met. shape (K,)
    confidence: probability that it is met. shape (K,) [1]
    strength: the larger, the clearer. shape (K,)
    values: quantities at the peak that are worth keeping, each of shape (K,)
    """

    shape: NDArray[np.int64]
    row: NDArray[np.int64]
    decision: NDArray[np.int8]
    confidence: NDArray[np.float64]
    strength: NDArray[np.float64]
    values: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(slots=True)
class Stay:
    """One mover at one zone, from when it may have met the condition until it decidedly does not."""

    shape: int
    first_track: int
    track: int
    tracks: set[int]
    first: Sighted
    found: Sighted  # when its track was last detected, wherever it was
    hits: int = 0  # fixes in a row that meet the condition
    misses: int = 0  # fixes in a row that do not
    t_first_ns: int | None = None  # when the run that meets the condition began
    t_last_ns: int = 0
    t_maybe_first_ns: int | None = None  # the stretch in which it may have been met
    t_maybe_last_ns: int = 0
    maybes: int = 0
    maybe_place: Place | None = None
    began_ns: int = 0
    t_seen_ns: int = 0
    unseen_ns: int = 0  # longest time without a fix that meets the condition, within the run
    peak: Peak | None = None
    is_open: bool = False
    is_part: bool = False  # of what has an incident already
    is_held: bool = False  # it could be open, but whether it is a part of another one is not known yet
    taken_from: int | None = None  # the lost track that its track took it over from, when it began


class StayBook:
    """All stays of one rule in one plane (the ground, or the picture).

    A stay begins an incident when `min_hits` fixes in a row, over at least `min_time_s`, meet the condition.
    It ends a candidate when `min_hits` fixes in a row decidedly do not. An incident ends when nothing met
    the condition for the cooldown. A track that begins where another was lost carries its stay on, but for one that was
    seen elsewhere while that was seen, too; and so does one that was followed beside it, closer than things stand, and
    has no incident of its own: both were parts of one thing.
    While two are seen to be parts of one thing (`Company`), the one begins no incident beside that of the other.
    """

    def __init__(
        self,
        settings: MoverSettings,
        min_time_s: float,
        same_place: float,
        same_thing: float,
        violation: Callable[[Stay, State], Violation],
        undecided: Callable[[Stay], Undecided],
        *,
        on_ground: bool,
    ) -> None:
        self._min_hits = settings.min_hits
        self._min_time_ns = ns_from_seconds(min_time_s)
        self._patience_ns = ns_from_seconds(max(settings.cooldown_s, settings.max_gap_s))
        self._same_place = same_place
        self._same_thing = same_thing
        self._violation = violation
        self._undecided = undecided
        self._stays: dict[tuple[int, int], Stay] = {}
        self._company = Company(self._patience_ns) if on_ground else None
        self._resumed = Resumed() if on_ground else None
        self._alive: set[int] = set()
        self._first_seen = FirstSeen()
        self._beside_place = min(same_place, BESIDE_M if on_ground else BESIDE_PX)

    def update(self, scene: Scene, points: Points, rows: NDArray[np.int64], conditions: Conditions) -> Iterator[Found]:
        """Go on by one scene. `rows`: the tracks that were seen in it and may be judged."""
        if self._resumed is not None:
            self._resumed.look(scene.t_ns)
        self._first_seen.look(scene)
        ids = scene.tracks.track_id
        pairs = self._pairs(ids, conditions)
        observed = dict(zip(ids[rows].tolist(), rows.tolist(), strict=True))
        alive = set(ids[scene.tracks.confirmed].tolist())
        for key, k in pairs.items():
            if key not in self._stays and conditions.decision[k] >= 0:
                self._begin(key, scene, points, int(conditions.row[k]), alive)
        for key in [key for key in self._stays if key[1] in self._alive and key[1] not in alive]:
            self._hand_over(key, scene.t_ns, points, observed)
        self._alive = alive
        for key in [key for key, stay in self._stays.items() if stay.is_open and key[1] not in alive]:
            self._pass_on(key, scene.t_ns, points, observed)
        if self._company is not None and len(self._stays) > 1:
            here = {track: observed[track] for _, track in self._stays if track in observed}
            self._company.look(scene.t_ns, points, here)
        for key, stay in list(self._stays.items()):
            row = observed.get(key[1])
            if row is not None:
                stay.found = points.at(row, scene.t_ns)
                yield from self._step(key, stay, scene, row, conditions, pairs.get(key))
            yield from self._expire(key, stay, scene.t_ns)

    def close(self) -> Iterator[Found]:
        """End everything where it was last seen: nothing can be judged now, or be joined with what comes."""
        for stay in self._stays.values():
            for entry in self._ended(stay):
                yield entry
                if self._resumed is not None and isinstance(entry, Violation) and entry.state is State.CLOSED:
                    self._resumed.broke_off(stay.shape, stay.found, entry)
        self._stays.clear()
        self._alive.clear()
        self._first_seen.clear()
        if self._company is not None:
            self._company.clear()

    def finish(self) -> Iterator[Found]:
        """End everything, for good."""
        yield from self.close()
        if self._resumed is not None:
            self._resumed.clear()

    def _pairs(self, ids: NDArray[np.int64], conditions: Conditions) -> dict[tuple[int, int], int]:
        tracks = ids[conditions.row].tolist()
        keys = zip(conditions.shape.tolist(), tracks, strict=True)
        wanted = conditions.decision >= 0
        return {key: k for k, key in enumerate(keys) if wanted[k] or key in self._stays}

    def _begin(self, key: tuple[int, int], scene: Scene, points: Points, row: int, alive: set[int]) -> None:
        shape, track = key
        t_ns = scene.t_ns
        here = points.at(row, t_ns)
        if self._give_back(key, here):
            return
        beside_ns = self._first_seen.of(scene, row) + BESIDE_NS
        lost = [
            (here.apart(stay.found), other)
            for other, stay in self._stays.items()
            if other[0] == shape and other[1] not in alive and t_ns - stay.t_seen_ns <= self._patience_ns
        ]
        near = min((one for one in lost if one[0] <= self._reach(one[1], beside_ns)), default=None)
        if near is not None:
            stay = self._stays.pop(near[1])
            stay.track, stay.taken_from = track, near[1][1]
            stay.tracks.add(track)
            stay.misses = 0
        else:
            stay = _new(key, here)
        self._stays[key] = stay

    def _reach(self, lost: tuple[int, int], beside_ns: int) -> float:
        """How near a track must be to a lost one to go on with it. beside_ns: from then on it has been beside it."""
        return self._same_place if self._stays[lost].found.t_ns < beside_ns else self._beside_place

    def _give_back(self, key: tuple[int, int], here: Sighted) -> bool:
        """A track that was thought lost is there again: what took its stay over is another mover."""
        for other, stay in list(self._stays.items()):
            if other[0] == key[0] and stay.taken_from == key[1]:
                stay.tracks.discard(other[1])
                self._stays[other] = _new(other, stay.found)
                stay.track, stay.taken_from, stay.found = key[1], None, here
                self._stays[key] = stay
                return True
        return False

    def _hand_over(self, key: tuple[int, int], t_ns: int, points: Points, observed: Mapping[int, int]) -> None:
        """The track is given up. A part goes into its whole; what began at its place since has been the same mover."""
        lost = self._stays[key]
        beside = self._beside(key, t_ns, points, observed)
        whole = [
            (-stay.hits, other)
            for other, stay in self._stays.items()
            if other != key
            and (self._are_one(key, other) or (stay.is_open and beside.get(other, np.inf) <= self._same_thing))
        ]
        if whole and not lost.is_open:
            _, other = min(whole)
            stay = self._stays[other]
            if stay.is_open or stay.hits >= lost.hits:
                stay.tracks |= lost.tracks
                del self._stays[key]
            else:
                self._take_over(key, other)
            return
        young = [
            (stay.found.apart(lost.found), other)
            for other, stay in self._stays.items()
            if other[0] == key[0] and not stay.is_open and stay.began_ns > lost.found.t_ns and other[1] in self._alive
        ]
        near = min(young, default=(np.inf, key))
        if near[0] <= self._same_thing:
            self._take_over(key, near[1])

    def _pass_on(self, key: tuple[int, int], t_ns: int, points: Points, observed: Mapping[int, int]) -> None:
        """The track of an incident is lost; what was seen of the same thing beside it carries the incident on."""
        beside = [
            (0.0 if self._are_one(key, other) else apart, other)
            for other, apart in self._beside(key, t_ns, points, observed, is_open=False).items()
        ]
        near = min(beside, default=(np.inf, key))
        if near[0] <= self._same_thing:
            self._take_over(key, near[1])

    def _beside(
        self,
        key: tuple[int, int],
        t_ns: int,
        points: Points,
        observed: Mapping[int, int],
        *,
        is_open: bool | None = None,
    ) -> dict[tuple[int, int], float]:
        """What was followed beside a lost track and is seen now, and how far from where that was last detected.

        is_open: only what has an incident of its own, or has none; None: whether or not.
        """
        lost = self._stays[key]
        return {
            other: points.at(row, t_ns).apart(lost.found)
            for other, stay in self._stays.items()
            if other[0] == key[0]
            and is_open in (None, stay.is_open)
            and stay.began_ns <= lost.t_seen_ns
            and (row := observed.get(other[1])) is not None
        }

    def _take_over(self, key: tuple[int, int], by: tuple[int, int]) -> None:
        """The stay goes on under the track of another one, which is none of its own any more."""
        stay, heir = self._stays.pop(key), self._stays[by]
        stay.track = heir.track
        stay.tracks |= heir.tracks
        stay.misses = 0
        self._stays[by] = stay

    def _part_of(self, key: tuple[int, int]) -> Stay | None:
        """What has an incident already and is the same thing."""
        same = (stay for other, stay in self._stays.items() if stay.is_open and self._are_one(key, other))
        return next(same, None)

    def _may_be_part(self, key: tuple[int, int], t_ns: int) -> bool:
        """Whether it is not known yet if it is a part of what has an incident already."""
        company = self._company
        return company is not None and any(
            stay.is_open and other[0] == key[0] and company.may_be_one(key[1], other[1], t_ns)
            for other, stay in self._stays.items()
        )

    def _are_one(self, key: tuple[int, int], other: tuple[int, int]) -> bool:
        return key[0] == other[0] and self._company is not None and self._company.is_one(key[1], other[1])

    def _step(
        self, key: tuple[int, int], stay: Stay, scene: Scene, row: int, conditions: Conditions, k: int | None
    ) -> Iterator[Found]:
        decision = -1 if k is None else int(conditions.decision[k])
        if decision < 0 or k is None:
            stay.hits = 0
            stay.misses += 1
            if stay.misses >= self._min_hits and not stay.is_open:
                yield from self._ended(self._stays.pop(key))
            return
        stay.misses = 0
        stay.t_seen_ns = scene.t_ns
        if stay.t_maybe_first_ns is None:
            stay.t_maybe_first_ns = scene.t_ns
            stay.maybe_place = place_of_track(scene, row)
        stay.t_maybe_last_ns = scene.t_ns
        stay.maybes += 1
        if decision > 0:
            yield from self._hit(key, stay, scene, row, conditions, k)
        else:
            stay.hits = 0

    def _hit(
        self, key: tuple[int, int], stay: Stay, scene: Scene, row: int, conditions: Conditions, k: int
    ) -> Iterator[Found]:
        if stay.t_first_ns is None or scene.t_ns - stay.t_last_ns > self._patience_ns:
            if stay.is_open:
                return  # it is over: _expire ends it in this very scene
            stay.t_first_ns, stay.hits, stay.peak, stay.unseen_ns = scene.t_ns, 0, None, 0
        else:
            stay.unseen_ns = max(stay.unseen_ns, scene.t_ns - stay.t_last_ns)
        stay.hits += 1
        stay.t_last_ns = scene.t_ns
        strength = float(conditions.strength[k])
        if stay.peak is None or strength > stay.peak.strength:
            values = {name: float(array[k]) for name, array in conditions.values.items()}
            place = place_of_track(scene, row)
            stay.peak = Peak(strength, float(conditions.confidence[k]), scene.t_ns, place, values)
        enough = stay.hits >= self._min_hits and scene.t_ns - stay.t_first_ns >= self._min_time_ns
        if not enough or stay.is_open:
            return
        whole = self._part_of(key)
        stay.is_part = whole is not None
        if whole is not None:
            whole.tracks |= stay.tracks
            return
        stay.is_held = self._may_be_part(key, scene.t_ns)
        if not stay.is_held:
            yield from self._open(stay)

    def _open(self, stay: Stay) -> Iterator[Found]:
        stay.is_open = True
        violation = self._violation(stay, State.OPEN)
        yield violation
        joined = self._resumed and self._resumed.goes_on(stay.shape, stay.first, stay.found, violation)
        if joined:
            yield joined

    def _expire(self, key: tuple[int, int], stay: Stay, t_ns: int) -> Iterator[Found]:
        newest = stay.t_last_ns if stay.is_open else stay.t_seen_ns
        if key in self._stays and t_ns - newest > self._patience_ns:
            yield from self._ended(self._stays.pop(key))

    def _ended(self, stay: Stay) -> Iterator[Found]:
        if stay.is_held and not stay.is_part and not stay.is_open:
            yield from self._open(stay)
        if stay.is_open:
            yield self._violation(stay, State.CLOSED)
            return
        if stay.is_part or stay.t_maybe_first_ns is None or stay.maybes < self._min_hits:
            return
        # A stretch too short for the condition, even if all of it had met it, leaves nothing undecided.
        if stay.t_maybe_last_ns - stay.t_maybe_first_ns >= self._min_time_ns:
            yield self._undecided(stay)


def _new(key: tuple[int, int], here: Sighted) -> Stay:
    shape, track = key
    return Stay(shape, track, track, {track}, here, here, began_ns=here.t_ns, t_seen_ns=here.t_ns)
