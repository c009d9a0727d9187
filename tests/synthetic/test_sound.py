"""What microphones around a scene hear, and its truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from detector.association import air, ground
from detector.association.travel import travel
from detector.synthetic import SCENES
from detector.synthetic.place import VALE
from detector.synthetic.sound import (
    Bang,
    Knock,
    Listening,
    demo_ground,
    demo_listening,
    heard_events,
    sounds,
    write_listening,
)
from detector.timebase import ns_from_iso

START = "2026-03-01T09:30:00Z"
MICROPHONES = {"a": (0.0, 0.0, 5.0), "b": (343.0, 0.0, 5.0)}


def first_loud_s(samples, rate_hz):
    return np.flatnonzero(np.abs(samples) > 0.02)[0] / rate_hz


def test_a_bang_comes_when_sound_has_travelled_and_is_weaker_far_away():
    listening = Listening(VALE, START, 4.0, MICROPHONES, (Bang(1.0, -100.0, 0.0),), rate_hz=8000)
    heard = sounds(listening)
    for name, at_m in MICROPHONES.items():
        expected_s = 1.0 + float(travel([-100.0, 0.0, 0.0], at_m, air(10.0)).time_s)
        assert first_loud_s(heard[name], 8000) == pytest.approx(expected_s, abs=0.003)
    assert np.abs(heard["a"]).max() > 2 * np.abs(heard["b"]).max()


def test_a_knock_is_heard_by_one_microphone_alone():
    heard = sounds(Listening(VALE, START, 2.0, MICROPHONES, knocks=(Knock(1.0, "b"),)))
    assert np.abs(heard["a"]).max() < 0.01
    assert np.abs(heard["b"]).max() > 0.02


def test_a_bang_at_the_very_end_is_cut():
    heard = sounds(Listening(VALE, START, 1.0, {"a": (0.0, 0.0, 0.0)}, (Bang(0.99, 1.0, 0.0), Bang(5.0, 0.0, 0.0))))
    assert len(heard["a"]) == 4000


def test_events_are_bangs_inside_zones_and_those_that_follow_one_another_are_one():
    events = heard_events(demo_listening(SCENES["demo"](1)))
    assert [(event["zone"], event["count"]) for event in events] == [("strip", 1), ("strip", 3)]
    flashes = SCENES["demo"](1).flashes
    start_ns = ns_from_iso(START)
    assert events[1]["t_start_ns"] == start_ns + round(flashes[0].t_s * 1e9)
    assert events[1]["t_end_ns"] == start_ns + round(flashes[-1].t_s * 1e9)


def test_the_same_seed_gives_the_same_files(tmp_path: Path):
    listening = Listening(VALE, START, 2.0, MICROPHONES, (Bang(0.5, 10.0, 200.0),))
    for name in ("one", "two"):
        files = write_listening(listening, tmp_path / name)
    for file in files:
        assert file.read_bytes() == (tmp_path / "one" / file.name).read_bytes()
        assert soundfile.info(str(file)).frames == 8000
        station = json.loads(file.with_suffix(".json").read_text())
        assert station["position"]["alt_m"] == pytest.approx(742.0 + 5.0, abs=0.1)
    assert json.loads((tmp_path / "two" / "truth.json").read_text())["events"][0]["zone"] == "strip"


def test_a_geophone_feels_the_ground_wave_first_and_then_weaker_what_the_air_brings():
    at_m, source_m = (600.0, 0.0, 0.0), [0.0, 0.0, 0.0]
    listening = Listening(VALE, START, 6.0, {"g": at_m}, (Bang(1.0, 0.0, 0.0, 5.0),), rate_hz=250, wave_m_s=1800.0)
    felt = np.abs(sounds(listening)["g"])
    by_ground_s = 1.0 + float(travel(source_m, at_m, ground(1800.0)).time_s)
    by_air_s = 1.0 + float(travel(source_m, at_m, air(10.0)).time_s)
    assert first_loud_s(felt, 250) == pytest.approx(by_ground_s, abs=1 / 250)
    between = felt[round((by_air_s - 0.2) * 250) : round((by_air_s - 0.01) * 250)].max()
    on_arrival = felt[round(by_air_s * 250) : round((by_air_s + 0.1) * 250)].max()
    assert between < 0.3 * on_arrival < 0.3 * felt.max()


def test_the_demo_ground_has_the_events_of_its_sound_by_another_means():
    scene = SCENES["demo"](1)
    heard, felt = heard_events(demo_listening(scene)), heard_events(demo_ground(scene))
    assert [{**one, "means": 0} for one in heard] == [{**one, "means": 0} for one in felt]
    assert {tuple(one["means"]) for one in heard} == {("acoustic",)}
    assert {tuple(one["means"]) for one in felt} == {("seismic",)}
