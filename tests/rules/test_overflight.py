"""Aircraft in closed airspace: inside, outside, undecidable, by place and by height; passages."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from shapely.geometry import Polygon

from detector.config.agreement_map import AgreementMap, Shape
from detector.geo.wgs84 import metres_per_degree
from detector.model import Means, Series, State, Undecided, Violation
from detector.rules import AIR_RULES, RuleContext
from detector.rules.airspace import inside, path_of
from detector.rules.sides import ShapeSet
from detector.sources.tracks import TRACK_CHANNELS
from tests.naive_tracks import S, naive_decision, naive_path

LAT, LON = 42.3, -99.5
EAST, NORTH = (float(one) for one in metres_per_degree(LAT))
T0 = 1_772_346_600 * S


def zone(name: str, west: float, south: float, east: float, north: float) -> Shape:
    ring = [(west, south), (east, south), (east, north), (west, north)]
    return Shape(name, f"the {name}", Polygon([(LON + x / EAST, LAT + y / NORTH) for x, y in ring]))


STRIP, LANE = zone("strip", -3000, -2000, 3000, 2000), zone("lane", -300, -9000, 300, 9000)
MAP = AgreementMap(
    zones={"strip": STRIP, "lane": LANE, "view": Shape("view", "v", Polygon([(0, 0), (9, 0), (9, 9)]), "cam")}
)


def rule(zones: tuple[str, ...] = ("strip",), **settings: Any) -> Any:
    made = AIR_RULES["overflight"]
    context = RuleContext("r", "adsb", MAP, means=(Means.TELEMETRY,), run_id="run")
    return made(made.Config(zones=zones, **settings), context)  # type: ignore[attr-defined]


def track(
    *points: tuple[float, float, float],
    name: str = "4a1",
    height: float = 1000.0,
    sigma: float = 15.0,
    sigma_alt: float = 20.0,
) -> Series:
    """points: seconds, east, north. [s, m, m]"""
    t_s, east, north = np.array(points, np.float64).T
    nan = np.full(len(points), np.nan)
    values = np.stack(
        [LAT + north / NORTH, LON + east / EAST, nan + height if np.isnan(height) else 0 * t_s + height,
         0 * t_s + sigma, 0 * t_s + sigma_alt, nan, nan], axis=1,
    )  # fmt: skip
    places = np.full((len(TRACK_CHANNELS), 3), np.nan)
    return Series(f"adsb/{name}", T0 + np.rint(t_s * S).astype(np.int64), values, TRACK_CHANNELS, ("",) * 7, places)


def along(
    start_s: float, x0: float, x1: float, y: float = 0.0, speed: float = 100.0, step_s: float = 2.0
) -> list[tuple]:
    count = round(abs(x1 - x0) / speed / step_s)
    return [(start_s + k * step_s, x0 + (x1 - x0) * k / count, y) for k in range(count + 1)]


def judged(one: Any, *blocks: Series) -> list[Violation | Undecided]:
    return [*(entry for block in blocks for entry in one.judge(block)), *one.finish()]


def closed(entries: list[Violation | Undecided]) -> list[Violation]:
    return [entry for entry in entries if isinstance(entry, Violation) and entry.state is State.CLOSED]


def cut(whole: Series, *at: int) -> list[Series]:
    edges = [0, *at, len(whole)]
    return [replace(whole, t_ns=whole.t_ns[a:b], values=whole.values[a:b]) for a, b in pairwise(edges) if b > a]


CROSSING = track(*along(0, -6000, 6000))


def test_a_crossing_is_opened_once_and_closed_once_with_entry_exit_and_heights() -> None:
    opened, over = judged(rule(floor_m=500, ceiling_m=3000), CROSSING)
    assert (opened.state, over.state) == (State.OPEN, State.CLOSED)
    assert opened.violation_id == over.violation_id
    assert (over.t_start_ns - T0) / S == pytest.approx(30, abs=2.5)  # 3000 m on, the border of 37 m inside
    assert (over.t_end_ns - T0) / S == pytest.approx(90, abs=2.5)
    assert (over.measures["lowest_m"], over.measures["highest_m"], over.measures["entries"]) == (1000, 1000, 1)
    assert over.observation == 'aircraft 4a1 in closed airspace over zone "the strip", 1000 m high'
    assert (over.zone_id, over.count, over.subject) == ("strip", 1, "aircraft 4a1, zone strip")
    assert over.confidence > 0.99


@pytest.mark.parametrize("at", [(1,), (20,), (20, 21, 22), (30, 60), tuple(range(1, 61))])
def test_it_does_not_depend_on_how_the_track_is_cut(at: tuple[int, ...]) -> None:
    assert judged(rule(), *cut(CROSSING, *at)) == judged(rule(), CROSSING)


@pytest.mark.parametrize(
    ("height", "settings", "expected"),
    [
        (1000, {"ceiling_m": 3000}, Violation),
        (3200, {"ceiling_m": 3000}, None),
        (3030, {"ceiling_m": 3000}, Undecided),
        (3000, {"ceiling_m": 3000}, Undecided),
        (2970, {"ceiling_m": 3000}, Undecided),
        (2950, {"ceiling_m": 3000}, Violation),
        (400, {"floor_m": 500}, None),
        (500, {"floor_m": 500}, Undecided),
        (600, {"floor_m": 500}, Violation),
        (np.nan, {}, Violation),
        (np.nan, {"floor_m": 500}, Undecided),
    ],
)
def test_heights_are_three_valued(height: float, settings: dict[str, float], expected: type | None) -> None:
    entries = judged(rule(**settings), track(*along(0, -6000, 6000), height=height))
    assert {type(entry) for entry in entries} == ({expected} if expected else set())
    if expected is Undecided:
        (entry,) = entries
        assert "height" in entry.reason
        assert (entry.t_end_ns - entry.t_start_ns) / S == pytest.approx(60, abs=5)


@pytest.mark.parametrize(
    ("north", "expected"), [(1900, Violation), (1980, Undecided), (2000, Undecided), (2030, Undecided), (2100, None)]
)
def test_the_border_belongs_to_the_outside(north: float, expected: type | None) -> None:
    entries = judged(rule(), track(*along(0, -6000, 6000, north)))
    assert {type(entry) for entry in entries} == ({expected} if expected else set())
    assert len(entries) == {None: 0, Undecided: 1, Violation: 2}[expected]


def test_a_narrow_zone_between_two_positions_is_not_jumped_over() -> None:
    points = [(0.0, -1000.0, 0.0), (5.0, -400.0, 0.0), (10.0, 700.0, 0.0)]
    (over,) = closed(judged(rule(("lane",)), track(*points)))
    assert over.measures["positions"] == 0
    assert 5 < (over.t_start_ns - T0) / S < (over.t_end_ns - T0) / S < 10
    wide = [(0.0, -4000.0, 0.0), (25.0, 4000.0, 0.0)]
    assert {type(one) for one in judged(rule(("lane",)), track(*wide))} == {Undecided}  # a turn may have led around it


def test_what_dips_in_and_out_within_the_cooldown_is_one_passage() -> None:
    points = [*along(0, -5000, -2000), *along(32, -2000, -3500), *along(49, -3500, 0), *along(86, 0, -6000)]
    (over,) = closed(judged(rule(cooldown_s=60), track(*points)))
    assert over.measures["entries"] == 2
    assert "2 times" in over.observation
    twice = closed(judged(rule(cooldown_s=5), track(*points)))
    assert len(twice) == 2
    assert len({one.violation_id for one in twice}) == 2


def test_a_track_lost_inside_is_closed_there_and_never_joined_across_the_gap() -> None:
    points = [*along(0, -6000, 0), *along(140, 1000, 6000)]
    first, second = closed(judged(rule(), track(*points)))
    assert first.observation.endswith("where its track was lost")
    assert (first.t_end_ns - T0) / S == pytest.approx(60, abs=0.1)
    assert (second.t_start_ns - T0) / S == pytest.approx(140, abs=0.1)
    assert "first heard of inside" in second.observation
    (ended,) = closed(judged(rule(), track(*along(0, -6000, 0))))
    assert ended.observation.endswith("where its track ends")


def test_time_that_passes_closes_what_was_lost() -> None:
    one = rule(max_gap_s=30)
    assert len(list(one.judge(track(*along(0, -6000, 0))))) == 1
    assert list(one.pass_time(T0 + 80 * S)) == []
    (over,) = one.pass_time(T0 + 91 * S)
    assert over.state is State.CLOSED
    assert list(one.finish()) == []


def test_a_single_wild_position_raises_nothing() -> None:
    points = along(0, -60_000, -50_000)
    points[20] = (points[20][0], 0.0, 0.0)
    (entry,) = judged(rule(), track(*points))
    assert isinstance(entry, Undecided)
    assert "single position" in entry.reason
    assert judged(rule(), track((0.0, 0.0, 0.0)))[0].reason == entry.reason


def test_two_aircraft_and_two_zones_are_told_apart_and_some_are_exempt() -> None:
    other = track(*along(0, -6000, 6000), name="4a2")
    entries = closed(judged(rule(("strip", "lane")), CROSSING, other))
    assert {one.subject for one in entries} == {
        f"aircraft {a}, zone {z}" for a in ("4a1", "4a2") for z in ("strip", "lane")
    }
    assert {one.subject for one in judged(rule(exempt=("4A2",)), CROSSING, other)} == {"aircraft 4a1, zone strip"}


def test_uncertain_positions_are_undecidable() -> None:
    entries = judged(rule(), track(*along(0, -6000, 6000), sigma=3000))
    assert {type(one) for one in entries} == {Undecided}


@pytest.mark.parametrize("seed", range(8))
def test_paths_and_decisions_are_the_slow_twins(seed: int) -> None:
    random = np.random.default_rng(seed)
    t_s = np.cumsum(random.choice([0.5, 2, 7, 29, 31], 40))
    points = list(zip(t_s, np.cumsum(random.normal(0, 900, 40)), np.cumsum(random.normal(0, 600, 40)), strict=True))
    whole = track(*points)
    values = whole.values.copy()
    values[:, 2] = random.choice([400.0, 520, 900, 2950, 3300, np.nan], 40)
    values[:, 3] = random.uniform(5, 400, 40)
    values[:, 4] = np.where(np.isnan(values[:, 2]), np.nan, random.uniform(5, 60, 40))
    whole = Series("adsb/x", whole.t_ns, values, TRACK_CHANNELS, ("",) * 7, whole.positions)
    rows = [(int(t), *row) for t, row in zip(whole.t_ns, values[:, :5].tolist(), strict=True)]
    slow = naive_path(rows, 30, 300)
    first, second = cut(whole, 17)
    paths = [path_of(first, None, 30, 300), path_of(second, first, 30, 300)]
    assert [bool(one) for path in paths for one in path.begins] == [one[2] for one in slow]
    assert [bool(one) for path in paths for one in path.fix] == [one[1] for one in slow]
    np.testing.assert_allclose(
        np.concatenate([path.t_ns for path in paths]) - T0, [one[0] - T0 for one in slow], atol=1
    )
    np.testing.assert_allclose(np.concatenate([path.xyz for path in paths]), [one[3:6] for one in slow], rtol=1e-12)
    np.testing.assert_allclose(np.concatenate([path.sigma_m for path in paths]), [one[6:] for one in slow], rtol=1e-9)
    found = np.concatenate([inside(path, ShapeSet([STRIP, LANE]), 500, 3000).decision for path in paths], axis=1)
    expected = [[naive_decision(one, zone, 500, 3000) for one in slow] for zone in (STRIP, LANE)]
    np.testing.assert_array_equal(found, expected)
    assert {-1, 0, 1} <= {int(one) for one in found.ravel()} or seed > 3


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no zone 'stripe' on the map; allowed are"):
        rule(("stripe",))
    made = AIR_RULES["overflight"]
    with pytest.raises(ValueError, match="zone 'view' is drawn in pixels"):
        made(made.Config(zones=("view",)), RuleContext("r", "cam", MAP))  # type: ignore[attr-defined]
    with pytest.raises(ValidationError, match="floor_m is 3000: it has to be below ceiling_m, 500"):
        rule(floor_m=3000, ceiling_m=500)


def test_an_empty_block_says_nothing() -> None:
    assert judged(rule(), replace(CROSSING, t_ns=CROSSING.t_ns[:0], values=CROSSING.values[:0])) == []
