"""When a place was seen, and searches that are kept."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from detector.console.desk import Desk
from detector.console.saved_views import MOST
from detector.console.seen import holds, looks
from detector.log import LogWriter
from detector.model import CoverageSlot
from tests.console.conftest import ATTACK, T0, S
from tests.console.test_parts import logged


def slow_holds(outline: list[tuple[float, float]], lon: float, lat: float) -> bool:
    """Obvious twin: how often the outline turns around the place."""
    turned = 0.0
    for (x0, y0), (x1, y1) in zip(outline, [*outline[1:], outline[0]], strict=True):
        before, after = (math.atan2(y - lat, (x - lon + 180) % 360 - 180) for x, y in ((x0, y0), (x1, y1)))
        turned += (after - before + math.pi) % (2 * math.pi) - math.pi
    return abs(turned) > math.pi


def test_whether_an_outline_holds_a_place_is_what_the_slow_twin_says() -> None:
    chance = np.random.default_rng(8)
    told = []
    for _ in range(300):
        lon0, lat0 = chance.choice([12.0, 179.9995, -179.9995, -99.5]), chance.uniform(-60, 60)
        angles = np.sort(chance.uniform(0, 2 * np.pi, int(chance.integers(3, 9))))
        radius = chance.uniform(0.0005, 0.003, len(angles))
        outline = [
            ((lon0 + r * math.cos(a) + 180) % 360 - 180, lat0 + r * math.sin(a))
            for a, r in zip(angles, radius, strict=True)
        ]
        lon, lat = (lon0 + chance.uniform(-0.003, 0.003) + 180) % 360 - 180, lat0 + chance.uniform(-0.003, 0.003)
        told.append(holds(tuple(outline), lon, lat))
        assert told[-1] == slow_holds(outline, lon, lat)
    assert 20 < sum(told) < 280
    assert not holds((), 1.0, 2.0)
    assert holds(((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)), 0.5, 0.0)


def slot(k: int, source: str = "north", seeing_s: float = 9.0, east: float = 0.0) -> CoverageSlot:
    ring = ((45.0 + east, 40.2), (45.01 + east, 40.2), (45.01 + east, 40.21), (45.0 + east, 40.21))
    return CoverageSlot(source, T0 + k * 10 * S, T0 + (k + 1) * 10 * S, seeing_s, {}, ring)


def test_slots_that_follow_one_another_are_one_look_and_what_was_flagged_then_stands_nearest_first() -> None:
    slots = [slot(0), slot(1), slot(0, "south"), slot(2, east=1.0), slot(3), replace(slot(9), footprint=())]
    near, far, other = logged(0), logged(1, t_start_ns=T0 + 5 * S), logged(0, source_id="east")
    found = looks(45.005, 40.205, slots, [far, near, other])
    assert [(look.source_id, (look.t_start_ns - T0) // S, look.seeing_s) for look in found] == [
        ("north", 30, 9.0),
        ("south", 0, 9.0),
        ("north", 0, 18.0),
    ]
    assert [one.violation.track_ids[0] for one, _ in found[-1].found] == [1, 0]
    assert [round(m) for _, m in found[-1].found] == sorted(round(m) for _, m in found[-1].found)
    assert found[1].found == ()
    assert looks(45.005, 40.3, slots, []) == []


def test_the_page_tells_times_and_clips_of_a_place_and_refuses_what_is_none(desk: Desk, as_) -> None:
    with LogWriter(desk.book.path, alone=False) as log:
        log.coverage(slot(0), "run")
        log.coverage(replace(slot(1, source=f"south {ATTACK}"), source_id=f"south {ATTACK}"), "run")
    viewer = as_("viewer")
    page = viewer.get("/place?lon=45.005&lat=40.205")
    assert page.status_code == 200
    assert "in view 2 times" in page.text
    assert "clip" in page.text
    assert "<script>window.broken" not in page.text
    assert "in view 0 times" in viewer.get("/place?lon=45.005&lat=40.205&since=2026-03-02").text
    assert viewer.get("/place").status_code == 200
    for wrong in ("lon=200&lat=1", "lon=nan&lat=1", "lon=1", "lon=1&lat=1&since=x", f"lon={ATTACK}&lat=1"):
        answer = viewer.get(f"/place?{wrong}")
        assert (answer.status_code, "allowed" in answer.text) == (422, True), wrong
    assert viewer.get("/place?lon=1&lat=1&since=2026-03-02&until=2026-03-01").status_code == 422


def test_searches_are_kept_by_person(desk: Desk, as_) -> None:
    anna, viewer = as_("anna"), as_("viewer")
    kept = anna.post(
        "/api/views", json={"title": f" {ATTACK[:50]} ", "query": "kind=zone_entry&evil=1&text=%20a&until="}
    )
    assert kept.json()["query"] == "kind=zone_entry&text=+a"
    assert anna.post("/api/views", json={"title": "north", "query": "feed=north"}).status_code == 201
    assert anna.post("/api/views", json={"title": "north", "query": "feed=south"}).status_code == 201
    assert [(one["title"], one["query"]) for one in anna.get("/api/views").json()][-1] == ("north", "feed=south")
    assert viewer.get("/api/views").json() == []
    page = anna.get("/search").text
    assert 'href="/search?feed=south"' in page
    assert "<script>window.broken" not in page
    assert anna.delete("/api/views?title=north").status_code == 204
    assert anna.delete("/api/views?title=north").status_code == 404
    assert len(anna.get("/api/views").json()) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"title": " ", "query": ""},
        {"title": "x" * 61, "query": ""},
        {"title": "a", "query": "verdict=guilty"},
        {"title": "a"},
    ],
)
def test_a_search_that_cannot_be_is_not_kept(body: dict[str, str], as_) -> None:
    assert as_("anna").post("/api/views", json=body).status_code == 422


def test_nobody_fills_the_file_with_searches(as_) -> None:
    anna = as_("anna")
    codes = [anna.post("/api/views", json={"title": f"{k}", "query": ""}).status_code for k in range(MOST + 1)]
    assert codes == [201] * MOST + [422]
