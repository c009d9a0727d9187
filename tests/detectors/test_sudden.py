import numpy as np
import pytest

from detector.detectors.sudden import Brightening, brightest, spots
from tests.naive_flash import naive_brightened, naive_brightest, naive_spots

RANDOM = np.random.default_rng(5)


def noise(shape=(40, 66)):
    return RANDOM.integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize(
    "matrix",
    [
        np.eye(3),
        np.array([[1, 0, 3.4], [0, 1, -2.2], [0, 0, 1.0]]),
        np.array([[0.97, 0.12, 4], [-0.12, 0.97, -3], [1e-4, 0, 1.0]]),
        np.array([[1, 0, 500.0], [0, 1, 0], [0, 0, 1]]),
    ],
    ids=["still", "drift", "turn", "out of sight"],
)
def test_brightening_is_that_of_the_slow_twin(matrix):
    now, before = noise(), noise()
    found = Brightening().between(now, before, matrix, 2)
    np.testing.assert_array_equal(found, naive_brightened(now, before, matrix, 2))


def test_brightening_of_one_pair_leaves_nothing_in_the_next():
    brightening = Brightening()
    brightening.between(noise(), noise(), np.array([[1, 0, 9.0], [0, 1, 0], [0, 0, 1]]), 1)
    now, before = noise(), noise()
    shifted = np.array([[1, 0, -7.0], [0, 1, 5.0], [0, 0, 1]])
    np.testing.assert_array_equal(
        brightening.between(now, before, shifted, 1), naive_brightened(now, before, shifted, 1)
    )
    small, smaller = noise((9, 11)), noise((9, 11))
    np.testing.assert_array_equal(
        brightening.between(small, smaller, np.eye(3), 1), naive_brightened(small, smaller, np.eye(3), 1)
    )


@pytest.mark.parametrize(("least", "most"), [(200, 100), (250, 3), (1, 1000)])
def test_spots_are_those_of_the_slow_twin(least, most):
    picture = noise((37, 51))
    places, values = spots(picture, least, 8, most)
    expected_places, expected_values = naive_spots(picture, least, 8, most)
    assert [tuple(place) for place in places.tolist()] == expected_places
    assert values.tolist() == expected_values


def test_no_spots_where_nothing_reaches_the_least():
    assert len(spots(np.full((20, 20), 9, np.uint8), 10, 8, 5)[0]) == 0
    assert len(spots(np.zeros((0, 0), np.uint8), 10, 8, 5)[0]) == 0


def test_brightest_is_that_of_the_slow_twin():
    picture = noise()
    xy = RANDOM.uniform(-5, 70, (60, 2))
    np.testing.assert_array_equal(brightest(picture, xy, 3, 7.0), naive_brightest(picture, xy, 3, 7.0))
    assert brightest(picture, np.array([[np.nan, 1.0]]), 3).tolist() == [255.0]
    assert len(brightest(picture, np.zeros((0, 2)), 3)) == 0
