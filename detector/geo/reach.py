"""How far off a stated source would have been heard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

AT_M = 100.0
"""Where a source's loudness is stated. [m]"""


def reach_m(least_rms: NDArray[np.float64], source_at_100m: float) -> NDArray[np.float64]:
    """Distance at which a source is as faint as what is just noticed.

    Args:
        least_rms: what is just noticed. [the stream's unit]
        source_at_100m: root mean square of the source at 100 m, over the same time and band. [the stream's unit]

    Returns:
        Same shape. [m] NaN where `least_rms` is; infinite in a noise of 0.

    Sound and body waves spread as 1 / r (20 log10 r dB) over free ground. Air that takes up high tones, wind, walls,
    hills and a ground that reflects are not in it: beyond some 2 km it is an upper bound.
    """
    with np.errstate(divide="ignore"):
        found: NDArray[np.float64] = AT_M * source_at_100m / np.asarray(least_rms, np.float64)
    return found
