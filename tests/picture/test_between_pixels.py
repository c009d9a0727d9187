import numpy as np

from detector.picture.between_pixels import greys_at
from tests.naive_vision import naive_between


def test_it_agrees_with_its_slow_twin_in_any_shape_and_goes_on_beyond_the_edge():
    random = np.random.default_rng(1)
    picture = random.integers(0, 256, (40, 60)).astype(np.uint8)
    places = random.uniform(-8, 66, (3, 5, 100, 2))
    found = greys_at(picture, places)
    assert found.shape == (3, 5, 100)
    framed = np.pad(picture, 40, mode="edge")
    expected = [naive_between(framed, x + 40, y + 40) for x, y in places.reshape(-1, 2)]
    np.testing.assert_allclose(found.ravel(), expected, atol=5)  # places are taken to 1/32 of a pixel


def test_no_place_has_no_grey_level():
    assert greys_at(np.zeros((4, 4), np.uint8), np.zeros((0, 7, 2))).shape == (0, 7)
