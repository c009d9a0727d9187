import gc

import numpy as np
import pytest

from detector.picture import full_from_shrunk, level_at_most, pyramid, shrunk
from tests.naive_vision import frame, texture


def test_halving_is_the_mean_of_four_pixels():
    picture = frame(texture(), 0)
    small = shrunk(picture, 1)
    mean = picture.luma.reshape(350, 2, 450, 2).mean(axis=(1, 3))
    assert np.abs(small - mean).max() <= 0.75  # grey: rounding to whole levels
    assert not small.flags.writeable


def test_a_picture_is_made_once_and_forgotten_with_its_frame():
    picture = frame(texture(), 0)
    assert shrunk(picture, 2) is shrunk(picture, 2)
    before = len(pyramid._pictures)
    del picture
    gc.collect()
    assert len(pyramid._pictures) < before


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (17, 33), (719, 1279)])
def test_odd_sizes_shrink_without_a_crash(shape):
    luma = np.zeros(shape, np.uint8)
    level = level_at_most(shape[::-1], 480)
    small = shrunk(frame(luma, 0), level)
    assert small.shape == (shape[0] >> level, shape[1] >> level)


def test_a_strided_view_is_made_contiguous():
    luma = np.zeros((40, 64), np.uint8)[:, :50]
    assert shrunk(frame(luma, 0), 0).flags.c_contiguous


def test_levels_that_leave_no_pixel_are_refused():
    with pytest.raises(ValueError, match="level=3"):
        shrunk(frame(np.zeros((4, 4), np.uint8), 0), 3)
    with pytest.raises(ValueError, match="level=-1"):
        shrunk(frame(np.zeros((4, 4), np.uint8), 0), -1)


def test_full_size_place_of_a_small_pixel_is_its_blocks_centre():
    np.testing.assert_allclose(full_from_shrunk(2) @ [0, 0, 1], [1.5, 1.5, 1])


def test_1080p_and_4k_end_at_the_same_size():
    assert [level_at_most(size, 480) for size in ((480, 270), (1280, 720), (1920, 1080), (3840, 2160))] == [0, 2, 2, 3]
