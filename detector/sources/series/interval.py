"""How far apart samples are, learnt from the first of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEPS = 32
_SCATTER = 0.25
_SHARE = 0.9


def learnt_interval_ns(t_ns: NDArray[np.int64]) -> float | None:
    """The median step where nine of ten steps are within a quarter of it; None: irregular, or fewer than two samples.

    Args:
        t_ns: increasing, shape (T,).
    """
    steps = np.diff(t_ns).astype(np.float64)
    if not len(steps):
        return None
    middle = float(np.median(steps))
    near = np.abs(steps - middle) <= _SCATTER * middle
    if near.mean() < _SHARE:
        return None
    # The mean of what is near: stamps that are cut to the millisecond have a median that is off by up to 1 ms.
    return float(steps[near].mean())
