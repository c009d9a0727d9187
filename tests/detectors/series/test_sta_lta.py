from __future__ import annotations

import numpy as np
import pytest

from detector.detectors.series.sta_lta import FEW_CHANNELS, StaLta, energy_of_hops, weight_of
from tests.naive_series import cut, naive_sta_lta

MANY = FEW_CHANNELS + 3


def energies(channels: int, hops: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    energy = random.exponential(size=(hops, channels))
    energy[200:210] *= 30
    valid = random.random((hops, channels)) > 0.1
    valid[:7, 0] = False
    return energy, valid


def twin(energy: np.ndarray, valid: np.ndarray, weights: tuple[float, float]) -> np.ndarray:
    columns = [naive_sta_lta(energy[:, c].tolist(), valid[:, c].tolist(), weights) for c in range(energy.shape[1])]
    return np.array(columns).T


@pytest.mark.parametrize("channels", [1, 3, MANY])
@pytest.mark.parametrize("holes", [False, True])
def test_the_ratio_is_the_slow_twins(channels, holes):
    energy, valid = energies(channels)
    valid = valid if holes else np.ones_like(valid)
    found = StaLta(30, 500, 10, channels).push(energy, valid if holes else None)
    wanted = twin(energy, valid, (weight_of(30, 10), weight_of(500, 10)))
    assert np.allclose(found, wanted, rtol=1e-12, atol=0, equal_nan=True)


@pytest.mark.parametrize("channels", [2, MANY])
@pytest.mark.parametrize("holes", [False, True])
def test_cutting_the_stream_changes_not_one_bit(channels, holes):
    energy, valid = energies(channels, seed=5)
    whole = StaLta(30, 500, 10, channels).push(energy, valid if holes else None)
    pieces = StaLta(30, 500, 10, channels)
    parts = [pieces.push(energy[p], valid[p] if holes else None) for p in cut(400, np.random.default_rng(2), 40)]
    assert np.array_equal(np.concatenate(parts), whole, equal_nan=True)


def test_it_agrees_with_the_recursion_sample_by_sample_where_hops_are_short():
    obspy = pytest.importorskip("obspy.signal.trigger")
    samples = np.random.default_rng(4).normal(size=20_000)
    samples[12_000:12_400] *= 6
    theirs = obspy.recursive_sta_lta(samples, 100, 2000)[9::10]
    ours = StaLta(100, 2000, 10, 1).push((samples.reshape(-1, 10) ** 2).mean(axis=1)[:, None])[:, 0]
    late = slice(1000, None)  # theirs begins at 0, and that is forgotten after five long windows
    assert np.corrcoef(ours[late], theirs[late])[0, 1] > 0.999
    assert np.abs(ours[late] - theirs[late]).max() < 0.1


@pytest.mark.parametrize(("channels", "hop"), [(1, 24), (3, 5), (63, 7), (64, 10), (71, 10), (1024, 5)])
def test_the_energy_of_a_hop_is_its_mean_square_and_the_same_bits_whatever_lies_around_it(channels, hop):
    samples = np.random.default_rng(1).normal(size=(200 * hop, channels))
    found = energy_of_hops(samples, hop)
    assert np.allclose(found, [(samples[h * hop : (h + 1) * hop] ** 2).mean(axis=0) for h in range(200)])
    for count in (1, 2, 3, 7):
        parts = [energy_of_hops(samples[h * hop : (h + count) * hop], hop) for h in range(0, 200, count)]
        assert np.array_equal(found, np.concatenate(parts))


def test_constant_energy_gives_1_from_the_first_hop_on():
    assert np.allclose(StaLta(5, 50, 1, 1).push(np.full((200, 1), 3.0)), 1.0)


def test_silence_without_noise_has_no_ratio():
    energy = np.zeros((50, 2))
    energy[30:, 1] = 1
    ratio = StaLta(5, 50, 1, 2).push(energy)
    assert np.isnan(ratio[:, 0]).all()
    assert np.isnan(ratio[:30, 1]).all()
    assert np.isfinite(ratio[30:, 1]).all()


@pytest.mark.parametrize(("n_sta", "n_lta", "hop"), [(10, 10, 1), (0, 10, 1), (5, 10, 0)])
def test_windows_that_cannot_be_are_refused(n_sta, n_lta, hop):
    with pytest.raises(ValueError, match="="):
        StaLta(n_sta, n_lta, hop, 1)
