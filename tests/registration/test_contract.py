"""What every registrar promises, for each that is registered."""

import numpy as np
import pytest

from detector.model import CameraPose, Sight
from detector.registration import REGISTRARS
from tests.naive_vision import flight, frame, texture, view

SIZE = (480, 270)


@pytest.fixture(params=sorted(REGISTRARS))
def registrar(request):
    return REGISTRARS[request.param]()


def flown(count, pan_px=3.0, seed=0):
    ground = texture(seed)
    return [frame(view(ground, flight(i, pan_px), SIZE), i) for i in range(count)]


def test_one_alignment_a_frame_with_its_index_and_time(registrar):
    for picture in flown(8):
        alignment = registrar.align(picture)
        assert (alignment.index, alignment.t_ns) == (picture.index, picture.t_ns)
        assert alignment.reference_from_frame.shape == (3, 3)
        assert not alignment.reference_from_frame.flags.writeable


def test_the_first_frame_is_the_reference_and_warms_up(registrar):
    first = registrar.align(flown(1)[0])
    assert first.sight is Sight.WARMING_UP
    np.testing.assert_array_equal(first.reference_from_frame, np.eye(3))


def test_repeatable_after_reset(registrar):
    def matrices():
        return [registrar.align(picture).reference_from_frame for picture in flown(12)]

    first = matrices()
    registrar.reset()
    np.testing.assert_array_equal(first, matrices())


def test_causal(registrar):
    whole = [registrar.align(picture).reference_from_frame for picture in flown(12)]
    registrar.reset()
    np.testing.assert_array_equal(whole[:6], [registrar.align(picture).reference_from_frame for picture in flown(6)])


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (16, 16), (31, 97), (135, 239)])
@pytest.mark.parametrize("kind", ["constant", "noise", "texture"])
def test_no_picture_makes_it_crash(registrar, shape, kind):
    random = np.random.default_rng(5)
    for index in range(6):
        luma = {
            "constant": np.full(shape, 90, np.uint8),
            "noise": random.integers(0, 256, shape, np.uint8),
            "texture": np.ascontiguousarray(texture()[: shape[0], index : index + shape[1]]),
        }[kind]
        alignment = registrar.align(frame(luma, index))
        assert alignment.sight is not Sight.SEEING or np.isfinite(alignment.reference_from_frame).all()


def test_a_pose_without_numbers_does_not_matter(registrar):
    nan = float("nan")
    pose = CameraPose(nan, nan, nan, nan, nan, nan, nan, nan)
    ground = texture()
    for index in range(4):
        alignment = registrar.align(frame(view(ground, flight(index), SIZE), index, pose=pose))
    assert alignment.sight is Sight.SEEING
