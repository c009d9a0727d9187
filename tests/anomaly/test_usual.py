from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from detector.anomaly import Usual, explain
from detector.anomaly.usual import QUESTIONS
from tests.anomaly.traffic import (
    DAY_S,
    HOUR_S,
    MIDNIGHT_S,
    PATH,
    ROAD,
    SIDE_ROAD,
    Traffic,
    all_day,
    numbered,
    sorties,
    with_more,
)
from tests.naive_anomaly import features, odd, rare_and_many, share_above

SETTINGS = {"budget_per_day": 1.0, "min_days": 3, "min_watched_h": 2.0}


@pytest.fixture(scope="module")
def traffic():
    return Traffic(3)


@pytest.fixture(scope="module")
def fortnight(traffic):
    return all_day(traffic, range(14))


@pytest.fixture(scope="module")
def usual(fortnight):
    return Usual(fortnight, **SETTINGS)


def unusual(usual, stretch, track_id):
    found = usual.judge(numbered(stretch))
    return {one.question for one in found if one.passage.track_id == track_id}


def added(traffic, hour, way, speed_m_s, size_m):
    extra = traffic.drive(way, MIDNIGHT_S + 14 * DAY_S + hour * HOUR_S, speed_m_s, size_m, delay_s=900.0)
    return with_more(traffic.hour(14, hour), extra), extra[0].track_id


def test_scores_are_those_of_the_formulas_one_by_one(usual, fortnight, traffic):
    today = traffic.hour(14, 12)
    scores = usual.taught.scores(usual.history.columns(numbered(today)))
    compared = 0
    for i, (passage, nth) in list(enumerate(numbered(today)))[::7]:
        rare, many = rare_and_many(fortnight, passage, nth)
        assert scores["rare"][i] == pytest.approx(rare, rel=1e-9)
        if scores["many"][i] > 0:
            assert scores["many"][i] == pytest.approx(many, rel=1e-6)
        if not np.isnan(scores["odd"][i]):
            assert scores["odd"][i] == pytest.approx(odd(fortnight, passage), rel=1e-9)
            compared += 1
        assert usual.history.columns([(passage, 1)]).features[0] == pytest.approx(features(passage))
    assert compared > 10


def test_p_is_the_share_of_the_past_that_was_as_surprising(usual, traffic):
    stretch, track = added(traffic, 12, SIDE_ROAD[::-1], 9.0, 4.5)
    found = [one for one in usual.judge(numbered(stretch)) if one.passage.track_id == track]
    assert found
    for one in found:
        assert one.p == share_above(usual.past[one.question], one.score)
        assert one.score > one.bar


@pytest.mark.parametrize(
    ("hour", "way", "speed_m_s", "size_m", "wanted"),
    [
        (12, SIDE_ROAD[::-1], 9.0, 4.5, {"odd"}),
        (12, ROAD, 40.0, 4.5, {"odd"}),
        (12, PATH, 1.5, 9.0, {"odd"}),
        (12, ROAD, 13.0, 4.5, set()),
        (12, SIDE_ROAD, 9.0, 4.5, set()),
        (17, PATH[::-1], 1.5, 1.2, set()),
    ],
    ids=[
        "wrong way",
        "three times as fast",
        "a vehicle on a path",
        "as usual",
        "as usual, seldom",
        "as usual, on foot",
    ],
)
def test_what_moves_in_an_unusual_way_is_odd(usual, traffic, hour, way, speed_m_s, size_m, wanted):
    stretch, track = added(traffic, hour, way, speed_m_s, size_m)
    assert unusual(usual, stretch, track) - {"many"} == wanted


def test_a_quiet_place_or_hour_is_rare_where_strays_are():
    traffic = Traffic(4, strays_a_day=0.1)
    usual = Usual(all_day(traffic, range(10)), **SETTINGS)
    for hour, way in ((12, [(0, 0), (0, 1)]), (2, SIDE_ROAD)):
        extra = traffic.drive(way, MIDNIGHT_S + 10 * DAY_S + hour * HOUR_S, 6.0, 4.5, delay_s=900.0)
        stretch = with_more(traffic.hour(10, hour), extra)
        assert "rare" in unusual(usual, stretch, extra[0].track_id)


def test_three_times_the_usual_number_is_many(usual, traffic):
    hits = [any(one.question == "many" for one in usual.judge(numbered(s))) for s in (
        *(traffic.hour(14, 12, busy=3.0) for _ in range(8)), *(traffic.hour(14, 12) for _ in range(8))
    )]  # fmt: skip
    assert sum(hits[:8]) >= 6
    assert sum(hits[8:]) <= 1


@pytest.mark.parametrize("days", [0, 1, 2])
def test_nothing_is_unusual_while_warming_up(traffic, fortnight, days):
    usual = Usual(fortnight[: 24 * days], **SETTINGS)
    stretch, track = added(traffic, 12, SIDE_ROAD[::-1], 40.0, 30.0)
    assert not usual.is_warm
    assert unusual(usual, stretch, track) == set()


def test_days_without_ground_in_view_do_not_count(fortnight):
    blind = [replace(one, seen_s={}) for one in fortnight]
    assert Usual(blind, **SETTINGS).history.days == 0
    assert Usual(blind[:240] + fortnight[240:264], **SETTINGS).history.days == 1


@pytest.mark.parametrize(("budget", "days"), [(0.1, 30), (0.5, 6), (1.0, 3), (100.0, 3)])
def test_a_small_budget_needs_more_days(budget, days):
    assert Usual([], **{**SETTINGS, "budget_per_day": budget}).days_needed == days


def test_a_cell_that_was_not_watched_is_not_quiet(traffic):
    half = {(row, col) for row in range(10) for col in range(5)}
    usual = Usual([traffic.hour(day, hour, seen=half) for day in range(10) for hour in range(24)], **SETTINGS)
    extra = traffic.drive([(0, 8), (0, 9)], MIDNIGHT_S + 10 * DAY_S, 6.0, 4.5, delay_s=900.0)
    assert usual.judge([(one, 1) for one in extra]) == []


def test_an_hour_that_was_not_watched_is_not_quiet(traffic):
    usual = Usual([traffic.hour(day, hour) for day in range(10) for hour in (11, 12, 13)], **SETTINGS)
    extra = traffic.drive([(0, 8), (0, 9)], MIDNIGHT_S + 10 * DAY_S, 6.0, 4.5, delay_s=900.0)
    assert [one.question for one in usual.judge([(one, 1) for one in extra])] == []


def test_midnight_is_no_border_and_neither_is_the_zone(traffic):
    nights = [traffic.hour(day, 23) for day in range(10)]
    extra = traffic.drive([(0, 8), (0, 9)], MIDNIGHT_S + 10 * DAY_S, 6.0, 4.5, delay_s=900.0)
    columns = [Usual(nights, **SETTINGS, time_zone=zone) for zone in ("UTC", "Asia/Kathmandu")]
    scores = [usual.taught.scores(usual.history.columns([(one, 1) for one in extra]))["rare"] for usual in columns]
    assert np.isfinite(scores).all()
    assert scores[0] == pytest.approx(scores[1])


@pytest.mark.no_cover
@pytest.mark.parametrize("watch", [all_day, sorties])
def test_false_alarms_keep_to_the_budget(watch):
    traffic, budget, alarms, judged = Traffic(9), 3.0, 0, 0
    past = watch(traffic, range(8))
    for day in range(8, 16):
        today = watch(traffic, range(day, day + 1))
        usual = Usual(past, **{**SETTINGS, "budget_per_day": budget})
        for stretch in today:
            found = usual.judge(numbered(stretch))
            alarms += len({(one.question, one.passage.track_id * (one.question != "many")) for one in found})
        judged, past = judged + 1, past + today
    # Poisson about the budget: 24 are allowed in 8 days, and 1.7 standard deviations more by chance.
    assert alarms <= budget * judged + 1.7 * (budget * judged) ** 0.5


def test_the_same_past_gives_the_same_bars(usual, fortnight):
    again = Usual(list(fortnight), **SETTINGS)
    assert [again.bar(question) for question in QUESTIONS] == [usual.bar(question) for question in QUESTIONS]


def said(usual, known, stretch, question):
    one = next(one for one in usual.judge(numbered(stretch)) if one.question == question)
    return explain(one, usual, known)[0]


def test_the_sentence_says_how_long_nothing_was_seen():
    traffic = Traffic(4, strays_a_day=0.0)
    way = [(0, 0), (0, 1)]
    past = all_day(traffic, range(12))
    past[12] = with_more(past[12], traffic.drive(way, past[12].t_start_s, 6.0, 4.5, delay_s=900.0))
    extra = traffic.drive(way, MIDNIGHT_S + 12 * DAY_S + 12 * HOUR_S, 6.0, 4.5, delay_s=1000.0)
    now = with_more(traffic.hour(12, 12), extra)
    usual = Usual(past, **{**SETTINGS, "budget_per_day": 3.0})
    assert said(usual, past, now, "rare") == "the first here in 12 days (276 h watched)"
    night = traffic.hour(12, 2)
    night = with_more(night, traffic.drive(SIDE_ROAD, night.t_start_s, 9.0, 4.5, delay_s=900.0))
    words = said(usual, past, night, "rare")
    assert words.startswith("the first here at about this hour since watching began 12 days ago (")


def test_the_sentence_names_what_is_odd_and_the_numbers(usual, fortnight, traffic):
    assert said(usual, fortnight, added(traffic, 12, SIDE_ROAD[::-1], 9.0, 4.5)[0], "odd").startswith(
        "heading south, as "
    )
    fast = said(usual, fortnight, added(traffic, 12, ROAD, 45.0, 4.5)[0], "odd")
    assert re.fullmatch(r"3\.\d times the usual speed here \(4\d\.\d m/s, usual 1[23]\.\d\)", fast)


def test_the_sentence_says_how_many_times_as_many(usual, fortnight, traffic):
    words = said(usual, fortnight, traffic.hour(14, 12, busy=5.0), "many")
    assert "times the usual number at this hour (" in words
