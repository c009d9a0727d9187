"""Slow twins of detector/association: one path, one incident at a time, by the definitions."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq, minimize


def travel_s(source, sensor, speed, wind):
    """When the front that the wind carries along meets the sensor, by bisection."""

    def ahead(t):
        away = [s - x - w * t for s, x, w in zip(sensor, source, (*wind, 0.0), strict=True)]
        return speed * t - math.sqrt(sum(a * a for a in away))

    if ahead(0.0) == 0.0:
        return 0.0
    longest = math.dist(source, sensor) / (speed - math.hypot(*wind))
    return brentq(ahead, 0.0, longest * 1.001, xtol=1e-14)


def huber(scaled, late, early):
    bend = late if scaled > 0 else early
    return scaled**2 if abs(scaled) <= bend else bend * (2 * abs(scaled) - bend)


def place(sensors, arrivals, sigma, medium, height, loss):
    """Least loss over place, time, speed, wind and height, from every node of a square grid, for one incident."""
    heard = [k for k, t in enumerate(arrivals) if math.isfinite(t)]
    mean_z = sum(sensors[k][2] for k in heard) / len(heard)
    sigmas = [medium.speed_sigma_m_s, medium.wind_sigma_m_s, medium.wind_sigma_m_s, height.sigma_m]

    def total(state):
        x, y, t, *off = state
        speed, east, north, up = (a * b for a, b in zip(off, sigmas, strict=True))
        source = (x, y, mean_z - height.below_sensors_m + up)
        wind = (medium.wind_m_s[0] + east, medium.wind_m_s[1] + north)
        expected = (t + travel_s(source, sensors[k], medium.speed_m_s + speed, wind) for k in heard)
        scaled = ((arrivals[k] - one) / sigma for k, one in zip(heard, expected, strict=True))
        return sum(huber(one, loss.late, loss.early) for one in scaled) + sum(a * a for a in off)

    reach = max(math.hypot(*sensors[k][:2]) for k in heard) * 1.5
    steps = [reach * (k / 8 - 1) for k in range(17)]
    first = min(arrivals[k] for k in heard)
    starts = [
        (x, y, first - math.hypot(x - sensors[j][0], y - sensors[j][1]) / medium.speed_m_s, 0, 0, 0, 0)
        for x in steps
        for y in steps
        for j in heard
        if arrivals[j] == first
    ]
    best = sorted(starts, key=total)[:4]
    fits = [
        minimize(
            total,
            one,
            method="Nelder-Mead",
            options={
                "maxiter": 9000,
                "maxfev": 9000,
                "xatol": 1e-4,
                "fatol": 1e-8,
                "initial_simplex": [np.add(one, np.eye(8)[k, :7] * [30, 30, 0.1, 1, 1, 1, 1]) for k in range(8)],
            },
        )
        for one in best
    ]
    return min(fits, key=lambda fit: fit.fun)
