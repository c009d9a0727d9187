"""Search, neighbours, order, the timeline's layout, the map's ellipse, words."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pyproj import Geod

from detector.console.desk import Desk
from detector.console.drawing import ellipse_ring, sensor_features, track_features
from detector.console.finding import VERDICTS, Question, apart_m, neighbours, question_of
from detector.console.judging import gravity, open_for, queue
from detector.console.languages import Languages
from detector.console.live import SENTENCES as DOINGS
from detector.console.live import state_of
from detector.console.overview import tiles
from detector.console.roles import Role
from detector.console.telemetry import camera_at
from detector.console.timeline import LEAST_MARK, MOST_LANES, WIDTH, sheet, span_of
from detector.console.words import SAID, facts, probability, why
from detector.geo.ellipse import SIGMAS_95
from detector.live_file import write_live
from detector.log import LoggedViolation
from detector.model import Action, CoverageSlot, Decision, Gap, GapReason, Means, Place, Verdict
from scripts.make_catalogue import CATALOGUE, catalogue
from tests.console.conftest import COUNT, T0, TELEMETRY, S, TestClock, violation


def logged(number: int, *words: tuple[str, Decision], **changes: object) -> LoggedViolation:
    v = replace(violation(number, "c" * 64, "run"), **changes)  # type: ignore[arg-type]
    given = tuple(Verdict(v.violation_id, party, "x", decision, "", k) for k, (party, decision) in enumerate(words))
    newest = {verdict.party: verdict for verdict in given}
    return LoggedViolation(v, (), tuple(newest[party] for party in sorted(newest)), given, (number,), (v,))


NIGHT = [logged(number) for number in range(COUNT)]


def slow_answers(question: Question, one: LoggedViolation) -> bool:
    """Obvious twin of Question for time and place."""
    v = one.violation
    if question.since_ns is not None and not v.t_end_ns > question.since_ns:
        return False
    if question.until_ns is not None and not v.t_start_ns < question.until_ns:
        return False
    if question.box is None:
        return True
    west, south, east, north = question.box
    lon, lat = v.place.lon_deg, v.place.lat_deg
    if lon is None or lat is None or not south <= lat <= north:
        return False
    # Walk east from the western edge: the width of the box, and how far the place is.
    return (lon - west) % 360 <= (east - west) % 360


def test_search_by_time_and_place_is_what_the_slow_twin_says() -> None:
    chance = np.random.default_rng(4)
    for _ in range(300):
        lon, lat = chance.uniform(-180, 180), chance.uniform(-89, 89)
        one = logged(int(chance.integers(0, COUNT)), place=Place(lat, lon, None, None))
        west, east = chance.uniform(-180, 180, 2)
        south, north = sorted(chance.uniform(-90, 90, 2))
        since, until = sorted(int(t) for t in T0 + chance.integers(0, COUNT * 60, 2) * S)
        question = Question(since_ns=since, until_ns=until, box=(west, south, east, north))
        assert bool(question.answers([one])) == slow_answers(question, one)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, range(COUNT)),
        ({"since": "2026-03-01T06:47", "until": "2026-03-01 06:48:00"}, [17]),
        ({"feed": "south"}, []),
        ({"kind": "zone_entry", "rule": "strip-closed"}, range(COUNT)),
        ({"text": "TRACK 7,"}, [7]),
        ({"box": "45.0035,40,45.0055,41"}, [4, 5]),
        ({"verdict": "undecided"}, range(COUNT)),
        ({"verdict": "confirmed"}, []),
    ],
)
def test_each_part_of_a_question_counts(query: dict[str, str], numbers: list[int]) -> None:
    found = question_of(query).answers(NIGHT)
    assert [one.violation.track_ids[0] for one in found] == sorted(numbers, reverse=True)


def test_of_records_that_are_one_any_answers() -> None:
    seen = logged(3)
    heard = replace(
        seen.violation,
        source_id="post 4",
        rule_id="shots",
        rule_kind="impulse",
        observation="impulse sound",
        zone_id=None,
    )
    one = replace(seen, records=(seen.violation, replace(heard, t_start_ns=T0, t_end_ns=T0 + S)))
    for query in (
        {"feed": "post 4"},
        {"rule": "shots"},
        {"kind": "impulse"},
        {"text": "impulse"},
        {"until": "2026-03-01T06:31"},
    ):
        assert question_of(query).answers([one]) == [one], query
        assert question_of(query).answers([seen]) == [], query


@pytest.mark.parametrize(
    "words", ["I\u011eDIR", "\u0131\u011fd\u0131r", "i\u011fdir", "\u0130\u011fdir", "ig\u0306dir"]
)
def test_words_are_found_whatever_is_large_or_has_its_dot(words: str) -> None:
    one = logged(1, observation='movement observed inside zone "I\u011fd\u0131r y\u00f6n\u00fc"')
    assert question_of({"text": words}).answers([one]) == [one]


def test_an_instant_belongs_to_the_time_that_begins_with_it() -> None:
    one = logged(0, t_end_ns=T0)
    assert question_of({"since": "2026-03-01T06:30"}).answers([one]) == [one]
    assert question_of({"until": "2026-03-01T06:30"}).answers([one]) == []


def test_a_place_that_is_not_known_is_in_no_area() -> None:
    nowhere = logged(1, place=Place(None, None, None, (1.0, 2.0)))
    assert question_of({"box": "-180,-90,180,90"}).answers([nowhere]) == []


def test_neighbours_overlap_or_lie_near_in_time_nearest_first() -> None:
    near = neighbours(NIGHT[5], NIGHT)
    assert [one.violation.track_ids[0] for one in near] == [4, 6, 3, 7]
    assert neighbours(NIGHT[5], NIGHT, most=1) == near[:1]


def test_what_lies_near_is_a_neighbour_for_an_hour_and_what_is_nowhere_only_in_time() -> None:
    here = NIGHT[5]
    same_place = logged(50, place=here.violation.place, t_end_ns=T0 + 50 * 60 * S + S)
    too_late = logged(70, place=here.violation.place)
    nowhere = logged(6, place=Place(None, None, None, (1.0, 2.0)))
    assert neighbours(here, [here, same_place, too_late, nowhere]) == [nowhere, same_place]


def test_how_far_places_are_apart_is_what_pyproj_says() -> None:
    chance = np.random.default_rng(6)
    for _ in range(100):
        lat, lon = chance.uniform(-80, 80), chance.uniform(-180, 180)
        d_lat, d_lon = chance.uniform(-0.005, 0.005, 2)
        first, second = Place(lat, lon, None, None), Place(lat + d_lat, (lon + d_lon + 180) % 360 - 180, None, None)
        _, _, truth_m = Geod(ellps="WGS84").inv(lon, lat, second.lon_deg, second.lat_deg)
        assert apart_m(first, second) == pytest.approx(truth_m, rel=2e-3)  # the scale is that of the first place


def test_the_queue_is_gravest_and_then_newest_of_what_a_party_has_not_decided() -> None:
    shot = logged(1, rule_kind="flash")
    slow = logged(9, rule_kind="speed")
    done = logged(2, ("A", Decision.CONFIRMED))
    back = logged(3, ("A", Decision.CONFIRMED), ("A", Decision.WITHDRAWN))
    found = [slow, back, done, shot]
    assert queue(found, "A") == [shot, back, slow]
    assert queue(found, "B") == [shot, back, done, slow]
    assert queue(found, "B", newest_first=True) == [slow, back, done, shot]
    assert open_for(logged(1, ("A", Decision.EXERCISE), ("B", Decision.UNDETERMINED)), "") is False
    assert gravity(logged(1, rule_kind="something of a later version")) == 2


def test_the_timeline_lays_no_mark_over_another_and_keeps_all() -> None:
    chance = np.random.default_rng(5)
    for _ in range(40):
        starts = chance.integers(0, 3000, int(chance.integers(0, 30)))
        found = [
            logged(k, t_start_ns=T0 + int(s) * S, t_end_ns=T0 + (int(s) + int(chance.integers(1, 400))) * S)
            for k, s in enumerate(starts)
        ]
        drawn = sheet(T0, T0 + 3600 * S, [], [], found)
        lanes = [lane for row in drawn.rows for lane in row.lanes]
        assert sorted(bar.violation_id for lane in lanes for bar in lane) == sorted(
            one.violation.violation_id for one in found
        )
        assert len(lanes) <= MOST_LANES
        for lane in lanes[: MOST_LANES - 1]:
            assert all(a.x + max(a.width, LEAST_MARK) <= b.x for a, b in pairwise(lane))


def test_the_timeline_has_a_mark_for_each_source_that_noticed_it() -> None:
    seen = logged(3)
    heard = replace(seen.violation, source_id="post 4", t_start_ns=T0, t_end_ns=T0 + S)
    again = replace(seen.violation, subject="track 9")
    drawn = sheet(T0, T0 + 3600 * S, [], [], [replace(seen, records=(seen.violation, heard, again))])
    marks = {row.name: [bar for lane in row.lanes for bar in lane] for row in drawn.rows}
    assert {name: len(found) for name, found in marks.items()} == {"north": 1, "post 4": 1}
    assert {bar.violation_id for found in marks.values() for bar in found} == {seen.violation.violation_id}
    assert marks["post 4"][0].t_start_ns == T0


@pytest.mark.parametrize("days", [1, 2, 5, 30, 365, 365 * 200])
def test_the_timeline_has_ten_times_at_most(days: int) -> None:
    assert 2 <= len(sheet(0, days * 86_400 * S, [], [], []).ticks) <= 10


def test_the_timeline_tells_coverage_gaps_and_zones_and_stays_in_its_frame() -> None:
    slots = [CoverageSlot("north", T0, T0 + 10 * S, 5.0, {"damaged": 5.0}, (), {"strip": 0.5})]
    gaps = [Gap("north", T0 - 100 * S, T0 + 2 * S, GapReason.DAMAGED, "bad packets")]
    drawn = sheet(T0, T0 + 100 * S, slots, gaps, [logged(0)])
    feed, zone = drawn.rows
    assert (feed.name, feed.share, zone.name) == ("north", 0.05, "strip")
    assert (feed.covered[0].x, feed.covered[0].width, feed.covered[0].strength) == (0.0, 100.0, 0.5)
    assert (feed.gaps[0].x, feed.gaps[0].width, feed.gaps[0].kind) == (0.0, 20.0, "damaged")
    more = [replace(slots[0], t_start_ns=T0 + k * 10 * S, t_end_ns=T0 + (k + 1) * 10 * S) for k in (1, 2, 4)]
    joined = sheet(T0, T0 + 100 * S, slots + more, [], []).rows[0].covered
    assert [(bar.x, bar.width) for bar in joined] == [(0.0, 300.0), (400.0, 100.0)]
    for row in drawn.rows:
        for bar in (*row.covered, *row.gaps, *(bar for lane in row.lanes for bar in lane)):
            assert 0 <= bar.x <= bar.x + bar.width <= WIDTH + 1
    assert [t for _, t in drawn.ticks] == [T0 + k * 15 * S for k in range(7)]
    assert span_of(None, []) is None


def test_a_day_of_slots_is_drawn_in_no_more_bars_than_can_be_told_apart_and_they_say_as_much() -> None:
    shares = np.random.default_rng(3).random(8640).round(3)
    slots = [
        CoverageSlot("north", T0 + k * 10 * S, T0 + (k + 1) * 10 * S, 10 * share, {}, (), {"strip": share})
        for k, share in enumerate(shares.tolist())
        if not 4000 <= k < 4300
    ]
    for row in sheet(T0, T0 + 86_400 * S, slots, [], []).rows:
        assert len(row.covered) < 1.1 * WIDTH
        seen_s = sum(bar.strength * (bar.t_end_ns - bar.t_start_ns) / S for bar in row.covered)
        assert seen_s == pytest.approx(sum(slot.seeing_s for slot in slots), rel=1e-4)
        assert not any(bar.t_start_ns < T0 + 43_000 * S and bar.t_end_ns > T0 + 40_000 * S for bar in row.covered)


def test_the_ellipse_on_the_map_is_the_95_per_cent_one() -> None:
    covariance = (90.0, 35.0, 40.0)
    ring = ellipse_ring(Place(42.3, -99.5, covariance, None))
    assert ring is not None
    assert ring[0] == ring[-1]
    inverse = np.linalg.inv([[covariance[0], covariance[1]], [covariance[1], covariance[2]]])
    for lon, lat in ring:
        azimuth, _, distance = Geod(ellps="WGS84").inv(-99.5, 42.3, lon, lat)
        offset = distance * np.array([math.sin(math.radians(azimuth)), math.cos(math.radians(azimuth))])
        assert math.sqrt(offset @ inverse @ offset) == pytest.approx(SIGMAS_95, rel=0.002)  # 1 cm of rounding
    assert ellipse_ring(Place(42.3, -99.5, None, None)) is None


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"\xff", b'{"tracks": 7}', b'{"tracks": [{"points": [{}]}]}'])
def test_evidence_that_is_no_track_or_station_is_a_value_error_and_never_another(text: bytes) -> None:
    for read in (track_features, sensor_features):
        with suppress(ValueError):
            assert list(read(text)) == []


def test_a_track_goes_only_through_known_places() -> None:
    points = [{"lat_deg": 1.0, "lon_deg": 2.0}, {"lat_deg": None, "lon_deg": None}, {"lat_deg": 1.5, "lon_deg": 2.5}]
    (way,) = track_features(json.dumps({"tracks": [{"track_id": 3, "points": points}]}).encode())
    assert way["geometry"]["coordinates"] == [[2.0, 1.0], [2.5, 1.5]]


def test_where_the_camera_was_is_the_row_nearest_to_the_moment() -> None:
    rows = TELEMETRY + f"{T0 + 9 * S},,,,,,,,,\n"
    near = camera_at(rows.encode(), T0 + S)
    assert near is not None
    assert (near.yaw_deg, round(near.above_ground_m, 1)) == (358.7, 218.3)
    far = camera_at(rows.encode(), T0 + 8 * S)
    assert far is not None
    assert math.isnan(far.lat_deg)
    assert camera_at(b"t_ns\n", T0) is None
    for bad in (b"a,b\n1,2\n", b"\xff\xfe", b"t_ns\nx\n"):
        with pytest.raises(ValueError, match=r".+"):
            camera_at(bad, T0)


def test_why_says_the_numbers_and_never_more_certainty_than_the_log_has() -> None:
    v = violation(1, "c" * 64, "run")
    told = [fact.label for fact in facts(v, {"min_time_s": 2}, str)]
    assert told == ["seen for", "distance from the border"]
    fast = replace(v, rule_kind="speed", measures={"speed_m_s": 22.347, "limit_m_s": 15.0, "new_measure_x": 1e6})
    text = why(fast, {}, str).replace("\N{NO-BREAK SPACE}", " ")
    assert (
        text
        == "Flagged by rule strip-closed: speed 22.3 m/s (allowed are 15 m/s); condition met with probability 99.8 %."
    )
    assert [fact.value for fact in facts(fast, {}, str)][1] == "1,000,000"
    assert probability(1.0).startswith(">")
    assert probability(0.9994).startswith("99.9")


def test_a_running_feed_is_live_until_it_has_been_silent_for_five_seconds() -> None:
    said = {"state": "running"}
    assert state_of({**said, "written_ns": T0}, T0 + S)[:3] == ("live", "", "")
    assert state_of({**said, "written_ns": T0}, T0 + 6 * S)[::2] == ("trouble", "silent")
    assert state_of(said, T0)[0] == "trouble"
    assert state_of({"state": "ended", "written_ns": 0}, T0)[0] == "ended"
    lost = {"state": "reconnecting", "state_why": "refused", "written_ns": T0}
    assert state_of(lost, T0)[:3] == ("trouble", "refused", "reconnecting")
    started = {"state": "connecting", "state_why": "", "written_ns": T0, "since_ns": T0 - S}
    assert state_of(started, T0) == ("trouble", "", "connecting", T0 - S)


def test_a_tile_says_in_the_readers_language_what_a_feed_does_and_since_when(
    desk: Desk, as_, clock: TestClock, copied: Path
) -> None:
    said = {"version": 1, "source_id": "north", "state": "reconnecting", "state_why": "nothing arrived for 5 s"}
    times = {"written_ns": clock.t_ns, "since_ns": T0 + S}
    write_live(copied / "out", "north", said | times)
    viewer = as_("viewer")
    page = viewer.get("/").text
    told = "Not seen any more; it is tried again and again, since 06:30:01"
    assert f'{told} <small lang="en">nothing arrived for 5 s</small>' in page
    write_live(copied / "out", "north", said | times | {"since_ns": T0 + S - 86_400 * S})
    assert "since 2026-02-28 06:30:01" in viewer.get("/").text, "not this morning"
    write_live(copied / "out", "north", said | times)
    viewer.cookies.set("language", "tr")
    turkish = Languages().of("tr").gettext(DOINGS["reconnecting"])
    assert f"{turkish[:1].upper()}{turkish[1:]} (06:30:01 saatinden beri) <small" in viewer.get("/").text
    assert viewer.get("/api/feeds").json()[0]["doing"] == "reconnecting"


def test_the_last_gap_of_a_tile_is_not_the_warming_up_that_followed_it(desk: Desk) -> None:
    gone = Gap("north", T0 + 40 * S, T0 + 57 * S, GapReason.NOT_RUNNING, "its process was killed", 1)
    warming = Gap("north", T0 + 57 * S, T0 + 58 * S, GapReason.WARMING_UP, "", 8)
    later = replace(warming, t_start_ns=T0 + 80 * S, t_end_ns=T0 + 81 * S)
    one = tiles(desk, "A")[0]
    assert replace(one, gaps=(warming, gone)).last_gap == gone
    assert replace(one, gaps=(later, warming, gone)).last_gap == later
    assert replace(one, gaps=(warming,)).last_gap == warming
    assert replace(one, gaps=()).last_gap is None


def test_every_word_of_the_log_that_pages_translate_is_marked_for_the_catalogue() -> None:
    assert {*map(str, Role), *map(str, Decision), *map(str, Action), *map(str, Means), *VERDICTS} <= set(SAID)


def test_the_catalogue_has_every_message_of_the_pages() -> None:
    assert CATALOGUE.read_text(encoding="utf-8") == catalogue(), "make it again: python scripts/make_catalogue.py"


def test_english_is_spoken_where_there_is_no_catalogue() -> None:
    languages = Languages()
    assert languages.of("xx").gettext("Queue") == "Queue"
    assert languages.wanted("xx", "xx-YY,en;q=0.5") == "en"
