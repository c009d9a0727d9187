from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.model import CameraPose
from detector.sources.jumps import believed_positions, without_jumps
from detector.sources.telemetry import Sample


def flight(metres: list[float], step_s: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(len(metres)) * step_s, np.column_stack([metres, np.zeros((len(metres), 2))])


def naive(t_s: np.ndarray, xyz_m: np.ndarray) -> list[bool]:
    """The same, one position after the other."""

    def reachable(i: int, j: int) -> bool:
        return bool(np.linalg.norm(xyz_m[i] - xyz_m[j]) <= 15.0 + 150.0 * abs(t_s[i] - t_s[j]))

    stretches = [[0]]
    for i in range(1, len(t_s)):
        if reachable(i, i - 1):
            stretches[-1].append(i)
        else:
            stretches.append([i])
    best = max(range(len(stretches)), key=lambda k: len(stretches[k]))
    good = set(stretches[best])
    last = stretches[best][-1]
    for stretch in stretches[best + 1 :]:
        if reachable(stretch[0], last) or t_s[stretch[0]] - t_s[last] > 60:
            good.update(stretch)
            last = stretch[-1]
    last = stretches[best][0]
    for stretch in reversed(stretches[:best]):
        if reachable(stretch[-1], last) or t_s[last] - t_s[stretch[-1]] > 60:
            good.update(stretch)
            last = stretch[0]
    for side in (range(min(good)), range(max(good) + 1, len(t_s))):
        sub = [side[k] for k, kept in enumerate(naive(t_s[list(side)], xyz_m[list(side)])) if kept] if len(side) else []
        if sub and t_s[sub[-1]] - t_s[sub[0]] >= 3.0:
            good.update(sub)
    return [i in good for i in range(len(t_s))]


def test_a_steady_flight_is_believed_whole() -> None:
    assert believed_positions(*flight([2.0 * i for i in range(50)])).all()


def test_a_jump_that_comes_back_is_left_out_and_nothing_else() -> None:
    metres = [2.0 * i + (80.0 if 20 <= i < 30 else 0.0) for i in range(50)]
    believed = believed_positions(*flight(metres))
    assert np.flatnonzero(~believed).tolist() == list(range(20, 30))


def test_a_jump_at_the_very_start_is_left_out() -> None:
    assert (
        believed_positions(*flight([500.0, 500.0, *[float(i) for i in range(20)]])).tolist()
        == [False] * 2 + [True] * 20
    )


def test_a_drone_that_is_carried_elsewhere_is_believed_after_a_minute() -> None:
    t_s, xyz_m = flight([0.0] * 10 + [1e6] * 5, step_s=1.0)
    t_s[10:] += 70.0
    assert believed_positions(t_s, xyz_m).all()


def test_both_places_of_a_joined_recording_are_believed() -> None:
    metres = [2.0 * i for i in range(40)] + [270.0 + 2.0 * i for i in range(80)]
    assert believed_positions(*flight(metres)).all()


def test_a_last_second_far_off_is_left_out() -> None:
    assert believed_positions(*flight([0.0] * 40 + [270.0] * 10)).tolist() == [True] * 40 + [False] * 10


@given(
    st.lists(st.sampled_from([0.0, 5.0, 80.0, 300.0, 5000.0]), min_size=1, max_size=40),
    st.sampled_from([0.1, 1.0, 40.0]),
)
def test_it_agrees_with_the_slow_twin(metres: list[float], step_s: float) -> None:
    t_s, xyz_m = flight(metres, step_s)
    assert believed_positions(t_s, xyz_m).tolist() == naive(t_s, xyz_m)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_positions_say_nothing(count: int) -> None:
    samples = [Sample(i, CameraPose(42.0 + i, 1.0, 100.0, 0.0, -90.0, 0.0, 40.0, 30.0)) for i in range(count)]
    assert without_jumps(samples) == (samples, 0)


def test_samples_without_a_pose_stay() -> None:
    samples = [
        Sample(i * 10**8, None if i == 3 else CameraPose(42.0, 1.0, 100.0, 0.0, -90.0, 0.0, 40.0, 30.0))
        for i in range(9)
    ]
    assert without_jumps(samples) == (samples, 0)
