"""Two pictures laid over one another by all of their pixels."""

import numpy as np
import pytest

from detector.picture.homography import apply, inverse
from detector.registration.direct import Direct
from tests.naive_vision import flight, naive_step, texture, view

SIZE = (160, 100)
GRID = np.stack(np.meshgrid(np.linspace(20, 140, 5), np.linspace(20, 80, 4)), -1).reshape(-1, 2)


def moved(x=0.0, y=0.0, turn=0.0, zoom=0.0):
    """Homography from the first picture to the later one, about the middle."""
    middle = np.array([[1, 0, 79.5], [0, 1, 49.5], [0, 0, 1]])
    return middle @ np.array([[1 + zoom, -turn, x], [turn, 1 + zoom, y], [0, 0, 1]]) @ np.linalg.inv(middle)


def pair(now_from_first, noise=0.0):
    ground, random = texture(3), np.random.default_rng(2)
    shots = [view(ground, flight(0) @ one, SIZE) for one in (np.eye(3), np.linalg.inv(now_from_first))]
    return [np.clip(shot + random.normal(0, noise, shot.shape), 0, 255).astype(np.uint8) for shot in shots]


@pytest.mark.parametrize(
    "motion",
    [{}, {"x": 0.4, "y": -0.3}, {"turn": 0.01}, {"zoom": -0.01}, {"x": 1.1, "y": 0.8, "turn": 0.008, "zoom": 0.005}],
    ids=["still", "shift", "turn", "zoom", "all"],
)
def test_what_is_put_right_is_what_has_moved(motion):
    true = moved(**motion)
    found = Direct(pair(true)[0]).now_from_this(pair(true, noise=2.0)[1], np.eye(3))
    off = np.hypot(*(apply(found, GRID) - apply(true, GRID)).T)
    assert off.max() < 0.12  # px: noise of 2 grey levels, and the interpolation of the test's own pictures


def test_a_step_is_that_of_the_slow_twin():
    first, later = pair(moved(x=0.3, y=0.2, turn=0.004))
    direct, guess = Direct(first), moved(x=0.1)
    change, _ = direct._step(later, guess @ direct._picture_from_inner)
    x, y, zoom, turn = naive_step(first, later, guess, (10, 7), 2, 24.0)
    wide, high = direct._size
    middle = np.array([[(wide - 1) / 2, (high - 1) / 2]])
    shift = (apply(change, middle) - middle)[0]
    np.testing.assert_allclose(shift, np.array([x, y]) / 2, atol=0.006)  # it rounds to whole grey levels
    np.testing.assert_allclose([change[0, 0] - 1, change[1, 0]], [zoom, turn], atol=2e-4)


def test_what_does_not_look_alike_is_not_laid():
    first, _ = pair(np.eye(3))
    assert Direct(first).now_from_this(view(texture(9), flight(0), SIZE), np.eye(3)) is None
    assert Direct(first).now_from_this(np.full_like(first, 128), np.eye(3)) is None


def test_blank_pictures_and_stripes_tell_nothing():
    stripes = np.tile((np.arange(SIZE[0]) // 8 % 2 * 200).astype(np.uint8), (SIZE[1], 1))
    for picture in (np.full((100, 160), 90, np.uint8), stripes):
        assert Direct(picture).now_from_this(picture, np.eye(3)) is None


def test_what_has_moved_out_of_view_is_not_laid():
    first, later = pair(np.eye(3))
    assert Direct(first).now_from_this(later, moved(x=30.0)) is None
    assert Direct(first).now_from_this(later, np.full((3, 3), np.nan)) is None


def test_the_inverse_is_that_of_numpy():
    matrix = flight(20)
    np.testing.assert_allclose(inverse(matrix), np.linalg.inv(matrix), rtol=1e-12)
    assert np.isnan(inverse(np.zeros((3, 3)))).all()
