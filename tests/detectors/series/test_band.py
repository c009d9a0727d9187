from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt_zi

from detector.detectors.series.band import Band
from tests.naive_series import cut, naive_biquads


def noise(count: int, channels: int, seed: int = 0) -> np.ndarray:
    return 100 + np.random.default_rng(seed).normal(size=(count, channels))


def test_each_channel_is_the_slow_twins():
    values = noise(300, 2)
    sos = butter(2, (2, 20), "bandpass", fs=100, output="sos")
    found = Band(2, 20, 100, 2).push(values)
    for channel in range(2):
        wanted = naive_biquads(sos, sosfilt_zi(sos), values[:, channel].tolist())
        assert np.allclose(found[:, channel], wanted, atol=1e-9)


def test_a_constant_offset_makes_no_transient():
    assert np.abs(Band(2, 20, 100, 1).push(np.full((500, 1), 1e6))).max() < 1e-6


def test_cutting_the_stream_changes_not_one_bit_even_with_missing_values_and_late_beginners():
    values = noise(500, 3)
    values[100:130, 0] = np.nan
    values[:240, 1] = np.nan
    values[:, 2] = np.nan
    whole = Band(2, 20, 100, 3).push(values)
    pieces = Band(2, 20, 100, 3)
    parts = [pieces.push(values[piece]) for piece in cut(500, np.random.default_rng(1), 30)]
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(whole[240:, 1], Band(2, 20, 100, 1).push(values[240:, 1:2])[:, 0])
    assert (whole[:240, 1] == 0).all()
    assert (whole[:, 2] == 0).all()


def test_a_missing_stretch_does_not_ring():
    values = noise(1000, 1)
    values[400:500] = np.nan
    found = Band(2, 20, 100, 1).push(values)
    assert np.abs(found[500:]).max() < 5


@pytest.mark.parametrize(("low", "high"), [(50, 60), (20, 2), (0, 20)])
def test_a_band_that_cannot_be_is_refused(low, high):
    with pytest.raises(ValueError, match="no band"):
        Band(low, high, 100, 1)


def test_rows_come_out_contiguous_for_sums_over_them_depend_on_it_in_their_last_bit():
    values = noise(50, 3)
    for piece in (slice(0, 1), slice(1, 30), slice(30, 50)):
        assert Band(2, 20, 100, 3).push(values[piece]).flags.c_contiguous
