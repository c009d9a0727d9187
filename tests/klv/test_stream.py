"""Sets out of bytes, however they are cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from detector.klv import eg0104, st0102, st0601, stream

ONE, TWO = st0601.encode({2: 1, 13: 1.0}), st0601.encode({2: 2, 14: 2.0})


@given(st.lists(st.integers(0, len(ONE + TWO)), max_size=4))
def test_split_and_shared_packets_give_whole_sets(cuts: list[int]) -> None:
    data, edges = ONE + TWO, [0, *sorted(c for c in cuts if c != len(ONE)), len(ONE + TWO)]
    assembler = stream.SetAssembler()
    found = [s for a, b in pairwise(edges) for s in assembler.feed(data[a:b])]
    assert found == [ONE, TWO]


def test_access_unit_headers_are_taken_off() -> None:
    cells = b"".join(b"\xfc\x00\xcf" + len(s).to_bytes(2, "big") + s for s in (ONE, TWO))
    assert list(stream.SetAssembler().feed(cells)) == [ONE, TWO]


def test_junk_is_counted_and_a_cut_set_does_not_swallow_the_next() -> None:
    assembler = stream.SetAssembler()
    found = [*assembler.feed(b"junk" + ONE[:-5]), *assembler.feed(TWO)]
    assert found == [ONE[:-5], TWO]
    assert assembler.junk_bytes == 4


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_nothing_raises_on_any_bytes(data: bytes) -> None:
    assembler = stream.SetAssembler()
    for one in [*assembler.feed(eg0104.KEY + data), *assembler.finish()]:
        stream.decode(one)
    eg0104.decode(eg0104.KEY + data)
    st0102.decode(data)
