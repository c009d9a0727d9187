from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.timebase import ReplayClock, SystemClock, iso_from_ns, ns_from_iso, ns_from_seconds


def test_a_known_instant_is_written_as_the_standard_library_writes_it() -> None:
    assert iso_from_ns(1_700_000_000_123_456_789, digits=9) == "2023-11-14T22:13:20.123456789Z"


def test_a_time_is_cut_and_never_rounded_into_the_future() -> None:
    assert iso_from_ns(999_999_999, digits=3) == "1970-01-01T00:00:00.999Z"
    assert iso_from_ns(999_999_999, digits=0) == "1970-01-01T00:00:00Z"


@given(st.integers(min_value=-(2**60), max_value=2**61))
def test_every_nanosecond_survives_the_way_out_and_back(t_ns: int) -> None:
    assert ns_from_iso(iso_from_ns(t_ns, digits=9)) == t_ns


def test_a_time_with_another_zone_is_turned_to_utc() -> None:
    assert ns_from_iso("2026-03-01T08:30:00+02:00") == ns_from_iso("2026-03-01T06:30:00Z")


@pytest.mark.parametrize("text", ["2026-03-01T06:30:00", "2026-03-01", "noon", "", "2026-13-01T00:00:00Z"])
def test_a_time_without_zone_or_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"zone|month"):
        ns_from_iso(text)


@pytest.mark.parametrize("text", ["9999-01-01T00:00:00Z", "2200-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_no_whole_number_of_nanoseconds_holds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="outside the years 1700 to 2199"):
        ns_from_iso(text)
    assert iso_from_ns(ns_from_iso("2199-12-31T23:59:59.999999999Z"), 9) == "2199-12-31T23:59:59.999999999Z"
    assert iso_from_ns(ns_from_iso("1700-01-01T00:00:00Z"), 0) == "1700-01-01T00:00:00Z"


@pytest.mark.parametrize("digits", [-1, 10])
def test_more_decimals_than_nanoseconds_are_refused(digits: int) -> None:
    with pytest.raises(ValueError, match="0 to 9"):
        iso_from_ns(0, digits=digits)


def test_seconds_become_the_nearest_nanosecond() -> None:
    assert ns_from_seconds(0.1) == 100_000_000


def test_the_clock_of_a_replay_never_goes_back() -> None:
    clock = ReplayClock(5)
    clock.advance(9)
    clock.advance(7)
    assert clock.now_ns() == 9


def test_the_system_clock_says_this_century() -> None:
    assert SystemClock().now_ns() > ns_from_iso("2025-01-01T00:00:00Z")
