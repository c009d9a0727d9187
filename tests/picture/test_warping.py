"""Pictures laid over others by a homography."""

import cv2
import numpy as np
import pytest

from detector.picture.warping import apart_px, warped
from tests.naive_vision import naive_warped, texture


def turned(degrees, zoom=1.0, shift=(0.0, 0.0), tilt=(0.0, 0.0)):
    c, s = zoom * np.cos(np.radians(degrees)), zoom * np.sin(np.radians(degrees))
    return np.array([[c, -s, shift[0]], [s, c, shift[1]], [*tilt, 1.0]])


@pytest.mark.parametrize(
    "matrix",
    [
        turned(0),
        turned(0, shift=(3.25, -1.5)),
        turned(0.5, shift=(-2.3, 4.6)),
        turned(-1, 1.01, (30.4, 0.2)),
        turned(0.3, 0.99, (1.0, 2.0), (5e-5, -3e-5)),
    ],
)
def test_blocks_of_pixels_come_to_the_same_as_each_pixel_by_itself(matrix):
    picture = np.ascontiguousarray(texture()[:36, :60])
    assert apart_px(np.linalg.inv(matrix), (60, 36)) <= 0.03
    # The steepest slope of this picture times what they may be apart, and a grey level of rounding.
    slope = max(np.abs(np.diff(picture.astype(int), axis=axis)).max() for axis in (0, 1))
    off = np.abs(warped(picture, matrix) - naive_warped(picture, matrix))
    assert off.max() <= 1 + 0.03 * slope
    assert off.mean() < 0.6  # grey levels


def test_at_the_border_blocks_go_on_as_the_picture_ends():
    picture = np.arange(64, dtype=np.uint8)[None].repeat(8, axis=0)
    moved = np.array([[1, 0, 2.0], [0, 1, 0], [0, 0, 1]])
    assert warped(picture, moved)[0, :6].tolist() == [0, 0, 0, 1, 2, 3]
    assert warped(picture, np.linalg.inv(moved))[0, -6:].tolist() == [60, 61, 62, 63, 63, 63]
    assert warped(np.ascontiguousarray(picture.T), moved[[1, 0, 2]][:, [1, 0, 2]])[:6, 0].tolist() == [0, 0, 0, 1, 2, 3]


@pytest.mark.parametrize("matrix", [turned(10), turned(0, 1.2), turned(0, tilt=(2e-3, 0)), turned(0, tilt=(-1, 0))])
def test_what_turns_or_grows_is_warped_pixel_by_pixel(matrix):
    picture = np.ascontiguousarray(texture()[:36, :60])
    expected = cv2.warpPerspective(picture, matrix, (60, 36), borderMode=cv2.BORDER_REPLICATE)
    np.testing.assert_array_equal(warped(picture, matrix), expected)


@pytest.mark.parametrize("size", [(61, 36), (62, 35), (3, 3), (2, 2)])
def test_any_width_is_laid(size):
    picture = np.ascontiguousarray(texture()[: size[1], : size[0]])
    matrix = turned(0.5, shift=(1.5, 0.5))
    assert np.abs(warped(picture, matrix) - naive_warped(picture, matrix)).max() <= 1


def test_pictures_of_16_bits_are_laid():
    picture = np.ascontiguousarray(texture()[:36, :60]).astype(np.uint16) * 64
    matrix = turned(0.5, shift=(1.5, 0.5))
    assert np.abs(warped(picture, matrix) - naive_warped(picture, matrix)).max() <= 1


def test_how_far_apart_a_block_comes_to_lie_is_that_of_its_corners():
    matrix = turned(0.7, 1.02, (5, 7), (1e-5, 2e-5))
    size = (640, 360)

    def there(x, y):
        moved = matrix @ (x, y, 1.0)
        return moved[:2] / moved[2]

    corners = [(0, 0), (640, 0), (0, 360), (640, 360)]
    steps = [(0.5, 0.5), (0.5, -0.5), (-0.5, 0.5), (-0.5, -0.5)]
    off = [np.hypot(*(there(x + dx, y + dy) - there(x, y) - (dx, dy))) for x, y in corners for dx, dy in steps]
    assert apart_px(matrix, size) == pytest.approx(max(off), rel=1e-3)


def test_nothing_is_shared_where_the_horizon_crosses_the_picture():
    assert apart_px(np.array([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1.0]]), (640, 360)) == float("inf")
    assert apart_px(np.full((3, 3), np.nan), (640, 360)) == float("inf")
