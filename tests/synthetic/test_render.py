"""The pictures: repeatable, moved by the true homography, alive where they should be and only there."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import cv2
import numpy as np
import pytest

from detector.synthetic import SCENES, render
from detector.synthetic.camera_path import CameraPath, Knot
from detector.synthetic.exposure import exposed_for
from detector.synthetic.plan import vale
from detector.synthetic.render import view_at
from detector.synthetic.scene import Flash, Light
from detector.synthetic.sheet import MOMENTS_S

SIZE = (320, 240)


def shots(name, seconds, fps=(5, 1), seed=1, size=SIZE, **changes):
    return list(render(replace(SCENES[name](seed), **changes), size, fps, seconds))


def test_same_seed_gives_the_same_pixels_and_truth():
    one, two = (shots("events", 0.6) for _ in range(2))
    assert all((a.bgr == b.bgr).all() and a.objects == b.objects for a, b in zip(one, two, strict=True))


def test_contact_sheet_shows_each_scene_within_its_length():
    # `faulty` is the scene of `entry`, `empty` that of `light` without its light, `revisit` is about two moments.
    assert set(MOMENTS_S) == set(SCENES) - {"faulty", "empty", "revisit"}
    assert all(0 < t_s < SCENES[name](1).seconds for name, t_s in MOMENTS_S.items())


def test_another_seed_gives_another_picture():
    assert (shots("empty", 0.2)[0].bgr != shots("empty", 0.2, seed=2)[0].bgr).mean() > 0.5


def test_frames_come_lazily():
    assert len(list(islice(render(SCENES["demo"](1), SIZE, (25, 1)), 1))) == 1


@pytest.mark.parametrize("name", sorted(SCENES))
def test_every_scene_renders_its_first_and_a_later_frame(name):
    frames = shots(name, 1.0, fps=(2, 1), size=(128, 72))
    assert [f.bgr.shape for f in frames] == [(72, 128, 3)] * 2
    assert frames[0].bgr.std() > 5


def test_ground_is_carried_by_the_true_homography():
    first, second = shots(
        "fast_pan", 0.2, fps=(25, 1), movers=(), light=Light(noise=0.0), wind_m_s=0.0, size=(640, 360)
    )[:2]
    matrix = second.view.pixel_from_ground @ np.linalg.inv(first.view.pixel_from_ground)
    moved = cv2.warpPerspective(first.bgr, matrix, (640, 360))
    inner = (slice(40, -40), slice(40, -40))
    aligned = np.abs(moved[inner].astype(int) - second.bgr[inner]).mean()
    still = np.abs(first.bgr[inner].astype(int) - second.bgr[inner]).mean()
    assert aligned < 0.35 * still
    # The residual shift of the luma, from outside: phase correlation.
    grey = [cv2.cvtColor(p[inner], cv2.COLOR_BGR2GRAY).astype(np.float32) for p in (moved, second.bgr)]
    (dx, dy), _ = cv2.phaseCorrelate(*grey)
    assert np.hypot(dx, dy) < 0.1  # px


def test_things_with_height_leave_the_plane():
    """A tree top moves otherwise than its foot: that is the parallax which the negative scene is for."""
    first, second = (view_at(SCENES["parallax"](1), t_s, SIZE) for t_s in (0.0, 0.5))
    top, foot = np.array([[-330.0, 60.0, 12.0]]), np.array([[-330.0, 60.0, 0.0]])
    drift = (second.project(top)[0] - second.project(foot)[0]) - (first.project(top)[0] - first.project(foot)[0])
    assert np.linalg.norm(drift) > 0.4  # px


def test_negative_scenes_hold_no_movers():
    assert all(not SCENES[name](1).movers and not SCENES[name](1).flashes for name in ("empty", "light", "parallax"))


def test_only_light_changes_when_the_camera_of_the_light_scene_is_held():
    scene = SCENES["light"](1)
    dark, bright = (f.bgr.mean() for f in list(render(scene, SIZE, (1, 1), 4.0))[2:4])
    assert bright > dark * 1.03


def test_boxes_hold_the_pixels_that_a_mover_changes():
    with_car = shots("crossing", 0.2, light=Light(noise=0.0))[0]
    without = shots("crossing", 0.2, light=Light(noise=0.0), movers=SCENES["crossing"](1).movers[1:])[0]
    car = next(o for o in with_car.objects if o.key == 1)
    x0, y0, x1, y1 = car.xyxy
    rows, columns = np.nonzero(np.abs(with_car.bgr.astype(int) - without.bgr).max(axis=2) > 60)
    assert car.visible > 0.9
    assert columns.min() >= x0 - 4
    assert columns.max() < x1 + 4  # the shadow falls up to 1.5 m beside the car
    assert rows.min() >= y0 - 4
    assert rows.max() < y1 + 4


def test_visible_share_falls_below_one_behind_a_tree():
    shares = [o.visible for f in shots("oblique", 5.0, fps=(2, 1)) for o in f.objects if o.inside]
    assert min(shares) < 0.9 < max(shares)


@pytest.mark.parametrize("fps", [(10, 1), (24, 1), (25, 1), (30000, 1001), (50, 1), (60, 1)])
def test_a_flash_is_new_in_its_first_frame_only_at_any_frame_rate(fps):
    flashes = (Flash(1, 0.21, 10.0, 185.0, duration_s=0.16), Flash(2, 0.3, 30.0, 190.0, duration_s=0.16))
    seen = [
        (flash.key, frame.t_s, flash.new)
        for frame in shots("empty", 0.6, fps=fps, size=(64, 64), flashes=flashes, path=SCENES["crossing"](1).path)
        for flash in frame.flashes
    ]
    for flash in flashes:
        times = [t_s for key, t_s, _ in seen if key == flash.key]
        assert [t_s for key, t_s, new in seen if key == flash.key and new] == times[:1]
        assert 0 <= times[0] - flash.t_s < fps[1] / fps[0] + 1e-6
        assert len(times) == pytest.approx(flash.duration_s * fps[0] / fps[1], abs=1)


def test_a_flash_that_the_camera_turns_to_is_new_when_it_comes_into_view():
    scene = SCENES["fast_pan"](1)
    edge = view_at(scene, 0.4, SIZE).ground(np.array([[SIZE[0] - 1.0, SIZE[1] / 2]]))[0]
    flash = Flash(1, 0.0, float(edge[0]), float(edge[1]), up_m=0.0, duration_s=0.8)
    frames = shots("fast_pan", 0.8, fps=(25, 1), flashes=(flash,))
    news = [flash.new for frame in frames for flash in frame.flashes]
    assert 0 < len(news) < len(frames)
    assert news == [True] + [False] * (len(news) - 1)


def test_smoke_is_hidden_by_what_stands_nearer_than_it():
    """A puff behind a house must not be painted over the house."""
    scene = replace(SCENES["parallax"](1), light=Light(noise=0.0), wind_m_s=0.0)
    house = next(h for h in vale(1).houses if abs(h.east_m + 182) < 1)
    flash = Flash(1, 0.0, house.east_m, house.north_m + 6.0, up_m=0.0, duration_s=0.01, smoke=True)
    path = CameraPath(tuple(Knot(t, house.east_m, house.north_m - 107, 50.0, 0.0, -25.0, 20.0) for t in (0.0, 4.0)))
    with_smoke, without = (
        list(render(replace(scene, path=path, flashes=some), SIZE, (1, 2), 4.0))[1] for some in ((flash,), ())
    )
    changed = np.abs(with_smoke.bgr.astype(int) - without.bgr).max(axis=2) > 8
    roof_m = np.array([house.east_m, house.north_m, house.eaves_m + house.rise_m - 1.0])
    above_m = roof_m + np.array([0.0, 6.0, 1.0])
    (x, y), (x_above, y_above) = (with_smoke.view.project(p)[0].round().astype(int) for p in (roof_m, above_m))
    assert changed[y_above - 3 : y_above + 4, x_above - 3 : x_above + 4].any()
    assert not changed[y - 2 : y + 3, x - 2 : x + 3].any()


def test_exposure_blurs_along_the_movement_and_moves_nothing():
    scene = SCENES["fast_pan"](1)
    views = [view_at(scene, 1.0 + share * 0.01, SIZE) for share in (-0.5, 0.5)]
    centre = np.array([[(SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2]])
    spot = np.column_stack([views[0].ground(centre), [0.0]])
    path_px = (views[1].project(spot)[0] - views[0].project(spot)[0])[0] * 8
    dot = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    cv2.circle(dot, (SIZE[0] // 2, SIZE[1] // 2), 6, (240, 240, 240), -1)
    blurred = exposed_for(dot, 0.08, lambda t: view_at(scene, t, SIZE), 1.0)

    def moments(picture):
        rows, columns = np.nonzero(picture[..., 0] > 0)
        weight = picture[rows, columns, 0].astype(float)
        points = np.column_stack([columns, rows])
        return np.average(points, axis=0, weights=weight), np.cov(points.T, aweights=weight)

    (before, spread), (after, wider) = moments(dot), moments(blurred)
    assert np.abs(after - before).max() < 0.1  # px
    direction = path_px / np.linalg.norm(path_px)
    # A uniform blur over a length L adds L**2 / 12 of variance along it and none across.
    assert direction @ (wider - spread) @ direction == pytest.approx(np.dot(path_px, path_px) / 12, rel=0.25)
    across = np.array([-direction[1], direction[0]])
    assert abs(across @ (wider - spread) @ across) < 0.6  # px**2


def test_a_closed_shutter_or_a_still_camera_leaves_the_picture_as_it_is():
    picture = np.random.default_rng(1).integers(0, 255, (*SIZE[::-1], 3), np.uint8)
    view = view_at(SCENES["empty"](1), 0.0, SIZE)
    assert exposed_for(picture, 0.0, lambda _t: view, 0.0) is picture
    assert exposed_for(picture, 0.02, lambda _t: view, 0.0) is picture


def test_sizes_follow_from_the_geometry():
    frame = shots("demo", 0.04, fps=(25, 1), size=(1280, 720))[0]
    van = next(o for o in frame.objects if o.key == 1)
    focal = 640 / np.tan(np.radians(frame.pose.hfov_deg) / 2)
    distance = np.linalg.norm(frame.view.position_m - [van.east_m, van.north_m, 0])
    assert van.xyxy[2] - van.xyxy[0] == pytest.approx(2.0 * focal / distance, rel=0.4)  # 2 m wide, seen along its way
    assert 6 <= max(van.xyxy[2] - van.xyxy[0], van.xyxy[3] - van.xyxy[1]) <= 40
