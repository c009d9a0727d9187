"""Files: what is written can be read again, twice the same, and faults do what they say."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import av
import pytest
from shapely.geometry import Polygon, shape

from detector.klv import st0601
from detector.synthetic import SCENES, render
from detector.synthetic.agreement import ZONES, feature_collection, write_map
from detector.synthetic.camera_path import CameraPath, Knot
from detector.synthetic.encode import write_feed
from detector.synthetic.events import EventFinder
from detector.synthetic.faults import Fault, damaged, klv_packets
from detector.synthetic.movers import Mover
from detector.synthetic.telemetry import readings

SMALL = {"size_px": (128, 72), "fps": (10, 1), "seconds": 1.0, "bitrate_mbit_s": 0.3}


def sets_of(path):
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(data=0) if p.size]


def test_feed_has_its_frames_its_telemetry_and_its_truth(tmp_path):
    truth_path = write_feed(SCENES["crossing"](1), tmp_path / "a.ts", **SMALL)
    truth = json.loads(gzip.decompress(truth_path.read_bytes()))
    with av.open(str(tmp_path / "a.ts")) as container:
        assert sum(1 for _ in container.decode(video=0)) == len(truth["frames"]) == 10
    decoded = [st0601.decode(packet) for packet in sets_of(tmp_path / "a.ts")]
    assert len(decoded) == 10
    assert all(item.checksum_ok for item in decoded)
    assert [item.values[2] * 1000 for item in decoded] == [frame["t_ns"] for frame in truth["frames"]]
    assert set(truth) >= {"scene", "seed", "width", "height", "fps", "start_ns", "frames", "events", "map"}


def test_same_seed_writes_the_same_bytes(tmp_path):
    for name in ("a.ts", "b.ts"):
        write_feed(SCENES["entry"](4), tmp_path / name, **SMALL)
    assert (tmp_path / "a.ts").read_bytes() == (tmp_path / "b.ts").read_bytes()
    assert (tmp_path / "a.truth.json.gz").read_bytes() == (tmp_path / "b.truth.json.gz").read_bytes()


def test_odd_size_is_refused(tmp_path):
    with pytest.raises(ValueError, match="even"):
        write_feed(SCENES["entry"](1), tmp_path / "a.ts", size_px=(101, 72))


def test_telemetry_faults_do_what_they_say():
    sets = readings(SCENES["faulty"](1), (640, 360), 3.0)
    decoded = {fault: [st0601.decode(p) for _, p in klv_packets(sets, [fault])] for fault in Fault}
    plain = [st0601.decode(p) for _, p in klv_packets(sets, ())]
    assert sum(not item.checksum_ok for item in decoded[Fault.BAD_CHECKSUM]) == len(sets) // 4
    assert sum(13 not in item.values for item in decoded[Fault.MISSING_TAGS]) == 10
    assert decoded[Fault.TIME_OFFSET][0].values[2] - plain[0].values[2] == 1_500_000
    jump = max(a.values[13] - b.values[13] for a, b in zip(decoded[Fault.GNSS_JUMP], plain, strict=True))
    assert jump * 111_200 == pytest.approx(80, abs=1)  # m
    assert len(sets) - len(decoded[Fault.TELEMETRY_GAP]) in {6, 7}  # a fifth of 31 sets


def test_file_faults_change_the_file_and_only_when_asked():
    stream = bytes(188 * 2000)
    assert damaged(stream, [Fault.BAD_CHECKSUM], 1) == stream
    assert len(damaged(stream, [Fault.DROPPED_PACKETS], 1)) == 188 * (2000 - 5)
    assert sum(b != 0 for b in damaged(stream, [Fault.CORRUPT_BYTES], 1)) > 50
    assert len(damaged(stream, [Fault.TRUNCATED], 1)) % 188 == 77


def test_demo_map_is_the_one_that_the_command_writes(tmp_path, request):
    write_map(tmp_path / "map.geojson")
    assert (tmp_path / "map.geojson").read_bytes() == (request.config.rootpath / "configs/demo.geojson").read_bytes()
    assert all(shape(f["geometry"]).is_valid for f in feature_collection()["features"])


def events_of(*movers, seconds=20.0, start="2026-03-01T09:30:00Z"):
    """Events of ways alone: two tiny pictures a second of a spot where little stands."""
    path = CameraPath(tuple(Knot(t, 700.0, -500.0, 30.0, 0.0, -90.0, 20.0) for t in (0.0, 60.0)))
    scene = replace(SCENES["empty"](1), movers=movers, start=start, path=path)
    finder = EventFinder(scene)
    for frame in render(scene, (64, 64), (2, 1), seconds):
        finder.add(frame)
    return finder.events()


def test_driving_north_over_the_line_is_an_entry_and_a_crossing_to_the_left():
    found = events_of(Mover(1, "car", ((0, 60), (0, 320)), ((0.0, 10.0),)))
    assert [(e["kind"], e.get("direction")) for e in found] == [
        ("zone_entry", None),
        ("line_crossing", "right_to_left"),
    ]
    assert found[1]["t_start_ns"] - found[0]["t_start_ns"] == pytest.approx(8.5e9, abs=1e9)


def test_the_same_way_to_the_south_crosses_to_the_right():
    found = events_of(Mover(1, "car", ((0, 300), (0, 100)), ((0.0, 10.0),)))
    assert [e["direction"] for e in found if e["kind"] == "line_crossing"] == ["left_to_right"]


def test_a_drive_along_the_border_outside_is_nothing():
    assert events_of(Mover(1, "car", ((300, 70), (90, 70)), ((0.0, 8.0),))) == []


def test_three_vehicles_together_are_a_convoy_and_two_are_not():
    trucks = [Mover(i, "truck", ((-190 + 20 * i, 18), (40, 18)), ((0.0, 8.0),)) for i in range(3)]
    assert [(e["kind"], e["object_ids"]) for e in events_of(*trucks)] == [("convoy", [0, 1, 2])]
    assert events_of(*trucks[:2]) == []


def test_walking_in_the_village_is_an_event_by_night_only():
    walker = Mover(1, "person", ((-300, 20), (-280, 20)), ((0.0, 1.4),))
    assert [e["kind"] for e in events_of(walker, start="2026-03-01T23:30:00Z")] == ["curfew"]
    assert events_of(walker) == []


def test_zones_of_the_map_do_not_overlap():
    shapes = [Polygon(points) for _, points in ZONES.values()]
    assert all(a.intersection(b).area == 0 for i, a in enumerate(shapes) for b in shapes[:i])
