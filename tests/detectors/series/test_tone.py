"""Engines: named as what they are, however loud, at every rate, however the stream is cut; nothing else is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from detector.detectors.series import ToneConfig, ToneDetector
from detector.detectors.series.tone_features import NAMES, ToneFeatures
from detector.detectors.series.tone_model import MODEL_FILE, read_model
from detector.model import GapReason, Series
from detector.synthetic.engines import RATE_HZ, SOUNDS, engine_sound
from scripts.fit_tone_model import fitted, training_set
from tests.naive_series import cut
from tests.naive_tone import naive_features, naive_tone

S = 1_000_000_000
KINDS = tuple(SOUNDS)
SEED = 99  # not the training's


def sound(kind: str, seconds: float, number: int, below_db: float = 20.0) -> np.ndarray:
    return engine_sound(kind, seconds, np.random.default_rng([SEED, KINDS.index(kind), number]), below_db=below_db)


def series(values: np.ndarray, rate_hz: float = RATE_HZ, start_ns: int = 0) -> Series:
    values = values if values.ndim == 2 else values[:, None]
    names = tuple(f"c{at}" for at in range(values.shape[1]))
    t_ns = start_ns + np.rint(np.arange(len(values)) * S / rate_hz).astype(np.int64)
    return Series(
        "mast", t_ns, values, names, ("1",) * len(names), np.full((len(names), 3), np.nan), False, S / rate_hz
    )


def part(whole: Series, piece: slice) -> Series:
    return Series(
        whole.source_id, whole.t_ns[piece], whole.values[piece], whole.channels, whole.units, whole.positions,
        whole.local, whole.interval_ns, whole.clock_sigma_ns,
    )  # fmt: skip


def told(blocks: list[Series], detector: ToneDetector | None = None) -> list[tuple[str, str, int, int, float]]:
    detector = detector or ToneDetector(ToneConfig())
    answers = [detector.detect(block) for block in blocks] + detector.finish()
    rows = [zip(one.channel, one.kind, one.t_ns, one.t_end_ns, one.score, strict=True) for one in answers]
    return [(str(c), str(k), int(t), int(e), float(s)) for one in rows for c, k, t, e, s in one]


def course() -> np.ndarray:
    """Two channels, 18 s: a drone, then background, then a helicopter; the other way round, and a second is missing."""
    pieces = [sound("drone", 7, 1), 0.1 * sound("background", 4, 1), sound("helicopter", 7, 2)]
    values = np.stack([np.concatenate(pieces), np.concatenate(pieces[::-1])], axis=1)
    values[12_000:20_500, 1] = np.nan
    return values


@pytest.mark.parametrize("rate_hz", [8000.0, 11_025.0])
def test_features_are_those_of_the_slow_twin(rate_hz):
    random = np.random.default_rng(3)
    features = ToneFeatures(rate_hz)
    window = random.normal(size=(features.length, 4))
    t_s = np.arange(features.length) / rate_hz
    window[:, 1] = 1e-3 * np.sign(np.sin(2 * np.pi * 151.3 * t_s)) + 1e-4 * window[:, 1]
    window[:, 2] *= 1e4 * (1 + np.sin(2 * np.pi * 17 * t_s))
    window[: features.length // 2, 3] = 0  # half of it is silence
    fast = features.of(window)
    assert fast.shape == (4, len(NAMES))
    for channel in range(4):
        slow = naive_features(window[:, channel].tolist(), rate_hz)
        assert dict(zip(NAMES, fast[channel], strict=True)) == pytest.approx(
            dict(zip(NAMES, slow, strict=True)), abs=1e-6
        )


@pytest.mark.no_cover
def test_what_is_told_is_that_of_the_slow_twin():
    values = course()[:, 1]
    answer = told([series(values)])
    slow = naive_tone(values.tolist(), RATE_HZ, ToneConfig(), read_model())
    assert [kind for _, kind, *_ in answer] == [kind for kind, *_ in slow]
    assert [(t / S, end / S, score) for *_, t, end, score in answer] == [
        pytest.approx(rest, abs=1e-6) for _, *rest in slow
    ]
    assert {kind for _, kind, *_ in answer} >= {"drone", "helicopter"}


def test_the_same_however_the_stream_is_cut_and_after_reset():
    whole = series(course())
    detector = ToneDetector(ToneConfig())
    expected, gaps = sorted(told([whole], detector)), detector.unjudged()
    assert expected
    assert len(gaps) == 2
    for seed in range(4):
        detector.reset()
        pieces = [part(whole, piece) for piece in cut(len(whole), np.random.default_rng(seed), 30)]
        assert sorted(told(pieces, detector)) == expected
        assert detector.unjudged() == gaps


@pytest.mark.parametrize("kind", KINDS)
def test_fresh_sounds_are_named_as_what_they_are(kind):
    names = [{name for _, name, *_ in told([series(sound(kind, 8, number))])} for number in range(6)]
    if kind == "background":
        assert sum(bool(one) for one in names) <= 1
    else:
        assert sum(one == {kind} for one in names) >= 4
        assert set().union(*names) <= {kind, "undetermined"}


def test_when_it_begins_and_ends_is_within_the_mean():
    hiss = 1e-3 * np.random.default_rng(1).normal(size=(2, 80_000))
    kinds = []
    for number in range(4):
        values = np.concatenate([hiss[0], sound("drone", 10, number), hiss[1]])
        ((_, kind, t_ns, end_ns, score),) = told([series(values)])
        kinds.append(kind)
        assert abs(t_ns / S - 10) <= 2.5
        assert abs(end_ns / S - 20) <= 2.5
        assert 0.8 <= score <= 1
    assert kinds.count("drone") >= 3
    assert set(kinds) <= {"drone", "undetermined"}


def test_loudness_does_not_matter():
    window = sound("vehicle", 1, 0)[:, None]
    expected = ToneFeatures(RATE_HZ).of(window)
    for factor in (1e-6, 1e6):
        np.testing.assert_allclose(ToneFeatures(RATE_HZ).of(factor * window), expected, atol=1e-6)


@pytest.mark.parametrize(("up", "down"), [(3, 2), (441, 80)])
def test_the_sampling_rate_does_not_matter(up, down):
    original = sound("drone", 8, 1)
    higher = series(resample_poly(original, up, down), RATE_HZ * up / down)
    assert [kind for _, kind, *_ in told([higher])] == [kind for _, kind, *_ in told([series(original)])] == ["drone"]


@pytest.mark.parametrize(("rate_hz", "interval", "says"), [(4000.0, True, "too few"), (8000.0, False, "irregular")])
def test_a_stream_that_cannot_be_judged_says_why(rate_hz, interval, says):
    one = series(sound("drone", 2, 0), rate_hz)
    if not interval:
        one = Series(one.source_id, one.t_ns, one.values, one.channels, one.units, one.positions)
    with pytest.raises(ValueError, match=says):
        ToneDetector(ToneConfig()).detect(one)


def test_dead_and_missing_channels_are_not_judged_and_that_is_said_of_the_dead_one():
    alive, dead = sound("drone", 8, 1), np.full(64_000, 0.25)
    detector = ToneDetector(ToneConfig())
    answer = told([series(np.stack([alive, dead, np.full(64_000, np.nan)], axis=1))], detector)
    assert [name for name, *_ in answer] == ["c0"]
    gaps = detector.unjudged()
    assert {gap.reason for gap in gaps} == {GapReason.WARMING_UP}
    assert {gap.detail.split(":")[0]: (gap.t_start_ns, gap.t_end_ns) for gap in gaps} == {
        "channels c0": (0, 3 * S),  # five windows of the nine
        "channels c1": (0, 8 * S),
    }


def test_after_a_short_hole_the_engine_goes_on_and_after_a_long_one_it_is_another():
    values = sound("drone", 16, 1)
    first, rest = series(values[:64_000]), values[64_000:]
    short, long = (series(rest, start_ns=round((8 + hole_s) * S)) for hole_s in (0.5, 3.0))
    assert [kind for _, kind, *_ in told([first, short])] == ["drone"]
    assert [kind for _, kind, *_ in told([first, long])] == ["drone", "drone"]


def test_an_empty_block_and_less_than_a_second_are_nothing():
    detector = ToneDetector(ToneConfig())
    whole = series(sound("drone", 1, 0))
    assert told([part(whole, slice(0, 0)), part(whole, slice(0, 7_999))], detector) == []


def test_the_model_belongs_to_the_features_and_one_of_others_is_refused(tmp_path: Path):
    assert read_model().kinds == KINDS
    stored = json.loads(MODEL_FILE.read_text("utf-8"))
    stored["features"][3] = "colour 1 Hz"
    (tmp_path / "other.json").write_text(json.dumps(stored), "utf-8")
    with pytest.raises(ValueError, match=r"other\.json: fitted to other features"):
        read_model(tmp_path / "other.json")


def test_a_fit_is_repeated_to_the_last_digit_and_the_stored_one_is_of_these_sounds():
    assert fitted(*training_set(3)) == fitted(*training_set(3))
    few = fitted(*training_set(15))
    stored = json.loads(MODEL_FILE.read_text("utf-8"))
    off = (np.array(few["mean"]) - stored["mean"]) / stored["scale"]
    assert np.abs(off).max() < 0.7  # 60 sounds against 2400: four standard errors, 0.52, and some


def test_settings_that_contradict_one_another_are_refused():
    with pytest.raises(ValueError, match="off must be below on"):
        ToneConfig(on=0.7, off=0.8)
