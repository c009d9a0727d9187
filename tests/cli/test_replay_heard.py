"""`trucewatch replay` with sensors: what several microphones heard is one possible violation, with its evidence."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

from detector.cli import run
from detector.geo.ellipse import SIGMAS_95
from detector.log import open_reader
from detector.log.reader import Period
from detector.model import GapReason, Means
from detector.timebase import ns_from_iso
from tests.listening_making import MICROPHONES_M, RATE, START_NS, configuration, distance_m, microphones

EXPLOSION = (5.0, (120.0, 90.0))


def exported(out: Path) -> bytes:
    file = out.with_name(out.name + ".jsonl")
    assert run(["log", "export", "--out", str(file), str(out)]) == 0
    return file.read_bytes()


def test_an_explosion_heard_by_five_microphones_is_one_violation_inside_its_ellipse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, out = configuration(tmp_path, microphones(tmp_path, [EXPLOSION], lone_bang_s=2.0)), tmp_path / "out"
    assert run(["check", str(config)]) == 0
    assert run(["replay", str(config), "--out", str(out)]) == 0
    assert f"0 frames, {5 * 12 * RATE} samples, 12.0 s of recording" in capsys.readouterr().out
    with open_reader(out) as reader:
        (logged,) = reader.violations()
        run_, undecided, gaps = reader.runs()[0], reader.undecided(), reader.gaps()
    violation = logged.violation
    assert violation.observation == 'impulse sound heard by 5 sensors inside zone "the strip"'
    assert (violation.means, violation.count, violation.zone_id) == ((Means.ACOUSTIC,), 1, "strip")
    assert violation.measures["sensors"] == 5
    assert (violation.t_peak_ns - START_NS) / 1e9 == pytest.approx(EXPLOSION[0], abs=0.05)
    assert violation.place.lat_deg is not None
    assert violation.place.lon_deg is not None
    assert violation.place.covariance_m2 is not None
    offset = np.array(distance_m(EXPLOSION[1], violation.place.lat_deg, violation.place.lon_deg))
    xx, xy, yy = violation.place.covariance_m2
    assert offset @ np.linalg.solve([[xx, xy], [xy, yy]], offset) <= SIGMAS_95**2
    assert np.hypot(*offset) < 15
    assert undecided == []
    assert [(end.source_id, end.complete, end.frames) for end in run_.ends] == [("mics", True, 5 * 12 * RATE)]
    assert {gap.reason for gap in gaps} == {GapReason.WARMING_UP}
    assert {gap.source_id for gap in gaps} == {f"mics/{name}.flac" for name in MICROPHONES_M}
    assert run(["log", "verify", str(out)]) == 0


def test_its_evidence_is_the_very_samples_of_each_sensor_and_two_pictures(tmp_path: Path) -> None:
    config, out = configuration(tmp_path, microphones(tmp_path, [EXPLOSION])), tmp_path / "out"
    assert run(["replay", str(config), "--out", str(out)]) == 0
    with open_reader(out) as reader:
        (logged,) = reader.violations()
        files = {Path(file.path).name: out / "evidence" / file.path for file in logged.files}
    assert {"record-section.png", "spectrogram.png"} <= set(files)
    for name in ("record-section.png", "spectrogram.png"):
        picture = cv2.imread(str(files[name]))
        assert picture is not None
        assert picture.std() > 10
    sounds = sorted(name for name in files if name.endswith(".flac"))
    assert [name.split("-")[2].removesuffix(".flac") for name in sounds] == ["middle", "east", "north", "south", "west"]
    for name in sounds:
        station = json.loads(files[name.replace(".flac", ".json")].read_text())
        kept, rate = soundfile.read(files[name])
        whole, _ = soundfile.read(tmp_path / f"{station['sensor']}.flac")
        assert rate == RATE
        assert 2 * RATE < len(kept) < 4 * RATE
        first = round((ns_from_iso(station["start"]) - START_NS) / 1e9 * RATE)
        assert (kept == whole[first : first + len(kept)]).all()


def test_run_again_it_adds_nothing_and_elsewhere_it_gives_the_same_bytes(tmp_path: Path) -> None:
    config = configuration(tmp_path, microphones(tmp_path, [EXPLOSION, (8.0, (-150.0, -200.0))]))
    a, b = tmp_path / "a", tmp_path / "b"
    for out in (a, b, a):
        assert run(["replay", str(config), "--out", str(out)]) == 0
    assert exported(a) == exported(b)


def test_what_one_sensor_alone_hears_raises_nothing(tmp_path: Path) -> None:
    config, out = configuration(tmp_path, microphones(tmp_path, [], lone_bang_s=5.0)), tmp_path / "out"
    assert run(["replay", str(config), "--out", str(out)]) == 0
    with open_reader(out) as reader:
        assert reader.violations() == []
        assert reader.undecided() == []


def test_a_broken_file_ends_with_exit_code_3_and_the_rest_is_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    media = microphones(tmp_path, [EXPLOSION])
    (tmp_path / "west.flac").write_bytes(b"these are only words")
    config, out = configuration(tmp_path, media), tmp_path / "out"
    assert run(["replay", str(config), "--out", str(out)]) == 3
    assert "INCOMPLETE mics: " in capsys.readouterr().out
    with open_reader(out) as reader:
        (logged,) = reader.violations()
        assert logged.violation.observation.startswith("impulse sound heard by 4 sensors")
        (end,) = reader.runs()[0].ends
        (lost,) = [gap for gap in reader.gaps() if gap.reason is GapReason.INCOMPLETE]
    assert not end.complete
    assert "west.flac" in end.detail
    assert (lost.source_id, lost.t_start_ns, lost.t_end_ns) == ("mics/west.flac", end.t_start_ns, end.t_end_ns)
    assert run(["log", "coverage", str(out)]) == 0
    assert f"mics: INCOMPLETE after {end.frames} samples: " in capsys.readouterr().out


def test_coverage_says_how_far_each_sensor_would_have_heard_a_stated_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, out = configuration(tmp_path, microphones(tmp_path, []), source_at_100m=0.02), tmp_path / "out"
    assert run(["replay", str(config), "--out", str(out)]) == 0
    with open_reader(out) as reader:
        slots = [slot for slot in reader.coverage(Period()) if slot.reach_m]
    assert {slot.source_id for slot in slots} == {f"mics/{name}.flac" for name in MICROPHONES_M}
    # White noise of .001 over 4 kHz, of which the band keeps 400 to 3600 Hz; a burst of sqrt(3 - 1) times it is heard.
    expected_m = 100 * 0.02 / (0.001 * np.sqrt(3200 / 4000) * np.sqrt(2))
    for slot in slots:
        assert list(slot.reach_m.values()) == pytest.approx([expected_m], rel=0.06)
    capsys.readouterr()
    assert run(["log", "coverage", str(out)]) == 0
    told = capsys.readouterr().out
    assert "mics/east.flac: east would have heard the stated source to " in told
    assert "no wind, walls, hills" in told


def test_a_file_that_was_cut_off_is_judged_until_there(tmp_path: Path) -> None:
    media = microphones(tmp_path, [EXPLOSION])
    whole = (tmp_path / "west.flac").read_bytes()
    (tmp_path / "west.flac").write_bytes(whole[: len(whole) * 3 // 4])
    config, out = configuration(tmp_path, media), tmp_path / "out"
    assert run(["replay", str(config), "--out", str(out)]) == 3
    with open_reader(out) as reader:
        (logged,) = reader.violations()
        assert logged.violation.measures["sensors"] == 5
        reasons = {gap.reason for gap in reader.gaps() if gap.source_id == "mics/west.flac"}
    assert {GapReason.INCOMPLETE, GapReason.MISSING} <= reasons


def test_an_explosion_outside_the_zone_raises_nothing_and_one_on_its_border_is_undecided(tmp_path: Path) -> None:
    media = microphones(tmp_path, [EXPLOSION])
    for zone, count in ((((-300.0, -300.0), 100.0), 0), (((120.0 - 200.0, 90.0), 200.0), 1)):
        config, out = configuration(tmp_path, media, zone=zone), tmp_path / f"out{count}"
        assert run(["replay", str(config), "--out", str(out)]) == 0
        with open_reader(out) as reader:
            assert reader.violations() == []
            undecided = reader.undecided()
        assert len(undecided) == count
    assert undecided[0].reason.startswith("impulse sound heard by 5 sensors: the 95 % position ellipse straddles")


def test_repeated_impulses_are_one_counted_series(tmp_path: Path) -> None:
    shots = [(3.0 + 0.8 * k, (120.0, 90.0)) for k in range(8)]
    rules = [
        {"id": "silence", "kind": "impulse"},
        {"id": "firing", "kind": "series", "min_count": 6, "zones": ["strip"]},
        {"id": "long", "kind": "series", "min_count": 9},
    ]
    config, out = configuration(tmp_path, microphones(tmp_path, shots), rules=rules), tmp_path / "out"
    assert run(["replay", str(config), "--out", str(out)]) == 0
    with open_reader(out) as reader:
        found = {one.violation.rule_id: one.violation for one in reader.violations()}
    assert set(found) == {"silence", "firing"}
    assert {one.count for one in found.values()} == {8}
    assert found["firing"].observation == '8 impulse sounds heard by 5 sensors inside zone "the strip"'
    assert found["firing"].measures["rate_per_s"] == pytest.approx(1 / 0.8, rel=0.02)
    assert (found["firing"].t_end_ns - found["firing"].t_start_ns) / 1e9 == pytest.approx(7 * 0.8, abs=0.05)


def test_places_in_a_plane_of_their_own_need_an_origin_for_zones(tmp_path: Path) -> None:
    media = microphones(tmp_path, [EXPLOSION], local=True)
    out = tmp_path / "nowhere"
    assert run(["replay", str(configuration(tmp_path, media)), "--out", str(out)]) == 0
    with open_reader(out) as reader:
        (undecided,) = reader.undecided()
        assert "origin_lon_deg" in undecided.reason
    out = tmp_path / "placed"
    config = configuration(tmp_path, media, origin_lon_deg=16.4, origin_lat_deg=48.2)
    assert run(["replay", str(config), "--out", str(out)]) == 0
    with open_reader(out) as reader:
        (logged,) = reader.violations()
    assert logged.violation.place.lat_deg is not None


def test_a_direction_without_a_distance_is_undecided_or_a_violation_without_a_place(tmp_path: Path) -> None:
    media = microphones(tmp_path, [(2.0, (40.0, 1500.0))], scale=0.1)
    out = tmp_path / "undecided"
    assert run(["replay", str(configuration(tmp_path, media)), "--out", str(out)]) == 0
    with open_reader(out) as reader:
        assert reader.violations() == []
        (undecided,) = reader.undecided()
    assert "bearing 00" in undecided.reason
    assert "distance not known" in undecided.reason
    out, rule = tmp_path / "violation", {"id": "silence", "kind": "impulse", "without_place": "violation"}
    assert run(["replay", str(configuration(tmp_path, media, rules=[rule])), "--out", str(out)]) == 0
    with open_reader(out) as reader:
        (logged,) = reader.violations()
    assert logged.violation.place.lat_deg is None
    assert logged.violation.observation.startswith("impulse sound heard by 5 sensors, bearing 00")


@pytest.mark.parametrize(
    ("network", "told"),
    [
        ({"means": "seismic"}, "means seismic needs wave_m_s, or window_s"),
        ({"preset": "marine"}, "'acoustic', 'seismic' or 'level'"),
        ({"origin_lon_deg": 16.0}, "together or not at all"),
        ({"temprature_c": 4}, "did you mean 'temperature_c'?"),
        ({"media": []}, "needs at least 1, found 0"),
    ],
)
def test_mistakes_are_told_with_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], network: dict[str, object], told: str
) -> None:
    config = configuration(tmp_path, **{"media": ["north.flac"], **network})  # type: ignore[arg-type]
    assert run(["check", str(config)]) == 2
    shown = capsys.readouterr().err
    assert "heard.yaml:" in shown
    assert told in shown


def test_rules_on_sound_need_sensors_and_rules_on_pictures_do_not_take_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = [{"id": "in", "kind": "zone_entry", "zones": ["strip"], "feeds": ["mics"]}]
    config = configuration(tmp_path, microphones(tmp_path, []), rules=rules)
    assert run(["check", str(config)]) == 2
    assert "kind zone_entry is for pictures; 'mics' is none" in capsys.readouterr().err
    whole = json.loads(config.read_text())
    config.write_text(json.dumps({**whole, "sensors": [], "rules": [{"id": "silence", "kind": "impulse"}]}, indent=1))
    assert run(["check", str(config)]) == 2
    assert "of which there is none" in capsys.readouterr().err


def test_sensor_files_on_the_command_line_are_refused_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    media = microphones(tmp_path, [])
    config = configuration(tmp_path, media)
    assert run(["replay", str(config), str(tmp_path / media[0]), "--out", str(tmp_path / "out")]) == 2
    assert "name it under `sensors:`" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_pictures_and_sensors_of_one_configuration_go_to_one_log(
    tmp_path: Path, feed: Path, jobs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configuration(tmp_path, microphones(tmp_path, [EXPLOSION]))
    whole = json.loads(config.read_text())
    rules = [*whole["rules"], {"id": "in", "kind": "zone_entry", "zones": ["strip"]}]
    feeds = [{"id": "gate", "media": str(feed), "means": "camera"}]
    config.write_text(json.dumps({**whole, "feeds": feeds, "rules": rules}, indent=1))
    out = tmp_path / "out"
    assert run(["replay", str(config), "--out", str(out), "--jobs", jobs]) == 0
    assert f"80 frames, {5 * 12 * RATE} samples" in capsys.readouterr().out
    with open_reader(out) as reader:
        assert [one.violation.source_id for one in reader.violations()] == ["mics"]
        assert {end.source_id: end.complete for end in reader.runs()[0].ends} == {"gate": True, "mics": True}
    if jobs == "2":
        assert run(["replay", str(config), "--out", str(tmp_path / "alone")]) == 0
        assert exported(out) == exported(tmp_path / "alone")
    assert run(["log", "coverage", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "mics/north.flac: listened for 12 s" in shown
    assert "strip: watched 0 % of the period" in shown


def test_the_evidence_can_be_listened_to_again(tmp_path: Path) -> None:
    config, out = configuration(tmp_path, microphones(tmp_path, [EXPLOSION])), tmp_path / "out"
    assert run(["replay", str(config), "--out", str(out)]) == 0
    with open_reader(out) as reader:
        (logged,) = reader.violations()
    again = tmp_path / "again"
    again.mkdir()
    folder = out / "evidence" / logged.violation.violation_id
    config = configuration(again, [str(file) for file in sorted(folder.glob("*.flac"))])
    assert run(["replay", str(config), "--out", str(again / "out")]) == 0
    with open_reader(again / "out") as reader:
        (second,) = reader.violations()
    assert second.violation.t_peak_ns == pytest.approx(logged.violation.t_peak_ns, abs=2_000_000)
    assert second.violation.measures["sensors"] == 5


def test_a_sensor_whose_place_is_not_known_is_left_out_and_said_so(tmp_path: Path) -> None:
    media = microphones(tmp_path, [EXPLOSION])
    (tmp_path / "west.json").write_text(json.dumps({"start": "2026-03-01T06:30:00Z", "sensor": "west"}))
    config, out = configuration(tmp_path, media), tmp_path / "out"
    assert run(["replay", str(config), "--out", str(out)]) == 3
    with open_reader(out) as reader:
        (logged,) = reader.violations()
        assert logged.violation.measures["sensors"] == 4
        (end,) = reader.runs()[0].ends
        (lost,) = [gap for gap in reader.gaps() if gap.reason is GapReason.INCOMPLETE]
    assert "west.flac: where its sensor stands is not known" in end.detail
    assert (lost.source_id, lost.detail) == ("mics/west.flac", end.detail)


def test_a_longitude_of_the_wrong_sign_leaves_one_sensor_out_and_not_all_of_them(tmp_path: Path) -> None:
    """It was 0 possible violations, complete: the search was spread over half the Earth."""
    media = microphones(tmp_path, [EXPLOSION])
    station = json.loads((tmp_path / "east.json").read_text())
    station["position"]["lon_deg"] *= -1
    (tmp_path / "east.json").write_text(json.dumps(station))
    assert run(["replay", str(configuration(tmp_path, media)), "--out", str(tmp_path / "out")]) == 3
    with open_reader(tmp_path / "out") as reader:
        (logged,) = reader.violations()
        (problem,) = reader.runs()[0].problems
        (gap,) = [gap for gap in reader.gaps() if gap.source_id == "mics/east.flac"]
    assert logged.violation.observation == 'impulse sound heard by 4 sensors inside zone "the strip"'
    assert "east stands 2405 km from the others: is its longitude its latitude, or a sign wrong?" in problem
    assert (gap.reason, gap.t_end_ns - gap.t_start_ns) == (GapReason.INCOMPLETE, 12 * 10**9)


def test_of_one_file_the_channels_that_have_a_place_are_listened_to_and_the_others_are_named(tmp_path: Path) -> None:
    media = microphones(tmp_path, [EXPLOSION])
    values = np.stack([soundfile.read(tmp_path / name)[0] for name in media], axis=1)
    t_ns = START_NS + np.arange(len(values)) * (10**9 // RATE)
    names = [Path(name).stem for name in media]
    lines = [f"{t},{','.join(f'{one:.6f}' for one in row)}" for t, row in zip(t_ns.tolist(), values, strict=True)]
    (tmp_path / "all.csv").write_text("\n".join([",".join(["t_ns", *names]), *lines, ""]))
    places = {name: json.loads((tmp_path / f"{name}.json").read_text())["position"] for name in names[:-1]}
    for place in places.values():
        del place["alt_m"]  # as high as one another, then
    (tmp_path / "all.json").write_text(json.dumps({"positions": places}))
    out = tmp_path / "out"
    assert run(["replay", str(configuration(tmp_path, ["all.csv"])), "--out", str(out)]) == 3
    with open_reader(out) as reader:
        (logged,) = reader.violations()
        (end,) = reader.runs()[0].ends
    assert logged.violation.measures["sensors"] == 4
    assert f"all.csv: where {names[-1]} stand is not known" in end.detail
    assert end.frames == 4 * len(values)


def test_a_sound_file_without_a_time_needs_a_start(tmp_path: Path) -> None:
    media = microphones(tmp_path, [EXPLOSION])
    for name in MICROPHONES_M:
        station = json.loads((tmp_path / f"{name}.json").read_text())
        del station["start"]
        (tmp_path / f"{name}.json").write_text(json.dumps(station))
    out = tmp_path / "timeless"
    assert run(["replay", str(configuration(tmp_path, media)), "--out", str(out)]) == 3
    with open_reader(out) as reader:
        assert reader.violations() == []
        assert "it carries no time" in reader.runs()[0].ends[0].detail
    config, out = configuration(tmp_path, media, start="2026-03-01T06:30:00Z"), tmp_path / "timed"
    assert run(["replay", str(config), "--out", str(out)]) == 0
    with open_reader(out) as reader:
        (logged,) = reader.violations()
    assert (logged.violation.t_peak_ns - START_NS) / 1e9 == pytest.approx(EXPLOSION[0], abs=0.05)


def test_one_sensor_alone_is_listened_to_and_raises_nothing(tmp_path: Path) -> None:
    media = microphones(tmp_path, [EXPLOSION])
    out = tmp_path / "one"
    rules = [{"id": "silence", "kind": "impulse", "without_place": "violation"}]
    assert run(["replay", str(configuration(tmp_path, media[:1], rules=rules)), "--out", str(out)]) == 0
    with open_reader(out) as reader:
        assert reader.violations() == []
        assert reader.undecided() == []
        (slot, *_) = reader.coverage()
        assert slot.source_id == "mics/north.flac"
        assert {gap.source_id for gap in reader.gaps()} == {"mics/north.flac"}


def test_what_cannot_listen_together_nor_support_anything_is_incomplete_and_says_why(tmp_path: Path) -> None:
    media = microphones(tmp_path, [EXPLOSION], local=True)
    assert run(["replay", str(configuration(tmp_path, media[:1])), "--out", str(tmp_path / "one")]) == 3
    assert run(["replay", str(configuration(tmp_path, media[:1], window_s=2.0)), "--out", str(tmp_path / "w")]) == 3
    station = json.loads((tmp_path / "west.json").read_text())
    (tmp_path / "west.json").write_text(json.dumps({**station, "sensor": "north"}))
    assert run(["replay", str(configuration(tmp_path, media)), "--out", str(tmp_path / "two")]) == 3
    for name, why in (("one", "on no map"), ("w", "two sensors or more"), ("two", "north stands at two places")):
        with open_reader(tmp_path / name) as reader:
            assert why in reader.runs()[0].ends[0].detail


def test_sensors_of_unknown_places_hear_one_incident_within_a_window(tmp_path: Path) -> None:
    media = microphones(tmp_path, [EXPLOSION], lone_bang_s=1.0)
    for name in MICROPHONES_M:
        (tmp_path / f"{name}.json").write_text(json.dumps({"start": "2026-03-01T06:30:00Z", "sensor": name}))
    rule = {"id": "silence", "kind": "impulse", "without_place": "violation"}
    config, out = configuration(tmp_path, media, rules=[rule], window_s=2.0), tmp_path / "out"
    assert run(["replay", str(config), "--out", str(out)]) == 0
    with open_reader(out) as reader:
        (logged,) = reader.violations()
    violation = logged.violation
    assert violation.observation == "impulse sound heard by 5 sensors, its place is not known"
    assert violation.place.lat_deg is None
    assert (violation.t_start_ns - START_NS) / 1e9 == pytest.approx(EXPLOSION[0] + 0.3, abs=0.05)
    assert {Path(file.path).suffix for file in logged.files} == {".flac", ".json", ".png"}
    assert run(["log", "verify", str(out)]) == 0
