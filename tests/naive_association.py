"""Slow twins of detector/association: one path, one incident at a time, by the definitions."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq


def travel_s(source, sensor, speed, wind):
    """When the front that the wind carries along meets the sensor, by bisection."""

    def ahead(t):
        away = [s - x - w * t for s, x, w in zip(sensor, source, (*wind, 0.0), strict=True)]
        return speed * t - math.sqrt(sum(a * a for a in away))

    if ahead(0.0) == 0.0:
        return 0.0
    longest = math.dist(source, sensor) / (speed - math.hypot(*wind))
    return brentq(ahead, 0.0, longest * 1.001, xtol=1e-14)
