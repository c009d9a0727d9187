"""Behind a post a vehicle is two: what shows at the front is the same vehicle once its rear is gone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.tracking.states import Float, Int, States

NO_TRACK = 0
_GONE = 3  # times in a row not seen


def came_out_of(states: States, centres: Float) -> Int:
    """The confirmed track in whose reach, its largest side, each centre lies; the nearest of several. shape (N,)

    Args:
        centres: of what is seen for the first time. shape (N, 2) [px]

    Returns:
        Ids; NO_TRACK where there is none.
    """
    rows = np.flatnonzero(states.confirmed & (states.missed < _GONE))
    if len(rows) == 0:
        return np.full(len(centres), NO_TRACK, np.int64)
    apart = np.hypot(*(centres[:, None] - states.state[rows, :2]).transpose(2, 0, 1))
    nearest = apart.argmin(axis=1)
    within = apart[np.arange(len(centres)), nearest] <= states.largest_px[rows][nearest]
    return np.where(within, states.track_id[rows][nearest], NO_TRACK)


def is_heir(states: States) -> NDArray[np.bool_]:
    """Which tracks came out of a confirmed one that is not seen any more. shape (M,)"""
    heirs = states.out_of != NO_TRACK
    if heirs.any():
        alive = set(states.track_id[states.missed < _GONE].tolist())
        heirs[heirs] = [one not in alive for one in states.out_of[heirs].tolist()]
    return np.asarray(heirs)
