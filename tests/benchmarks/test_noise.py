"""The day of noise, in short: the same code as benchmarks/bench_noise.py."""

from __future__ import annotations

import bench_noise
import numpy as np
import pytest

from detector.synthetic.noises import NOISES, Noise


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize(("preset", "rate_hz", "hours"), [("level", 0.1, 24.0), ("seismic", 100.0, 0.1)])
def test_noise_stays_within_twice_the_budget(kind, preset, rate_hz, hours):
    outcome = bench_noise.quiet_day(kind, preset, rate_hz, hours, channels=8, seed=2)
    assert outcome.within, outcome
    assert outcome.speed > 50


def test_an_event_in_the_noise_is_not_within_a_budget_of_none():
    assert not bench_noise.Outcome("white", "seismic", 100.0, 1.0, 4, 1, 1, 0.0, 9.0).within


@pytest.mark.parametrize("kind", NOISES)
def test_noise_has_its_size_does_not_depend_on_the_seed_of_others_and_goes_on_between_blocks(kind):
    noise = Noise(kind, 3, 10.0, seed=5)
    first, second = noise.block(4000), noise.block(4000)
    assert second.t_ns[0] - first.t_ns[-1] == 100_000_000
    assert np.concatenate([first.values, second.values])[:, 0].std() == pytest.approx(1.0, abs=0.5)
    assert np.abs(np.corrcoef(first.values.T)[0, 1]) < (0.2 if kind != "daily" else 1.0)
    again = Noise(kind, 3, 10.0, seed=5)
    assert (again.block(4000).values == first.values).all()


def test_a_kind_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="allowed are white, coloured, gusts, daily"):
        Noise("pink", 1, 1.0, 0)
