"""Several live streams in the order of time: as `merged` gives recordings, whatever order they arrive in."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.model import Gap, GapReason, Series
from detector.sources.series import merged
from detector.sources.series.live_order import LiveOrder
from detector.timebase import NS_PER_S

ALWAYS = 2**62


def block(stream: str, begin: int, length: int = 10) -> Series:
    t_ns = np.arange(begin, begin + length, dtype=np.int64)
    values, places = np.zeros((length, 1)), np.full((1, 3), np.nan)
    return Series(stream, t_ns, values, (stream,), ("",), places, interval_ns=1.0)


def gap(stream: str, begin: int) -> Gap:
    return Gap(stream, begin, begin + 1, GapReason.MISSING)


def told(items) -> list[tuple[str, int]]:
    return [(one.source_id, int(one.t_ns[0]) if isinstance(one, Series) else -one.t_start_ns) for one in items]


def test_a_block_waits_until_the_others_have_been_heard_until_it_begins():
    order = LiveOrder()
    order.put("a", block("a", 0))
    order.put("b", block("b", 0))
    assert told(order.ready((), ALWAYS)) == [("a", 0), ("b", 0)]
    order.put("a", block("a", 10))
    assert told(order.ready((), ALWAYS)) == []
    order.put("b", block("b", 10))
    assert told(order.ready((), ALWAYS)) == [("a", 10), ("b", 10)]


def test_nobody_waits_for_an_absent_stream():
    order = LiveOrder()
    for name in "ab":
        order.put(name, block(name, 0))
    assert len(list(order.ready((), ALWAYS))) == 2
    order.put("a", block("a", 10))
    assert told(order.ready({"b"}, ALWAYS)) == [("a", 10)]


def test_what_comes_after_the_others_have_gone_on_is_a_gap_and_counted():
    order = LiveOrder()
    for name in "ab":
        order.put(name, block(name, 0))
    order.put("a", block("a", 10))
    order.put("a", block("a", 20))
    assert len(list(order.ready({"b"}, ALWAYS))) == 4
    order.put("b", block("b", 10))
    order.put("b", block("b", 20))
    late, on_time = order.ready((), ALWAYS)
    assert isinstance(late, Gap)
    assert (late.t_start_ns, late.t_end_ns, late.reason) == (10, 20, GapReason.MISSING)
    assert "too late to be judged" in late.detail
    assert told([on_time]) == [("b", 20)]
    assert order.late == 10


def test_a_block_from_the_future_waits_for_the_clock_and_holds_nobody_up():
    order = LiveOrder()
    for name in "ab":
        order.put(name, block(name, 0))
    order.put("a", block("a", 500))
    order.put("b", block("b", 10))
    assert told(order.ready((), 20)) == [("a", 0), ("b", 0), ("b", 10)]
    order.put("b", block("b", 490, 20))
    assert told(order.ready((), 500)) == [("b", 490), ("a", 500)]


def test_a_gap_comes_where_its_stream_told_it():
    order = LiveOrder()
    order.put("a", gap("a", 3))
    order.put("a", block("a", 10))
    order.put("a", gap("a", 15))
    order.put("b", block("b", 20))
    assert told(order.ready((), ALWAYS)) == [("a", -3), ("a", 10), ("a", -15)]
    assert told(order.rest()) == [("b", 20)]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_in_whatever_order_they_arrive_the_order_is_that_of_the_recordings(data):
    """Blocks of three streams, interleaved at random, each stream in its own order, nobody absent."""
    streams = {}
    for name in "abc":
        lengths = data.draw(st.lists(st.integers(1, 20), min_size=1, max_size=8))
        edges = np.cumsum([0, *lengths]).tolist()
        streams[name] = [block(name, begin, end - begin) for begin, end in pairwise(edges)]
    expected = told(merged(list(streams.values())))
    order, given_ = LiveOrder(), []
    for name, blocks in streams.items():  # every stream has begun before the first is given
        order.put(name, blocks[0])
    arrivals = data.draw(st.permutations([name for name, blocks in streams.items() for _ in blocks[1:]]))
    nexts = {name: iter(blocks[1:]) for name, blocks in streams.items()}
    for name in arrivals:
        given_ += order.ready((), NS_PER_S)
        order.put(name, next(nexts[name]))
    given_ += [*order.ready((), NS_PER_S), *order.rest()]
    assert told(given_) == expected
    assert order.late == 0
