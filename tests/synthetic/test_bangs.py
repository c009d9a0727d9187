"""Short sounds of known kind: where they begin, how they differ, and that a seed is a sound."""

from __future__ import annotations

import numpy as np
import pytest

from detector.synthetic.bangs import AFTER_S, BANGS, BEFORE_S, bang


@pytest.mark.parametrize("kind", BANGS)
def test_a_recording_is_whole_the_same_for_a_seed_and_within_full_scale(kind):
    for number in range(6):
        sound, rate_hz = bang(kind, np.random.default_rng(number))
        assert len(sound) == pytest.approx((BEFORE_S + AFTER_S) * rate_hz, abs=2)
        assert np.isfinite(sound).all()
        assert 0 < np.abs(sound).max() <= 1
        again, _ = bang(kind, np.random.default_rng(number))
        assert np.array_equal(sound, again)
    other, _ = bang(kind, np.random.default_rng(99))
    assert len(other) != len(sound) or not np.array_equal(other, sound)


def test_it_begins_where_it_is_said_to():
    louder = 0
    for number in range(20):
        sound, rate_hz = bang("shot-like", np.random.default_rng(number))
        at = round(BEFORE_S * rate_hz)
        before, after = sound[: at - 20], sound[at : at + round(0.1 * rate_hz)]
        louder += np.abs(after).max() > 1.5 * np.abs(before).max()
    assert louder >= 12  # the rest is as faint as its background


def test_a_blast_is_lower_than_a_shot():
    def low(kind):
        shares = []
        for number in range(30):
            sound, rate_hz = bang(kind, np.random.default_rng(number))
            part = sound[round(BEFORE_S * rate_hz) :][: round(0.1 * rate_hz)]
            power, hz = np.abs(np.fft.rfft(part)) ** 2, np.fft.rfftfreq(len(part), 1 / rate_hz)
            shares.append(power[hz < 150].sum() / power.sum())
        return np.median(shares)

    assert low("blast-like") > 2 * low("shot-like")
