from __future__ import annotations

import numpy as np
import pytest

from detector.detectors.series.onset import aic, onset
from tests.naive_series import naive_aic


def window(rise: float, at: int = 60, count: int = 100, seed: int = 0) -> np.ndarray:
    samples = np.random.default_rng(seed).normal(size=count)
    samples[at:] *= rise
    return samples + 5


@pytest.mark.parametrize("count", [8, 9, 50, 300])
def test_the_criterion_is_the_slow_twins(count):
    samples = window(4.0, count // 2, count)
    assert np.allclose(aic(samples), naive_aic(samples.tolist()), rtol=1e-9, equal_nan=True)


@pytest.mark.parametrize("seed", range(20))
def test_a_clear_onset_is_found_to_the_sample_or_three(seed):
    found = onset(window(20.0, seed=seed))
    assert abs(found.sample - 60) <= 3


def test_what_it_says_of_its_own_error_holds_on_noise_that_is_as_assumed():
    misses = []
    for seed in range(300):
        found = onset(window(4.0, seed=seed))
        misses.append((found.sample - 60) / found.sigma)
    assert 0.7 < np.sqrt(np.mean(np.square(misses))) < 2.0


def test_a_weaker_onset_is_less_sure():
    weak, clear = (np.mean([onset(window(rise, seed=seed)).sigma for seed in range(40)]) for rise in (2.5, 20.0))
    assert weak > 3 * clear


def test_a_signal_out_of_perfect_silence_is_found():
    samples = np.zeros(50)
    samples[20:] = np.random.default_rng(1).normal(size=30)
    assert onset(samples).sample == 20


def test_too_few_samples_are_refused_and_a_constant_has_an_onset_nowhere_in_particular():
    with pytest.raises(ValueError, match="7 samples"):
        onset(np.zeros(7))
    assert onset(np.full(50, 3.0)).sigma > 5
    assert np.isnan(aic(np.zeros(5))).all()
