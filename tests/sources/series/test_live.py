"""A live stream: what messages, silence and wrong clocks become. Without a broker: from a list of messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from detector.model import Gap, GapReason, Series
from detector.sources.series import LiveSeries, Station
from detector.sources.series.arrivals import Arrival
from detector.timebase import NS_PER_S, ns_from_iso, ns_from_seconds

T_NS = ns_from_iso("2026-03-01T06:30:00Z")
RATE = 100


class Script:
    """Messages at their times, on a clock that stands in between. steps: (second, message, None: nothing)."""

    def __init__(self, steps: list[tuple[float, Any]], connected: bool = True) -> None:
        self.now_s, self._steps = 0.0, steps
        self.connected_s: float | None = 0.0 if connected else None
        self.trouble, self.lost = ("" if connected else "mqtt://broker:1883/line: Connection refused"), 0

    def now_ns(self) -> int:
        return T_NS + ns_from_seconds(self.now_s)

    def stop(self) -> None:
        self._steps.clear()

    def __iter__(self) -> Iterator[Arrival | None]:
        for at_s, message in self._steps:
            self.now_s = at_s
            if isinstance(message, float):
                self.connected_s = message if message >= 0 else None
                yield None
            elif isinstance(message, tuple):
                yield Arrival(*message)
            else:
                yield message if message is None else Arrival("line/a", payload(message))


def payload(message: Any) -> bytes:
    return message if isinstance(message, bytes) else json.dumps(message).encode()


def samples(at_s: float, count: int = 10, name: str = "a", ahead_s: float = 0.0) -> dict[str, Any]:
    """A block that is complete at `at_s`, with values that tell their time."""
    first_ns = T_NS + ns_from_seconds(at_s + ahead_s - count / RATE)
    values = np.random.default_rng(round(at_s * RATE)).normal(size=count).tolist()
    return {"t": first_ns, "rate_hz": RATE, "values": {name: values}}


def heard(script: Script, **how: Any) -> tuple[list[Series], list[Gap], LiveSeries]:
    source = LiveSeries(
        script, "mics", Station(), clock=script, monotonic_s=lambda: script.now_s, **{"wait_s": 1.0, **how}
    )
    items = [one for one in source if one is not None]
    return [one for one in items if isinstance(one, Series)], [one for one in items if isinstance(one, Gap)], source


def steady(seconds: float, begin_s: float = 0.0) -> list[tuple[float, Any]]:
    return [(float(at_s), samples(float(at_s))) for at_s in np.arange(begin_s + 0.1, begin_s + seconds + 0.01, 0.1)]


def test_what_is_sent_is_given_once_all_channels_are_there():
    series, gaps, source = heard(Script(steady(1.0)), channels=frozenset({"a"}))
    assert gaps == []
    assert np.concatenate([one.t_ns for one in series]).tolist() == [T_NS + k * NS_PER_S // RATE for k in range(100)]
    assert {(one.source_id, one.channels, one.interval_ns) for one in series} == {("mics/line/a", ("a",), 1e7)}
    assert source.end is not None
    assert (source.end.complete, source.end.samples, source.end.channels) == (True, 100, ("a",))
    assert source.end.counters == {"messages": 10}


def test_a_message_that_is_delivered_again_changes_nothing():
    steps = steady(1.0)
    again, _, source = heard(Script([*steps[:5], *steps[2:5], *steps[5:]]))
    once, _, _ = heard(Script(steps))
    np.testing.assert_array_equal(
        np.concatenate([one.values for one in again]), np.concatenate([one.values for one in once])
    )
    assert source.counters["redelivered"] == 3


def test_what_overtakes_is_told_and_left_out():
    steps = steady(1.0)
    steps[4], steps[5] = (steps[4][0], steps[5][1]), (steps[5][0], steps[4][1])
    series, gaps, source = heard(Script(steps))
    assert sum(len(one) for one in series) == 90
    assert [gap.reason for gap in gaps] == [GapReason.MISSING, GapReason.CLOCK]
    assert source.counters["went_back"] == 10


def test_what_cannot_be_read_is_a_gap_with_its_number_and_why():
    _, gaps, source = heard(Script([(0.1, samples(0.1)), (0.2, b"{"), (0.3, samples(0.2)), (0.4, samples(0.3))]))
    (gap,) = gaps
    assert (gap.reason, gap.source_id) == (GapReason.DAMAGED, "mics/line/a")
    assert gap.detail.startswith("message 2 of line/a: not JSON")
    assert source.counters["messages_unreadable"] == 1


@pytest.mark.parametrize("ahead_s", [3600.0, -2 * 86_400.0])
def test_a_clock_that_cannot_be_is_told_and_makes_nobody_deaf(ahead_s):
    steps = steady(1.0)
    steps[4] = (steps[4][0], samples(0.5, ahead_s=ahead_s))
    series, gaps, source = heard(Script(steps))
    assert sum(len(one) for one in series) == 90
    assert {gap.reason for gap in gaps} == {GapReason.CLOCK, GapReason.MISSING}
    (clock,) = [gap for gap in gaps if gap.reason is GapReason.CLOCK]
    assert "when it is 2026-03-01T06:30:00.500Z here" in clock.detail
    assert T_NS <= clock.t_start_ns < clock.t_end_ns <= T_NS + NS_PER_S
    assert source.counters["wrong_clock"] == 10


def test_a_clock_that_is_set_back_holds_nobody_up_and_is_told():
    """By an hour: too little to be refuted, and for an hour nothing of it can be used."""
    steps = [(at_s, ("line/a", payload(message))) for at_s, message in steady(4.0)]
    for at_s, _ in steady(4.0):
        back = samples(at_s, name="b", ahead_s=-3600.0 if at_s > 2.0 else 0.0)
        steps.append((at_s + 0.01, ("line/b", payload(back))))
    script = Script(sorted(steps, key=lambda one: one[0]))
    source = LiveSeries(script, "mics", Station(), wait_s=1.0, clock=script, monotonic_s=lambda: script.now_s)
    items = [(script.now_s, one) for one in source if one is not None]
    when_s = [now_s - (int(one.t_ns[-1]) - T_NS) / NS_PER_S for now_s, one in items if isinstance(one, Series)]
    assert max(when_s) == pytest.approx(1.2, abs=0.1)
    gaps = [one for _, one in items if isinstance(one, Gap)]
    assert {gap.reason for gap in gaps} == {GapReason.DISCONNECTED, GapReason.CLOCK}
    silent = next(gap for gap in gaps if gap.reason is GapReason.DISCONNECTED)
    assert silent.source_id == "mics/line/b"
    assert "its clock was set back; what it sends is left out until it has caught up" in silent.detail
    assert source.counters["went_back"] == 200


def test_a_first_message_with_a_wrong_clock_says_nothing_about_the_stream():
    steps = [(0.1, samples(0.1, ahead_s=7200.0)), *steady(1.0)[1:], *((1.0 + k / 10, None) for k in range(1, 20))]
    series, gaps, _ = heard(Script(steps))
    assert sum(len(one) for one in series) == 90
    assert [gap.reason for gap in gaps] == [GapReason.CLOCK, GapReason.DISCONNECTED, GapReason.DISCONNECTED]
    assert gaps[1].detail == "no samples for 1.2 s: nothing is sent"


def test_silence_is_told_when_it_is_noticed_and_again_when_it_has_lasted_twice_as_long():
    steps = [*steady(1.0), *((1.0 + k / 10, None) for k in range(1, 60)), *steady(1.0, 7.0)]
    series, gaps, _ = heard(Script(steps))
    told = [gap for gap in gaps if gap.reason is GapReason.DISCONNECTED]
    assert [round((gap.t_end_ns - gap.t_start_ns) / NS_PER_S, 1) for gap in told] == [1.2, 2.5, 5.0]
    assert {gap.t_start_ns - T_NS for gap in told} == {990_000_001}
    assert told[0].detail == "no samples for 1.2 s: nothing is sent"
    (hole,) = [gap for gap in gaps if gap.reason is GapReason.MISSING]
    assert (hole.t_start_ns - T_NS, hole.t_end_ns - T_NS) == (NS_PER_S, 7 * NS_PER_S)
    assert sum(len(one) for one in series) == 200


def test_a_silence_is_not_taken_for_the_usual_period():
    steps = [*steady(1.0), *((1.0 + k, None) for k in range(1, 20)), (20.1, samples(20.1)), (21.0, None), (21.4, None)]
    _, gaps, _ = heard(Script(steps))
    assert [gap.t_start_ns - T_NS for gap in gaps if gap.t_end_ns > T_NS + 21 * NS_PER_S] == [20_090_000_001]


def test_the_last_will_says_why():
    steps = [*steady(1.0), (1.1, {"status": "offline"}), *((1.0 + k / 10, None) for k in range(2, 20))]
    _, gaps, source = heard(Script(steps))
    assert "its publisher is gone (last will)" in gaps[0].detail
    assert source.counters["last_wills"] == 1


def test_a_lost_connection_that_is_back_within_30_s_is_no_gap_if_nothing_is_lost():
    steps = [*steady(1.0), (1.0, -1.0), *((1.0 + k, None) for k in range(1, 25)), (26.0, 26.0)]
    late = [(26.5, message) for _, message in steady(25.0, 1.0)]
    series, gaps, _ = heard(Script([*steps, *late]))
    assert gaps == []
    assert sum(len(one) for one in series) == 2600


def test_two_streams_are_given_in_the_order_of_time_although_one_comes_in_one_go():
    a, b = steady(2.0), [(at_s, samples(at_s, name="b")) for at_s, _ in steady(2.0)]
    steps = [(at_s, ("line/a", payload(message))) for at_s, message in a]
    steps += [(2.05, ("line/b", payload(message))) for _, message in b]
    series, gaps, _ = heard(Script(steps), channels=frozenset("ab"), wait_s=3.0)
    assert gaps == []
    begins = [int(one.t_ns[0]) for one in series]
    assert begins == sorted(begins)
    assert {one.channels for one in series} == {("a",), ("b",)}


def test_the_others_go_on_without_one_of_which_nothing_comes():
    steps = [(at_s, ("line/a", payload(message))) for at_s, message in steady(4.0)]
    steps += [(at_s + 0.01, ("line/b", payload(samples(at_s, name="b")))) for at_s, _ in steady(1.0)]
    script = Script(sorted(steps, key=lambda one: one[0]))
    source = LiveSeries(script, "mics", Station(), wait_s=1.0, clock=script, monotonic_s=lambda: script.now_s)
    when_s = [script.now_s - (int(one.t_ns[-1]) - T_NS) / NS_PER_S for one in source if isinstance(one, Series)]
    assert max(when_s) == pytest.approx(1.2, abs=0.05)  # wait_s and two periods
    assert when_s[-1] == pytest.approx(0.01, abs=0.05)


def test_channels_that_are_not_asked_for_or_come_later_are_counted_and_those_that_lack_are_missing():
    first = samples(0.1) | {"values": {"a": [0.0] * 10, "b": [1.0] * 10, "x": [2.0] * 10}}
    second = samples(0.2) | {"values": {"a": [3.0] * 10, "c": [1.0] * 10}}
    series, _, source = heard(Script([(0.1, first), (0.2, second)]), channels=frozenset("ab"))
    assert {one.channels for one in series} == {("a", "b")}
    values = np.concatenate([one.values for one in series])
    assert values[:10].tolist() == [[0.0, 1.0]] * 10
    assert np.isnan(values[10:, 1]).all()
    assert source.counters["channels_not_listened_to"] == 2


def test_a_channel_that_is_asked_for_and_never_comes_is_told_by_name():
    steps = [*steady(6.0)]
    series, gaps, _ = heard(Script(steps), channels=frozenset({"a", "west", "east"}))
    assert sum(len(one) for one in series) == 600
    assert {(gap.source_id, gap.t_start_ns, gap.reason) for gap in gaps} == {("mics", T_NS, GapReason.DISCONNECTED)}
    assert [round((gap.t_end_ns - T_NS) / NS_PER_S, 1) for gap in gaps] == [1.0, 2.0, 4.0, 6.0]
    assert gaps[0].detail == "no samples of east, west have come for 1 s: nothing is sent"


def test_one_that_begins_when_the_others_have_gone_on_was_missing_until_then():
    steps = [(at_s, ("line/a", payload(message))) for at_s, message in steady(4.0)]
    steps += [(at_s + 0.01, ("line/b", payload(samples(at_s, name="b")))) for at_s, _ in steady(1.0, 3.0)]
    script = Script(sorted(steps, key=lambda one: one[0]))
    series, gaps, _ = heard(script, channels=frozenset("ab"))
    assert {one.channels for one in series} == {("a",), ("b",)}
    (begun,) = [gap for gap in gaps if gap.source_id == "mics/line/b"]
    assert (begun.t_start_ns, begun.t_end_ns) == (T_NS, T_NS + 3 * NS_PER_S)


def test_more_topics_than_can_be_held_are_counted(monkeypatch):
    monkeypatch.setattr("detector.sources.series.live._MOST_STREAMS", 3)
    steps = [(k / 10, (f"line/{k}", payload(samples(k / 10, name=f"c{k}")))) for k in range(1, 6)]
    series, _, source = heard(Script(steps))
    assert len({one.source_id for one in series}) == 3
    assert source.counters["topics_too_many"] == 2


def test_a_channel_belongs_to_the_topic_that_first_had_it():
    steps = [(0.1, ("line/a", payload(samples(0.1)))), (0.2, ("other/a", payload(samples(0.2))))]
    series, _, source = heard(Script(steps))
    assert {one.source_id for one in series} == {"mics/line/a"}
    assert source.counters["channels_not_listened_to"] == 1


def test_what_the_broker_kept_from_before_is_left_out():
    series, gaps, source = heard(Script([(0.1, ("line/a", payload(samples(0.1)), True))]))
    assert (series, source.counters["retained"]) == ([], 1)
    assert source.end is not None
    assert (source.end.complete, source.end.detail) == (False, "no samples came; nothing was sent")
    assert [gap.reason for gap in gaps] == [GapReason.DISCONNECTED]


def test_senml_is_one_stream_a_name_sampled_as_it_comes():
    pack = [
        (k, [{"bt": T_NS / NS_PER_S + k, "bn": "post/", "n": n, "v": k} for n in ("rain", "wind")]) for k in range(40)
    ]
    series, _, _ = heard(Script([(float(k), one) for k, one in pack]), wait_s=2.0)
    assert {one.channels for one in series} == {("post/rain",), ("post/wind",)}
    assert sum(one.values.size for one in series) == 80
    assert {one.interval_ns for one in series} == {1e9}


def test_without_a_connection_that_is_told_and_why():
    _, gaps, source = heard(Script([(k / 2, None) for k in range(9)], connected=False))
    assert [round((gap.t_end_ns - gap.t_start_ns) / NS_PER_S) for gap in gaps] == [1, 2, 4]
    assert all("mqtt://broker:1883/line: Connection refused" in gap.detail for gap in gaps[:2])
    assert source.end is not None
    assert "Connection refused" in source.end.detail


def test_an_end_while_it_is_silent_tells_the_silence():
    _, gaps, _ = heard(Script([*steady(1.0), (2.5, None)]))
    assert [round(gap.t_end_ns - T_NS, -7) for gap in gaps] == [2_500_000_000]
