"""What impulses sound like: told of fresh sounds, at every rate, however cut; undetermined where not sure."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import resample_poly

from detector.detectors.series import PRESETS, ImpulseDetector, KindConfig, KindDetector
from detector.detectors.series.kind import MODEL_FILE
from detector.detectors.series.kind_features import AFTER_S, BEFORE_S, NAMES, RATE_HZ, features_of, window_of
from detector.detectors.series.tone_model import read_model
from detector.model import Series
from detector.synthetic.bangs import BANGS, bang
from detector.synthetic.bangs import BEFORE_S as BEGINS_S
from scripts.fit_kind_model import fitted, training_set
from tests.naive_series import cut

S = 1_000_000_000


def series(values, rate_hz, start_ns=0, names=None):
    values = values if values.ndim == 2 else values[:, None]
    names = names or tuple(f"c{at}" for at in range(values.shape[1]))
    t_ns = start_ns + np.rint(np.arange(len(values)) * S / rate_hz).astype(np.int64)
    nowhere = np.full((len(names), 3), np.nan)
    return Series("mast", t_ns, values, names, ("1",) * len(names), nowhere, False, S / rate_hz)


def told(blocks, detector=None):
    detector = detector or KindDetector(KindConfig())
    answers = [detector.detect(one) for one in blocks] + detector.finish()
    return [
        (int(t), str(channel), str(kind), float(score), int(end))
        for one in answers
        for t, channel, kind, score, end in zip(one.t_ns, one.channel, one.kind, one.score, one.t_end_ns, strict=True)
    ]


def course(rate_hz=16_000):
    """Two channels with shots, blasts and other sounds, one after the other; of the second a stretch is missing."""
    random = np.random.default_rng(8)
    columns = []
    for order in (("shot-like", "other", "blast-like", "shot-like"), ("blast-like", "shot-like", "other", "other")):
        parts = [bang(kind, random) for kind in order]
        columns.append(np.concatenate([resample_poly(sound, rate_hz, rate) for sound, rate in parts]))
    length = min(map(len, columns))
    values = np.stack([one[:length] for one in columns], axis=1)
    values[30_000:30_400, 1] = np.nan
    return series(values, rate_hz)


@pytest.mark.parametrize("kind", BANGS)
def test_fresh_sounds_are_told_as_what_they_are_or_not_at_all(kind):
    names = []
    for number in range(40):
        sound, rate_hz = bang(kind, np.random.default_rng([5, number]))
        near = [one for one in told([series(sound, rate_hz)]) if abs(one[0] / S - BEGINS_S) < 0.02]
        names += [near[0][2]] if near else []
    assert len(names) >= 20
    assert names.count(kind) >= 0.4 * len(names)
    wrong = len(names) - names.count(kind) - names.count("undetermined")
    assert wrong <= 0.15 * len(names)


def test_the_onsets_are_those_of_the_impulse_detector():
    whole = course()
    impulses = ImpulseDetector(PRESETS["acoustic"])
    answers = [impulses.detect(whole), *impulses.finish()]
    rows = sorted(
        (int(t), str(c), int(e)) for one in answers for t, c, e in zip(one.t_ns, one.channel, one.t_end_ns, strict=True)
    )
    found = told([whole])
    assert sorted((t, channel, end) for t, channel, _, _, end in found) == rows
    assert len(rows) > 6
    assert {kind for _, _, kind, _, _ in found} <= {*BANGS, "undetermined"}


def test_the_same_however_the_stream_is_cut_and_after_reset():
    whole = course()
    detector = KindDetector(KindConfig())
    expected, gaps = sorted(told([whole], detector)), detector.unjudged()
    for seed in range(4):
        detector.reset()
        pieces = [
            replace(whole, t_ns=whole.t_ns[piece], values=whole.values[piece])
            for piece in cut(len(whole), np.random.default_rng(seed), 40)
        ]
        assert sorted(told(pieces, detector)) == expected
        assert detector.unjudged() == gaps


def test_a_window_with_a_hole_missing_values_or_the_end_in_it_is_undetermined():
    whole = course()
    shot_ns = min(t for t, channel, _, score, _ in told([whole]) if channel == "c0" and score > 0)
    until = int(np.searchsorted(whole.t_ns, shot_ns + 200_000_000))
    one = replace(whole, values=whole.values[:, :1], channels=("c0",), units=("1",), positions=whole.positions[:1])

    def kind(blocks):
        return {t: (kind, score) for t, _, kind, score, _ in told(blocks)}[shot_ns]

    assert kind([one])[1] > 0
    assert kind([replace(one, t_ns=one.t_ns[:until], values=one.values[:until])]) == ("undetermined", 0)
    later = replace(one, t_ns=one.t_ns[until:] + S // 100, values=one.values[until:])
    assert kind([replace(one, t_ns=one.t_ns[:until], values=one.values[:until]), later]) == ("undetermined", 0)
    gone = one.values.copy()
    gone[until : until + 3] = np.nan
    assert kind([replace(one, values=gone)]) == ("undetermined", 0)


def test_neither_loudness_nor_a_constant_matters_and_the_rate_hardly():
    sound, rate_hz = bang("shot-like", np.random.default_rng(21))
    onset = round(BEGINS_S * rate_hz)
    expected = features_of(window_of(sound, onset, rate_hz))
    assert expected.shape == (len(NAMES),)
    for factor, offset in ((1e-4, 0.0), (1e3, 7.0)):
        np.testing.assert_allclose(features_of(window_of(factor * sound + offset, onset, rate_hz)), expected, atol=1e-5)
    model = read_model(MODEL_FILE, NAMES)
    before = model.log_probability(expected[None])
    for other_hz in (44_100, 96_000):
        higher = resample_poly(sound, other_hz, rate_hz)
        after = features_of(window_of(higher, round(BEGINS_S * other_hz), other_hz))
        np.testing.assert_allclose(np.exp(model.log_probability(after[None])), np.exp(before), atol=0.15)


def test_silence_a_spike_and_a_full_scale_square_give_finite_features():
    count = round((BEFORE_S + AFTER_S) * RATE_HZ)
    for window in (np.zeros(count), np.eye(1, count, 800)[0], np.sign(np.sin(np.arange(count) / 20))):
        assert np.isfinite(features_of(window)).all()


@pytest.mark.parametrize(("rate_hz", "says"), [(4000, "4000 samples a second are too few to tell"), (500, "too few")])
def test_a_stream_that_cannot_be_judged_says_why(rate_hz, says):
    with pytest.raises(ValueError, match=says):
        KindDetector(KindConfig()).detect(series(np.zeros(100), rate_hz))
    with pytest.raises(ValueError, match="irregular"):
        KindDetector(KindConfig()).detect(replace(series(np.zeros(100), 8000), interval_ns=None))


def test_nothing_is_kept_longer_than_it_is_needed():
    detector = KindDetector(KindConfig())
    noise = 0.01 * np.random.default_rng(0).normal(size=(160_000, 1))
    for at in range(0, len(noise), 1600):
        detector.detect(series(noise[at : at + 1600], 16_000, round(at * S / 16_000)))
        ((kept,),) = [list(detector._streams.values())]
        assert len(kept._values) <= 16_000 * 1.8


def test_the_model_is_what_its_script_makes_of_such_sounds():
    stored = json.loads(MODEL_FILE.read_text())
    assert stored["kinds"] == list(BANGS)
    small = fitted(*training_set(dict.fromkeys(BANGS, 30)))
    assert small.keys() == stored.keys()
    assert np.shape(small["hidden_weights"]) == np.shape(stored["hidden_weights"])
    assert small["features"] == stored["features"]
