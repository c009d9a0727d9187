import numpy as np
import pytest

from detector.picture.homography import apply, fit, fit_by_sampling, jacobian, normalised, rescaled
from tests.naive_vision import flight, naive_apply, naive_fit, naive_jacobian


@pytest.fixture
def points():
    return np.random.default_rng(1).uniform(0, 480, (200, 2))


def test_apply_and_jacobian_agree_with_their_slow_twins(points):
    matrix = flight(40)
    np.testing.assert_allclose(apply(matrix, points), naive_apply(matrix, points), atol=1e-9)
    np.testing.assert_allclose(jacobian(matrix, points), naive_jacobian(matrix, points), atol=1e-6)


def test_exact_points_give_the_exact_matrix(points):
    found = fit(points, apply(flight(30), points), inlier_px=0.7)
    assert found is not None
    np.testing.assert_allclose(apply(found.matrix, points), apply(flight(30), points), atol=1e-6)
    assert found.inlier_ratio == 1.0


def test_two_fifths_of_outliers_do_not_pull_the_matrix(points):
    random = np.random.default_rng(2)
    target = apply(flight(30), points) + random.normal(0, 0.1, points.shape)
    target[:80] += random.uniform(-40, 40, (80, 2))
    found = fit(points, target, inlier_px=0.7)
    assert found is not None
    off = np.hypot(*(apply(found.matrix, points) - apply(flight(30), points)).T)
    assert np.median(off) < 0.05  # px; noise of 0.1 px a point over 120 good points
    slow = naive_fit(points, target, 0.7)
    assert np.median(np.hypot(*(apply(found.matrix, points) - apply(slow, points)).T)) < 0.02


def test_points_count_by_how_sure_their_places_are(points):
    random = np.random.default_rng(4)
    sigma_px = np.where(np.arange(len(points)) < 150, 0.4, 0.02)
    target = apply(flight(30), points) + sigma_px[:, None] * random.normal(size=points.shape)
    alike, found = (fit(points, target, inlier_px=0.7, trust=trust) for trust in (None, (0.02 / sigma_px) ** 2))
    assert alike is not None
    assert found is not None
    off, off_alike = (np.hypot(*(apply(one.matrix, points) - apply(flight(30), points)).T) for one in (found, alike))
    assert np.median(off) < 0.015 < 0.03 < np.median(off_alike)  # px; .02 px a point over 50 points
    slow = naive_fit(points, target, 0.7, (0.02 / sigma_px) ** 2)
    assert np.median(np.hypot(*(apply(found.matrix, points) - apply(slow, points)).T)) < 0.01


def test_sampling_finds_the_third_that_agrees_and_always_the_same(points):
    random = np.random.default_rng(3)
    target = apply(flight(10), points)
    target[:130] += random.uniform(-60, 60, (130, 2))
    first, second = (fit_by_sampling(points, target, inlier_px=0.7) for _ in range(2))
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.matrix, second.matrix)
    assert np.hypot(*(apply(first.matrix, points) - apply(flight(10), points)).T).max() < 0.5


@pytest.mark.parametrize("count", [0, 1, 7])
def test_too_few_points_give_nothing(count):
    assert fit(np.zeros((count, 2)), np.zeros((count, 2)), inlier_px=1.0) is None
    assert fit_by_sampling(np.zeros((count, 2)), np.zeros((count, 2)), inlier_px=1.0) is None


def test_points_on_one_line_or_one_place_give_nothing():
    line = np.stack([np.arange(50.0), np.arange(50.0)], axis=1)
    assert fit(line, line, inlier_px=1.0) is None
    assert fit(np.ones((50, 2)), np.ones((50, 2)), inlier_px=1.0) is None


def test_rescaled_relates_the_same_places_at_full_size(points):
    scale = np.array([[4, 0, 1.5], [0, 4, 1.5], [0, 0, 1.0]])
    full = rescaled(flight(5), scale)
    np.testing.assert_allclose(apply(full, apply(scale, points)), apply(scale, apply(flight(5), points)), atol=1e-6)


def test_a_matrix_with_a_vanishing_corner_is_still_finite():
    assert np.isfinite(normalised(np.array([[1, 0, 0], [0, 1, 0], [0.1, 0, 0.0]]))).all()
