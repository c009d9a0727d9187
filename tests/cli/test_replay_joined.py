"""A mixed replay: what a drone saw, five microphones heard and one geophone felt of an explosion is one violation."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.kill_nine import Workload, kill_often
from detector import pipeline
from detector import replay as recordings
from detector.association import Noticed, Settled
from detector.cli import run
from detector.config import load
from detector.course import entries_of
from detector.geo.ellipse import SIGMAS_95
from detector.geo.wgs84 import enu_from_geodetic
from detector.log import LoggedViolation, open_reader
from detector.model import Means
from detector.synthetic import SCENES
from detector.synthetic.encode import write_feed
from detector.synthetic.place import VALE
from detector.synthetic.render import view_at
from detector.synthetic.scene import Flash
from detector.synthetic.sound import Bang, Knock, Listening, demo_ground, demo_listening, write_listening
from detector.timebase import iso_from_ns, ns_from_iso

START_NS = ns_from_iso("2026-03-01T09:30:00Z")
PLACE_M, AT_S, BEFORE_S, AFTER_S = (-20.0, 130.0), 2.2, 12.0, 3.0


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of a drone's feed with one explosion, and 19 s of sound and ground motion around it.

    After it a bang that the drone does not see, and before it a footstep that only the geophone feels.
    """
    folder = tmp_path_factory.mktemp("mixed")
    flash = Flash(1, AT_S, *PLACE_M, radius_m=2.8, duration_s=0.16)
    scene = replace(SCENES["events"](1), movers=(), flashes=(flash,))
    write_feed(scene, folder / "drone.ts", seconds=4.0, size_px=(640, 360), bitrate_mbit_s=1.5)
    bangs = (Bang(BEFORE_S + AT_S, *PLACE_M, 0.5), Bang(BEFORE_S + AT_S + 1.3, 250.0, -120.0, 0.5))
    sound, motion = demo_listening(scene), demo_ground(scene)
    start = iso_from_ns(START_NS - round(BEFORE_S * 1e9))
    for name, listening in (("sound", sound), ("ground", motion)):
        knocks = (Knock(BEFORE_S - 1.0, "geophone", 0.1),)
        whole = replace(listening, start=start, seconds=BEFORE_S + 4.0 + AFTER_S, bangs=bangs, knocks=knocks)
        write_listening(whole, folder / name)
    return folder


def configured(folder: Path, recorded: Path, **geophone: Any) -> Path:
    sounds = sorted(str(file) for file in (recorded / "sound").glob("*.flac"))
    felt = {"id": "geophone", "media": [str(recorded / "ground" / "geophone.flac")], "means": "seismic"}
    whole = {
        "version": 1,
        "feeds": [{"id": "drone", "media": str(recorded / "drone.ts")}],
        "sensors": [
            {"id": "mics", "media": sounds, "temperature_c": 10},
            {**felt, "wave_m_s": 1800, **geophone},
        ],
        "rules": [{"id": "flashes", "kind": "flash"}, {"id": "silence", "kind": "impulse"}],
        "evidence": {"pre_roll_s": 1, "post_roll_s": 1},
    }
    path = folder / "mixed.yaml"
    path.write_text(json.dumps(whole, indent=1))
    return path


def replayed(config: Path, out: Path, *more: str) -> list[LoggedViolation]:
    assert run(["replay", str(config), "--out", str(out), *more]) == 0
    assert run(["log", "verify", str(out)]) == 0
    with open_reader(out) as reader:
        return reader.violations()


def exported(out: Path) -> bytes:
    file = out.with_name(out.name + ".jsonl")
    assert run(["log", "export", "--out", str(file), str(out)]) == 0
    return file.read_bytes()


def ellipse_m2(one: LoggedViolation) -> float:
    assert one.violation.place.covariance_m2 is not None
    east, both, north = one.violation.place.covariance_m2
    return east * north - both**2


def is_inside(place_m: tuple[float, float], one: LoggedViolation) -> bool:
    """The place lies in the 95 % ellipse that is told."""
    lon, lat = VALE.lon_lat([place_m])[0]
    place = one.violation.place
    assert place.lat_deg is not None
    assert place.lon_deg is not None
    assert place.covariance_m2 is not None
    offset = enu_from_geodetic(place.lat_deg, place.lon_deg, 0.0, (lat, lon, 0.0))[:2]
    east, both, north = place.covariance_m2
    return bool(offset @ np.linalg.solve([[east, both], [both, north]], offset) <= SIGMAS_95**2)


def test_it_is_one_violation_with_three_means_inside_its_ellipse_and_the_same_log_twice(
    tmp_path: Path, recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured(tmp_path, recorded)
    one, unseen = replayed(config, tmp_path / "a")
    assert "2 possible violations" in capsys.readouterr().out
    assert one.violation.means == (Means.UAV, Means.ACOUSTIC, Means.SEISMIC)
    assert dict(one.sources) == {"mics": (Means.ACOUSTIC,), "drone": (Means.UAV,), "geophone": (Means.SEISMIC,)}
    assert [record.rule_kind for record in one.records] == ["impulse", "flash"]
    assert unseen.violation.means == (Means.ACOUSTIC,)  # the geophone still swung from the first
    assert is_inside(PLACE_M, one)
    for record in one.records:
        assert ellipse_m2(one) < ellipse_m2(replace(one, violation=record))
    (joined,) = one.groupings
    assert (joined.t_ns - START_NS) / 1e9 == pytest.approx(AT_S, abs=0.05)
    assert {file.path.split("/")[1].split(".")[-1] for file in one.files} >= {"ts", "flac", "png", "jpg"}
    for name, more in (("b", ()), ("c", ("--jobs", "3")), ("a", ())):
        replayed(config, tmp_path / name, *more)
        assert exported(tmp_path / name) == exported(tmp_path / "a")
    with open_reader(tmp_path / "b") as b, open_reader(tmp_path / "c") as c:
        assert b.head() == c.head()  # the very chain, not only what it holds
    capsys.readouterr()


def test_so_it_is_with_sensors_anywhere_and_an_explosion_anywhere_in_a_slanting_view(tmp_path: Path) -> None:
    random = np.random.default_rng(102)
    base = replace(SCENES["oblique"](102), movers=(), flashes=())
    at_s = float(random.uniform(1.2, 2.8))
    pixel = random.uniform((0.2, 0.4), (0.8, 0.85)) * (640, 360)
    east_m, north_m = view_at(base, at_s, (640, 360)).ground(pixel)[0].tolist()
    flash = Flash(1, at_s, east_m, north_m, radius_m=2.8, duration_s=0.16)
    write_feed(
        replace(base, flashes=(flash,)), tmp_path / "drone.ts", seconds=4.0, size_px=(640, 360), bitrate_mbit_s=2.0
    )

    def around(low_m: float, high_m: float, up_m: float) -> tuple[float, float, float]:
        angle, far_m = random.uniform(0, 2 * np.pi), random.uniform(low_m, high_m)
        return float(east_m + far_m * np.sin(angle)), float(north_m + far_m * np.cos(angle)), up_m

    bangs = (Bang(BEFORE_S + at_s, east_m, north_m, 0.4),)
    start, seconds = iso_from_ns(ns_from_iso(base.start) - round(BEFORE_S * 1e9)), BEFORE_S + 4.0 + AFTER_S
    microphones = {f"m{k}": around(80, 420, 8.0) for k in range(5)}
    sound = Listening(VALE, start, seconds, microphones, bangs, seed=102)
    ground = replace(sound, microphones_m={"geophone": around(120, 380, 0.0)}, rate_hz=250, wave_m_s=2600.0)
    for name, listening in (("sound", sound), ("ground", ground)):
        write_listening(listening, tmp_path / name)
    (one,) = replayed(configured(tmp_path, tmp_path, wave_m_s=2450), tmp_path / "out")
    assert one.violation.means == (Means.UAV, Means.ACOUSTIC, Means.SEISMIC)
    assert is_inside((east_m, north_m), one)


def test_a_geophone_whose_wave_was_not_due_then_supports_nothing(tmp_path: Path, recorded: Path) -> None:
    """At 400 m/s the wave would have come 0.4 s later than it did."""
    found = replayed(configured(tmp_path, recorded, wave_m_s=400), tmp_path / "out")
    assert [one.violation.means for one in found] == [(Means.UAV, Means.ACOUSTIC), (Means.ACOUSTIC,)]


def test_a_geophone_and_a_drone_alone_are_one_by_two_means(tmp_path: Path, recorded: Path) -> None:
    config = configured(tmp_path, recorded)
    whole = json.loads(config.read_text())
    config.write_text(json.dumps({**whole, "sensors": whole["sensors"][1:]}))
    (one,) = replayed(config, tmp_path / "out")
    assert (one.violation.rule_kind, one.violation.means) == ("flash", (Means.UAV, Means.SEISMIC))


def test_microphones_that_are_on_no_map_are_joined_to_nothing(tmp_path: Path, recorded: Path) -> None:
    """Their time agrees to some ms; a time alone never joins."""
    shutil.copytree(recorded / "sound", tmp_path / "sound")
    for file in (tmp_path / "sound").glob("*.json"):
        station = json.loads(file.read_text())
        if "position" in station:
            lon, lat, alt = (station["position"][key] for key in ("lon_deg", "lat_deg", "alt_m"))
            east, north, _ = enu_from_geodetic(lat, lon, alt, VALE.origin)
            plane = {"x_m": float(east), "y_m": float(north), "z_m": 8.0}
            file.write_text(json.dumps({**station, "position": plane}))
    config = configured(tmp_path, recorded)
    whole = json.loads(config.read_text())
    whole["sensors"][0]["media"] = sorted(str(file) for file in (tmp_path / "sound").glob("*.flac"))
    config.write_text(json.dumps({**whole, "sensors": whole["sensors"][:1]}))
    found = replayed(config, tmp_path / "off")
    assert sorted(one.violation.rule_kind for one in found) == ["flash", "impulse", "impulse"]
    whole["sensors"][0] |= {"origin_lon_deg": VALE.lon_deg, "origin_lat_deg": VALE.lat_deg}
    config.write_text(json.dumps({**whole, "sensors": whole["sensors"][:1]}))
    found = replayed(config, tmp_path / "on")
    assert [one.violation.means for one in found] == [(Means.UAV, Means.ACOUSTIC), (Means.ACOUSTIC,)]


def test_each_source_keeps_its_word_on_what_it_has_settled(tmp_path: Path, recorded: Path) -> None:
    configuration = pipeline.checked(load(configured(tmp_path, recorded), pipeline.REGISTRIES))
    for job in recordings.jobs_of(configuration, [], tmp_path / "out", annotate=False):
        settled_ns, words, steps = -(2**62), 0, 0
        for entry in entries_of(configuration, job, "run"):
            if isinstance(entry, Settled):
                assert entry.source_id == job.source_id
                settled_ns, steps = max(settled_ns, entry.t_ns), steps + (entry.t_ns > settled_ns)
            elif isinstance(entry, Noticed):
                longest_s = entry.carrier.longest_s if entry.carrier is not None else 0.0
                assert entry.t_ns - longest_s * 1e9 >= settled_ns
                words += 1
        assert words >= 1
        assert steps >= 1  # a slow stream is one block


@pytest.mark.slow
def test_killed_at_random_moments_it_verifies_and_a_repetition_holds_the_same(tmp_path: Path, recorded: Path) -> None:
    workload = Workload(("replay", str(configured(tmp_path, recorded)), "", "OUT"))
    tally = kill_often(workload, 2, 5, tmp_path)
    assert tally.faults == []
