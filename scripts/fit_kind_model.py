"""Fit the model of impulses' kinds to synthetic sound and write detector/detectors/series/kind_model.json.

    .venv/bin/python scripts/fit_kind_model.py [--out FILE]

Three minutes; the same file byte for byte with the same versions of numpy, scipy and scikit-learn.
Its card is docs/models/kind.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the order of its sums, and so the last digit, is always the same

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from detector.detectors.series import PRESETS, ImpulseDetector
from detector.detectors.series.kind import MODEL_FILE
from detector.detectors.series.kind_features import NAMES, features_of, window_of
from detector.model import Series
from detector.synthetic.bangs import BANGS, BEFORE_S, bang
from scripts.fit_tone_model import as_text, network_of

Float = NDArray[np.float64]

BANGS_A_KIND = {"other": 3000, "shot-like": 2600, "blast-like": 1400}
_SEED = 44
_NEAR_S, _ECHOES_S = 0.02, 0.25
_HIDDEN, _PENALTY = 16, 30.0  # as decision 042 found; decision 045


def triggered(sound: Float, rate_hz: float) -> list[tuple[float, Float]]:
    """Onsets that the detector finds, from the first sample [s], and their features."""
    t_ns = np.rint(np.arange(len(sound)) * 1e9 / rate_hz).astype(np.int64)
    nowhere = np.full((1, 3), np.nan)
    series = Series("made", t_ns, sound[:, None], ("a",), ("1",), nowhere, interval_ns=1e9 / rate_hz)
    detector = ImpulseDetector(PRESETS["acoustic"])
    onsets_ns = [int(t) for one in (detector.detect(series), *detector.finish()) for t in one.t_ns]
    windows = [(t / 1e9, window_of(sound, int(np.searchsorted(t_ns, t)), rate_hz)) for t in onsets_ns]
    return [(t_s, features_of(window)) for t_s, window in windows if window is not None]


def measured(kind: str, number: int, seed: int) -> list[tuple[str, float, Float]]:
    """Kind, onset after the sound's begin [s] and features of what is triggered in one recording.

    What comes before the sound is of the background, and other; echoes are of the sound's kind.
    """
    random = np.random.default_rng([seed, list(BANGS).index(kind), number])
    sound, rate_hz = bang(kind, random)
    found = [(t_s - BEFORE_S, features) for t_s, features in triggered(sound, rate_hz)]
    return [("other" if t_s < -_NEAR_S else kind, t_s, one) for t_s, one in found if t_s < _ECHOES_S]


def training_set(counts: dict[str, int], seed: int = _SEED) -> tuple[Float, NDArray[np.intp]]:
    """Features (N, F) and which of `BANGS` each is, as many of each kind: of the rarest some twice."""
    kinds = list(BANGS)
    rows = [row for kind in kinds for number in range(counts[kind]) for row in measured(kind, number, seed)]
    features = np.array([one for _, _, one in rows])
    which = np.array([kinds.index(kind) for kind, _, _ in rows])
    random = np.random.default_rng(seed)
    many = np.bincount(which)
    most = int(np.median(many))
    keep = np.concatenate(
        [
            random.choice(np.flatnonzero(which == kind), most, replace=bool(count < most))
            for kind, count in enumerate(many)
        ]
    )
    return features[keep], which[keep]


def fitted(features: Float, kinds: NDArray[np.intp]) -> dict[str, Any]:
    """The model as it is stored."""
    return {
        "made_by": "scripts/fit_kind_model.py",
        "data": f"synthetic: {len(kinds)} impulses of detector.synthetic.bangs, no recording",
        "kinds": list(BANGS),
        "features": list(NAMES),
        **network_of(features, kinds, hidden=_HIDDEN, penalty=_PENALTY, steps=600),
    }


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--out", type=Path, default=MODEL_FILE)
    out = parser.parse_args().out
    out.write_text(as_text(fitted(*training_set(BANGS_A_KIND))), "utf-8")


if __name__ == "__main__":
    main()
