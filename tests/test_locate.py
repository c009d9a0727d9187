"""Places and their uncertainty, against Monte-Carlo and against differences."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from detector.geo import attitude, camera, wgs84
from detector.geo.terrain import Plane
from detector.locate import Locator, LocatorConfig, centres_px, foot_points, why_no_ground
from detector.model import CameraPose, Datum, Sight, Tracks

SIZE = (1280, 720)
POSE = CameraPose(
    45.0, 10.0, 1_000.0, 40.0, -35.0, 3.0, 30.0, 17.1, sigma_pos_m=4.0, sigma_att_deg=0.7, ground_alt_m=200.0
)


def looking(**change: object) -> CameraPose:
    return dataclasses.replace(POSE, **change)  # type: ignore[arg-type]


def tracks_at(xy: object, velocity: object = (0.0, 0.0), box_px: float = 0.0) -> Tracks:
    places = np.asarray(xy, np.float64).reshape(-1, 2)
    count = len(places)
    boxes = np.concatenate([places - box_px / 2 + 0.5, places + box_px / 2 + 0.5], 1).astype(np.float32)
    covariance = np.tile(np.diag([1.0, 1.0, 4.0, 4.0]), (count, 1, 1))
    speeds = np.tile(np.asarray(velocity, np.float64), (count, 1))
    ages = np.full(count, 9)
    return Tracks(
        0, 0, np.arange(1, count + 1), boxes, places, speeds, covariance, ages > 0, ages, 0 * ages, Sight.SEEING
    )


@pytest.mark.parametrize("depression", [90.0, 60.0, 35.0, 15.0, 8.0])
def test_the_true_place_lies_in_the_95_percent_ellipse_95_times_in_100(depression: float) -> None:
    config = LocatorConfig(sigma_px=2.0, sigma_ground_m=6.0, sigma_box_share=0.0, max_range_m=60_000)
    pose = looking(pitch_deg=-depression)
    xy = np.array([[800.0, 450.0]])
    tracks = dataclasses.replace(tracks_at(xy), covariance=np.zeros((1, 4, 4)))
    fix = Locator(config).locate(tracks, pose, SIZE)
    rng = np.random.default_rng(1)
    count, inside = 4_000, 0
    axes = attitude.matrix_from_ypr((pose.yaw_deg, pose.pitch_deg, pose.roll_deg))
    turned = attitude.ypr_from_matrix(
        axes @ attitude.matrix_from_vector(rng.normal(0, math.radians(pose.sigma_att_deg), (count, 3)))
    )
    for k in range(count):
        zoom = 1 + rng.normal(0, 0.01)
        h, v = (math.degrees(2 * math.atan(math.tan(math.radians(f) / 2) / zoom)) for f in (30.0, 17.1))
        lat, lon, alt = wgs84.geodetic_from_enu(rng.normal(0, 4, 3), (45.0, 10.0, 1_000.0))
        true = CameraPose(float(lat), float(lon), float(alt), *map(float, turned[k]), h, v)
        rays = camera.rays_enu(true, xy + rng.normal(0, 2, 2), SIZE)
        hit = Plane(200.0 + rng.normal(0, 6)).intersect((true.lat_deg, true.lon_deg, true.alt_m), rays)
        east_m, north_m = wgs84.metres_per_degree(fix.lat_deg[0])
        e = np.array([(hit.lon_deg[0] - fix.lon_deg[0]) * east_m, (hit.lat_deg[0] - fix.lat_deg[0]) * north_m])
        inside += bool(e @ np.linalg.solve(fix.covariance_m2[0], e) <= 5.991464547107979)
    assert inside / count == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("pitch", [-90.0, -35.0])
def test_independent_errors_of_yaw_pitch_and_roll_stay_within_the_ellipse(pitch: float) -> None:
    pose = looking(pitch_deg=pitch, sigma_pos_m=0.0, sigma_att_deg=1.0)
    config = LocatorConfig(sigma_px=0.1, sigma_ground_m=0.0, sigma_fov_share=0.0, sigma_box_share=0.0)
    xy = np.array([[900.0, 200.0]])
    tracks = dataclasses.replace(tracks_at(xy), covariance=np.zeros((1, 4, 4)))
    fix = Locator(config).locate(tracks, pose, SIZE)
    rng, inside = np.random.default_rng(2), 0
    for yaw, up, roll in rng.normal(0, 1, (1_500, 3)):
        true = looking(yaw_deg=40 + yaw, pitch_deg=pitch + up, roll_deg=3 + roll)
        hit = Plane(200.0).intersect((45.0, 10.0, 1_000.0), camera.rays_enu(true, xy, SIZE))
        east_m, north_m = wgs84.metres_per_degree(45.0)
        e = np.array([(hit.lon_deg[0] - fix.lon_deg[0]) * east_m, (hit.lat_deg[0] - fix.lat_deg[0]) * north_m])
        inside += bool(e @ np.linalg.solve(fix.covariance_m2[0], e) <= 5.99)
    assert inside / 1_500 > 0.93


def test_the_speed_is_that_of_two_places_a_second_apart() -> None:
    xy, velocity = np.array([[300.0, 200.0], [640.0, 360.0], [1_000.0, 600.0]]), np.array([3.0, -2.0])
    locator = Locator(LocatorConfig(sigma_box_share=0.0))
    fixes = locator.locate(tracks_at(xy, velocity), POSE, SIZE)
    later, sooner = (locator.locate(tracks_at(xy + s * velocity), POSE, SIZE) for s in (0.05, -0.05))
    origin = (45.0, 10.0, 200.0)
    moved = wgs84.enu_from_geodetic(later.lat_deg, later.lon_deg, 200.0, origin) - wgs84.enu_from_geodetic(
        sooner.lat_deg, sooner.lon_deg, 200.0, origin
    )
    # 1 mm/s: the axes of `origin` and of the fix are turned against one another by 1e-4.
    np.testing.assert_allclose(fixes.velocity_m_s, moved[:, :2] / 0.1, atol=1e-3)
    np.testing.assert_allclose(fixes.speed_m_s, np.hypot(*fixes.velocity_m_s.T))


def test_a_place_projected_and_located_is_the_same_place() -> None:
    lat, lon = 45.0065, 10.0077
    xy = camera.pixels_from_ground(POSE, [lat], [lon], 200.0, SIZE)
    fix = Locator().locate(tracks_at(xy), POSE, SIZE)
    assert fix.lat_deg[0] == pytest.approx(lat, abs=1e-9)
    assert fix.lon_deg[0] == pytest.approx(lon, abs=1e-9)
    assert fix.alt_m[0] == 200.0


def test_seen_from_above_the_foot_is_the_middle_and_from_the_side_the_bottom() -> None:
    centre, box = np.array([[(SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2]]), np.array([[20.0, 40.0]])
    above = foot_points(centre, box, looking(pitch_deg=-90.0), SIZE, 0.7)
    level = foot_points(centre, box, looking(pitch_deg=0.0, roll_deg=0.0), SIZE, 0.7)
    oblique = foot_points(centre, box, looking(pitch_deg=-35.0, roll_deg=0.0), SIZE, 0.7)
    np.testing.assert_allclose(above, centre, atol=1e-6)
    np.testing.assert_allclose(level, centre + np.array([0, 20]), atol=1e-6)
    ratio = 0.7 * math.cos(math.radians(35))
    np.testing.assert_allclose(
        oblique, centre + np.array([0, 20 * ratio / (math.sin(math.radians(35)) + ratio)]), atol=1e-6
    )


def test_for_a_camera_on_its_side_the_foot_is_at_the_side_of_the_box() -> None:
    centre, box = np.array([[(SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2]]), np.array([[20.0, 40.0]])
    # The camera turned clockwise by 90 deg: its right side points down.
    np.testing.assert_allclose(
        foot_points(centre, box, looking(pitch_deg=0.0, roll_deg=90.0), SIZE, 0.7),
        centre + np.array([10, 0]),
        atol=1e-6,
    )


def test_boxes_have_their_centre_half_a_pixel_before_the_middle_of_their_exclusive_corners() -> None:
    np.testing.assert_array_equal(centres_px(np.array([[0.0, 0.0, 1.0, 3.0]])), [[0.0, 1.0]])


def test_above_the_horizon_a_row_is_nan_and_the_others_are_not() -> None:
    fixes = Locator(LocatorConfig(max_range_m=100_000)).locate(
        tracks_at([[640, 20], [640, 700]]), looking(pitch_deg=-1.0, roll_deg=0.0), SIZE
    )
    np.testing.assert_array_equal(np.isnan(fixes.lat_deg), [True, False])
    assert np.isnan(fixes.covariance_m2[0]).all()
    assert np.isfinite(fixes.covariance_m2[1]).all()


def test_beyond_the_greatest_range_nothing_is_placed() -> None:
    assert np.isnan(Locator(LocatorConfig(max_range_m=900)).locate(tracks_at([[640, 360]]), POSE, SIZE).lat_deg).all()


def test_older_telemetry_is_less_sure_and_too_old_telemetry_places_nothing() -> None:
    locator = Locator()
    areas = [
        np.linalg.det(locator.locate(tracks_at([[640, 360]]), looking(age_s=age), SIZE).covariance_m2[0])
        for age in (0.0, 0.5, 1.5)
    ]
    assert areas == sorted(areas)
    assert areas[2] > areas[0]
    assert np.isnan(locator.locate(tracks_at([[640, 360]]), looking(age_s=2.1), SIZE).lat_deg).all()


def test_no_tracks_no_pose_and_nan_poses_give_rows_of_nan() -> None:
    locator = Locator()
    assert len(locator.locate(tracks_at(np.zeros((0, 2))), POSE, SIZE)) == 0
    assert len(locator.locate_points(np.zeros((0, 4), np.float32), POSE, SIZE)) == 0
    for pose in (None, looking(yaw_deg=math.nan), looking(hfov_deg=math.nan, vfov_deg=math.nan)):
        fixes = locator.locate(tracks_at([[1, 2], [3, 4]]), pose, SIZE)
        assert list(fixes.track_id) == [1, 2]
        assert np.isnan(fixes.lat_deg).all()
        assert locator.footprint(pose, SIZE) is None


def test_points_have_places_but_no_velocity() -> None:
    fixes = Locator().locate_points(np.array([[630, 350, 650, 370]], np.float32), POSE, SIZE)
    assert fixes.track_id[0] == -1
    assert np.isfinite(fixes.covariance_m2).all()
    assert np.isnan(fixes.velocity_m_s).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lat_deg": math.nan}, "lat_deg"),
        ({"hfov_deg": math.nan, "vfov_deg": math.nan}, "angle of view"),
        ({"datum": Datum.MSL}, "cannot be compared"),
        ({"alt_m": 150.0}, "not above the ground"),
    ],
)
def test_why_there_is_no_ground_is_said_in_words(change: dict[str, object], words: str) -> None:
    assert words in str(why_no_ground(looking(**change), Plane(200.0)))


def test_nothing_is_wrong_with_a_good_pose_and_no_telemetry_is_said() -> None:
    assert why_no_ground(POSE, Plane(200.0)) is None
    assert "no telemetry" in str(why_no_ground(None, Plane(200.0)))
    assert "not known" in str(Locator().why_no_ground(looking(ground_alt_m=math.nan)))
    assert "away" in str(Locator().why_no_ground(looking(age_s=5.0)))


def test_heights_of_two_kinds_are_compared_by_the_height_of_the_geoid() -> None:
    config = LocatorConfig(ground_alt_m=150.0, ground_datum=Datum.MSL, geoid_height_m=50.0)
    fix = Locator(config).locate(tracks_at([[640, 360]]), POSE, SIZE)
    same = Locator().locate(tracks_at([[640, 360]]), POSE, SIZE)
    assert fix.lat_deg[0] == pytest.approx(same.lat_deg[0], abs=1e-7)
    assert fix.alt_m[0] == pytest.approx(200.0)


def test_a_grid_without_a_file_is_refused() -> None:
    with pytest.raises(ValueError, match="needs"):
        LocatorConfig(terrain="grid")


def test_configured_errors_of_the_platform_replace_those_of_the_telemetry() -> None:
    tracks, pose = tracks_at([[640.0, 400.0]]), looking(sigma_pos_m=5.0, sigma_att_deg=1.0)
    stated = looking(sigma_pos_m=1.5, sigma_att_deg=0.2)
    configured = Locator(LocatorConfig(sigma_pos_m=1.5, sigma_att_deg=0.2)).locate(tracks, pose, SIZE)
    expected = Locator().locate(tracks, stated, SIZE)
    np.testing.assert_array_equal(configured.covariance_m2, expected.covariance_m2)
    np.testing.assert_array_equal(configured.velocity_covariance, expected.velocity_covariance)
    assert np.all(configured.covariance_m2 < Locator().locate(tracks, pose, SIZE).covariance_m2)


def test_a_platform_without_error_is_allowed_and_is_not_the_same_as_nothing_configured() -> None:
    tracks = tracks_at([[640.0, 400.0]])
    exact = Locator(LocatorConfig(sigma_pos_m=0.0, sigma_att_deg=0.0)).locate(tracks, looking(), SIZE)
    assert np.trace(exact.covariance_m2[0]) < np.trace(Locator().locate(tracks, looking(), SIZE).covariance_m2[0])
