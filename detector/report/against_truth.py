"""A log held against the known truth of a synthetic scene: what was found, missed, or reported without cause."""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from detector.errors import SourceError
from detector.geo import wgs84
from detector.model import Means, Place, Undecided, Violation
from detector.timebase import NS_PER_S

Event = Mapping[str, Any]
Entry = TypeVar("Entry", Violation, Undecided)

_SLACK_NS = 3 * NS_PER_S  # a rule asks for several fixes before it opens, and a track is found some frames late
_SIGMAS = 3.5  # a Gaussian in the plane lies farther out once in 460 times
_BODY_M = 6.0  # half the length of a long lorry: the place of a part of it is the place of it
_SERIES_M = 60.0  # flashes this near one another are one series, whose place is that of any of them
_SAME_S, _SAME_M = 0.5, 20.0  # of one event, two truths say the same time and place but for their rounding
_SHORT = {"flash": (Means.UAV,), "impulse": (Means.ACOUSTIC,)}  # kinds of event that several means may notice


@dataclass(frozen=True, slots=True)
class Comparison:
    """Pairs of an event of the truth and what the log has of it, and what is left over.

    found: event and the possible violation that stands for it.
    undecided: events of which the log says that they could not be decided.
    missed: events in view of which the log says nothing.
    out_of_view: events that nobody could see long enough, and that were not reported.
    without_cause: possible violations that stand for no event.
    """

    found: tuple[tuple[Event, Violation], ...]
    undecided: tuple[tuple[Event, Undecided], ...]
    missed: tuple[Event, ...]
    out_of_view: tuple[Event, ...]
    without_cause: tuple[Violation, ...]

    @property
    def lacking(self) -> tuple[tuple[Event, tuple[Means, ...]], ...]:
        """Events that were found, but not by all the means that could notice them, with those that are lacking."""
        lacks = ((event, tuple(m for m in means_of(event) if m not in one.means)) for event, one in self.found)
        return tuple((event, means) for event, means in lacks if means)

    def __str__(self) -> str:
        events = len(self.found) + len(self.undecided) + len(self.missed)
        undecided = f"{len(self.undecided)} undecided, " if self.undecided else ""
        return (
            f"{len(self.found)} of {events} events of the truth found{self._by_several()}, {undecided}"
            f"{len(self.without_cause)} reported without cause"
        )

    def _by_several(self) -> str:
        """How many were noticed by several means at once, as the truth has it."""
        lacking = [event for event, _ in self.lacking]
        whole = [means_of(event) for event, _ in self.found if event not in lacking]
        counts = Counter(means for means in whole if len(means) > 1)
        told = [f"{count} by {', '.join(means[:-1])} and {means[-1]}" for means, count in sorted(counts.items())]
        return f" ({', '.join(told)})" if told else ""


def means_of(event: Event) -> tuple[Means, ...]:
    """How an event could be noticed, where its truth says it; else how events of its kind are; () of other kinds."""
    return tuple(map(Means, event["means"])) if "means" in event else _SHORT.get(event["kind"], ())


def one_each(events: Sequence[Event]) -> list[Event]:
    """Events of several truths, each once: what was to be seen, heard and felt of one event is one, by all its means.

    What is heard or felt stands for what was seen of it, as in the log.
    """
    found: list[dict[str, Any]] = []
    for event in sorted(events, key=lambda one: (one["kind"] == "flash", one["t_start_ns"])):
        known = next((one for one in found if _is_same(one, event)), None)
        if known is None:
            found.append(dict(event))
        else:
            both = {*means_of(known), *means_of(event)}
            known["means"] = [means for means in Means if means in both]
            known["count"] = max(known["count"], event["count"])
    return sorted(found, key=lambda one: one["t_start_ns"])


def _is_same(one: Event, other: Event) -> bool:
    if one["kind"] not in _SHORT or other["kind"] not in _SHORT or one["zone"] != other["zone"]:
        return False
    if set(means_of(one)) & set(means_of(other)):
        return False
    near = wgs84.enu_from_geodetic(other["lat_deg"], other["lon_deg"], 0.0, (one["lat_deg"], one["lon_deg"], 0.0))
    apart_s = abs(one["t_start_ns"] - other["t_start_ns"]) / NS_PER_S
    return apart_s <= _SAME_S and float(np.hypot(*near[:2])) <= _SAME_M


def load_truth(path: Path) -> dict[str, Any]:
    """The truth beside a synthetic feed: FILE.truth.json or FILE.truth.json.gz.

    Raises:
        SourceError: it is not there or not readable.
    """
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        truth: dict[str, Any] = json.loads(data)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: no truth can be read from it: {error}") from error
    return truth


def compare(
    violations: Sequence[Violation],
    events: Sequence[Event],
    *,
    undecided: Sequence[Undecided] = (),
    frames: Sequence[Mapping[str, Any]] = (),
) -> Comparison:
    """Pair them one to one, as many as possible, the nearest in time first.

    An event and a possible violation can be a pair when rule kind and zone agree, their times overlap or lie within
    3 s of one another, and the violation's place is, by its own uncertainty, that of the event. What is left of the
    events is held against `undecided` in the same way.

    Args:
        frames: of the truth; without them the places of movers are not compared.
    """
    places = _Places(frames)
    pairs, rest, without_cause = _paired(list(events), violations, places)
    in_doubt, rest, _ = _paired(rest, undecided, places)
    return Comparison(
        tuple(pairs),
        tuple(in_doubt),
        tuple(event for event in rest if event.get("in_view", True)),
        tuple(event for event in rest if not event.get("in_view", True)),
        tuple(without_cause),
    )


def _paired(
    events: list[Event], entries: Sequence[Entry], places: _Places
) -> tuple[list[tuple[Event, Entry]], list[Event], list[Entry]]:
    """Pairs, events left over, entries left over."""
    cost = np.array([[_apart_s(event, entry, places) for entry in entries] for event in events])
    cost = cost.reshape(len(events), len(entries))
    rows, columns = linear_sum_assignment(np.where(np.isfinite(cost), cost, 1e9))
    kept = [
        (row, column)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if np.isfinite(cost[row, column])
    ]
    used, taken = {row for row, _ in kept}, {column for _, column in kept}
    return (
        [(events[row], entries[column]) for row, column in kept],
        [event for row, event in enumerate(events) if row not in used],
        [entry for column, entry in enumerate(entries) if column not in taken],
    )


def _apart_s(event: Event, entry: Violation | Undecided, places: _Places) -> float:
    """Seconds between the starts; infinite where they cannot be the same. [s]"""
    shape = event.get("zone") or event.get("line")
    if event["kind"] != entry.rule_kind or (shape and not _is_at(shape, entry)):
        return np.inf
    late = entry.t_start_ns > event["t_end_ns"] + _SLACK_NS
    early = entry.t_end_ns < event["t_start_ns"] - _SLACK_NS
    if late or early or not places.agree(event, entry):
        return np.inf
    return float(abs(entry.t_start_ns - event["t_start_ns"]) / NS_PER_S)


def _is_at(shape: str, entry: Violation | Undecided) -> bool:
    if isinstance(entry, Violation):
        return entry.zone_id in {None, shape}
    _, _, named = entry.subject.partition(", ")  # "track 12, zone strip"
    return not named or named.split(" ", 1)[1] == shape


class _Places:
    """Where the truth's objects are, frame by frame."""

    def __init__(self, frames: Sequence[Mapping[str, Any]]) -> None:
        self._frames = frames
        self._t_ns = np.array([frame["t_ns"] for frame in frames], np.int64)

    def agree(self, event: Event, entry: Violation | Undecided) -> bool:
        """Whether the entry's place may be that of one of the event's objects at that time; True if it is unknown."""
        place = entry.place
        if place.lat_deg is None or place.lon_deg is None or place.covariance_m2 is None:
            return True
        if not event["object_ids"]:
            return _sigmas(place, event["lat_deg"], event["lon_deg"], _SERIES_M / _SIGMAS) <= _SIGMAS
        if not len(self._t_ns):
            return True
        t_ns = entry.t_peak_ns if isinstance(entry, Violation) else entry.t_start_ns
        frame = self._frames[int(np.argmin(np.abs(self._t_ns - t_ns)))]
        return any(
            _sigmas(place, item["lat_deg"], item["lon_deg"], _BODY_M / _SIGMAS) <= _SIGMAS
            for item in frame["objects"]
            if item["id"] in event["object_ids"]
        )


def _sigmas(place: Place, lat_deg: float, lon_deg: float, spread_m: float) -> float:
    """How far a place is from where it should be, in its standard deviations widened by `spread_m`. [1]"""
    if place.lat_deg is None or place.lon_deg is None or place.covariance_m2 is None:
        return np.inf
    east_m, north_m = (float(scale) for scale in wgs84.metres_per_degree(lat_deg))
    offset = np.array([(place.lon_deg - lon_deg) * east_m, (place.lat_deg - lat_deg) * north_m])
    ee, en, nn = place.covariance_m2
    covariance = np.array([[ee, en], [en, nn]]) + spread_m**2 * np.eye(2)
    return float(np.sqrt(offset @ np.linalg.solve(covariance, offset)))
