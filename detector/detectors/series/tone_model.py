"""The fitted model that names an engine: a small network, its numbers in `tone_model.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.detectors.series.tone_features import NAMES

Float = NDArray[np.float64]

MODEL_FILE = Path(__file__).with_name("tone_model.json")
"""Made by scripts/fit_tone_model.py; its card is docs/models/tone.md."""


@dataclass(frozen=True, slots=True, eq=False)
class ToneModel:
    """A network of one hidden layer on standardised features.

    kinds: the first is the background.
    mean, scale: of each feature over the training set. shape (F,)
    hidden_weights, hidden_bias: of each hidden unit. shape (H, F), (H,)
    weights, bias: of each kind. shape (kinds, H), (kinds,)
    """

    kinds: tuple[str, ...]
    mean: Float
    scale: Float
    hidden_weights: Float
    hidden_bias: Float
    weights: Float
    bias: Float

    def log_probability(self, features: Float) -> Float:
        """Natural logarithm of each kind's probability. features: shape (C, F). Returns: shape (C, kinds)"""
        hidden = np.maximum(_layer((features - self.mean) / self.scale, self.hidden_weights, self.hidden_bias), 0)
        merit = _layer(hidden, self.weights, self.bias)
        return np.asarray(merit - np.logaddexp.reduce(merit, axis=1, keepdims=True))


def _layer(values: Float, weights: Float, bias: Float) -> Float:
    # No matrix product: its threads cost more than they bring here, and its last bit depends on the number of rows.
    return np.asarray((values[:, None, :] * weights).sum(axis=2) + bias)


def read_model(path: Path = MODEL_FILE, features: tuple[str, ...] = NAMES) -> ToneModel:
    """Read a fitted model. features: what is measured.

    Raises:
        ValueError: it was fitted to other features than are measured.
    """
    stored = json.loads(path.read_text("utf-8"))
    if tuple(stored["features"]) != features:
        raise ValueError(f"{path}: fitted to other features; make it again with {stored['made_by']}")
    return tone_model(stored)


def tone_model(stored: dict[str, Any]) -> ToneModel:
    """A model of what is stored."""
    arrays = {one.name: np.array(stored[one.name], np.float64) for one in fields(ToneModel) if one.name != "kinds"}
    return ToneModel(kinds=tuple(stored["kinds"]), **arrays)
