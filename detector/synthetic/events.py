"""What the agreement would call events, from the ways of the movers and the map: computed, never typed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from detector.synthetic.agreement import line_strings, zone_polygons
from detector.synthetic.movers import CLASS_OF
from detector.synthetic.render import Rendered
from detector.synthetic.scene import Scene
from detector.timebase import NS_PER_S

# What the rules of configs/demo.yaml ask for; seconds, metres, metres a second, hours UTC.
PARAMETERS: dict[str, Any] = {
    "zone_entry": {"zones": ["strip"], "min_s": 2.0},
    "line_crossing": {"lines": ["contact-line"]},
    "dwell": {"zones": ["storage-north"], "min_s": 6.0},
    "curfew": {"zones": ["quiet-village"], "from_hour": 22, "to_hour": 5, "min_s": 1.0},
    "convoy": {"zones": ["corridor"], "min_vehicles": 3, "max_gap_m": 40.0, "min_speed_m_s": 3.0, "min_s": 3.0},
    "speed": {"zones": ["corridor"], "limit_m_s": 15.0, "min_s": 1.5},
    "flash": {"zones": ["strip"], "series_gap_s": 10.0, "series_gap_m": 60.0},
}

# A detector warms up for 0.6 s and believes a track after 0.6 s: what crosses in the first second cannot be seen to.
_CROSSING_SIDE_S = 1.5


@dataclass(frozen=True, slots=True)
class _Sample:
    """All movers at one frame; seen: at least half visible and wholly in the picture."""

    t_ns: int
    place: dict[int, tuple[float, float]]
    speed: dict[int, float]
    heading: dict[int, float]
    seen: frozenset[int]


class EventFinder:
    """Collects where everything is, then finds the events."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._samples: list[_Sample] = []
        self._flash_ns: dict[int, list[int]] = {}

    def add(self, frame: Rendered) -> None:
        """Take note of a frame."""
        states = {mover.key: mover.state(frame.t_s) for mover in self._scene.movers}
        self._samples.append(
            _Sample(
                frame.t_ns,
                {key: (float(place[0]), float(place[1])) for key, (place, _, _) in states.items()},
                {key: speed for key, (_, _, speed) in states.items()},
                {key: heading for key, (_, heading, _) in states.items()},
                frozenset(o.key for o in frame.objects if o.inside and o.visible >= 0.5),
            )
        )
        for flash in frame.flashes:
            self._flash_ns.setdefault(flash.key, []).append(frame.t_ns)

    def events(self) -> list[dict[str, Any]]:
        """All events in order of time. `visible_s`: how long the movers concerned were in view during it. `in_view`:
        long enough in view to be expected of a detector (crossings: for 1.5 s on either side of the line)."""
        found = [*self._zone_events(), *self._crossings(), *self._convoys(), *self._flash_series()]
        return sorted(found, key=lambda event: (event["t_start_ns"], event["kind"], event["object_ids"]))

    def _zone_events(self) -> Iterator[dict[str, Any]]:
        zones = zone_polygons()
        for kind in ("zone_entry", "dwell", "curfew", "speed"):
            rule = PARAMETERS[kind]
            least_speed = rule.get("limit_m_s", 0.2)
            for zone in rule["zones"]:
                for mover in self._scene.movers:

                    def holds(s: _Sample, key: int = mover.key, zone: str = zone, least: float = least_speed) -> bool:
                        return s.speed[key] > least and bool(shapely.contains_xy(zones[zone], *s.place[key]))

                    for first, last in self._runs(holds):
                        event = self._event(kind, first, last, [mover.key], rule["min_s"]) | {"zone": zone}
                        if event["duration_s"] >= rule["min_s"] and (kind != "curfew" or self._quiet(first)):
                            yield event

    def _quiet(self, index: int) -> bool:
        hour = datetime.fromtimestamp(self._samples[index].t_ns // NS_PER_S, UTC).hour
        rule = PARAMETERS["curfew"]
        return bool(hour >= rule["from_hour"] or hour < rule["to_hour"])

    def _crossings(self) -> Iterator[dict[str, Any]]:
        for name, line in line_strings().items():
            for mover in self._scene.movers:
                for index, (before, after) in enumerate(pairwise(self._samples), 1):
                    a, b = before.place[mover.key], after.place[mover.key]
                    # Who stands exactly on the line has not crossed it yet: one crossing, whatever the frame rate.
                    if _left_of(line, a) == _left_of(line, b) or not shapely.LineString([a, b]).intersects(line):
                        continue
                    event = self._event("line_crossing", index, index, [mover.key], 0.0)
                    near = [
                        s for s in self._samples if abs(s.t_ns - after.t_ns) <= 3 * NS_PER_S and mover.key in s.seen
                    ]
                    before_s, after_s = (
                        sum((s.t_ns > after.t_ns) == later for s in near) * self._step_s() for later in (False, True)
                    )
                    both = before_s >= _CROSSING_SIDE_S and after_s >= _CROSSING_SIDE_S
                    direction = "right_to_left" if _left_of(line, b) else "left_to_right"
                    yield event | {"line": name, "direction": direction, "in_view": both}

    def _convoys(self) -> Iterator[dict[str, Any]]:
        rule = PARAMETERS["convoy"]
        for zone in rule["zones"]:
            polygon = zone_polygons()[zone]
            groups = [self._convoy(sample, polygon) for sample in self._samples]
            for first, last in self._runs_of([len(group) >= rule["min_vehicles"] for group in groups]):
                keys = sorted(set().union(*groups[first : last + 1]))
                event = self._event("convoy", first, last, keys, rule["min_s"]) | {"zone": zone, "count": len(keys)}
                together = [len(g & s.seen) >= rule["min_vehicles"] for g, s in zip(groups, self._samples, strict=True)]
                visible_s = sum(together[first : last + 1]) * self._step_s()
                if event["duration_s"] >= rule["min_s"]:
                    yield event | {"visible_s": round(visible_s, 3), "in_view": visible_s >= rule["min_s"]}

    def _convoy(self, sample: _Sample, polygon: shapely.Polygon) -> set[int]:
        """The largest chain of vehicles that go the same way, each near the next."""
        rule = PARAMETERS["convoy"]
        keys = [
            m.key
            for m in self._scene.movers
            if CLASS_OF[m.kind] == "vehicle"
            and sample.speed[m.key] >= rule["min_speed_m_s"]
            and shapely.contains_xy(polygon, *sample.place[m.key])
        ]
        best: set[int] = set()
        while keys:
            chain, todo = set[int](), [keys.pop()]
            while todo:
                key = todo.pop()
                chain.add(key)
                near = [k for k in keys if _together(sample, key, k, rule["max_gap_m"])]
                keys = [k for k in keys if k not in near]
                todo += near
            best = max(best, chain, key=len)
        return best

    def _flash_series(self) -> Iterator[dict[str, Any]]:
        rule = PARAMETERS["flash"]
        series: list[list[Any]] = []
        for flash in sorted(self._scene.flashes, key=lambda f: f.t_s):
            if flash.key not in self._flash_ns:
                continue
            for members in series:
                # Near the first, whose place is the series': near the last, a series could wander across the strip.
                first, last = members[0], members[-1]
                near = np.hypot(flash.east_m - first.east_m, flash.north_m - first.north_m) <= rule["series_gap_m"]
                if near and flash.t_s - last.t_s <= rule["series_gap_s"]:
                    members.append(flash)
                    break
            else:
                series.append([flash])
        for members in series:
            times = [t for flash in members for t in self._flash_ns[flash.key]]
            lat, lon, _ = self._scene.place.geodetic(np.array([members[0].east_m, members[0].north_m, 0.0]))
            inside = [
                name
                for name, zone in zone_polygons().items()
                if shapely.contains_xy(zone, members[0].east_m, members[0].north_m)
            ]
            yield {
                "kind": "flash",
                "zone": inside[0] if inside else None,
                "object_ids": [],
                "flash_ids": [flash.key for flash in members],
                "count": len(members),
                "t_start_ns": min(times),
                "t_end_ns": max(times) + round(self._step_s() * NS_PER_S),
                "lat_deg": float(lat),
                "lon_deg": float(lon),
                "in_view": True,
            }

    def _runs(self, holds: Callable[[_Sample], bool]) -> Iterator[tuple[int, int]]:
        return self._runs_of([holds(sample) for sample in self._samples])

    def _runs_of(self, flags: list[bool]) -> Iterator[tuple[int, int]]:
        """First and last index of each unbroken run of true."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(flags, np.int8), [0]])))
        yield from ((int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True))

    def _step_s(self) -> float:
        if len(self._samples) < 2:
            return 0.0
        return (self._samples[-1].t_ns - self._samples[0].t_ns) / (len(self._samples) - 1) / NS_PER_S

    def _event(self, kind: str, first: int, last: int, keys: list[int], needed_s: float) -> dict[str, Any]:
        samples = self._samples[first : last + 1]
        seen = [s for s in samples if any(key in s.seen for key in keys)]
        step_ns = round(self._step_s() * NS_PER_S)
        visible_s = len(seen) * self._step_s()
        spot = (seen or samples)[0].place[keys[0]]
        lat, lon, _ = self._scene.place.geodetic(np.array([*spot, 0.0]))
        event: dict[str, Any] = {
            "kind": kind,
            "object_ids": keys,
            "t_start_ns": samples[0].t_ns,
            "t_end_ns": samples[-1].t_ns + step_ns,
            "duration_s": round(len(samples) * self._step_s(), 3),
            "visible_s": round(visible_s, 3),
            "in_view": visible_s >= max(needed_s, 1.0),
            "lat_deg": float(lat),
            "lon_deg": float(lon),
        }
        if seen:
            event |= {"t_first_seen_ns": seen[0].t_ns, "t_last_seen_ns": seen[-1].t_ns}
        return event


def _together(sample: _Sample, a: int, b: int, max_gap_m: float) -> bool:
    gap = np.hypot(*(np.array(sample.place[a]) - np.array(sample.place[b])))
    turn = abs((sample.heading[a] - sample.heading[b] + 180) % 360 - 180)
    return bool(gap <= max_gap_m and turn < 30 and abs(sample.speed[a] - sample.speed[b]) < 4.0)


def _left_of(line: shapely.LineString, place: tuple[float, float]) -> bool:
    (x0, y0), (x1, y1) = line.coords[0], line.coords[-1]
    return bool((x1 - x0) * (place[1] - y0) - (y1 - y0) * (place[0] - x0) > 0)
