"""What a zone or a line would have had: judged from what the log kept, which is not everything that moved."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from detector.config.agreement_map import Shape
from detector.console.proof import Proof
from detector.geo.wgs84 import metres_per_degree
from detector.log import LoggedViolation
from detector.rules.points import Points
from detector.rules.sides import ShapeSet
from detector.timebase import ns_from_seconds

MOST_JUDGED = 1000
"""Possible violations whose evidence is read for one preview; the newest of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """Where one mover was. t_ns: ascending. shape (N,); lon_lat: [deg] shape (N, 2); covariance_m2: shape (N, 2, 2)"""

    violation_id: str
    t_ns: NDArray[np.int64]
    lon_lat: NDArray[np.float64]
    covariance_m2: NDArray[np.float64]


@dataclass(slots=True, eq=False)
class Kept:
    """What a preview is judged from.

    ways: of each mover once. places: of what was flagged and did not move (flashes, sounds, smoke).
    nowhere: possible violations without either. unreadable: evidence that is missing or was changed.
    left_out: older ones, beyond MOST_JUDGED.
    """

    ways: list[Way] = field(default_factory=list)
    places: list[Way] = field(default_factory=list)
    nowhere: int = 0
    unreadable: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """What a shape has: movers that count, movers that may, places inside; the possible violations they are from."""

    movers: int
    undecidable: int
    places: int
    violation_ids: tuple[str, ...]


def kept(found: Iterable[LoggedViolation], proof: Proof) -> Kept:
    """Read the tracks and places of these possible violations."""
    out = Kept()
    fixes: dict[tuple[str, str, int], dict[int, tuple[float, ...]]] = {}
    owner: dict[tuple[str, str, int], str] = {}
    newest_first = sorted(found, key=lambda one: one.violation.t_start_ns, reverse=True)
    out.left_out = max(0, len(newest_first) - MOST_JUDGED)
    for one in newest_first[:MOST_JUDGED]:
        v, placed = one.violation, False
        for file in one.files:
            if file.role != "track":
                continue
            try:
                for track_id, rows in _rows(proof.bytes(file)):
                    # A mover that two rules flagged is one mover.
                    key = (v.run_id, v.source_id, track_id)
                    fixes.setdefault(key, {}).update(rows)
                    owner[key] = v.violation_id
                    placed = True
            except (ValueError, OSError):
                out.unreadable += 1
        if not v.track_ids and v.place.lat_deg is not None and v.place.lon_deg is not None:
            row = (v.place.lon_deg, v.place.lat_deg, *(v.place.covariance_m2 or (np.nan,) * 3))
            out.places.append(_way(v.violation_id, {v.t_peak_ns: row}))
            placed = True
        out.nowhere += not placed
    out.ways = [_way(owner[key], rows) for key, rows in fixes.items()]
    return out


def count_zone(shape: Shape, judged: Kept, min_time_s: float) -> Count:
    """A mover counts when it was decidedly inside (95 %) for `min_time_s` on end; undecidable: it may have been.

    The rules judge with more (hits in a row, tracks that are one thing, hours): this is their geometry and time alone.
    """
    decided = [(way, _decisions(shape, way)) for way in judged.ways]
    hits = [way for way, decision in decided if _longest_ns(way.t_ns, decision > 0) >= ns_from_seconds(min_time_s)]
    maybe = [way for way, decision in decided if _longest_ns(way.t_ns, decision >= 0) >= ns_from_seconds(min_time_s)]
    places = [way for way in judged.places if _decisions(shape, way)[0] > 0]
    return Count(len(hits), len(maybe) - len(hits), len(places), _owners([*hits, *places]))


def count_line(shape: Shape, judged: Kept) -> Count:
    """A mover counts when its way crosses the line and it was decidedly on both sides (95 %)."""
    crossing = [
        way for way in judged.ways if len(way.t_ns) > 1 and shapely.LineString(way.lon_lat).intersects(shape.geometry)
    ]
    sides = [ShapeSet([shape]).left_of(_points(way), np.arange(len(way.t_ns))).decision for way in crossing]
    hits = [way for way, side in zip(crossing, sides, strict=True) if (side > 0).any() and (side < 0).any()]
    return Count(len(hits), len(crossing) - len(hits), 0, _owners(hits))


def _owners(ways: list[Way]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(way.violation_id for way in ways))


def _decisions(shape: Shape, way: Way) -> NDArray[np.int8]:
    """+1 inside, 0 undecidable, -1 outside, of each fix. shape (N,)"""
    judged = ShapeSet([shape]).inside(_points(way), np.arange(len(way.t_ns)))
    decision = np.full(len(way.t_ns), -1, np.int8)
    decision[judged.row] = judged.decision
    return decision


def _points(way: Way) -> Points:
    scale = np.stack(metres_per_degree(way.lon_lat[:, 1]), axis=1)
    return Points(way.lon_lat, scale, way.covariance_m2, np.full_like(way.lon_lat, np.nan))


def _longest_ns(t_ns: NDArray[np.int64], met: NDArray[np.bool_]) -> int:
    """Duration of the longest run of fixes that meet it; -1 if none does. Slow twin: tests/console/test_zones.py."""
    if not met.any():
        return -1
    edges = np.flatnonzero(np.diff(np.concatenate([[False], met, [False]])))
    return int((t_ns[edges[1::2] - 1] - t_ns[edges[::2]]).max())


def _rows(text: bytes) -> Iterator[tuple[int, dict[int, tuple[float, ...]]]]:
    """Each mover of an evidence file `track.json` with its fixes. Raises ValueError: it is not such a file."""
    try:
        for track in json.loads(text)["tracks"]:
            rows = {
                int(point["t_ns"]): (
                    float(point["lon_deg"]),
                    float(point["lat_deg"]),
                    *(float(value) for value in point.get("covariance_m2") or (np.nan,) * 3),
                )
                for point in track["points"]
                if point.get("lat_deg") is not None and point.get("lon_deg") is not None
            }
            if rows:
                yield int(track["track_id"]), rows
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise ValueError(f"no tracks: {error}") from error


def _way(violation_id: str, rows: dict[int, tuple[float, ...]]) -> Way:
    t_ns = np.array(sorted(rows), np.int64)
    table = np.array([rows[int(t)] for t in t_ns], np.float64)
    return Way(violation_id, t_ns, table[:, :2], table[:, [2, 3, 3, 4]].reshape(-1, 2, 2))
