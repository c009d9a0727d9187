"""Interference and loss of a vehicle's own: each quantity against its own past, however the stream is cut."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.detectors.series import PlatformConfig, PlatformDetector
from detector.detectors.series.platform_features import measured
from detector.detectors.series.platform_roles import roles_of
from detector.model import Gap, GapReason, Series, Triggers
from detector.synthetic.flight import COLUMNS, Attack, Flight, telemetry
from tests.naive_platform import CHANNELS, S, naive_features, naive_jumps, naive_looks, naive_signs

SHORT = PlatformConfig(history=100, learn=30, relearn=90, hold=3, factor=4.0)
FEATURES = {
    "velocity": (1, 0.3, 3),
    "drift": (1, 0.1, 3),
    "acceleration": (1, 3.0, 2),
    "height": (0, 3.0, 3),
    "heading": (0, 8.0, 3),
    "turn": (1, 3.0, 3),
    "bank": (1, 3.0, 3),
    "wind_east": (0, 0.5, 3),
    "wind_north": (0, 0.5, 3),
    "fix": (1, 0.25, 3),
    "frozen": (1, 0.25, 10),
    "satellites": (-1, 2.0, 3),
}


def series(t_ns: np.ndarray, values: np.ndarray, channels: tuple[str, ...] = COLUMNS) -> Series:
    places = np.full((len(channels), 3), np.nan)
    return Series("uav", t_ns, values, channels, ("",) * len(channels), places)


def flown(*attacks: Attack, seconds: float = 240, seed: int = 1, wing: bool = True) -> Series:
    return series(*telemetry(Flight(seconds, seed, attacks, wing)))


def cut(whole: Series, *at: int) -> list[Series]:
    edges = [0, *sorted(at), len(whole)]
    return [series(whole.t_ns[a:b], whole.values[a:b], whole.channels) for a, b in pairwise(edges) if b > a]


def judged(blocks: list[Series], config: PlatformConfig = PlatformConfig()) -> tuple[list[tuple], list[Gap]]:  # noqa: B008
    detector = PlatformDetector(config)
    answers = [detector.detect(block) for block in blocks] + detector.finish()
    return rows(answers), detector.unjudged()


def rows(answers: list[Triggers]) -> list[tuple]:
    return sorted(
        (int(one.t_ns[k]), str(one.channel[k]), str(one.kind[k]), int(one.t_end_ns[k]), round(float(one.score[k]), 6))
        for one in answers
        for k in range(len(one))
    )


def seconds_of(found: list[tuple], whole: Series) -> dict[str, tuple[float, float]]:
    """From the first sign of each kind to the end of the last. [s]"""
    told: dict[str, tuple[float, float]] = {}
    for t_ns, _, kind, end_ns, _ in found:
        begin, end = (t_ns - whole.t_ns[0]) / S, (end_ns - whole.t_ns[0]) / S
        before = told.get(kind, (begin, end))
        told[kind] = min(before[0], begin), max(before[1], end)
    return told


@pytest.mark.parametrize("wing", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_a_flight_that_nothing_disturbs_raises_nothing(seed: int, wing: bool) -> None:
    assert judged([flown(seed=seed, wing=wing, seconds=600)])[0] == []


@pytest.mark.parametrize(
    ("attack", "kind", "delay_s"),
    [
        (Attack("jam", 150, 30, 80), "reception", 4),
        (Attack("lose", 150, 20), "fix", 4),
        (Attack("jump", 150, 20, 900), "jump", 1),
        (Attack("drag", 150, 40, 6), "disagreement", 8),
        (Attack("lead", 150, 40, 6), "disagreement", 20),
        (Attack("lift", 150, 40, 3), "disagreement", 12),
        (Attack("cut", 150, 20), "link", 21),
        (Attack("freeze", 150, 20), "link", 3),
    ],
)
def test_each_attack_is_a_sign_of_its_kind_soon_after_it_began(attack: Attack, kind: str, delay_s: float) -> None:
    whole = flown(attack)
    begin, end = seconds_of(judged([whole])[0], whole)[kind]
    assert attack.t_s - 1 <= begin <= attack.t_s + delay_s
    assert end <= attack.t_s + attack.seconds + 12  # the slow ones look at ten seconds


def test_the_signs_of_one_cause_are_not_scattered_over_the_flight() -> None:
    whole = flown(Attack("jam", 100, 30, 80), Attack("drag", 170, 30, 6), seconds=300)
    for t_ns, *_ in judged([whole])[0]:
        t_s = (t_ns - whole.t_ns[0]) / S
        assert 99 <= t_s <= 142 or 169 <= t_s <= 212


def test_what_goes_on_is_told_every_ten_seconds_and_without_overlap() -> None:
    whole = flown(Attack("jam", 100, 45, 90))
    noise = [one for one in judged([whole])[0] if one[1] == "noise_per_ms"]
    assert len(noise) >= 4
    assert all(one[3] == following[0] for one, following in pairwise(noise))


def test_it_warms_up_and_says_so() -> None:
    whole = flown(seconds=120)
    _, (gap,) = judged([whole])
    assert (gap.reason, gap.t_start_ns) == (GapReason.WARMING_UP, whole.t_ns[0])
    assert 59 <= (gap.t_end_ns - gap.t_start_ns) / S <= 71
    _, (never,) = judged([flown(seconds=30)])
    assert never.t_end_ns == whole.t_ns[149] + 1


def test_what_lasts_is_usual_from_then_on() -> None:
    whole = flown(Attack("jam", 100, 250, 90), seconds=350)
    found, _ = judged([whole], SHORT)
    noise = [one for one in found if one[1] == "noise_per_ms"]
    assert max(one[3] for one in noise) <= whole.t_ns[0] + 201 * S


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 1000), max_size=8))
def test_the_signs_do_not_depend_on_how_the_stream_is_cut(at: list[int]) -> None:
    assert judged(cut(DISTURBED, *at), SHORT) == judged([DISTURBED], SHORT)


DISTURBED = flown(
    Attack("jam", 60, 20, 90), Attack("jump", 100, 10, 600), Attack("cut", 130, 9), Attack("drag", 160, 30, 7),
    seconds=200,
)  # fmt: skip


def test_the_same_after_reset_and_one_row_at_a_time() -> None:
    detector = PlatformDetector(SHORT)
    first = rows([detector.detect(DISTURBED), *detector.finish()])
    detector.reset()
    pieces = [detector.detect(one) for one in cut(DISTURBED, *range(1, len(DISTURBED)))]
    assert rows([*pieces, *detector.finish()]) == first
    assert first


@pytest.mark.parametrize("seed", range(6))
def test_features_and_signs_are_the_slow_twins(seed: int) -> None:
    random = np.random.default_rng(seed)
    attacks = (Attack("jam", 50, 20, 90), Attack("lose", 90, 10), Attack("drag", 110, 15, 8), Attack("cut", 140, 6),
               Attack("freeze", 155, 18))  # fmt: skip
    whole = flown(*attacks[seed % 2 :], seconds=180, seed=seed, wing=bool(seed % 2))
    columns = [COLUMNS.index(name) for name in CHANNELS]
    values = whole.values[:, columns].copy()
    values[random.random(values.shape) < 0.1] = np.nan
    keep = random.random(len(values)) < 0.9
    stream = series(whole.t_ns[keep], values[keep], CHANNELS)
    plain = [(int(t), dict(zip(CHANNELS, row, strict=True))) for t, row in zip(stream.t_ns, stream.values, strict=True)]
    looks = naive_looks([(t, {name: float(value) for name, value in row.items()}) for t, row in plain])
    slow = naive_features(looks)
    seen = [[known.get(name, math.nan) for name in CHANNELS] for *_, known in looks]
    fast = measured(np.array([t for _, t, _ in looks]), np.array(seen), roles_of(CHANNELS))
    assert set(fast) == set(FEATURES)
    for name in FEATURES:
        np.testing.assert_allclose(fast[name], [one[name] for one in slow], rtol=1e-6, atol=1e-6, err_msg=name)
    expected = set()
    for name, (worse, least, hold) in FEATURES.items():
        told = naive_signs([at for at, *_ in looks], [one[name] for one in slow], worse, least, hold, SHORT)
        expected |= {(name, begin, end) for begin, end in told}
    found, _ = judged([stream], SHORT)
    joined: dict[str, list[list[int]]] = {}
    for t_ns, channel, _, end_ns, _ in found:
        if channel in FEATURES:
            stretches = joined.setdefault(channel, [])
            if stretches and stretches[-1][1] == t_ns // S:
                stretches[-1][1] = end_ns // S
            else:
                stretches.append([t_ns // S, end_ns // S])
    assert {(name, *one) for name, several in joined.items() for one in several} == expected
    assert expected


@pytest.mark.parametrize("seed", range(4))
def test_jumps_are_the_slow_twins(seed: int) -> None:
    random = np.random.default_rng(seed)
    t_ns = np.cumsum(random.integers(S // 20, 2 * S, 300))
    lat, lon = 42 + np.cumsum(random.normal(0, 3e-4, 300)), 179.99 + np.cumsum(random.normal(0, 1e-3, 300))
    lon = (lon + 180) % 360 - 180
    lat[random.integers(0, 300, 20)] = np.nan
    lat[40], lon[40] = 0.0, 0.0
    found, _ = judged(cut(series(t_ns, np.stack([lat, lon], 1), ("lat", "lon")), 100, 101, 230))
    slow = naive_jumps(list(zip(t_ns.tolist(), lat.tolist(), lon.tolist(), strict=True)))
    assert [one[0] for one in found if one[1] == "position"] == slow
    assert slow


def test_empty_one_row_and_nan_say_nothing() -> None:
    detector = PlatformDetector(PlatformConfig())
    empty = series(np.zeros(0, np.int64), np.zeros((0, len(COLUMNS))))
    assert len(detector.detect(empty)) == 0
    assert judged([series(np.array([5 * S]), np.full((1, len(COLUMNS)), np.nan))])[0] == []
    assert judged([series(np.arange(600) * S, np.full((600, len(COLUMNS)), np.nan))])[0] == []


def test_what_is_no_telemetry_is_refused_in_words() -> None:
    detector = PlatformDetector(PlatformConfig())
    assert "no position" in detector.why_not(series(np.arange(3), np.zeros((3, 1)), ("temperature",)))
    scaled = series(np.arange(3), np.full((3, 2), 4.2e8), ("gps.lat", "gps.lon"))
    assert detector.why_not(scaled) == "its latitudes are no degrees"
    assert detector.why_not(flown(seconds=10)) == ""


def test_roles_are_told_by_the_names_of_many_makers() -> None:
    plain = ("lat_deg", "lon_deg", "alt_m", "baro_alt_m", "speed_m_s")
    px4 = (
        "vehicle_global_position.lat", "vehicle_global_position.lon", "vehicle_local_position.heading",
        "vehicle_gps_position.lat", "vehicle_gps_position.lon", "vehicle_gps_position.alt",
        "vehicle_gps_position.vel_n_m_s", "vehicle_gps_position.noise_per_ms", "vehicle_air_data.baro_alt_meter",
    )  # fmt: skip
    ardupilot = (
        "BARO.Alt",
        "GPS.Lat",
        "GPS.Lng",
        "GPS.Alt",
        "GPS.Spd",
        "GPS.NSats",
        "ATT.Roll",
        "ATT.Yaw",
        "GPS.Status",
    )
    assert roles_of(plain).columns == {"lat": 0, "lon": 1, "alt": 2, "baro": 3, "speed": 4}
    assert roles_of(px4).columns == {"lat": 3, "lon": 4, "alt": 5, "north": 6, "baro": 8}
    assert [one.name for one in roles_of(px4).qualities] == ["vehicle_gps_position.noise_per_ms"]
    expected = {"baro": 0, "lat": 1, "lon": 2, "alt": 3, "speed": 4, "roll": 6, "yaw": 7, "fix": 8}
    assert roles_of(ardupilot).columns == expected
    assert [one.worse for one in roles_of(ardupilot).qualities] == [-1]
    assert not roles_of(()).placed
