"""Two tracks on one long vehicle are one; two vehicles abreast are two."""

from __future__ import annotations

import numpy as np
import pytest

from detector.tracking.parts import is_part_of_another
from detector.tracking.states import new_states


def pair(second_xy, second_size, second_velocity):
    """A confirmed thing of 40x16 px at (100, 100) that moves at 30 px/s, and a tentative second one."""
    first = np.array([80.0, 92.0, 120.0, 108.0])
    x, y, w, h = *second_xy, *second_size
    second = np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
    states = new_states(np.stack([first, second]), np.ones(2), 1, 0, sigma_px=np.ones(2), sigma_velocity_px_s=0.5)
    states.state[:, 2:] = [[30.0, 0.0], second_velocity]
    states.confirmed[0] = True
    return states


@pytest.mark.parametrize(
    ("xy", "size", "velocity", "expected"),
    [
        ((118, 100), (8, 14), (31, 0), True),  # its front alone
        ((84, 100), (8, 14), (29, 0), True),  # its rear alone
        ((118, 100), (8, 14), (20, 20), True),  # its front while it turns
        ((145, 100), (8, 14), (-30, 0), False),  # something that comes towards it
        ((145, 100), (40, 16), (30, 0), False),  # the next of a convoy
        ((100, 118), (40, 16), (30, 0), False),  # one abreast
        ((108, 102), (36, 15), (30, 0), True),  # the same once more
        ((160, 100), (8, 14), (30, 0), False),  # a motorcycle ahead
    ],
)
def test_a_part_lies_on_the_thing(xy, size, velocity, expected):
    assert is_part_of_another(pair(xy, size, velocity), 1, 1.0) is expected


def test_nothing_is_a_part_while_nothing_is_confirmed():
    states = pair((118, 100), (8, 14), (30, 0))
    states.confirmed[0] = False
    assert not is_part_of_another(states, 1, 1.0)


def test_a_box_without_area_is_survived():
    assert is_part_of_another(pair((100, 100), (0, 0), (30, 0)), 1, 1.0)
