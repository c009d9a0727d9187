"""Messages of data loggers: the own form and SenML; whatever else is refused with what is needed."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.sources.series.message import LONGEST, Message, read_message
from detector.timebase import NS_PER_S, iso_from_ns, ns_from_iso
from tests.naive_series import naive_senml

T_NS = ns_from_iso("2026-03-01T06:30:00Z")


def read(data: object, topic: str = "line/north") -> Message:
    payload = data if isinstance(data, bytes) else json.dumps(data).encode()
    return read_message(payload, topic, 7, Counter())


def test_a_block_of_two_channels_with_a_missing_value():
    message = read({"t": "2026-03-01T06:30:00.25Z", "rate_hz": 100, "values": {"a": [1, None, 3.5], "b": [4, 5, 6]}})
    (block,) = message.blocks
    assert block.channels == ("a", "b")
    assert (block.t_ns - T_NS).tolist() == [250_000_000, 260_000_000, 270_000_000]
    np.testing.assert_array_equal(block.values, [[1, 4], [np.nan, 5], [3.5, 6]])
    assert (block.interval_ns, block.place_word, block.places.tolist()) == (1e7, "message", [7, 7, 7])


@pytest.mark.parametrize("values", [{"rain": 0.2}, {"rain": [0.2]}])
def test_one_sample_needs_no_rate(values):
    (block,) = read({"t": T_NS, "values": values}).blocks
    assert (block.channels, block.t_ns.tolist(), block.values.tolist()) == (("rain",), [T_NS], [[0.2]])
    assert block.interval_ns is None


@pytest.mark.parametrize("values", [1.5, [1.5]])
def test_a_channel_without_a_name_is_named_like_the_last_level_of_its_topic(values):
    (block,) = read({"t": T_NS, "values": values}, "site/7/north").blocks
    assert block.channels == ("north",)


def test_nan_as_python_writes_it_is_missing():
    (block,) = read(b'{"t": %d, "rate_hz": 1, "values": {"a": [NaN, 1]}}' % T_NS).blocks
    np.testing.assert_array_equal(block.values[:, 0], [np.nan, 1])


@pytest.mark.parametrize(("status", "offline"), [("offline", True), ("online", False)])
def test_a_last_will_says_that_its_publisher_is_gone(status, offline):
    message = read({"status": status, "detail": "power"})
    assert (message.offline, message.detail, message.blocks) == (offline, "power", ())


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b'{"t": 1', "not JSON: Expecting"),
        (b"[" * 100_000, "not JSON"),
        (b'"' + b"a" * LONGEST + b'"', "bytes are more than"),
        (b"12", "an object with t and values is needed"),
        ({}, "t is None: ISO 8601 with its zone, or whole nanoseconds"),
        ({"t": "2026-03-01T06:30:00", "values": 1}, "the zone"),
        ({"t": 1_772_346_600, "values": 1}, "in nanoseconds since 1970 that is not within 1990 to 2100"),
        ({"t": 1.7e18, "values": 1}, "t is 1.7e+18"),
        ({"t": True, "values": 1}, "t is True"),
        ({"t": T_NS}, "there are no values"),
        ({"t": T_NS, "values": {}}, "values has no channel"),
        ({"t": T_NS, "values": {"": 1}}, "without a name"),
        ({"t": T_NS, "values": []}, "values has no samples"),
        ({"t": T_NS, "values": [1, 2]}, "rate_hz is needed where there is more than one sample"),
        ({"t": T_NS, "rate_hz": 0, "values": [1, 2]}, "rate_hz is 0"),
        ({"t": T_NS, "rate_hz": "fast", "values": [1, 2]}, "rate_hz is 'fast'"),
        ({"t": T_NS, "rate_hz": 1, "values": {"a": [1], "b": [1, 2]}}, "different numbers of samples"),
        ({"t": T_NS, "rate_hz": 1, "values": ["1", 2]}, "numbers are needed"),
        ({"t": T_NS, "rate_hz": 1, "values": [True, 2]}, "numbers are needed"),
        ({"t": T_NS, "rate_hz": 1, "values": [[1], [2]]}, "numbers are needed"),
        ({"t": T_NS, "values": 10**400}, "too large"),
        ({"status": "resting"}, "online or offline is needed"),
        ([1], "SenML record 1 is no object"),
        ([{"v": 1, "bt": 1.7e9}], "SenML record 1 has no name"),
        ([{"n": "a", "v": 1}], "counts from now; seconds since 1970 are needed"),
        ([{"n": "a", "v": 1, "t": -5}], "counts from now"),
        ([{"n": "a", "v": 1, "t": 1e11}], "is after 2100"),
        ([{"n": "a", "v": "1", "t": 1.7e9}], "v is '1': a number is needed"),
        ([{"n": "a", "v": 1, "t": True}], "t is True: a number is needed"),
        ([{"bver": 11, "n": "a", "v": 1, "t": 1.7e9}], "SenML version 11"),
        ([{"n": "a", "v": 1, "t": 1.7e9, "x_": 1}], "has the key x_, which has to be understood"),
        (b'[{"n": "a", "v": NaN, "t": 1.7e9}]', "v is nan"),
    ],
)
def test_what_is_none_of_these_is_refused_with_what_is_needed(data, says):
    with pytest.raises(ValueError, match=says.replace("(", r"\(").replace("+", r"\+")):
        read(data)


def test_senml_as_the_rfc_has_it():
    """RFC 8428, section 5.1.3, its times made absolute as they are there."""
    pack = [
        {"bn": "urn:dev:ow:10e2073a0108006:", "bt": 1.276020076001e9, "bu": "A", "bver": 5, "n": "voltage", "u": "V",
         "v": 120.1},
        {"n": "current", "t": -5, "v": 1.2},
        {"n": "current", "t": -4, "v": 1.3},
        {"n": "current", "v": 1.7},
    ]  # fmt: skip
    message = read(pack)
    voltage, current = message.blocks
    assert voltage.channels == ("urn:dev:ow:10e2073a0108006:voltage",)
    assert (voltage.values.tolist(), current.values[:, 0].tolist()) == ([[120.1]], [1.2, 1.3, 1.7])
    at_ns = ns_from_iso("2010-06-08T18:01:16.001Z")
    assert (current.t_ns - at_ns + 200).tolist() == pytest.approx([-5 * NS_PER_S, -4 * NS_PER_S, 0], abs=400)
    assert message.units == {
        "urn:dev:ow:10e2073a0108006:voltage": "V",
        "urn:dev:ow:10e2073a0108006:current": "A",
    }


def test_records_of_text_are_counted_and_no_samples():
    counters: Counter[str] = Counter()
    pack = [{"n": "door", "vs": "open", "t": 1.7e9}, {"n": "a", "bv": 20, "v": 0.5, "t": 1.7e9}, {"n": "b", "vb": True}]
    message = read_message(json.dumps(pack).encode(), "x", 1, counters)
    assert [one.values.tolist() for one in message.blocks] == [[[20.5]]]
    assert counters["records_without_a_number"] == 2


RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "bn": st.sampled_from(["", "north/", "south/"]),
        "bt": st.sampled_from([1.7e9, 1_772_346_600.25]),
        "bv": st.integers(-5, 5),
        "bu": st.sampled_from(["Pa", "Cel"]),
        "n": st.sampled_from(["a", "b"]),
        "u": st.sampled_from(["V"]),
        "v": st.floats(-1e6, 1e6),
        "t": st.integers(-1000, 1000),
        "vs": st.just("open"),
    },
)


@given(st.lists(RECORDS, min_size=1, max_size=12))
def test_senml_is_resolved_like_the_slow_twin(records):
    records = [{"bt": 1.7e9, "bn": "x"}, *records]
    try:
        expected = naive_senml(records)
    except ValueError:
        with pytest.raises(ValueError, match="SenML"):
            read(records)
        return
    found = [
        (block.channels[0], iso_from_ns(int(t_ns), 9), value, message.units.get(block.channels[0], ""))
        for message in [read(records)]
        for block in message.blocks
        for t_ns, value in zip(block.t_ns, block.values[:, 0].tolist(), strict=True)
    ]
    assert sorted(found) == sorted(expected)
