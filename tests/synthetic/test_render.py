"""The pictures: repeatable, moved by the true homography, alive where they should be and only there."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import cv2
import numpy as np
import pytest

from detector.synthetic import SCENES, render
from detector.synthetic.scene import Light

SIZE = (320, 240)


def shots(name, seconds, fps=(5, 1), seed=1, size=SIZE, **changes):
    return list(render(replace(SCENES[name](seed), **changes), size, fps, seconds))


def test_same_seed_gives_the_same_pixels_and_truth():
    one, two = (shots("events", 0.6) for _ in range(2))
    assert all((a.bgr == b.bgr).all() and a.objects == b.objects for a, b in zip(one, two, strict=True))


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
    first, second = (f.view for f in shots("parallax", 1.0, fps=(2, 1)))
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
    shares = [o.visible for f in shots("oblique", 6.0, fps=(2, 1)) for o in f.objects if o.inside]
    assert min(shares) < 0.9 < max(shares)


def test_sizes_follow_from_the_geometry():
    frame = shots("demo", 0.2, size=(1280, 720))[0]
    van = next(o for o in frame.objects if o.key == 1)
    focal = 640 / np.tan(np.radians(frame.pose.hfov_deg) / 2)
    distance = np.linalg.norm(frame.view.position_m - [van.east_m, van.north_m, 0])
    assert van.xyxy[2] - van.xyxy[0] == pytest.approx(2.0 * focal / distance, rel=0.4)  # 2 m wide, seen along its way
    assert 6 <= max(van.xyxy[2] - van.xyxy[0], van.xyxy[3] - van.xyxy[1]) <= 40
