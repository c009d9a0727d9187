"""The whole chain against known truth: small scenes are rendered, replayed and held against what happened in them.

Those that another test of the suite holds in a smaller way are run by `make gate`.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import replace as changed
from pathlib import Path

import av
import pytest

from detector import pipeline
from detector.cli import run
from detector.config import load
from detector.log import open_reader
from detector.model import GapReason
from detector.replay import jobs_of, replay
from detector.report.against_truth import compare, load_truth
from detector.synthetic import SCENES
from detector.synthetic.encode import write_feed
from detector.synthetic.faults import Fault
from detector.timebase import NS_PER_S

CONFIG = Path(__file__).parents[1] / "configs" / "demo.yaml"
SAMPLES = CONFIG.parents[1] / "sample_feeds"
SMALL = {"size_px": (640, 360), "bitrate_mbit_s": 1.5}
Feeds = Callable[..., Path]


@pytest.fixture(scope="session")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Feeds:
    """Makes a scene's feed once for all tests, whichever process runs them."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "feeds"
    folder.mkdir(exist_ok=True)

    def made(name: str, seconds: float, seed: int = 1) -> Path:
        whole = folder / f"{name}-{seed}-{seconds}"
        if not whole.exists():
            scene = SCENES[name](seed)
            begun = tmp_path_factory.mktemp(name)
            # What the cut and the fog do must not hang on what else moves there.
            still = changed(scene, movers=()) if name == "cut" else scene
            write_feed(still, begun / f"{name}-{seed}.ts", seconds=seconds, **SMALL)
            with contextlib.suppress(OSError):  # another process was first
                begun.rename(whole)
        return whole / f"{name}-{seed}.ts"

    return made


def replayed(media: Path | list[Path], out: Path, config: Path = CONFIG, processes: int = 1):
    """A reader of the log of the real replay."""
    configuration = pipeline.checked(load(config, pipeline.REGISTRIES))
    jobs = jobs_of(configuration, [media] if isinstance(media, Path) else media, out, annotate=False)
    outcome = replay(configuration, jobs, processes=processes, on_progress=lambda _at: None)
    assert outcome.complete
    return open_reader(out)


def truth_of(media: Path) -> dict:
    return load_truth(media.with_suffix(".truth.json.gz"))


def exported(out: Path) -> bytes:
    file = out.with_suffix(".jsonl")
    assert run(["log", "export", "--format", "jsonl", "--out", str(file), str(out)]) == 0
    return file.read_bytes()


def test_an_entry_is_found_where_and_when_it_happened_and_nothing_else(feed, tmp_path):
    media = feed("entry", 9.0)
    truth = truth_of(media)
    with replayed(media, tmp_path) as log:
        violations = [item.violation for item in log.violations()]
        files = log.violations()[0].files
    result = compare(violations, truth["events"], frames=truth["frames"])
    assert (len(result.found), len(result.missed), len(result.without_cause)) == (1, 0, 0)
    event, violation = result.found[0]
    assert violation.zone_id == event["zone"] == "strip"
    # It has to be inside by more than its 95 % ellipse: at 7 m/s and an axis of 10 m, 1.5 s.
    assert 0 <= (violation.t_start_ns - event["t_start_ns"]) / NS_PER_S <= 2.0
    assert violation.confidence > 0.95
    assert {file.role for file in files} >= {"snapshot", "clip"} or len(files) >= 3


def test_a_crossing_is_found_with_its_direction_and_each_entry_once(tmp_path):
    media = SAMPLES / "crossing.ts"
    truth = truth_of(media)
    with replayed(media, tmp_path) as log:
        violations = [item.violation for item in log.violations()]
    result = compare(violations, truth["events"], frames=truth["frames"])
    assert (len(result.found), len(result.missed), len(result.without_cause)) == (3, 0, 0)
    crossed = next(violation for event, violation in result.found if event["kind"] == "line_crossing")
    assert "northbound" in crossed.observation
    at_ns = next(event["t_start_ns"] for event in truth["events"] if event["kind"] == "line_crossing")
    assert crossed.t_start_ns < at_ns < crossed.t_end_ns


@pytest.mark.no_cover
@pytest.mark.gate
@pytest.mark.parametrize("name", ["empty", "light", "parallax"])
def test_where_nothing_moves_nothing_is_reported(name, feed, tmp_path):
    with replayed(feed(name, 4.0), tmp_path) as log:
        assert log.violations() == []
        assert log.undecided() == []
        assert {gap.reason for gap in log.gaps()} <= {GapReason.WARMING_UP}


@pytest.mark.no_cover
@pytest.mark.gate
def test_a_cut_and_fog_are_gaps_and_no_movement(feed, tmp_path):
    media = feed("cut", 10.5)
    start_ns = truth_of(media)["start_ns"]
    with replayed(media, tmp_path) as log:
        assert log.violations() == []
        blind = [gap for gap in log.gaps() if gap.reason is GapReason.REGISTRATION]

    def is_blind(t_s: float) -> bool:
        return any(gap.t_start_ns <= start_ns + t_s * NS_PER_S < gap.t_end_ns for gap in blind)

    assert any(abs(gap.t_start_ns - start_ns - 4 * NS_PER_S) < 0.1 * NS_PER_S for gap in blind)  # the cut is at 4 s
    assert is_blind(8.5)  # fog from 7 to 9.5 s
    assert not any(map(is_blind, (2.0, 6.0, 10.2)))


@pytest.mark.no_cover
@pytest.mark.gate
def test_two_processes_give_the_same_log_as_one(feed, tmp_path):
    media = [feed("entry", 9.0), SAMPLES / "crossing.ts"]
    logs = []
    for name, processes in (("one", 1), ("two", 2)):
        replayed(media, tmp_path / name, processes=processes).close()
        logs.append(exported(tmp_path / name))
    assert logs[0] == logs[1]
    assert logs[0].count(b'"opened"') == 4


def without_telemetry(media: Path, path: Path) -> Path:
    """The same pictures, not encoded anew."""
    with av.open(str(media)) as source, av.open(str(path), "w", format="mpegts") as target:
        video = source.streams.video[0]
        stream = target.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return path


def test_without_telemetry_ground_rules_are_off_and_say_so_and_a_zone_in_the_picture_works(feed, tmp_path):
    media = without_telemetry(feed("entry", 9.0), tmp_path / "bare.ts")
    picture = [[0, 0], [640, 0], [640, 360], [0, 360], [0, 0]]
    ground = json.loads(CONFIG.with_name("demo.geojson").read_text())["features"][0]
    zone = {
        "type": "Feature",
        "properties": {"id": "view", "name": "All in view", "kind": "zone", "frame": "pixels", "feed": "bare"},
        "geometry": {"type": "Polygon", "coordinates": [picture]},
    }
    (tmp_path / "map.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [ground, zone]}))
    config = tmp_path / "bare.yaml"
    config.write_text(
        "version: 1\nmap: map.geojson\nfeeds:\n  - {id: bare, media: bare.ts}\nrules:\n"
        "  - {id: ground, kind: zone_entry, zones: [strip]}\n  - {id: picture, kind: zone_entry, zones: [view]}\n"
    )
    with replayed(media, tmp_path / "out", config) as log:
        rules = {item.violation.rule_id for item in log.violations()}
        gaps = [gap for gap in log.gaps() if gap.reason is GapReason.NO_TELEMETRY]
    assert rules == {"picture"}
    assert sum(gap.t_end_ns - gap.t_start_ns for gap in gaps) > 7 * NS_PER_S
    assert all("telemetry" in gap.detail for gap in gaps)


@pytest.mark.no_cover
@pytest.mark.gate
@pytest.mark.parametrize(
    "faults", [[Fault.BAD_CHECKSUM, Fault.CORRUPT_BYTES], [Fault.MISSING_TAGS, Fault.DROPPED_PACKETS]]
)
def test_damaged_telemetry_and_lost_packets_bring_no_report_without_cause(faults, tmp_path):
    media = tmp_path / "faulty.ts"
    write_feed(SCENES["faulty"](1), media, seconds=9.0, faults=faults, **SMALL)
    truth = truth_of(media)
    with replayed(media, tmp_path / "out") as log:
        violations = [item.violation for item in log.violations()]
    assert not compare(violations, truth["events"], frames=truth["frames"]).without_cause


@pytest.mark.slow
def test_the_demo_finds_every_event_of_its_truth_and_nothing_else(tmp_path):
    truth = truth_of(SAMPLES / "demo.ts")
    with replayed(SAMPLES / "demo.ts", tmp_path) as log:
        violations = [item.violation for item in log.violations()]
    result = compare(violations, truth["events"], frames=truth["frames"])
    assert (
        str(result)
        == f"{len(truth['events'])} of {len(truth['events'])} events of the truth found, 0 reported without cause"
    )
    kinds = {event["kind"] for event, _ in result.found}
    assert kinds >= {"zone_entry", "line_crossing", "dwell", "convoy", "speed", "flash"}


@pytest.mark.no_cover
def test_the_event_of_the_feed_with_faults_is_found_and_nothing_else(tmp_path):
    media = SAMPLES / "faulty.ts"
    truth = truth_of(media)
    with replayed(media, tmp_path) as log:
        violations = [item.violation for item in log.violations()]
    result = compare(violations, truth["events"], frames=truth["frames"])
    assert str(result) == "1 of 1 events of the truth found, 0 reported without cause"
