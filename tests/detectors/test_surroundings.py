"""What stands above the ground is told from what drives over it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detector.detectors import surroundings
from detector.detectors.residual import edges
from detector.detectors.surroundings import _HEIGHTS, Pictures, least_left, moves_alone, shifts
from detector.model import Parallax
from tests.naive_vision import naive_least_left, texture

SIZE_PX = (320, 240)
ROOF = np.array([120, 90, 200, 150])
SHIFT_PX = np.array([5.0, 1.0])  # of the roof, from one picture to the next
PARALLAX = Parallax(np.array([*SHIFT_PX, 0.0]) / np.hypot(*SHIFT_PX), 20.0, 0.0)  # everywhere the same way


def picture(step: float, car_px: np.ndarray | None = None) -> np.ndarray:
    """Ground, a textured roof above it that moves on by SHIFT_PX a step, and a car of 8x5 px."""
    ground = texture(1, SIZE_PX).copy()
    roof = np.clip(texture(2, SIZE_PX).astype(int) + 50, 0, 255).astype(np.uint8)
    moved = np.array([[1, 0, SHIFT_PX[0] * step], [0, 1, SHIFT_PX[1] * step]])
    cover = np.zeros_like(ground)
    cover[ROOF[1] : ROOF[3], ROOF[0] : ROOF[2]] = 255
    roof, cover = (cv2.warpAffine(one, moved, SIZE_PX) for one in (roof, cover))
    ground[cover > 127] = roof[cover > 127]
    if car_px is not None:
        x, y = np.rint(car_px).astype(int)
        ground[y : y + 5, x : x + 8] = 250
    return np.ascontiguousarray(ground)


def pictures(parallax: Parallax | None = PARALLAX, car_px=None, car_step=(0.0, 0.0)) -> Pictures:
    judged, earlier, later = (
        picture(step, None if car_px is None else np.array(car_px) + step * np.array(car_step)) for step in (0, -1, 1)
    )
    return Pictures(judged, earlier, later, edges(judged), 0.3, 0.6, parallax)


def borders() -> np.ndarray:
    """Boxes that lie half on the roof and half on the ground, along its sides."""
    x0, y0, x1, y1 = ROOF
    return np.array(
        [[x - 3, y - 3, x + 4, y + 4] for x, y in ((x0, 105), (x0, 130), (x1, 110), (x1, 140), (150, y0), (180, y1))],
        np.float64,
    )


def test_no_border_of_a_roof_moves_alone():
    seen = pictures()
    needed = np.full(6, 12.0)
    ground = least_left(borders(), np.zeros((6, 2)), np.zeros((6, 2)), seen)
    assert (ground >= needed).any(), "without the test some of it would count"
    assert not moves_alone(borders(), needed, seen).any()


def test_a_car_on_the_ground_moves_alone():
    seen = pictures(car_px=(60, 60), car_step=(0, 12))
    assert moves_alone(np.array([[59.0, 59, 69, 66]]), np.array([12.0]), seen).all()


def test_a_car_beside_the_roof_moves_alone_where_it_crosses_the_lines():
    seen = pictures(car_px=(ROOF[2] + 4, 115), car_step=(0, 14))
    assert moves_alone(np.array([[ROOF[2] + 3.0, 114, ROOF[2] + 13, 121]]), np.array([12.0]), seen).all()


def test_of_many_boxes_the_last_is_followed_as_the_first():
    """The pieces around them, one below the other, are longer than any picture."""
    few, many = (np.tile(borders(), (times, 1)) for times in (1, 50))
    for one, other in zip(shifts(few, pictures()), shifts(many, pictures()), strict=True):
        assert np.hypot(*one.T).max() > 3
        np.testing.assert_allclose(other, np.tile(one, (50, 1)), atol=0.05)


def test_nothing_is_asked_of_no_box():
    assert moves_alone(np.zeros((0, 4)), np.zeros(0), pictures()).shape == (0,)


@pytest.mark.parametrize("seed", range(3))
def test_least_left_as_its_slow_twin(seed):
    rng = np.random.default_rng(seed)
    seen = pictures(car_px=(150, 100), car_step=(2, 3))
    corner = rng.integers([20, 20], [280, 200], (8, 2))
    boxes = np.concatenate([corner, corner + rng.integers(2, 16, (8, 2))], axis=1).astype(np.float64)
    # Multiples of 1/8: shares of them are still multiples of 1/32, to which OpenCV interpolates.
    earlier, later = (np.round(rng.uniform(-6, 6, (8, 2)) * 8) / 8 for _ in range(2))
    fast = least_left(boxes, earlier, later, seen)
    slow = [naive_least_left(*one, seen, _HEIGHTS) for one in zip(boxes, earlier, later, strict=True)]
    np.testing.assert_allclose(fast, slow, atol=1.0)


BOXES = np.array([[100, 80, 112, 90], [3, 2, 9, 8], [220, 150, 250, 170], [380, 250, 398, 268], [50, 60, 140, 120]])


def moved_by(picture: np.ndarray, x: float, y: float) -> np.ndarray:
    matrix = np.array([[1, 0, x], [0, 1, y]], float)
    return np.asarray(cv2.warpAffine(picture, matrix, picture.shape[::-1], borderMode=1))


def test_pieces_tell_the_same_as_the_whole_picture(monkeypatch):
    judged = np.ascontiguousarray(texture()[:270, :400])
    seen = Pictures(judged, moved_by(judged, 1.5, -0.5), moved_by(judged, -2, 1), edges(judged), 0.3, 0.6, None)
    in_pieces = shifts(BOXES.astype(float), seen)
    monkeypatch.setattr(surroundings, "_MOST_CUT_PX", 0)
    whole = shifts(BOXES.astype(float), seen)
    for one, other in zip(in_pieces, whole, strict=True):
        np.testing.assert_allclose(one[[0, 2, 4]], other[[0, 2, 4]], atol=0.05)  # px
        # In a corner most neighbours lie on the border, where the picture goes on at each level of the pyramid by
        # itself and a piece does not: there the two need not agree on what three of them say.
        assert (np.hypot(*one[[1, 3]].T) < 3).all()


def test_surroundings_that_moved_are_found():
    judged = np.ascontiguousarray(texture()[:270, :400])
    moved = moved_by(judged, 1.5, -0.5)
    found, _ = shifts(BOXES.astype(float), Pictures(judged, moved, moved, edges(judged), 0.3, 0.6, None))
    np.testing.assert_allclose(found[[0, 2, 4]], [[1.5, -0.5]] * 3, atol=0.1)  # px


def test_a_box_of_four_pixels_is_no_exception():
    """OpenCV takes a row of four numbers for a colour."""
    box = np.array([[100.0, 80, 102, 82]])
    left = least_left(box, np.zeros((1, 2)), np.zeros((1, 2)), pictures())
    assert left.shape == (1,)
