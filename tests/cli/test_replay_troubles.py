"""`trucewatch replay` with tracks of aircraft, telemetry of vehicles, and feeds whose navigation is disturbed."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
import soundfile

from detector.cli import run
from detector.log import LogReader, open_reader
from detector.model import Gap, GapReason, Means, Violation
from detector.synthetic.encode import write_feed
from detector.synthetic.faults import Fault
from detector.synthetic.flight import Attack, Flight, write_telemetry
from detector.synthetic.overflights import Leg, Sky, demo_sky, write_positions, write_zone
from detector.synthetic.scenes import SCENES
from detector.timebase import NS_PER_S
from tests.listening_making import START_NS, microphones
from tests.listening_making import configuration as listening

ATTACKS = (Attack("jam", 120, 30, 90), Attack("drag", 240, 40, 6), Attack("cut", 330, 15))


def configuration(folder: Path, *, feeds: str = "", rules: str = "") -> Path:
    """The sky of the demo, a flight with three troubles, one rule of each kind."""
    write_positions(demo_sky(), folder / "adsb.csv")
    write_zone(demo_sky(), folder / "map.geojson")
    write_telemetry(Flight(400, 3, ATTACKS), folder / "uav.csv")
    text = f"""version: 1
map: map.geojson
{feeds}
telemetry:
  - {{id: uav-2, media: uav.csv}}
aircraft:
  - {{id: adsb, media: adsb.csv}}
rules:
  - {{id: air, kind: overflight, zones: [strip], floor_m: 800, ceiling_m: 3000}}
  - {{id: nav, kind: platform_interference}}
  - {{id: silent, kind: sensor_silent, limit_s: 10}}
{rules}
"""
    (folder / "troubles.yaml").write_text(text, "utf-8")
    return folder / "troubles.yaml"


def truth(file: Path) -> list[dict[str, int | str]]:
    events: list[dict[str, int | str]] = json.loads(file.with_suffix(".truth.json").read_text("utf-8"))["events"]
    return events


def exported(out: Path) -> bytes:
    file = out.with_name(out.name + ".jsonl")
    assert run(["log", "export", "--out", str(file), str(out)]) == 0
    return file.read_bytes()


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a replay that is done."""
    folder = tmp_path_factory.mktemp("troubles")
    config = configuration(folder)
    assert run(["check", str(config)]) == 0
    assert run(["replay", str(config), "--out", str(folder / "out")]) == 0
    return folder


def logged(out: Path) -> tuple[list[Violation], list[Gap], LogReader]:
    with open_reader(out) as reader:
        return [one.violation for one in reader.violations()], reader.gaps(), reader


def test_every_overflight_is_one_violation_at_its_time_and_nothing_else_is(replayed: Path) -> None:
    found = {one.subject.split()[1].rstrip(","): one for one in logged(replayed / "out")[0] if one.rule_id == "air"}
    expected = {str(one["aircraft"]): one for one in truth(replayed / "adsb.csv")}
    assert set(found) == set(expected) == {"4a1001", "4a1004", "4a1005"}
    for name, violation in found.items():
        # 30 m of uncertainty and 2 s between positions; times are those of positions or of steps of 200 m between them
        assert violation.t_start_ns == pytest.approx(int(expected[name]["t_start_ns"]), abs=4 * NS_PER_S)
        assert violation.t_end_ns == pytest.approx(int(expected[name]["t_end_ns"]), abs=4 * NS_PER_S)
        assert violation.means == (Means.TELEMETRY,)
    assert found["4a1004"].measures["entries"] == 2
    assert found["4a1005"].observation.endswith("where its track ends")


def test_every_disturbance_is_one_violation_at_its_time_and_nothing_else_is(replayed: Path) -> None:
    found = sorted((one for one in logged(replayed / "out")[0] if one.rule_id == "nav"), key=lambda one: one.t_start_ns)
    jam, drag, _ = truth(replayed / "uav.csv")
    assert len(found) == 2
    for violation, event in zip(found, (jam, drag), strict=True):
        assert 0 <= violation.t_start_ns - int(event["t_start_ns"]) <= 5 * NS_PER_S
        late_ns = violation.t_end_ns - int(event["t_end_ns"])  # a drift is told by ten seconds, so it ends late
        assert -NS_PER_S <= late_ns <= (3 if event is jam else 11) * NS_PER_S
        assert violation.place.lat_deg is not None
    assert "reception is worse than it was (noise_per_ms, satellites)" in found[0].observation
    assert "disagrees with its other instruments" in found[1].observation


def test_the_lost_link_is_a_silence(replayed: Path) -> None:
    (violation,) = (one for one in logged(replayed / "out")[0] if one.rule_id == "silent")
    assert violation.subject == "sensor uav-2"
    assert violation.measures["time_s"] == pytest.approx(15, abs=0.3)


def test_evidence_is_the_samples_and_a_picture_and_reads_back(replayed: Path) -> None:
    with open_reader(replayed / "out") as reader:
        for one in reader.violations():
            roles = {file.role: replayed / "out" / "evidence" / file.path for file in one.files}
            kinds = {"air": "positions", "nav": "samples", "silent": "gaps"}
            role = kinds[one.violation.rule_id]
            assert set(roles) == {role, f"{role}-plot"}
            picture = cv2.imread(str(roles[f"{role}-plot"]))
            assert picture is not None
            assert picture.shape[1] == 900
            assert 0.005 < (picture < 128).any(axis=2).mean() < 0.5
            if role == "samples":
                assert run(["inspect", str(roles[role])]) == 0
                assert len(roles[role].read_text("utf-8").splitlines()) > 1000
            if role == "positions":
                assert roles[role].read_text("utf-8").startswith('time_utc,"lat_deg","lon_deg","alt_m","sigma_pos_m"')
    assert run(["log", "verify", str(replayed / "out")]) == 0


def test_coverage_says_when_each_was_listened_to(replayed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, gaps, _ = logged(replayed / "out")
    assert {(gap.source_id, gap.reason) for gap in gaps} == {
        ("uav-2", GapReason.WARMING_UP),
        ("uav-2", GapReason.MISSING),
    }
    with open_reader(replayed / "out") as reader:
        slots = reader.coverage()
    heard = {name: sum(slot.seeing_s for slot in slots if slot.source_id == name) for name in ("adsb", "uav-2")}
    assert heard["adsb"] == pytest.approx(292, abs=1)
    assert heard["uav-2"] == pytest.approx(400 - 60 - 15, abs=12)
    assert run(["log", "coverage", str(replayed / "out")]) == 0
    assert "gap uav-2" in capsys.readouterr().out


def test_the_log_is_the_same_again_and_in_several_processes(replayed: Path, tmp_path: Path) -> None:
    config = replayed / "troubles.yaml"
    assert run(["replay", str(config), "--out", str(tmp_path / "b"), "--jobs", "2"]) == 0
    assert exported(replayed / "out") == exported(tmp_path / "b")


def test_a_feed_whose_position_jumps_is_a_violation_and_its_poses_are_not_used_then(tmp_path: Path) -> None:
    write_feed(
        SCENES["crossing"](1),
        tmp_path / "jump.ts",
        size_px=(320, 180),
        fps=(10, 1),
        seconds=12,
        faults=(Fault.GNSS_JUMP,),
    )
    config = configuration(tmp_path, feeds="feeds:\n  - {id: uav-1, media: jump.ts}")
    assert run(["replay", str(config), "--out", str(tmp_path / "out")]) == 0
    found, gaps, _ = logged(tmp_path / "out")
    (violation,) = (one for one in found if one.source_id == "uav-1" and one.rule_id == "nav")
    assert violation.observation == (
        "satellite navigation of uav-1 disturbed: its position jumps (position); "
        "while it lasts, its positions are not used"
    )
    assert violation.means == (Means.UAV,)
    assert (violation.t_end_ns - violation.t_start_ns) / NS_PER_S == pytest.approx(1.2, abs=0.15)
    off = [gap for gap in gaps if gap.source_id == "uav-1" and gap.reason is GapReason.NO_TELEMETRY]
    assert off
    assert off[0].t_start_ns <= violation.t_start_ns + NS_PER_S // 5
    assert off[0].t_end_ns == pytest.approx(violation.t_end_ns, abs=NS_PER_S // 5)
    with open_reader(tmp_path / "out") as reader:
        roles = {file.role for one in reader.violations() if one.violation == violation for file in one.files}
    assert {"clip", "snapshot", "telemetry", "samples", "samples-plot"} <= roles
    assert run(["log", "verify", str(tmp_path / "out")]) == 0


def test_a_feed_without_trouble_is_untouched_by_the_rule(tmp_path: Path) -> None:
    write_feed(SCENES["crossing"](1), tmp_path / "quiet.ts", size_px=(320, 180), fps=(10, 1), seconds=5)
    config = configuration(tmp_path, feeds="feeds:\n  - {id: uav-1, media: quiet.ts}")
    assert run(["replay", str(config), "--out", str(tmp_path / "out")]) == 0
    found, gaps, _ = logged(tmp_path / "out")
    assert [one for one in found if one.source_id == "uav-1"] == []
    assert {gap.reason for gap in gaps if gap.source_id == "uav-1"} <= {GapReason.WARMING_UP}


def test_a_microphone_that_goes_deaf_is_a_silence_and_the_others_are_none(tmp_path: Path) -> None:
    media = microphones(tmp_path, [(5.0, (120.0, 90.0))])
    samples, rate = soundfile.read(tmp_path / "east.flac", dtype="int16")
    samples[4 * rate : 10 * rate] = 0
    soundfile.write(tmp_path / "east.flac", samples, rate, "PCM_16")
    rules = [{"id": "deaf", "kind": "sensor_silent", "limit_s": 5, "feeds": ["mics"]}]
    config = listening(tmp_path, media, rules=rules)
    assert run(["replay", str(config), "--out", str(tmp_path / "out")]) == 0
    (violation,) = (one for one in logged(tmp_path / "out")[0] if one.rule_id == "deaf")
    assert violation.subject == "sensor mics/east.flac"
    assert violation.observation.startswith("mics/east.flac silent for 6 s (missing): channel east:")
    assert violation.means == (Means.ACOUSTIC,)
    assert (violation.t_start_ns - START_NS) / NS_PER_S == pytest.approx(4, abs=0.01)


def test_telemetry_that_comes_again_and_again_is_a_silence(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    write_telemetry(Flight(200, 3, (Attack("freeze", 100, 40),)), tmp_path / "uav.csv")
    assert run(["replay", str(config), "--out", str(tmp_path / "out")]) == 0
    found, gaps, _ = logged(tmp_path / "out")
    (violation,) = (one for one in found if one.rule_id == "silent")
    (event,) = truth(tmp_path / "uav.csv")
    assert violation.t_start_ns == pytest.approx(int(event["t_start_ns"]), abs=2 * NS_PER_S)
    assert violation.t_end_ns == pytest.approx(int(event["t_end_ns"]), abs=2 * NS_PER_S)
    assert violation.observation.endswith("nothing that it tells has changed: the last values come again")
    (gap,) = (one for one in gaps if one.reason is GapReason.MISSING)
    assert gap.source_id == "uav-2"


def test_telemetry_that_begins_without_a_place_is_judged_once_it_has_one(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    header, *rows = (tmp_path / "uav.csv").read_text("utf-8").splitlines()
    names, before = header.split(","), int(rows[0].split(",")[0]) - 500 * NS_PER_S
    long = [f"{before + k * NS_PER_S // 20},volt,{12 + k % 2}" for k in range(9000)]
    for row in rows:
        time, *values = row.split(",")
        long += [f"{time},{name},{value}" for name, value in zip(names[1:], values, strict=True)]
    (tmp_path / "uav.csv").write_text("\n".join(["t_ns,channel,value", *long, ""]), "utf-8")
    assert run(["replay", str(config), "--out", str(tmp_path / "out")]) == 0
    violations, gaps, _ = logged(tmp_path / "out")
    assert {one.rule_id for one in violations} >= {"nav", "air"}
    (placeless,) = (gap for gap in gaps if gap.source_id == "uav-2" and "no position" in gap.detail)
    assert (placeless.t_start_ns, placeless.t_end_ns) == (
        before,
        pytest.approx(before + 4096 * NS_PER_S // 20, abs=NS_PER_S),
    )


def test_files_that_cannot_be_read_are_incomplete_and_the_others_are_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configuration(tmp_path)
    (tmp_path / "uav.csv").write_text("time,temperature\n2026-03-01T06:30:00Z,5\n2026-03-01T06:30:01Z,6\n", "utf-8")
    assert run(["replay", str(config), "--out", str(tmp_path / "out")]) == 3
    assert "no vehicle's telemetry: it has no position" in " ".join(capsys.readouterr().out.split())
    found, _, _ = logged(tmp_path / "out")
    assert {one.rule_id for one in found} == {"air"}
    (tmp_path / "adsb.csv").write_text("time,id\n1,2\n", "utf-8")
    assert run(["replay", str(config), "--out", str(tmp_path / "other")]) == 3
    assert "no column of latitude" in " ".join(capsys.readouterr().out.split())


def test_a_rule_for_sources_that_are_not_there_is_a_complaint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configuration(tmp_path, rules="  - {id: a, kind: overflight, zones: [strip], feeds: [uav-2]}")
    assert run(["check", str(config)]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "troubles.yaml:12: rule 'a': kind overflight is for tracks under `aircraft:`; 'uav-2' is none" in told
    without = config.read_text("utf-8").replace("aircraft:\n  - {id: adsb, media: adsb.csv}\n", "")
    config.write_text(without, "utf-8")
    assert run(["check", str(config)]) == 2
    assert "of which there is none" in " ".join(capsys.readouterr().err.split())


def test_an_absent_file_is_a_complaint_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = configuration(tmp_path)
    (tmp_path / "adsb.csv").unlink()
    assert run(["check", str(config)]) == 2
    assert "troubles.yaml:7: aircraft 'adsb': there is no file" in " ".join(capsys.readouterr().err.split())


def test_inspect_and_detect_take_positions_of_aircraft(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    legs = (Leg("4a1001", 0, (-5000, 0), (5000, 0), 900, nacp=None), Leg("4a1002", 0, (0, 0), (100, 0), 900))
    file = write_positions(Sky(legs), tmp_path / "adsb.csv")
    assert run(["inspect", "--json", str(file)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [one["aircraft"] for one in report["tracks"]] == ["4a1001", "4a1002"]
    assert report["why_not"] == ["42 of 43 positions do not tell their quality: it is assumed (sigma_pos_m)"]
    assert run(["detect", str(file), "--out", str(tmp_path / "found.jsonl")]) == 0
    *tracks, end = map(json.loads, (tmp_path / "found.jsonl").read_text("utf-8").splitlines())
    assert [one["positions"] for one in tracks] == [42, 1]
    assert (end["complete"], end["positions"]) == (True, 43)


def test_detect_looks_at_telemetry_wide_and_long(tmp_path: Path) -> None:
    wide = write_telemetry(Flight(200, 3, (Attack("jam", 120, 30, 90),)), tmp_path / "wide.csv")
    head, *rows = wide.read_text("utf-8").splitlines()
    names = head.split(",")[1:]
    cells = [row.split(",") for row in rows]
    long = [f"{row[0]},{name},{value}" for row in cells for name, value in zip(names, row[1:], strict=True) if value]
    (tmp_path / "long.csv").write_text("\n".join(["t_ns,channel,value", *long, ""]), "utf-8")
    found = []
    for file in (wide, tmp_path / "long.csv"):
        out = tmp_path / "found.jsonl"
        assert run(["detect", str(file), "--out", str(out), "--preset", "platform"]) == 0
        *lines, _ = map(json.loads, out.read_text("utf-8").splitlines())
        found.append([{**line, "source": ""} for line in lines])
    assert found[0] == found[1]
    assert {line["kind"] for line in found[0]} == {"reception"}
