"""Frames between two that are registered."""

import numpy as np
import pytest

from detector.model import Sight
from detector.picture.homography import apply
from detector.registration import FlowRegistrar
from detector.registration.glance import similarity
from tests.naive_vision import flight, frame, naive_similarity, texture, view

SIZE = (480, 270)
GRID = np.stack(np.meshgrid(np.linspace(20, 460, 7), np.linspace(20, 250, 5)), -1).reshape(-1, 2)


def shaken(index, random):
    """The flight with a jolt of up to 2 px and a tenth of a degree in each frame: no motion goes on as expected."""
    angle, (x, y) = random.normal(0, 0.001), random.normal(0, 1, 2)
    return flight(index) @ np.array([[1, -angle, x], [angle, 1, y], [0, 0, 1]])


def test_a_glance_is_good_to_a_fifth_of_a_pixel_on_a_camera_that_shakes():
    ground, random, registrar = texture(), np.random.default_rng(1), FlowRegistrar()
    glanced, errors = 0, []
    first = None
    for index in range(40):
        matrix = shaken(index, random)
        first = matrix if first is None else first
        alignment = registrar.align(frame(view(ground, matrix, SIZE), index))
        glanced += alignment.glanced
        true = apply(np.linalg.inv(first) @ matrix, GRID)
        errors.append(np.median(np.hypot(*(apply(alignment.reference_from_frame, GRID) - true).T)))
    assert glanced == 26  # two of three at 30 frames a second
    assert np.median(errors) < 0.2  # px, of 480


@pytest.mark.parametrize("cut_at", [15, 16, 17])
def test_a_cut_is_blind_at_once_wherever_it_falls(cut_at):
    registrar = FlowRegistrar()
    sights = [
        registrar.align(frame(view(texture(int(i >= cut_at)), flight(i), SIZE), i)).sight for i in range(cut_at + 1)
    ]
    assert sights[-1] is Sight.BLIND
    assert Sight.BLIND not in sights[:-1]


def test_at_ten_frames_a_second_every_frame_is_registered():
    registrar = FlowRegistrar()
    assert not any(registrar.align(frame(view(texture(), flight(i), SIZE), i, fps=10.0)).glanced for i in range(8))


def test_the_same_picture_again_has_not_moved():
    ground, registrar = texture(), FlowRegistrar()
    found = [registrar.align(frame(view(ground, flight(i - i % 2), SIZE), i)) for i in range(20)]
    for one, again in zip(found[10::2], found[11::2], strict=True):
        off = apply(one.reference_from_frame, GRID) - apply(again.reference_from_frame, GRID)
        assert np.abs(off).max() < 0.3  # px


def test_the_similarity_is_that_of_the_slow_twin_in_spite_of_outliers():
    random = np.random.default_rng(2)
    source = random.uniform(0, 240, (40, 2))
    true = np.array([[1.01, -0.02, 3.0], [0.02, 1.01, -1.5], [0, 0, 1]])
    target = apply(true, source) + random.normal(0, 0.05, source.shape)
    target[:10] += random.uniform(5, 30, (10, 2))
    found = similarity(source, target)
    np.testing.assert_allclose(apply(found, source), apply(naive_similarity(source, target), source), atol=0.05)
    np.testing.assert_allclose(apply(found, source), apply(true, source), atol=0.1)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_points_have_no_similarity(count):
    assert similarity(np.zeros((count, 2)), np.zeros((count, 2))) is None


def test_points_in_one_place_have_no_similarity():
    assert similarity(np.zeros((9, 2)), np.ones((9, 2))) is None
