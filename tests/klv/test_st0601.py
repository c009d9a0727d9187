"""ST 0601 against gold files, the stanag4609 package, and itself."""

from __future__ import annotations

import json
import math
import os
import zlib
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.klv import ber, st0601
from detector.klv.st0601_table import ITEMS

DATA = Path(os.environ.get("TRUCEWATCH_DATA", Path(__file__).parents[2] / "../shared/data")) / "klv"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"needs the measuring data in {DATA}")
NUMBERS = {tag: item for tag, item in ITEMS.items() if item.kind in ("map", "smap", "imap")}


@needs_data
@pytest.mark.parametrize("name", ["h264_klv.ts", "h265_klv.ts", "mpeg2_klv.ts"])
def test_every_scalar_of_every_set_agrees_with_the_gold_file(name: str) -> None:
    gold = json.loads(zlib.decompress((DATA / "video_stream_klv.json.zz").read_bytes()))
    with av.open(DATA / name) as container:
        packets = [bytes(p) for p in container.demux() if p.stream.type == "data" and p.size]
    assert len(packets) == len(gold) == 30
    compared = set()
    for packet, want in zip(packets, gold, strict=True):
        found = st0601.decode(packet)
        assert found.checksum_ok
        assert not found.faults
        for entry in want["value"]:
            tag, value = entry["key"]["integer"], entry["value"]
            item = ITEMS[tag]
            if item.kind in ("map", "smap", "imap"):
                assert found.values[tag] == pytest.approx(value["value"], abs=1e-9), (tag, item.name)
            elif item.kind in ("uint", "sint") and isinstance(value, int):
                assert found.values[tag] == value, (tag, item.name)
            elif item.kind in ("uint", "sint") and isinstance(value, dict):
                assert found.values[tag] == value.get("value", value.get("integer")), (tag, item.name)
            elif item.kind == "text":
                assert found.values[tag] == value, (tag, item.name)
            else:
                continue
            compared.add(tag)
    assert compared >= set(NUMBERS) | {t for t, i in ITEMS.items() if i.kind == "text"}


@needs_data
def test_all_277_sets_of_the_sample_stream_have_a_right_checksum() -> None:
    with av.open(DATA / "sample-stream.ts") as container:
        found = [st0601.decode(bytes(p)) for p in container.demux() if p.stream.type == "data" and p.size]
    assert len(found) == 277
    assert all(one.checksum_ok and not one.faults for one in found)


@needs_data
@pytest.mark.parametrize("name", ["DynamicConstantMISMMSPacketData.bin", "DynamicOnlyMISMMSPacketData.bin"])
def test_a_wrong_checksum_is_reported_and_the_values_still_read(name: str) -> None:
    found = st0601.decode((DATA / name).read_bytes())
    assert found.values[13] == pytest.approx(60.1768, abs=1e-4)
    assert found.checksum_ok is ("Constant" not in name)


def test_encoded_packets_are_read_alike_by_stanag4609() -> None:
    other = pytest.importorskip("stanag4609.st0601")
    values = {
        2: 1_700_000_000_000_000,
        13: 51.25,
        14: -3.5,
        15: 1200.0,
        5: 359.0,
        19: -45.0,
        104: 1234.5,
        3: "M1",
        65: 19,
    }
    fields = {f.definition.tag: f.value for f in other.decode_uas_local_set(st0601.encode(values)).fields}
    for tag in (13, 14, 15, 5, 19, 104):
        assert float(fields[tag]) == pytest.approx(values[tag], abs=ITEMS[tag].step)
    assert fields[3] == "M1"


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(NUMBERS)), st.floats(0, 1), max_size=12))
def test_a_round_trip_loses_at_most_one_step(shares: dict[int, float]) -> None:
    values = {
        t: min(NUMBERS[t].high, NUMBERS[t].low + s * (NUMBERS[t].high - NUMBERS[t].low)) for t, s in shares.items()
    }
    found = st0601.decode(st0601.encode(values))
    assert found.checksum_ok
    for tag, value in values.items():
        assert found.values[tag] == pytest.approx(value, abs=NUMBERS[tag].step * 1.001)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_decode_never_raises_on_any_bytes(tail: bytes, with_key: bool) -> None:
    st0601.decode(st0601.KEY + tail if with_key else tail)


@pytest.mark.parametrize("tag", [5, 13, 19, 26, 104])
def test_nan_goes_out_as_no_value_and_comes_back_as_nan(tag: int) -> None:
    assert math.isnan(float(st0601.decode(st0601.encode({tag: math.nan})).values[tag]))


def test_tag_2_is_first_and_the_checksum_last_and_can_be_broken() -> None:
    packet = st0601.encode({13: 1.0, 2: 5}, break_checksum=True)
    assert packet[17] == 2
    assert packet[-4:-2] == b"\x01\x02"
    assert st0601.decode(packet).checksum_ok is False


def test_a_cut_off_set_gives_what_is_left_and_says_so() -> None:
    packet = st0601.encode({2: 5, 13: 1.0, 14: 2.0})
    found = st0601.decode(packet[:-9])
    assert found.values[2] == 5
    assert found.values[13] == pytest.approx(1.0, abs=1e-6)
    assert found.checksum_ok is None
    assert any("cut off" in fault for fault in found.faults)


@pytest.mark.parametrize("values", [{13: 91.0}, {999: 1}, {13: "north"}, {65: 300}])
def test_a_value_that_does_not_fit_is_refused_with_its_name(values: dict[int, object]) -> None:
    with pytest.raises(ValueError, match=r"tag \d+"):
        st0601.encode(values)  # type: ignore[arg-type]


@given(st.integers(0, 2**40))
def test_ber_lengths_round_trip(length: int) -> None:
    assert ber.read_length(ber.length_bytes(length), 0) == (length, len(ber.length_bytes(length)))
