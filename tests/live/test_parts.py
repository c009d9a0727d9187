"""Parts of the live source by themselves: the queue, its spool, the clock, repeated pictures, positions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.addresses import is_address, scheme_of
from detector.config import LiveSettings
from detector.errors import LogError
from detector.model import CameraPose, Frame, TimeFrom
from detector.sources.live.arrived import Arrived, Closed, Item, Opened, Skipped
from detector.sources.live.clock import StreamClock
from detector.sources.live.flown import FlownTrack
from detector.sources.live.live_reading import LiveReading
from detector.sources.live.spool import Spool
from detector.sources.live.stillness import RepeatedPictures
from detector.sources.live.thinning import Thinning
from detector.sources.live.waiting import Waiting
from detector.sources.telemetry import Sample

S = 1_000_000_000


def packet(number: int, *, key: bool = False, size: int = 10, arrival_s: float = 0.0) -> Arrived:
    data = bytes([number % 256]) * size
    arrival_ns = round(arrival_s * S)
    return Arrived(arrival_ns, arrival_ns, True, key, False, data, number, number, Fraction(1, 25), None, size)


def everything(waiting: Waiting) -> Iterator[Item]:
    while (item := waiting.get(0.0)) is not None:
        yield item


def test_realtime_passes_over_up_to_the_newest_keyframe_and_says_how_many(tmp_path: Path) -> None:
    waiting = Waiting(LiveSettings(max_lag_s=1.0), tmp_path)
    for number in range(60):
        waiting.put(packet(number, key=number % 10 == 0, arrival_s=number / 25))
    items = list(everything(waiting))
    assert isinstance(items[0], Skipped)
    skipped = [item.pictures for item in items if isinstance(item, Skipped)]
    kept = [item for item in items if isinstance(item, Arrived)]
    assert kept[0].key
    assert sum(skipped) + len(kept) == 60
    assert kept[0].pts == 30, "the first keyframe before which a picture had waited for a second"


def test_telemetry_is_never_passed_over(tmp_path: Path) -> None:
    waiting = Waiting(LiveSettings(max_lag_s=1.0), tmp_path)
    told = replace(packet(0), is_video=False, data=b"klv")
    for item in (packet(0, key=True), told, packet(1), packet(2, key=True, arrival_s=9.0)):
        waiting.put(item)
    waiting.put(packet(3, key=True, arrival_s=9.5))
    assert list(everything(waiting)) == [
        told,
        Skipped(2),
        packet(2, key=True, arrival_s=9.0),
        packet(3, key=True, arrival_s=9.5),
    ]


def test_realtime_passes_over_nothing_while_it_keeps_up(tmp_path: Path) -> None:
    waiting = Waiting(LiveSettings(max_lag_s=1.0), tmp_path)
    for number in range(60):
        waiting.put(packet(number, key=number % 10 == 0, arrival_s=number / 25))
        assert waiting.get(0.0) == packet(number, key=number % 10 == 0, arrival_s=number / 25)


def test_how_connections_ended_is_never_passed_over(tmp_path: Path) -> None:
    waiting = Waiting(LiveSettings(max_lag_s=1.0), tmp_path)
    waiting.put(packet(0, key=True))
    waiting.put(Closed("gone"))
    waiting.put(packet(1, key=True, arrival_s=9.0))
    assert list(everything(waiting)) == [Closed("gone"), Skipped(1), packet(1, key=True, arrival_s=9.0)]


def test_complete_keeps_everything_in_order_on_the_disk(tmp_path: Path) -> None:
    waiting = Waiting(LiveSettings(mode="complete", max_lag_s=0.2), tmp_path / "waiting")
    size = 4 << 20
    put = [packet(number, key=number % 10 == 0, size=size, arrival_s=number) for number in range(40)]
    for one in put[:20]:
        waiting.put(one)
    waiting.put(Closed("gone"))
    for one in put[20:]:
        waiting.put(one)
    assert list((tmp_path / "waiting").iterdir()) == [], "its files have no names"
    got = list(everything(waiting))
    waiting.close()
    assert got == [*put[:20], Closed("gone"), *put[20:]]


def test_complete_is_bounded_too(tmp_path: Path) -> None:
    waiting = Waiting(LiveSettings(mode="complete", spool_mb=10), tmp_path)
    for number in range(60):
        waiting.put(packet(number, key=number % 10 == 0, size=2 << 20))
    kept = list(everything(waiting))
    waiting.put(packet(60, size=1))
    waiting.put(packet(61, key=True, size=1))
    after = list(everything(waiting))
    assert len(kept) < 60
    assert after[0] == Skipped(60 - len(kept) + 1), "packet 60 has no keyframe before it"
    assert after[1] == packet(61, key=True, size=1)


def test_a_spool_that_cannot_be_written_stops_the_feed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    waiting = Waiting(LiveSettings(mode="complete"), tmp_path / "file")
    for number in range(20):
        waiting.put(packet(number, size=4 << 20))
    with pytest.raises(LogError, match="cannot be written"):
        list(everything(waiting))


@given(st.lists(st.one_of(st.none(), st.integers(1, 5000)), max_size=60))
def test_the_spool_gives_back_what_was_put_in_like_a_list(tmp_path_factory: pytest.TempPathFactory, steps) -> None:  # type: ignore[no-untyped-def]
    spool, twin = Spool(tmp_path_factory.mktemp("spool"), 1 << 30), []
    for number, size in enumerate(steps):
        if size is not None:
            spool.append(packet(number, size=size))
            twin.append(packet(number, size=size))
        elif twin:
            assert spool.take() == twin.pop(0)
        assert len(spool) == len(twin)
        assert spool.bytes == sum(one.size for one in twin)
    assert [spool.take() for _ in twin] == twin
    spool.close()


@pytest.mark.parametrize(("fps", "each", "at_most"), [(10, 1, 2), (25, 2, 4), (30, 3, 5), (60, 5, 10)])
def test_thinning_begins_when_pictures_wait_and_ends_when_they_hardly_do(fps: int, each: int, at_most: int) -> None:
    thinning = Thinning(after_s=0.6)
    t_ns = [round(number * S / fps) for number in range(60)]
    assert all(thinning.goes_on(one, 0.5) for one in t_ns[:20])
    assert sum(thinning.goes_on(one, 0.7) for one in t_ns[20:40]) == 20 // each
    assert thinning.active
    assert sum(thinning.goes_on(one, 0.3) for one in t_ns[40:50]) <= -(-10 // each)
    assert all(thinning.goes_on(one, 0.1) for one in t_ns[50:])
    assert not thinning.active
    assert thinning.goes_on(0, 0.9), "time that goes back is another recording's"
    t_ns = [round(number * S / fps) for number in range(1, 121)]
    assert sum(thinning.goes_on(one, 1.0) for one in t_ns[:60]) == pytest.approx(60 / at_most, abs=1)
    assert sum(thinning.goes_on(one, 0.7) for one in t_ns[60:80]) == pytest.approx(20 / at_most, abs=1)
    assert sum(thinning.goes_on(one, 0.5) for one in t_ns[80:100]) == pytest.approx(20 / each, abs=1)
    assert all(thinning.goes_on(one, 0.1) for one in t_ns[100:])


def test_the_clock_waits_for_telemetry_and_then_goes_by_the_next_best() -> None:
    clock = StreamClock()
    for number in range(45):
        clock.told(TimeFrom.ARRIVAL, number / 25, 100 * S + number * S // 25)
        assert (clock.best is None) == (number / 25 < 1.5)
    clock.told(TimeFrom.TELEMETRY, 1.8, 50 * S)
    assert clock.best is TimeFrom.TELEMETRY
    assert clock.apart_ns() == pytest.approx(50 * S - 101.8 * S, abs=1e7)


@pytest.mark.parametrize(("keys", "until"), [(range(0), 1000), (range(40, 9999, 1000), 140)])
def test_a_connection_is_given_up_if_nothing_is_decoded_from_a_keyframe_on_or_for_long(keys: range, until: int) -> None:
    reading = LiveReading("feed", None, 0.0, None)
    codec = SimpleNamespace(name="h264", extradata=None, width=0, height=0, pix_fmt="yuv420p")
    reading.begin(Opened(SimpleNamespace(codec_context=codec), True, 40_000_000), 0)
    starved = []
    for number in range(1100):
        list(reading.feed(packet(number, key=number in keys, arrival_s=number / 25)))
        starved.append(reading.starved)
    assert starved.index(True) == pytest.approx(until, abs=1)


def test_time_by_arrival_never_goes_back_though_packets_come_in_bursts() -> None:
    clock, random, last_ns = StreamClock(), np.random.default_rng(1), 0
    for number in range(2000):
        shown_s = number / 25
        late_s = random.exponential(0.1) if number > 20 else 0.3
        clock.told(TimeFrom.ARRIVAL, shown_s, round((1000 + shown_s + late_s) * S))
        t_ns = clock.line(TimeFrom.ARRIVAL).t_ns(shown_s)
        assert t_ns > last_ns
        last_ns = t_ns
    assert last_ns / S - 1000 - 1999 / 25 == pytest.approx(0.07, abs=0.02), "the median of the delays"


def frame(index: int, luma: np.ndarray, *, key: bool = False) -> Frame:
    return Frame("feed", index, index * S // 25, luma, key, TimeFrom.ARRIVAL, None, lambda: luma)


def noisy(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(90, 110, (90, 160)).astype(np.uint8)


def test_a_repeated_picture_is_held_back_and_dropped_once_it_counts_as_frozen() -> None:
    repeated, still = RepeatedPictures(1.0), noisy(0)
    out = [one.index for i in range(20) for one in repeated.feed(frame(i, still))]
    assert out == [0]
    assert not repeated.frozen
    assert [one.index for one in repeated.feed(frame(20, noisy(1)))] == list(range(1, 21)), "half a second is no freeze"
    for i in range(21, 60):
        assert repeated.feed(frame(i, noisy(1))) == []
    assert repeated.frozen
    assert repeated.since_ns == 21 * S // 25
    assert [one.index for one in repeated.feed(frame(60, noisy(2)))] == [60]
    assert not repeated.frozen


def test_a_picture_encoded_anew_is_the_same_and_one_in_which_a_pixel_moves_is_not() -> None:
    repeated, still = RepeatedPictures(1.0), noisy(0)
    repeated.feed(frame(0, still))
    assert repeated.feed(frame(1, still + np.uint8(1))) == []
    coarse = still.copy()
    coarse[::7, ::5] += 15
    assert repeated.feed(frame(2, coarse, key=True)) == [], "a keyframe is encoded anew"
    moved = coarse.copy()
    moved[37, 53] += 60
    assert [one.index for one in repeated.feed(frame(3, moved))] == [1, 2, 3]
    assert [one.index for one in repeated.feed(frame(4, np.zeros((45, 80), np.uint8)))] == [4]


def pose(lat_deg: float) -> CameraPose:
    return CameraPose(lat_deg, 10.0, 500.0, 0.0, -45.0, 0.0, 40.0, 30.0)


def test_positions_no_aircraft_flies_to_are_left_out_until_it_stays_there() -> None:
    track = FlownTrack()
    for tenth in range(20):
        track.add(Sample(tenth * S // 10, pose(40.0)))
    track.add(Sample(2 * S, pose(41.0)))
    track.add(Sample(21 * S // 10, pose(40.0)))
    assert track.left_out == 1
    for tenth in range(22, 60):
        track.add(Sample(tenth * S // 10, pose(41.0)))
    assert track.left_out == 1 + 30, "3 s at the new place"
    found = track.pose_at(59 * S // 10, 1.5)
    assert found is not None
    assert found.lat_deg == 41.0
    track.add(replace(Sample(0, None), t_ns=7 * S))
    track.add(Sample(0, pose(40.0)))
    assert track.t_ns == sorted(track.t_ns)


def test_what_is_an_address() -> None:
    assert is_address("rtsp://h/x")
    assert is_address("v4l2:/dev/video0")
    assert is_address("gopher://h/x")
    assert not is_address("flight.ts")
    assert not is_address("/data/http/flight.ts")
    with pytest.raises(ValueError, match=r"gopher:// is not known; allowed are rtsp") as told:
        scheme_of("gopher://u:p@h/x")
    assert "u:p" not in str(told.value)
