"""The sample at which a signal begins."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_MARGIN = 4  # samples at either end that are too few for a variance
LEAST = 2 * _MARGIN
"""Samples that a window needs."""


class Onset(NamedTuple):
    """sample: first of the signal, from the window's start. sigma: its standard deviation. [samples]"""

    sample: float
    sigma: float


def aic(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Akaike's information criterion of a change of variance before each sample.

    Args:
        samples: shape (N,), any unit, N >= 2.

    Returns:
        shape (N,); NaN where fewer than 4 samples lie on one side. The smallest marks the onset.

    Source: Maeda 1985, Zisin 38; Zhang et al. 2003, BSSA 93(5), eq. 2. Slow twin: tests/naive_series.py.
    """
    count = len(samples)
    found = np.full(count, np.nan)
    at = np.arange(_MARGIN, count - _MARGIN + 1)
    if not len(at):
        return found
    centred = samples - samples.mean()
    sums, squares = np.cumsum(np.r_[0.0, centred]), np.cumsum(np.r_[0.0, centred * centred])
    floor = 1e-12 * max(squares[-1] / count, np.finfo(np.float64).tiny)
    before = squares[at] / at - (sums[at] / at) ** 2
    left = count - at
    after = (squares[-1] - squares[at]) / left - ((sums[-1] - sums[at]) / left) ** 2
    value = at * np.log(np.maximum(before, floor)) + left * np.log(np.maximum(after, floor))
    found[at] = value
    return found


def onset(samples: NDArray[np.float64]) -> Onset:
    """Where a window splits best into noise before and signal behind, and how sure that is.

    The criterion's weights exp(-AIC / 2) spread over samples as probability does; their standard deviation is the
    onset's. It knows nothing of a model that is wrong: add what the kind of signal brings.

    Args:
        samples: shape (N,), any unit, finite.

    Raises:
        ValueError: fewer than 8 samples.
    """
    if len(samples) < LEAST:
        raise ValueError(f"{len(samples)} samples: {LEAST} or more are needed")
    value = aic(samples)
    best = int(np.nanargmin(value))
    weight = np.exp(-0.5 * (np.nan_to_num(value, nan=np.inf) - value[best]))
    weight /= weight.sum()
    at = np.arange(len(samples))
    mean = float((weight * at).sum())
    return Onset(float(best), float(np.sqrt((weight * (at - mean) ** 2).sum() + 1 / 12)))
