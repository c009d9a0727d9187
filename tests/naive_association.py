"""Slow twins of detector/association: one path, one incident at a time, by the definitions."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.optimize import brentq, minimize

from detector.association.multilateration import multilaterate


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


def clutter(config, rate, since_s, score, earlier_scores):
    loud = min(max(math.log10(score / config.usual_score), -1.0), 1.0)
    total = max(config.chance_per_s, rate) / math.exp(config.loudness * loud)
    for since, earlier in zip(since_s, earlier_scores, strict=True):
        louder = max(score / earlier, 1.0)
        total += config.echoes / config.echo_s * math.exp(-since / config.echo_s) / louder**config.echo_loudness
    return total


def best_explanation(picks, sensors, medium, config, height, huber, min_sensors):
    """Every way to take one trigger or none of each sensor, fitted from scratch: the best score and its triggers."""
    count = len(sensors)
    own = [[None, *(k for k in range(len(picks.sensor)) if picks.sensor[k] == sensor)] for sensor in range(count)]
    best = (-math.inf, None)
    for chosen in itertools.product(*own):
        taken = [k for k in chosen if k is not None]
        if len(taken) < min_sensors:
            continue
        arrivals = [math.nan if k is None else picks.t_s[k] for k in chosen]
        sigma = [1.0 if k is None else picks.sigma_s[k] for k in chosen]
        found = multilaterate(sensors, arrivals, sigma, medium, height=height, huber=huber)
        if not math.isfinite(found.place_m[0, 0]):
            continue
        source = [*found.place_m[0], sum(s[2] for s in sensors) / count - height.below_sensors_m]
        score, farthest = 0.0, 0.0
        for k in taken:
            expected = travel_s(source, sensors[picks.sensor[k]], medium.speed_m_s, medium.wind_m_s)
            off = (picks.t_s[k] - found.t_s[0] - expected) / picks.sigma_s[k]
            if abs(off) > config.sigmas:
                score = -math.inf
            score += picks.weight[k] - off**2 / 2
            farthest = max(farthest, math.dist(source[:2], sensors[picks.sensor[k]][:2]))
        for sensor, k in enumerate(chosen):
            if k is None and math.dist(source[:2], sensors[sensor][:2]) < farthest:
                score -= config.missed
        best = max(best, (score, tuple(-1 if k is None else k for k in chosen)), key=lambda one: one[0])
    return best


def same_pattern(picks, delays, config):
    """The best repetition of one earlier incident: for each trigger as the first guess, by loops."""
    best = (-math.inf, None)
    for seed in range(len(picks.sensor)):
        if not math.isfinite(delays[picks.sensor[seed]]):
            continue
        t = picks.t_s[seed] - delays[picks.sensor[seed]]
        for _ in range(2):
            gains = {}
            for k, sensor in enumerate(picks.sensor):
                off = (picks.t_s[k] - delays[sensor] - t) / picks.repeat_sigma_s[k]
                gain = picks.repeat_weight[k] - off**2 / 2
                if math.isfinite(off) and abs(off) <= config.sigmas and gain > gains.get(sensor, (0.0, -1))[0]:
                    gains[sensor] = (gain, k)
            if len(gains) < config.repeat_sensors:
                break
            t = sum(picks.t_s[k] - delays[picks.sensor[k]] for _, k in gains.values()) / len(gains)
        else:
            missed = sum(math.isfinite(delay) and sensor not in gains for sensor, delay in enumerate(delays))
            score = sum(gain for gain, _ in gains.values()) + config.repeat - config.missed * missed
            picked = tuple(gains[s][1] if s in gains else -1 for s in range(len(delays)))
            best = max(best, (score, picked), key=lambda one: one[0])
    return best
