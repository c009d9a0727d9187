"""Places where a source may be, spread over and around the sensors: a search needs no guess."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.association.travel import Medium, travel

# Nodes of the inner square grid at most; around it, rings of so many directions, each wider than the one inside.
_INNER = 2000
_DIRECTIONS = 36
_WIDER = 1.35
_FINEST_M = 20.0
# The grid goes beyond the sensors by half of how far they reach, within these.
_MARGIN_M = (300.0, 600.0)
_APART = 1.5


class Nodes(NamedTuple):
    """Places and how long sound takes from each to every sensor.

    place_m: shape (G, 2) [m]
    travel_s: shape (G, S) [s]
    between_s: how long it takes at most from sensor to sensor. shape (S, S) [s]
    spacing_s: how long sound takes from a node to the farthest place it stands for. [s]
    apart_m: nodes nearer to one another than this are one place to a search. [m]
    """

    place_m: NDArray[np.float64]
    travel_s: NDArray[np.float64]
    between_s: NDArray[np.float64]
    spacing_s: float
    apart_m: float


def spread_nodes(sensors_m: NDArray[np.float64], medium: Medium, reach_m: float, height_m: float) -> Nodes:
    """A square grid over the sensors and a margin around them, then rings out to `reach_m` from the middle.

    Args:
        sensors_m: shape (S, 3) [m]
        height_m: z of the nodes. [m]

    Beyond the grid arrivals differ little with the distance: the rings' width grows with it.
    """
    low, high = sensors_m[:, :2].min(0), sensors_m[:, :2].max(0)
    margin = float(np.clip(0.5 * (high - low).max(), *_MARGIN_M))
    low, high = low - margin, high + margin
    spacing = max(_FINEST_M, math.sqrt(float(np.prod(high - low)) / _INNER))
    axes = [np.arange(a, b + spacing, spacing) for a, b in zip(low, high, strict=True)]
    inner = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 2)
    middle = 0.5 * (low + high)
    angle = np.arange(_DIRECTIONS) * (2 * math.pi / _DIRECTIONS)
    rim = 0.5 * float((high - low).min())
    radii = rim * _WIDER ** np.arange(1, max(2, math.ceil(math.log(max(reach_m / rim, 1.0), _WIDER)) + 1))
    rings = middle + (radii[:, None, None] * np.stack([np.sin(angle), np.cos(angle)], -1)).reshape(-1, 2)
    outside = rings[((rings < low) | (rings > high)).any(1)]
    place = np.concatenate([inner, outside])
    source = np.concatenate([place, np.full((len(place), 1), height_m)], 1)
    times = travel(source[:, None], sensors_m[None], medium).time_s
    slowest_m_s = medium.speed_m_s - math.hypot(*medium.wind_m_s)
    between = np.linalg.norm(sensors_m[:, None] - sensors_m[None], axis=-1) / slowest_m_s
    return Nodes(place, times, between, spacing * math.sqrt(0.5) / medium.speed_m_s, _APART * spacing)
