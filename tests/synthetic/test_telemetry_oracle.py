"""The telemetry of a made feed as the package stanag4609 reads it, against the truth beside the feed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import av
import numpy as np
import pyproj
import pytest
from scipy.spatial.transform import Rotation

from detector.report.against_truth import load_truth
from detector.synthetic import SCENES
from detector.synthetic.encode import write_feed
from detector.synthetic.scene import TelemetryStyle

st0601 = pytest.importorskip("stanag4609.st0601")

SIZE = (128, 72)
STEP_DEG, STEP_M = 180 / 65535, 19900 / 65535  # one step of the two-byte items for angles of view and heights


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(values by tag as the oracle decodes them, truth of the frame of the same time) for each set of a feed."""
    path = tmp_path_factory.mktemp("oracle") / "a.ts"
    scene = replace(SCENES["fast_pan"](1), telemetry=TelemetryStyle(error_m=0.0, error_deg=0.0), movers=())
    truth = load_truth(write_feed(scene, path, size_px=SIZE, fps=(10, 1), seconds=2.0, bitrate_mbit_s=0.3))
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(data=0) if packet.size]
    sets = [{f.definition.tag: f.value for f in st0601.decode_uas_local_set(packet).fields} for packet in packets]
    assert len(sets) == len(truth["frames"]) == 20
    return list(zip(sets, truth["frames"], strict=True)), truth


def test_time_stamps_are_those_of_the_frames(made):
    for values, frame in made[0]:
        since = timedelta(microseconds=frame["t_ns"] / 1000)
        assert values[2] == datetime(1970, 1, 1, tzinfo=UTC) + since


def test_position_and_angles_of_view_are_the_true_ones(made):
    for values, frame in made[0]:
        pose, geoid_m = frame["pose"], made[1]["origin"]["geoid_m"]
        assert (values[13], values[14]) == pytest.approx((pose["lat_deg"], pose["lon_deg"]), abs=1e-7)
        assert values[104] == pytest.approx(pose["alt_m"], abs=0.01)
        assert values[75] == pytest.approx(pose["alt_m"], abs=STEP_M)
        assert values[15] == pytest.approx(pose["alt_m"] - geoid_m, abs=STEP_M)
        assert (values[16], values[17]) == pytest.approx((pose["hfov_deg"], pose["vfov_deg"]), abs=STEP_DEG)


def test_platform_and_gimbal_angles_compose_to_the_true_axis(made):
    """The composition is SciPy's, not detector.geo's: heading, pitch, roll turn about z, y, x, one after the other."""
    for values, frame in made[0]:
        platform = Rotation.from_euler("ZYX", [values[5], values[90], values[91]], degrees=True)
        gimbal = Rotation.from_euler("ZYX", [values[18], values[19], values[20]], degrees=True)
        pose = frame["pose"]
        true = Rotation.from_euler("ZYX", [pose["yaw_deg"], pose["pitch_deg"], pose["roll_deg"]], degrees=True)
        # Half a step of the platform heading's two bytes is 0.003 deg.
        assert np.degrees((true.inv() * platform * gimbal).magnitude()) < 0.004


def test_corners_and_centre_of_the_picture_lie_where_the_true_homography_has_them(made):
    origin = made[1]["origin"]
    to_ground = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +proj=cart +ellps=WGS84 +step +proj=topocentric +ellps=WGS84 "
        f"+lon_0={origin['lon_deg']} +lat_0={origin['lat_deg']} +h_0={origin['ground_m']}"
    )
    width, height = SIZE
    pixels = np.array(
        [
            [-0.5, -0.5, 1],
            [width - 0.5, -0.5, 1],
            [width - 0.5, height - 0.5, 1],
            [-0.5, height - 0.5, 1],
            [(width - 1) / 2, (height - 1) / 2, 1],
        ]
    )
    for values, frame in made[0]:
        pinhole_from_ground = np.linalg.inv(frame["picture_from_pinhole"]) @ np.array(frame["pixel_from_ground"])
        ground = pixels @ np.linalg.inv(pinhole_from_ground).T
        east, north = (ground[:, :2] / ground[:, 2:]).T
        lon, lat, alt = to_ground.transform(east, north, np.zeros(5), radians=True, direction="INVERSE")
        lon, lat = np.degrees(lon), np.degrees(lat)
        stated = [(values[tag], values[tag + 1]) for tag in (82, 84, 86, 88)] + [(values[23], values[24])]
        assert np.abs(np.array(stated) - np.column_stack([lat, lon])).max() < 1e-6  # deg, 0.1 m
        assert values[78] == pytest.approx(alt[4], abs=STEP_M)
        pose = frame["pose"]
        way = _ecef(lat[4], lon[4], alt[4]) - _ecef(pose["lat_deg"], pose["lon_deg"], pose["alt_m"])
        slant = np.linalg.norm(way)
        assert values[21] == pytest.approx(slant, abs=0.01)


def test_security_set_is_unclassified_and_of_no_country(made):
    for values, _ in made[0]:
        inner = {field.tag: field.value for field in values[48].fields}
        assert int(inner[1]) == 1
        assert "XXZ" in str(inner[3])
        assert inner[22] == 12


def _ecef(lat_deg, lon_deg, alt_m):
    return np.array(pyproj.Transformer.from_crs(4979, 4978, always_xy=True).transform(lon_deg, lat_deg, alt_m))
