"""Pictures laid over others."""

import numpy as np
import pytest

from detector.picture.warping import warped
from tests.naive_vision import naive_warped


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_warped_picture_is_that_of_the_slow_twin(dtype):
    picture = np.random.default_rng(1).integers(0, 256, (30, 44)).astype(dtype)
    matrix = np.array([[1.02, 0.03, 2.3], [-0.04, 0.99, -1.6], [1e-4, -2e-4, 1.0]])
    laid = warped(picture, matrix)
    assert laid.dtype == dtype
    np.testing.assert_allclose(laid, naive_warped(picture, matrix), atol=8.5)  # OpenCV's places are 1/32 px
