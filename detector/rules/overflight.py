"""Aircraft in closed airspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from detector.config.agreement_map import Shape
from detector.geo.ellipse import SIGMAS_95
from detector.geo.wgs84 import metres_per_degree
from detector.model import Place, Series, State, Undecided, Violation
from detector.rules.airspace import Inside, Path, inside, path_of
from detector.rules.contract import ZONES_FIELD, RuleContext, Zones, chosen_shapes
from detector.rules.movers import straddles
from detector.rules.report import Peak, Reporter, place_on_map, probability_beyond
from detector.rules.sides import ShapeSet
from detector.timebase import NS_PER_S, ns_from_seconds

_HEIGHT_UNKNOWN = "its height is not known"
_LONE = "a single position tells it, to which no other can be joined"


class Overflight:
    """An aircraft is inside closed airspace: over a zone, above `floor_m` and below `ceiling_m`.

    The zone's border, the floor and the ceiling belong to the outside. Where the 95 % ellipse of a position straddles
    the border, or the 95 % interval of its height the floor or the ceiling, it is undecidable, and so it is where the
    height is needed and not known. Between two positions the aircraft flew straight, give or take what a turn allows:
    a narrow zone is not jumped over. One position alone, to which no other can be joined, raises nothing.

    One passage is one violation, with its first and last time inside, its lowest and highest height, and how often it
    came in: what leaves and returns within `cooldown_s` is the same passage. A track that is lost inside is closed
    there; what shows again later is another passage.

    Hit: an aircraft crosses the strip at 900 m, below the ceiling of 3000 m.   Miss: one that passes above the ceiling,
    or along the border outside.
    """

    kind = "overflight"

    class Config(BaseModel):
        """Settings of closed airspace."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        zones: Zones = ZONES_FIELD
        floor_m: float | None = Field(
            None, ge=-500, le=100_000, description="Closed from this height on; left out: from the ground [m]."
        )
        ceiling_m: float | None = Field(
            None, ge=-500, le=100_000, description="Closed up to this height; left out: without limit [m]."
        )
        exempt: tuple[str, ...] = Field((), description="Aircraft that may be there, by id, in capitals or not.")
        cooldown_s: float = Field(
            60.0, ge=0, le=86_400, description="What leaves and comes back within this time is the same passage [s]."
        )
        max_gap_s: float = Field(
            30.0, gt=0, le=3600, description="Positions further apart are not joined: the track was lost [s]."
        )
        fastest_m_s: float = Field(
            700.0, gt=0, le=10_000, description="Positions that only something faster could join are not joined [m/s]."
        )

        @model_validator(mode="after")
        def _fits(self) -> Self:
            if self.floor_m is not None and self.ceiling_m is not None and self.floor_m >= self.ceiling_m:
                raise ValueError(f"floor_m is {self.floor_m:g}: it has to be below ceiling_m, {self.ceiling_m:g}")
            return self

    def __init__(self, config: Any, context: RuleContext) -> None:
        self.config, self.context = config, context
        self._report = Reporter(self.kind, context)
        zones = chosen_shapes(config.zones, context)
        drawn = [zone.shape_id for zone in zones if zone.feed is not None]
        if drawn:
            raise ValueError(f"rule {context.rule_id!r}: zone {drawn[0]!r} is drawn in pixels; airspace is over ground")
        self._zones = ShapeSet(zones)
        bounds = np.array([zone.geometry.bounds for zone in zones])
        self._box = (*bounds[:, :2].min(axis=0).tolist(), *bounds[:, 2:].max(axis=0).tolist())
        self._exempt = {one.lower() for one in config.exempt}
        self._tracks: dict[str, _Track] = {}

    def judge(self, series: Series) -> Iterator[Violation | Undecided]:
        """Take positions of one aircraft, in the order of time, each aircraft as often as it comes."""
        aircraft = series.source_id.removeprefix(f"{self.context.source_id}/")
        if not len(series) or aircraft.lower() in self._exempt:
            return
        track = self._tracks.setdefault(aircraft, _Track(aircraft))
        before, track.last = track.last, series
        if not track.passages and self._far(series, before):
            return
        path = path_of(series, before, self.config.max_gap_s, self.config.fastest_m_s)
        verdict = inside(path, self._zones, self.config.floor_m, self.config.ceiling_m)
        if track.passages or (verdict.decision >= 0).any():
            yield from self._follow(track, path, verdict)

    def pass_time(self, t_ns: int) -> Iterator[Violation | Undecided]:
        """Every position before this has been given: close what was lost, forget who has gone."""
        for aircraft, track in list(self._tracks.items()):
            assert track.last is not None
            if t_ns - int(track.last.t_ns[-1]) > ns_from_seconds(self.config.max_gap_s):
                yield from self._lost(track, "where its track was lost")
                del self._tracks[aircraft]

    def finish(self) -> Iterator[Violation | Undecided]:
        """Close what is open: the recording has ended."""
        for track in self._tracks.values():
            yield from self._lost(track, "where its track ends")
        self._tracks.clear()

    def _far(self, series: Series, before: Series | None) -> bool:
        """Too far from all zones for any of it to be undecidable: most of the sky is."""
        told = series.values if before is None else np.concatenate((before.values[-1:], series.values))
        low, high = told[:, :2].min(axis=0), told[:, :2].max(axis=0)
        east, north = metres_per_degree(max(abs(float(low[0])), abs(float(high[0]))))
        # 1.5 / 4 of the longest gap's square is the widest bow of airspace.path_of.
        pad_m = SIGMAS_95 * float(np.hypot(told[:, 3].max(), 0.375 * self.config.max_gap_s**2)) + 1.0
        pad_lon, pad_lat = pad_m / max(float(east), 1.0), pad_m / float(north)
        if high[1] - low[1] > 180:
            return False
        x0, y0, x1, y1 = self._box
        return bool(high[1] + pad_lon < x0 or low[1] - pad_lon > x1 or high[0] + pad_lat < y0 or low[0] - pad_lat > y1)

    def _follow(self, track: _Track, path: Path, verdict: Inside) -> Iterator[Violation | Undecided]:
        cooldown_ns = ns_from_seconds(self.config.cooldown_s)
        for row in range(len(path)):
            t_ns, joined = int(path.t_ns[row]), not path.begins[row]
            if not joined:
                yield from self._lost(track, "where its track was lost")
            near = {*np.flatnonzero(verdict.decision[:, row] >= 0).tolist(), *track.passages}
            for zone in sorted(near):
                passage = track.passages.get(zone)
                if passage is None:
                    passage = track.passages[zone] = _Passage(zone, t_ns, begun_inside=not joined)
                passage.take(path, verdict, row)
                if passage.peak is not None and joined and not passage.is_open:
                    passage.is_open = True
                    yield self._violation(track, passage, State.OPEN)
                if passage.decision < 0 and t_ns - passage.t_last_ns > cooldown_ns:
                    del track.passages[zone]
                    yield from self._ended(track, passage, "")

    def _lost(self, track: _Track, where: str) -> Iterator[Violation | Undecided]:
        for passage in track.passages.values():
            yield from self._ended(track, passage, where if passage.decision >= 0 else "")
        track.passages.clear()

    def _ended(self, track: _Track, passage: _Passage, where: str) -> Iterator[Violation | Undecided]:
        if passage.is_open:
            yield self._violation(track, passage, State.CLOSED, where)
            return
        zone = self._zones.shapes[passage.zone]
        lon_deg, lat_deg, sigma_m = passage.nearest
        reason = _LONE if passage.peak is not None else self._why(passage, zone)
        yield self._report.undecided(
            subject=_subject(track, zone),
            t_start_ns=passage.t_start_ns,
            t_end_ns=passage.t_last_ns + 1,
            place=_place(lon_deg, lat_deg, sigma_m),
            reason=reason,
        )

    def _why(self, passage: _Passage, zone: Shape) -> str:
        if not passage.by_height:
            return straddles(zone)
        if not np.isfinite(passage.lowest_m):
            return _HEIGHT_UNKNOWN
        sigma = 1.96 * passage.sigma_alt_m
        return f"its height, {passage.lowest_m:.0f} m ± {sigma:.0f} m, straddles the floor or the ceiling"

    def _violation(self, track: _Track, passage: _Passage, state: State, where: str = "") -> Violation:
        assert passage.peak is not None
        zone = self._zones.shapes[passage.zone]
        words = [f'aircraft {track.aircraft} in closed airspace over zone "{zone.name}"']
        if state is State.CLOSED and np.isfinite(passage.lowest_m):
            low, high = f"{passage.lowest_m:.0f}", f"{passage.highest_m:.0f}"
            words.append(f"{low} m high" if low == high else f"between {low} and {high} m high")
        if passage.begun_inside:
            words.append("first heard of inside")
        if passage.entries > 1:
            words.append(f"{passage.entries} times")
        measures = {
            "time_s": (passage.t_last_ns - passage.t_start_ns) / NS_PER_S,
            "entries": float(passage.entries),
            "positions": float(passage.positions),
            "lowest_m": passage.lowest_m,
            "highest_m": passage.highest_m,
            "sigma_pos_m": passage.peak_sigma_m[0],
            "sigma_alt_m": passage.peak_sigma_m[1],
        }
        return self._report.violation(
            observation=", ".join([*words, *([where] if where else [])]),
            subject=_subject(track, zone),
            state=state,
            t_start_ns=passage.t_start_ns,
            t_end_ns=passage.t_last_ns + 1,
            peak=passage.peak,
            zone=zone,
            measures={name: value for name, value in measures.items() if np.isfinite(value)},
        )


@dataclass(slots=True)
class _Track:
    """One aircraft. last: its newest positions. passages: by zone."""

    aircraft: str
    last: Series | None = None
    passages: dict[int, _Passage] = field(default_factory=dict)


@dataclass(slots=True)
class _Passage:
    """One aircraft's way through one zone. What is told of it counts only once `peak` is there.

    t_start_ns, t_last_ns: first and newest time inside; before any, of what was undecidable.
    decision: the newest. nearest: longitude, latitude, sigma of the place that was nearest to being inside.
    """

    zone: int
    t_start_ns: int
    begun_inside: bool
    is_open: bool = False
    decision: int = -1
    peak: Peak | None = None
    peak_sigma_m: tuple[float, float] = (np.nan, np.nan)
    t_last_ns: int = 0
    entries: int = 0
    positions: int = 0
    lowest_m: float = np.nan
    highest_m: float = np.nan
    sigma_alt_m: float = np.nan
    by_height: bool = False
    nearest: tuple[float, float, float] = (np.nan, np.nan, np.nan)
    _is_in: bool = False

    def take(self, path: Path, verdict: Inside, row: int) -> None:
        """One more point of the path."""
        before, self.decision = self.decision, int(verdict.decision[self.zone, row])
        t_ns, margin = int(path.t_ns[row]), float(verdict.margin[self.zone, row])
        lon_deg, lat_deg, height_m = path.xyz[row].tolist()
        sigma_m, sigma_alt_m = path.sigma_m[row].tolist()
        if self.decision < 0:
            self._is_in = False
            return
        if self.decision == 0:
            if self.peak is None:
                self.begun_inside &= before < 0 and self.t_last_ns == 0
                self.t_last_ns = t_ns
                self.nearest = lon_deg, lat_deg, sigma_m
                if verdict.by_height[self.zone, row]:
                    self.by_height, self.lowest_m, self.sigma_alt_m = True, height_m, sigma_alt_m
            return
        if self.peak is None:
            self.begun_inside &= self.t_last_ns == 0
            self.t_start_ns, self.lowest_m = t_ns, np.nan
        self.entries += not self._is_in
        self._is_in = True
        self.t_last_ns = t_ns
        self.positions += bool(path.fix[row])
        self.lowest_m = float(np.fmin(self.lowest_m, height_m))
        self.highest_m = float(np.fmax(self.highest_m, height_m))
        if self.peak is None or margin > self.peak.strength:
            place = _place(lon_deg, lat_deg, sigma_m)
            self.peak = Peak(margin, probability_beyond(margin), t_ns, place)
            self.peak_sigma_m, self.nearest = (sigma_m, sigma_alt_m), (lon_deg, lat_deg, sigma_m)


def _subject(track: _Track, zone: Shape) -> str:
    return f"aircraft {track.aircraft}, zone {zone.shape_id}"


def _place(lon_deg: float, lat_deg: float, sigma_m: float) -> Place:
    return place_on_map(lat_deg, lon_deg, [sigma_m**2, 0.0, 0.0, sigma_m**2])
