"""Fit the model of the tone detector to synthetic sound and write detector/detectors/series/tone_model.json.

    .venv/bin/python scripts/fit_tone_model.py [--out FILE]

About a minute; the same file byte for byte with the same versions of numpy, scipy and scikit-learn.
Its card is docs/models/tone.md.
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # the order of its sums, and so the last digit, is then always the same

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from detector.detectors.series.tone_features import NAMES, ToneFeatures
from detector.detectors.series.tone_model import MODEL_FILE
from detector.synthetic.engines import RATE_HZ, SOUNDS, engine_sound

Float = NDArray[np.float64]

SOUNDS_A_KIND = 600
_BACKGROUNDS = 2  # times as many: it has most kinds of its own, and is what is heard nearly always
SECONDS = 3
_SEED = 42
_HIDDEN, _PENALTY = 16, 30.0  # decision 042


_FEATURES = ToneFeatures(RATE_HZ)


def measured(kind: str, number: int, seed: int) -> Float:
    """Features of the seconds of one synthetic sound. shape (SECONDS, features)"""
    random = np.random.default_rng([seed, list(SOUNDS).index(kind), number])
    sound = engine_sound(kind, SECONDS, random)
    return _FEATURES.of(sound.reshape(SECONDS, -1).T)


def training_set(count: int = SOUNDS_A_KIND, seed: int = _SEED) -> tuple[Float, NDArray[np.intp]]:
    """Features (N, F) of `count` sounds of each kind, more of the background, and which of `SOUNDS` each is."""
    counts = [count * (_BACKGROUNDS if kind == "background" else 1) for kind in SOUNDS]
    features = [
        measured(kind, number, seed) for kind, many in zip(SOUNDS, counts, strict=True) for number in range(many)
    ]
    return np.concatenate(features), np.repeat(np.arange(len(SOUNDS)), [many * SECONDS for many in counts])


def fitted(features: Float, kinds: NDArray[np.intp]) -> dict[str, Any]:
    """The model as it is stored, of the kinds that are there."""
    return {
        "made_by": "scripts/fit_tone_model.py",
        "data": f"synthetic: {len(kinds)} seconds of detector.synthetic.engines, no recording",
        "kinds": [list(SOUNDS)[kind] for kind in np.unique(kinds)],
        "features": list(NAMES),
        **network_of(features, kinds, hidden=_HIDDEN, penalty=_PENALTY, steps=300),
    }


def network_of(
    features: Float, kinds: NDArray[np.intp], *, hidden: int, penalty: float, steps: int
) -> dict[str, list[Any]]:
    """Fitted: how features are brought to one scale, and the weights."""
    mean, scale = features.mean(axis=0), features.std(axis=0)
    network = MLPClassifier((hidden,), alpha=penalty, solver="lbfgs", max_iter=steps, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopping early is a penalty of its own
        network.fit((features - mean) / scale, kinds)
    (hidden_weights, weights), (hidden_bias, bias) = network.coefs_, network.intercepts_
    return {
        "mean": _rounded(mean),
        "scale": _rounded(scale),
        "hidden_weights": [_rounded(row) for row in hidden_weights.T],
        "hidden_bias": _rounded(hidden_bias),
        "weights": [_rounded(row) for row in weights.T],
        "bias": _rounded(bias),
    }


def as_text(model: dict[str, Any]) -> str:
    """JSON, one line a list of numbers."""
    lines = [f"{json.dumps(key)}: {_lines(value)}" for key, value in model.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _lines(value: Any) -> str:
    if isinstance(value, list) and isinstance(value[0], list):
        return "[\n" + ",\n".join(json.dumps(row) for row in value) + "\n]"
    return json.dumps(value)


def _rounded(values: Float) -> list[float]:
    # Rounding hides what the last steps of the fit leave open.
    return [round(float(value), 4) for value in values]


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=MODEL_FILE)
    out = parser.parse_args().out
    out.write_text(as_text(fitted(*training_set())), "utf-8")


if __name__ == "__main__":
    main()
