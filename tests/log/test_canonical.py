"""Canonical JSON against the tables of RFC 8785, and entries of any content against the chain."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.log import LogWriter, open_reader, verify_log
from detector.log.canonical import canonical_json
from detector.log.reader import Period
from tests.log.conftest import GAP, OPENED, RUN

APPENDIX_B = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "text"), APPENDIX_B.items())
def test_numbers_are_those_of_appendix_b(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_json(number) == text


def test_the_sample_object_of_section_3_2_2() -> None:
    given_text = r"""{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"""
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        r'"string":"€$\u000f\nA' + "'" + r'B\"\\\\\"/"}'
    )
    assert canonical_json(json.loads(given_text)) == expected


def test_members_are_sorted_by_utf_16_as_in_section_3_2_3() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    assert list(json.loads(canonical_json(dict.fromkeys(keys, 0)))) == [
        "\r",
        "1",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


def test_integers_are_exact_where_rfc_8785_would_round_them() -> None:
    assert canonical_json(1_772_346_600_000_000_001) == "1772346600000000001"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: 2}, "\ud800", {"\ud800": 1}, object(), b"x"])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical_json(value)


numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_canonical_text_reads_back_to_the_same_canonical_text(value: object) -> None:
    text = canonical_json(value)
    assert canonical_json(json.loads(text)) == text


@given(numbers)
def test_a_double_reads_back_as_the_same_double(value: float) -> None:
    assert float(canonical_json(value)) == value


gaps = st.builds(
    lambda source, start, length, detail, count: replace(
        GAP, source_id=source, t_start_ns=start, t_end_ns=start + length, detail=detail, count=count
    ),
    st.text(min_size=1),
    st.integers(-(2**62), 2**62),
    st.integers(0, 2**60),
    st.text(),
    st.integers(0, 2**70),
)
violations = st.builds(
    lambda observation, subject, measures, zone: replace(
        OPENED, observation=observation, subject=subject, measures=measures, zone_id=zone
    ),
    st.text(),
    st.text(),
    st.dictionaries(st.text(), numbers, max_size=3),
    st.none() | st.text(),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(gaps | violations, max_size=6))
def test_whatever_is_logged_verifies_and_reads_back(records: list) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        with LogWriter(folder) as log:
            added = [
                log.opened(record) if type(record) is type(OPENED) else log.gap(record, RUN.run_id)
                for record in records
            ]
        report = verify_log(folder)
        assert (report.damage, report.entries) == ((), sum(added))
        with open_reader(folder) as reader:
            read = [*reader.gaps(Period()), *(one.violation for one in reader.violations())]
        assert all(record in records for record in read)


def test_the_replacement_character_in_a_text_is_not_damage(tmp_path: Path) -> None:
    with LogWriter(tmp_path) as log:
        log.gap(replace(GAP, source_id="n\ufffd", detail="tag 3 reads \ufffd\ufffd"), RUN.run_id)
    assert verify_log(tmp_path).damage == ()
