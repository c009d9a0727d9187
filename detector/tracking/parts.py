"""A long thing is seen now whole, now by its front alone: two tracks, of which one counts."""

from __future__ import annotations

import numpy as np

from detector.tracking.states import States

_GATE_2 = 9.0  # three standard deviations, squared
_LIKE_SPEED = 0.15  # share of the speed by which the front and the whole may differ
_PART = 0.6  # a part has at most this share of the whole's area


def is_part_of_another(states: States, row: int, reach: float) -> bool:
    """Whether a confirmed track is at the same place and moves as this one does.

    The same place: the centres are at most `reach` of the larger box apart, along either axis, if one box is much
    smaller than the other; half as much for two of one size, which may be two vehicles abreast.
    """
    others = np.flatnonzero(states.confirmed)
    areas = np.prod(states.size_px, axis=1)
    small, large = np.minimum(areas[others], areas[row]), np.maximum(areas[others], areas[row])
    larger = np.where((areas[others] >= areas[row])[:, None], states.size_px[others], states.size_px[row])
    allowed = np.where(small <= _PART * large, reach, reach / 2)[:, None] * larger
    near = (np.abs(states.state[others, :2] - states.state[row, :2]) <= allowed).all(axis=1)
    apart = states.state[others, 2:] - states.state[row, 2:]
    variance = states.covariance[others][:, [2, 3], [2, 3]] + states.covariance[row, [2, 3], [2, 3]]
    speed2 = np.sum(states.state[row, 2:] ** 2)
    alike = (apart**2 <= _GATE_2 * variance + _LIKE_SPEED**2 * speed2).all(axis=1)
    return bool((near & alike).any())
