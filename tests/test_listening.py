"""The order for sensor streams: the same however they are cut, with holes, and with what cannot be judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.association import Associator, Sensors
from detector.association.travel import air, travel
from detector.detectors.series import PRESETS, ImpulseDetector
from detector.listening import Event, Idle, Reached, Stages, listen
from detector.model import Gap, GapReason, Incident, Series
from detector.sources.series import merged
from detector.timebase import NS_PER_S

RATE = 2_000
START_NS = 1_700_000_000 * NS_PER_S
PLACES_M = np.array([[0.0, 420, 10], [430, 60, 10], [60, -380, 10], [-410, -20, 10], [30, 40, 10]])
NAMES = ("a", "b", "c", "d", "e")
SHOTS = ((3.0, (120.0, 90.0)), (4.5, (-100.0, 60.0)), (9.0, (20.0, -150.0)))
SECONDS = 14


@pytest.fixture(scope="module")
def samples() -> NDArray[np.float64]:
    """What each hears of the three shots. shape (5, T)"""
    random = np.random.default_rng(3)
    heard = 0.001 * random.normal(size=(len(NAMES), SECONDS * RATE))
    for at_s, place in SHOTS:
        arrivals = at_s + travel([*place, 0.0], PLACES_M, air(15.0)).time_s
        for row, arrival_s in enumerate(arrivals):
            at, length = round(float(arrival_s) * RATE), RATE // 10
            heard[row, at : at + length] += 0.2 * random.normal(size=length) * np.exp(-np.arange(length) / 60)
    return heard


def series(name: str, first: int, values: NDArray[np.float64], interval_ns: float | None = NS_PER_S / RATE) -> Series:
    t_ns = START_NS + np.rint(np.arange(first, first + len(values)) * NS_PER_S / RATE).astype(np.int64)
    place = PLACES_M[[NAMES.index(name)]]
    return Series(name, t_ns, values[:, None], (name,), ("1",), place, local=True, interval_ns=interval_ns)


def blocks(name: str, values: NDArray[np.float64], size: int, first: int = 0) -> list[Series]:
    return [series(name, first + k, values[k : k + size]) for k in range(0, len(values), size)]


def heard(streams: Sequence[Sequence[Series | Gap]]) -> list[Event]:
    associator = Associator(Sensors(NAMES, PLACES_M), air(15.0), source_id="mics")
    return list(listen(merged(streams), Stages("acoustic", associator)))


def incidents(events: Sequence[Event]) -> list[Incident]:
    return [event for event in events if isinstance(event, Incident)]


def test_every_shot_is_one_incident_at_its_place_and_second(samples: NDArray[np.float64]) -> None:
    found = incidents(heard([blocks(name, samples[k], 4 * RATE) for k, name in enumerate(NAMES)]))
    assert len(found) == len(SHOTS)
    for incident, (at_s, place) in zip(found, SHOTS, strict=True):
        assert incident.position_m is not None
        assert np.hypot(*np.subtract(incident.position_m, place)) < 15
        assert (incident.t_ns - START_NS) / NS_PER_S == pytest.approx(at_s, abs=0.05)
        assert len(incident.sensors) == 5


@pytest.mark.parametrize("sizes", [(100, 100, 100, 100, 100), (28_000, 333, 5_000, 1_999, 64), (28_000,) * 5])
def test_the_same_incidents_however_the_streams_are_cut(samples: NDArray[np.float64], sizes: tuple[int, ...]) -> None:
    whole = heard([blocks(name, samples[k], RATE) for k, name in enumerate(NAMES)])
    cut = heard([blocks(name, samples[k], sizes[k]) for k, name in enumerate(NAMES)])
    assert incidents(cut) == incidents(whole)


def test_what_all_have_heard_is_an_incident_within_a_fifth_of_a_second_of_stream_time(
    samples: NDArray[np.float64],
) -> None:
    """In blocks of 0.1 s: the rest of the block, `early_s`, the onset's window; what the machine takes is on top."""
    newest_ns, told = 0, []

    def coming() -> Iterator[Series]:
        nonlocal newest_ns
        for item in merged([blocks(name, one, RATE // 10) for name, one in zip(NAMES, samples, strict=True)]):
            assert isinstance(item, Series)
            newest_ns = int(item.t_ns[-1])
            yield item

    associator = Associator(Sensors(NAMES, PLACES_M), air(15.0), source_id="mics")
    for event in listen(coming(), Stages("acoustic", associator)):
        told += [newest_ns - max(event.arrivals_ns)] if isinstance(event, Incident) else []
    assert len(told) == len(SHOTS)
    assert max(told) <= NS_PER_S // 5


def test_a_sensor_that_ends_early_or_begins_late_does_not_hold_the_others_up(samples: NDArray[np.float64]) -> None:
    streams = [blocks(name, samples[k], RATE // 4) for k, name in enumerate(NAMES)]
    streams[1] = blocks("b", samples[1, : 4 * RATE], RATE // 4)
    streams[3] = blocks("d", samples[3, 8 * RATE :], RATE // 4, 8 * RATE)
    events = heard(streams)
    assert [len(one.sensors) for one in incidents(events)] == [4, 4]  # three are too few for the second shot
    last = incidents(events)[-1]
    assert set(last.sensors) == {"a", "c", "d", "e"}
    told = events.index(last)
    reached = [event.t_ns for event in events[:told] if isinstance(event, Reached)]
    assert (reached[-1] - max(last.arrivals_ns)) / NS_PER_S < 3


def test_what_is_heard_just_before_a_sensor_falls_silent_counts(samples: NDArray[np.float64]) -> None:
    arrival = round((SHOTS[1][0] + float(travel([*SHOTS[1][1], 0.0], PLACES_M[1], air(15.0)).time_s)) * RATE)
    streams = [blocks(name, samples[k], RATE // 4) for k, name in enumerate(NAMES)]
    streams[1] = blocks("b", samples[1, : arrival + RATE // 50], RATE // 4)
    second = incidents(heard(streams))[1]
    assert "b" in second.sensors


def test_warming_up_comes_as_gaps_and_so_does_what_cannot_be_judged(samples: NDArray[np.float64]) -> None:
    streams: list[list[Series | Gap]] = [list(blocks(name, samples[k], RATE)) for k, name in enumerate(NAMES)]
    streams[4] = [series("e", 0, samples[4], interval_ns=None)]
    events = heard(streams)
    gaps = [event for event in events if isinstance(event, Gap)]
    assert {gap.source_id for gap in gaps if gap.reason is GapReason.WARMING_UP} == {"a", "b", "c", "d"}
    (refused,) = [gap for gap in gaps if gap.reason is GapReason.MISSING]
    assert refused.detail == "channels e were not judged: its sampling is irregular"
    assert (refused.t_end_ns - refused.t_start_ns) / NS_PER_S == pytest.approx(SECONDS, abs=0.001)
    assert all("e" not in one.sensors for one in incidents(events))


def test_two_recordings_of_the_same_time_of_one_sensor_count_once(samples: NDArray[np.float64]) -> None:
    streams = [blocks(name, samples[k], RATE) for k, name in enumerate(NAMES)]
    whole = incidents(heard(streams))
    events = heard([*streams, blocks("a", samples[0, : 2 * RATE], RATE)])
    assert incidents(events) == whole
    clocks = [event for event in events if isinstance(event, Gap) and event.reason is GapReason.CLOCK]
    assert {gap.detail for gap in clocks} == {"another recording of the same sensor has this time already"}


def test_nothing_comes_of_nothing() -> None:
    assert incidents(heard([])) == []


@pytest.mark.parametrize("size", [64, 200, 1_999])
def test_what_is_declared_complete_is_complete(samples: NDArray[np.float64], size: int) -> None:
    """Every trigger's onset lies at or after what was declared complete before it was given."""
    detector = ImpulseDetector(PRESETS["acoustic"])
    told_ns, found = 0, 0
    for block in blocks("a", samples[0], size):
        onsets = detector.detect(block).t_ns
        assert (onsets >= told_ns).all()
        now_told_ns = detector.told_ns()
        assert now_told_ns is not None
        assert now_told_ns >= told_ns
        told_ns, found = now_told_ns, found + len(onsets)
        assert int(block.t_ns[-1]) - told_ns < 0.25 * NS_PER_S  # the longest impulse, and the onset's window
    for rest in detector.finish():
        assert (rest.t_ns >= told_ns).all()
    assert found >= len(SHOTS)
    assert detector.told_ns() is None


@pytest.mark.parametrize("preset", PRESETS)
def test_no_onset_lies_within_the_time_that_a_stream_is_said_to_be_deaf(preset: str) -> None:
    config, random = PRESETS[preset], np.random.default_rng(1)
    rate = 2_000 if preset == "acoustic" else 100
    for begin in range(0, round(2 * config.warm_up_s * rate), rate // 50 or 1):
        heard_ = 0.001 * random.normal(size=round(3 * config.warm_up_s * rate))
        heard_[begin : begin + rate // 10] += random.normal(size=min(rate // 10, len(heard_) - begin))
        t_ns = START_NS + np.rint(np.arange(len(heard_)) * NS_PER_S / rate).astype(np.int64)
        one = Series("a", t_ns, heard_[:, None], ("a",), ("1",), PLACES_M[:1], local=True, interval_ns=NS_PER_S / rate)
        detector = ImpulseDetector(config)
        found = [*detector.detect(one).t_ns, *(t for rest in detector.finish() for t in rest.t_ns)]
        assert all(t >= START_NS + config.deaf_s * NS_PER_S for t in found)


def test_a_sign_of_life_is_passed_on() -> None:
    associator = Associator(Sensors(NAMES, PLACES_M), air(15.0), source_id="mics")
    assert list(listen([None, None], Stages("acoustic", associator))) == [Idle(), Idle()]
