"""A camera that makes everything brighter or darker."""

import cv2
import numpy as np
import pytest

from detector.detectors.exposure import Exposure, exposure
from detector.detectors.residual import block_means, edges, in_the_light_of, symmetric
from detector.detectors.steady_points import SteadyPoints
from tests.naive_vision import naive_exposure, texture


def exposed(picture, gain, offset=0.0):
    return np.clip(np.rint(gain * picture.astype(float) + offset), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("gain", "offset"), [(0.7, 0.0), (1.3, 0.0), (1.25, -15.0), (0.8, 20.0), (1.02, 0.0), (1.0, 12.0)]
)
def test_it_is_told_as_by_the_slow_twin_though_a_fifth_is_in_the_shadow_of_a_cloud(gain, offset):
    other = block_means(texture(3) // 2 + 50)
    means = exposed(other, gain, offset)
    shadow = np.s_[:, : means.shape[1] // 5]
    means[shadow] = exposed(means[shadow], 0.8)
    found, slow = exposure(means, other), naive_exposure(means, other)
    if abs(gain - 1) < 0.04:
        assert found is None
    else:
        assert found is not None
        assert found == (pytest.approx(slow[0], abs=0.03), pytest.approx(slow[1], abs=3))
        assert found == (pytest.approx(gain, abs=0.03), pytest.approx(offset, abs=3))


def test_of_pictures_that_have_nothing_in_common_it_says_nothing():
    one, other = block_means(texture(3)), block_means(texture(4))
    assert exposure(exposed(one, 1.0, 5.0), other) is None


def test_in_a_view_of_one_grey_what_is_black_stays_black():
    other = np.full((20, 30), 60, np.uint8)
    assert exposure(exposed(other, 1.4), other) == (pytest.approx(1.4, abs=0.02), pytest.approx(0, abs=1))


def test_what_is_out_of_view_or_clipped_tells_nothing():
    other = block_means(texture(3) // 2 + 50)
    means, valid = exposed(other, 1.3), np.full(other.shape, 255, np.uint8)
    means[:, 20:], valid[:, 20:] = 50, 0
    assert exposure(means, other, valid) == (pytest.approx(1.3, abs=0.02), pytest.approx(0, abs=2))
    assert exposure(means, other, np.zeros_like(valid)) is None
    assert exposure(np.full_like(means, 255), other) is None


def test_taken_out_it_is_the_same_picture_and_what_was_clipped_differs_from_nothing():
    other = texture(5)
    lighter = exposed(other, 1.5)
    same = Exposure(1.5, 0.0).taken_out(lighter, other)
    assert np.abs(same.astype(int) - other).max() <= 1
    assert (lighter == 255).any()


@pytest.mark.parametrize("gain", [0.7, 1.3])
def test_nothing_seems_to_move_while_the_exposure_hunts_and_a_mover_does(gain):
    ground = texture(6, (640, 360)) // 2 + 50
    judged = exposed(ground, gain)
    judged[100:120, 200:230] = 250
    # A step of brightness alone leaves what is lighter and darker than most.
    steps = [exposed(ground, 1.0, float(np.median(judged)) - float(np.median(ground)))] * 2
    lit = [in_the_light_of(judged, block_means(judged), ground, block_means(ground)) for _ in range(2)]
    residual = symmetric(judged, *lit)
    cv2.subtract(residual, cv2.convertScaleAbs(edges(judged), alpha=0.3), dst=residual)
    assert residual[104:116, 204:226].min() > 40
    residual[96:124, 196:234] = 0
    assert residual.max() < 7 < symmetric(judged, *steps)[140:].max()


def test_points_on_water_stay_where_they_are_while_the_exposure_hunts():
    ground, points = texture(8, (320, 200)) // 2 + 50, SteadyPoints()
    first = points.see(ground, 0)
    for index, gain in enumerate((1.15, 1.3, 1.15, 1.0, 0.85, 0.7)):
        last = points.see(exposed(ground, gain), (index + 1) * 100_000_000)
    _, was, now = np.intersect1d(first.number, last.number, return_indices=True)
    assert len(now) > 0.9 * len(first.number)
    assert np.quantile(np.hypot(*(last.xy[now] - first.xy[was]).T), 0.9) < 0.1
