"""Change between two recordings of the same ground, with telemetry that is some metres off."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from detector.detectors import ChangeDetector
from detector.detectors.change import ChangeConfig
from detector.detectors.views import Ground, View, ground_of, height_by_telemetry, joined, load
from detector.errors import LogError, SourceError
from detector.geo import camera
from detector.locate import Locator
from detector.model import CameraPose
from detector.picture.homography import apply
from tests.detectors.test_change import GROUND, PLACE, SIZE, with_vehicle
from tests.naive_vision import aligned, frame, view

FPS = 2.0
M_PER_PX = 0.5
FOCAL_PX = 500.0
LAT, LON = 42.3, -99.5
DAY_NS = 86_400 * 10**9
TELEMETRY_OFF_M = (3.0, -4.0)


def pose_at(x_px, y_px, off_m=(0.0, 0.0)):
    """A camera that looks straight down on the pixel (x, y) of the ground picture."""
    east, north = x_px * M_PER_PX + off_m[0], -y_px * M_PER_PX + off_m[1]
    hfov, vfov = (2 * math.degrees(math.atan(side / 2 / FOCAL_PX)) for side in SIZE)
    lat, lon = LAT + north / 111_080.0, LON + east / (111_413.0 * math.cos(math.radians(LAT)))
    return CameraPose(lat, lon, 100 + FOCAL_PX * M_PER_PX, 0, -90, 0, hfov, vfov, ground_alt_m=100.0)


def along(t_s):
    return 40.0 + 20.0 * t_s, 90.0


def flown(
    folder, ground, *, day, source_id="uav", run_id="", off_m=(0.0, 0.0), height_m=height_by_telemetry, **settings
):
    """Centres on the ground picture of all changes that one flight along the ground finds."""
    detector, found = ChangeDetector(ChangeConfig(memory=folder, **settings)), []
    detector.place(run_id, height_m)
    for index in range(round(12 * FPS)):
        x, y = along(index / FPS)
        matrix = np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
        middle = pose_at(x + (SIZE[0] - 1) / 2, y + (SIZE[1] - 1) / 2, off_m)
        picture = frame(view(ground, matrix, SIZE), index, FPS)
        picture = replace(picture, t_ns=picture.t_ns + day * DAY_NS, pose=middle, source_id=source_id)
        for one in detector.detect(picture, aligned(index, picture.t_ns, matrix)):
            found += [(x + (x0 + x1 - 1) / 2, y + (y0 + y1 - 1) / 2) for x0, y0, x1, y1 in one.xyxy_px.tolist()]
    detector.finish()
    return found


CHANGED = with_vehicle(GROUND.copy(), PLACE)


def test_what_has_come_since_the_last_recording_is_found_where_it_stands(tmp_path):
    assert flown(tmp_path, GROUND, day=0) == []
    found = flown(tmp_path, CHANGED, day=2, off_m=TELEMETRY_OFF_M)
    assert found
    for x, y in found:
        assert abs(x - (PLACE[0] + 11.5)) < 6
        assert abs(y - (PLACE[1] + 5.5)) < 6


def test_views_of_the_last_recording_are_not_thinned_out_for_those_of_this_one(tmp_path):
    flown(tmp_path, GROUND, day=0)
    assert len(load(next(tmp_path.iterdir()))[0]) >= 6
    assert flown(tmp_path, CHANGED, day=1, max_views=6) == flown(tmp_path, CHANGED, day=1, max_views=60) != []


def test_earthwork_is_found(tmp_path):
    """A trench with its spoil beside it, 30 m long."""
    flown(tmp_path, GROUND, day=0)
    dug = GROUND.copy()
    for k in range(60):
        x, y = PLACE[0] + k, PLACE[1] + round(4 * np.sin(k / 8))
        dug[y : y + 4, x] = 20
        dug[y + 4 : y + 11, x] = 200 + GROUND[y + 4 : y + 11, x] // 8
    found = flown(tmp_path, dug, day=1, off_m=TELEMETRY_OFF_M)
    assert found
    for x, y in found:
        assert -6 < x - PLACE[0] < 66
        assert -12 < y - PLACE[1] < 18


def test_what_stood_there_already_or_has_gone_is_no_change(tmp_path):
    flown(tmp_path / "stood", CHANGED, day=0)
    assert flown(tmp_path / "stood", CHANGED, day=1, off_m=TELEMETRY_OFF_M) == []
    assert flown(tmp_path / "stood", GROUND, day=2, off_m=TELEMETRY_OFF_M) == []


def test_the_last_recording_counts(tmp_path):
    flown(tmp_path, GROUND, day=0)
    flown(tmp_path, CHANGED, day=1)
    assert flown(tmp_path, CHANGED, day=2) == []


def test_nothing_is_known_of_later_recordings_nor_of_other_feeds_of_the_same_run(tmp_path):
    flown(tmp_path, GROUND, day=5)
    assert flown(tmp_path, CHANGED, day=4) == []
    flown(tmp_path / "run", GROUND, day=0, source_id="gate", run_id="one")
    assert flown(tmp_path / "run", CHANGED, day=1, run_id="one") == []


def test_playing_a_recording_again_changes_neither_the_result_nor_the_memory(tmp_path):
    flown(tmp_path, GROUND, day=0)
    first = flown(tmp_path, CHANGED, day=1)
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert flown(tmp_path, CHANGED, day=1) == first
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept
    flown(tmp_path / "again", GROUND, day=0)
    flown(tmp_path / "again", CHANGED, day=1)
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == kept


def test_without_telemetry_nothing_is_kept(tmp_path):
    detector = ChangeDetector(ChangeConfig(memory=tmp_path / "memory"))
    for index in range(20):
        picture = frame(view(GROUND, np.eye(3), SIZE), index, FPS)
        detector.detect(picture, aligned(index, picture.t_ns, np.eye(3)))
    detector.finish()
    assert not (tmp_path / "memory").exists()


def test_other_ground_is_not_joined(tmp_path):
    flown(tmp_path, GROUND, day=0)
    (path,) = tmp_path.iterdir()
    past, _ = load(path)
    elsewhere = np.ascontiguousarray(GROUND[::-1, ::-1][:270, :480])
    ground = past[0].ground
    assert joined(View(0, elsewhere, np.eye(3), np.eye(3), ground), past) == []
    assert joined(View(0, past[0].picture, np.eye(3), np.eye(3), None), past) == []
    far = Ground(ground.lat_deg + 0.1, ground.lon_deg, ground.metres_from_small)
    assert joined(View(0, past[0].picture, np.eye(3), np.eye(3), far), past) == []


@pytest.mark.parametrize("size", [(480, 270), (1920, 1080)])
def test_the_place_of_a_picture_is_that_of_the_camera_model(size):
    pose = CameraPose(LAT, LON, 400.0, 37.0, -50.0, 3.0, 40.0, 24.0, ground_alt_m=90.0)
    ground = ground_of(pose, 310.0, np.eye(3), size)
    pixels = np.array([(0.0, 0.0), (100.0, 200.0), (size[0] - 1, size[1] - 1)])
    rays = camera.rays_enu(pose, pixels, size)
    assert apply(ground.metres_from_small, pixels) == pytest.approx(rays[:, :2] * (310.0 / -rays[:, 2:]), rel=1e-9)


@pytest.mark.parametrize("name", ["lat_deg", "yaw_deg", "alt_m", "ground_alt_m"])
def test_a_pose_that_is_not_known_gives_no_place(name):
    pose = replace(pose_at(100, 100), **{name: math.nan})
    assert ground_of(pose, height_by_telemetry(pose), np.eye(3), SIZE) is None
    assert ground_of(pose_at(100, 100), -1.0, np.eye(3), SIZE) is None


def test_the_height_of_the_ground_may_be_that_of_the_configuration(tmp_path):
    flown(tmp_path / "unknown", GROUND, day=0, height_m=lambda _pose: math.nan)
    assert not (tmp_path / "unknown").exists()
    locator = Locator(Locator.Config(ground_alt_m=100.0))
    flown(tmp_path, GROUND, day=0, height_m=locator.height_m)
    assert flown(tmp_path, CHANGED, day=1, height_m=locator.height_m)
    assert math.isnan(locator.height_m(replace(pose_at(0, 0), alt_m=90.0)))


@pytest.mark.parametrize("data", [b"", b"nonsense", b"PK\x03\x04nonsense"])
def test_a_damaged_file_is_named(tmp_path, data):
    (tmp_path / "uav.00000000000000000001.npz").write_bytes(data)
    with pytest.raises(SourceError, match=r"uav\.0+1\.npz: this is no file of remembered views"):
        flown(tmp_path, GROUND, day=1)


def test_a_memory_that_cannot_be_written_stops_the_feed(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LogError, match="what was seen cannot be kept"):
        flown(tmp_path / "file" / "memory", GROUND, day=0)
