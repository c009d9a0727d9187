"""A long thing is seen now whole, now by its front alone: two tracks, of which one counts."""

from __future__ import annotations

import numpy as np

from detector.tracking.states import States

_PART = 0.6  # a part has at most this share of the whole's area


def is_part_of_another(states: States, row: int, reach: float) -> bool:
    """Whether a confirmed track is at the same place.

    The same place: the centres are at most `reach` of the larger box apart, along either axis, if one box is much
    smaller than the other; half as much for two of one size, which may be two vehicles abreast. Speeds are not
    compared: the front of a vehicle that turns moves otherwise than its middle. What only passes by is no part any more
    once it has passed.
    """
    others = np.flatnonzero(states.confirmed)
    areas = np.prod(states.size_px, axis=1)
    small, large = np.minimum(areas[others], areas[row]), np.maximum(areas[others], areas[row])
    larger = np.where((areas[others] >= areas[row])[:, None], states.size_px[others], states.size_px[row])
    allowed = np.where(small <= _PART * large, reach, reach / 2)[:, None] * larger
    near = np.abs(states.state[others, :2] - states.state[row, :2]) <= allowed
    return bool(near.all(axis=1).any())
