"""Two tracks on one long vehicle are one; two vehicles abreast are two."""

from __future__ import annotations

import numpy as np
import pytest

from detector.tracking import KalmanTracker
from detector.tracking.parts import inside_larger, is_part_of_another
from detector.tracking.states import new_states
from tests.naive_vision import aligned, boxes, naive_inside_larger


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


def test_a_speck_holds_nothing_back():
    large = pair((118, 100), (120, 130), (30, 0))
    assert is_part_of_another(large, 1, 1.0)
    assert not is_part_of_another(large, 1, 1.0, 20.0)
    assert is_part_of_another(pair((118, 100), (8, 14), (30, 0)), 1, 1.0, 20.0)


def test_a_box_without_area_is_survived():
    assert is_part_of_another(pair((100, 100), (0, 0), (30, 0)), 1, 1.0)


def test_the_slow_twin_finds_the_same_inside():
    rng = np.random.default_rng(5)
    low = rng.uniform(0, 60, (60, 2))
    xyxy = np.concatenate([low, low + rng.choice([4.0, 10, 30], (60, 2))], axis=1)
    found = inside_larger(xyxy)
    assert 5 < found.sum() < 55
    assert found.tolist() == naive_inside_larger(xyxy)


def counting(second, since=60, until=160, fps=25):
    """How many count in each frame: a lorry, of which two pieces show at first, then all; and a second box."""
    tracker, counts = KalmanTracker(), []
    for index in range(until):
        x = 60 + 1.6 * index
        rear, front = [x - 24, 92, x - 8, 108], [x + 12, 92, x + 24, 108]
        lorry = [x - 24, 92, x + 24, 108]
        found = [rear, front] if index < since else [lorry, second(x, index)]
        t_ns = round(index * 1e9 / fps)
        tracks = tracker.update(boxes(index, t_ns, found), aligned(index, t_ns))
        counts.append(int((tracks.confirmed & (tracks.missed == 0)).sum()))
    return counts


def test_a_piece_counts_until_it_shows_inside_the_whole():
    counts = counting(lambda x, _: [x + 12, 94, x + 22, 106])
    assert counts[55] == 2
    assert set(counts[100:]) == {1}


def test_what_stands_out_of_it_counts_on():
    assert set(counting(lambda x, _: [x + 16, 94, x + 30, 106])[70:]) == {2}


def test_what_is_covered_for_a_moment_counts_on():
    """The second one, smaller, drives past and lies in the lorry's box for a third of a second."""

    def passing(x, index):
        ahead = x + 18 + 2.5 * (index - 64)
        return [ahead - 6, 94, ahead + 6, 106]

    assert set(counting(passing)[75:110]) == {2}
