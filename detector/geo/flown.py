"""How far an aircraft can have come: what tells a flight from a position that jumped."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FASTEST_DRONE_M_S = 150.0
SLACK_M = 15.0
"""Two positions of one moment may differ by so much: another receiver, another antenna, rounding. [m]"""


def flown_m(apart_s: ArrayLike, fastest_m_s: float = FASTEST_DRONE_M_S) -> NDArray[np.float64]:
    """Positions so far apart in time may be so far apart in space; further is a jump. [m]"""
    return SLACK_M + fastest_m_s * np.abs(np.asarray(apart_s, np.float64))
