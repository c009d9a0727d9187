"""Synthetic engines: whole, repeatable, and with the pitches that make them what they are."""

from __future__ import annotations

import numpy as np
import pytest

from detector.detectors.series.tone_features import NAMES, ToneFeatures
from detector.synthetic.engines import RATE_HZ, SOUNDS, engine_sound


@pytest.mark.parametrize("kind", SOUNDS)
def test_sounds_are_whole_and_come_again(kind):
    for seed in range(8):
        sound = engine_sound(kind, 2.5, np.random.default_rng(seed))
        assert sound.shape == (round(2.5 * RATE_HZ),)
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() <= 1
        assert np.ptp(sound) > 0
        np.testing.assert_array_equal(sound * 32768, np.round(sound * 32768))
        np.testing.assert_array_equal(engine_sound(kind, 2.5, np.random.default_rng(seed)), sound)


def test_the_background_lies_as_far_below_as_is_asked():
    loud, quiet = (engine_sound("drone", 4, np.random.default_rng(5), below_db=db) for db in (0.0, 60.0))
    lines = [list(NAMES).index(name) for name in NAMES if name.startswith("lines wander")]
    stands_out = [ToneFeatures(RATE_HZ).of(one.reshape(4, -1).T)[:, lines].mean() for one in (loud, quiet)]
    assert stands_out[1] > stands_out[0]
