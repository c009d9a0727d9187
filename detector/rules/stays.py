"""Movers that meet a condition for a while: candidates, incidents, and stretches that cannot be decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detector.model import Place, Scene, State, Undecided, Violation
from detector.rules.company import Company
from detector.rules.contract import MoverSettings
from detector.rules.points import Points
from detector.rules.report import Peak, place_of_track
from detector.timebase import NS_PER_S, ns_from_seconds


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
    t_found_ns: int = 0  # when its track was last detected, wherever it was
    unseen_ns: int = 0  # longest time without a fix that meets the condition, within the run
    xy: tuple[float, float] = (0.0, 0.0)
    scale: tuple[float, float] = (1.0, 1.0)
    velocity: tuple[float, float] = (0.0, 0.0)
    peak: Peak | None = None
    is_open: bool = False
    is_part: bool = False  # of what has an incident already


class StayBook:
    """All stays of one rule in one plane (the ground, or the picture).

    A stay begins an incident when `min_hits` fixes in a row, over at least `min_time_s`, meet the condition.
    It ends a candidate when `min_hits` fixes in a row decidedly do not. An incident ends when nothing met
    the condition for the cooldown. A track that begins where another was lost carries its stay on, and so does one that
    was followed beside it, closer than things stand, and has no incident of its own: both were parts of one thing.
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
        self._alive: set[int] = set()

    def update(
        self, scene: Scene, points: Points, rows: NDArray[np.int64], conditions: Conditions
    ) -> Iterator[Violation | Undecided]:
        """Go on by one scene. `rows`: the tracks that were seen in it and may be judged."""
        ids = scene.tracks.track_id
        pairs = self._pairs(ids, conditions)
        observed = dict(zip(ids[rows].tolist(), rows.tolist(), strict=True))
        alive = set(ids[scene.tracks.confirmed].tolist())
        for key, k in pairs.items():
            if key not in self._stays and conditions.decision[k] >= 0:
                self._begin(key, scene.t_ns, points, int(conditions.row[k]), alive)
        for key in [key for key in self._stays if key[1] in self._alive and key[1] not in alive]:
            self._hand_over(key)
        self._alive = alive
        for key in [key for key, stay in self._stays.items() if stay.is_open and key[1] not in alive]:
            self._pass_on(key, scene.t_ns, points, observed)
        if self._company is not None and len(self._stays) > 1:
            here = {track: observed[track] for _, track in self._stays if track in observed}
            self._company.look(scene.t_ns, points, here)
        for key, stay in list(self._stays.items()):
            row = observed.get(key[1])
            if row is not None:
                self._locate(stay, scene.t_ns, points, row)
                yield from self._step(key, stay, scene, row, conditions, pairs.get(key))
            yield from self._expire(key, stay, scene.t_ns)

    def close(self) -> Iterator[Violation | Undecided]:
        """End everything where it was last seen."""
        for stay in self._stays.values():
            yield from self._ended(stay)
        self._stays.clear()
        self._alive.clear()
        if self._company is not None:
            self._company.clear()

    def _pairs(self, ids: NDArray[np.int64], conditions: Conditions) -> dict[tuple[int, int], int]:
        tracks = ids[conditions.row].tolist()
        keys = zip(conditions.shape.tolist(), tracks, strict=True)
        wanted = conditions.decision >= 0
        return {key: k for k, key in enumerate(keys) if wanted[k] or key in self._stays}

    def _begin(self, key: tuple[int, int], t_ns: int, points: Points, row: int, alive: set[int]) -> None:
        shape, track = key
        lost = [
            (_apart(stay, t_ns, points.xy[row], points.scale[row]), other)
            for other, stay in self._stays.items()
            if other[0] == shape and other[1] not in alive and t_ns - stay.t_seen_ns <= self._patience_ns
        ]
        near = min(lost, default=(np.inf, key))
        if near[0] <= self._same_place:
            stay = self._stays.pop(near[1])
            stay.track = track
            stay.tracks.add(track)
            stay.misses = 0
        else:
            stay = Stay(shape, track, track, {track}, began_ns=t_ns, t_seen_ns=t_ns)
        self._stays[key] = stay

    def _hand_over(self, key: tuple[int, int]) -> None:
        """The track is given up. A part goes into its whole; what began at its place since has been the same mover."""
        lost = self._stays[key]
        whole = [
            (-stay.hits, other) for other, stay in self._stays.items() if other != key and self._are_one(key, other)
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
            (_apart(lost, stay.t_found_ns, np.array(stay.xy), np.array(stay.scale)), other)
            for other, stay in self._stays.items()
            if other[0] == key[0] and not stay.is_open and stay.began_ns > lost.t_found_ns and other[1] in self._alive
        ]
        near = min(young, default=(np.inf, key))
        if near[0] <= self._same_thing:
            self._take_over(key, near[1])

    def _pass_on(self, key: tuple[int, int], t_ns: int, points: Points, observed: Mapping[int, int]) -> None:
        """The track of an incident is lost; what was seen of the same thing beside it carries the incident on."""
        lost = self._stays[key]
        beside = [
            (0.0 if self._are_one(key, other) else _apart(lost, t_ns, points.xy[row], points.scale[row]), other)
            for other, stay in self._stays.items()
            if other[0] == key[0]
            and not stay.is_open
            and stay.began_ns <= lost.t_seen_ns
            and (row := observed.get(other[1])) is not None
        ]
        near = min(beside, default=(np.inf, key))
        if near[0] <= self._same_thing:
            self._take_over(key, near[1])

    def _take_over(self, key: tuple[int, int], by: tuple[int, int]) -> None:
        """The stay goes on under the track of another one, which is none of its own any more."""
        stay, heir = self._stays.pop(key), self._stays[by]
        stay.track = heir.track
        stay.tracks |= heir.tracks
        stay.misses = 0
        self._stays[by] = stay

    def _locate(self, stay: Stay, t_ns: int, points: Points, row: int) -> None:
        stay.t_found_ns = t_ns
        stay.xy = (float(points.xy[row, 0]), float(points.xy[row, 1]))
        stay.scale = (float(points.scale[row, 0]), float(points.scale[row, 1]))
        stay.velocity = (float(points.velocity[row, 0]), float(points.velocity[row, 1]))

    def _part_of(self, key: tuple[int, int]) -> Stay | None:
        """What has an incident already and is the same thing."""
        same = (stay for other, stay in self._stays.items() if stay.is_open and self._are_one(key, other))
        return next(same, None)

    def _are_one(self, key: tuple[int, int], other: tuple[int, int]) -> bool:
        return key[0] == other[0] and self._company is not None and self._company.is_one(key[1], other[1])

    def _step(
        self, key: tuple[int, int], stay: Stay, scene: Scene, row: int, conditions: Conditions, k: int | None
    ) -> Iterator[Violation | Undecided]:
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

    def _hit(
        self, key: tuple[int, int], stay: Stay, scene: Scene, row: int, conditions: Conditions, k: int
    ) -> Iterator[Violation | Undecided]:
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
        stay.is_open = True
        yield self._violation(stay, State.OPEN)

    def _expire(self, key: tuple[int, int], stay: Stay, t_ns: int) -> Iterator[Violation | Undecided]:
        newest = stay.t_last_ns if stay.is_open else stay.t_seen_ns
        if key in self._stays and t_ns - newest > self._patience_ns:
            yield from self._ended(self._stays.pop(key))

    def _ended(self, stay: Stay) -> Iterator[Violation | Undecided]:
        if stay.is_open:
            yield self._violation(stay, State.CLOSED)
            return
        if stay.is_part or stay.t_maybe_first_ns is None or stay.maybes < self._min_hits:
            return
        # A stretch too short for the condition, even if all of it had met it, leaves nothing undecided.
        if stay.t_maybe_last_ns - stay.t_maybe_first_ns >= self._min_time_ns:
            yield self._undecided(stay)


def _apart(lost: Stay, t_ns: int, xy: NDArray[np.float64], scale: NDArray[np.float64]) -> float:
    """How far a place is from where the mover was last seen, or would be by now, whichever is nearer. [m or px]"""
    offset = (xy - lost.xy) * scale
    moved = np.nan_to_num(np.asarray(lost.velocity)) * ((t_ns - lost.t_found_ns) / NS_PER_S)
    return float(min(np.hypot(*offset), np.hypot(*(offset - moved))))
