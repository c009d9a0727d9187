import numpy as np
import pytest

from detector.detectors import sudden
from detector.detectors.sudden import Brightening, brightest, strongest
from tests.naive_flash import naive_brightest, naive_lit_up, naive_strongest

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
@pytest.mark.parametrize(("least", "bright"), [(1, 0), (25, 150), (150, 100)])
def test_what_lights_up_is_what_the_slow_twin_says(matrix, least, bright):
    now, before = noise((41, 66)), noise((41, 66)) // 2
    for reach_px in (2, 3, 5):
        lit = naive_lit_up(now, before, matrix, reach_px, least, bright)
        same(Brightening().between(now, before, matrix, reach_px, least, bright), lit)


def test_what_lights_up_in_one_pair_leaves_nothing_in_the_next():
    brightening = Brightening()
    first, second, third = noise(), noise() // 3, noise()
    brightening.between(second, first, np.array([[1, 0, 9.0], [0, 1, 0], [0, 0, 1]]), 2, 25, 150)
    shifted = np.array([[1, 0, -7.0], [0, 1, 5.0], [0, 0, 1]])
    same(brightening.between(third, second, shifted, 2, 25, 150), naive_lit_up(third, second, shifted, 2, 25, 150))
    small, smaller = noise((9, 11)), noise((9, 11))
    same(brightening.between(small, smaller, np.eye(3), 2, 5, 9), naive_lit_up(small, smaller, np.eye(3), 2, 5, 9))


def test_a_few_places_and_many_are_looked_at_alike(monkeypatch):
    now, before = noise(), noise() // 2
    many = Brightening().between(now, before, np.eye(3), 3, 5, 0)
    monkeypatch.setattr(sudden, "_MOST_GATHERED", 0)
    assert len(many[0]) > 3
    same(Brightening().between(now, before, np.eye(3), 3, 5, 0), many)


@pytest.mark.parametrize(("least", "most"), [(200, 100), (250, 3), (1, 1000)])
def test_the_strongest_are_those_of_the_slow_twin(least, most):
    picture = noise((37, 51))
    y, x = np.nonzero(picture >= least)
    places, values = np.stack([x, y], axis=1), picture[y, x].astype(np.int64)
    same(strongest(places, values, 8, most), naive_strongest(places.tolist(), values.tolist(), 8, most))


def test_nothing_is_strongest_where_nothing_lights_up():
    assert len(strongest(np.zeros((0, 2), np.int64), np.zeros(0, np.int64), 8, 5)[0]) == 0
    assert len(Brightening().between(noise(), noise() // 2 + 128, np.eye(3), 2, 200, 0)[0]) == 0


def same(found, expected):
    places, values = expected
    assert [tuple(place) for place in found[0].tolist()] == [tuple(place) for place in places]
    assert found[1].tolist() == list(values)


def test_brightest_is_that_of_the_slow_twin():
    picture = noise()
    xy = RANDOM.uniform(-5, 70, (60, 2))
    np.testing.assert_array_equal(brightest(picture, xy, 3, 7.0), naive_brightest(picture, xy, 3, 7.0))
    assert brightest(picture, np.array([[np.nan, 1.0]]), 3).tolist() == [255.0]
    assert len(brightest(picture, np.zeros((0, 2)), 3)) == 0
