from __future__ import annotations

import numpy as np

from detector.model import Gap, GapReason, Series
from detector.sources.series import open_series
from detector.sources.series.merged import merged
from tests.sources.series.files_making import EXAMPLES


def block(source_id: str, begin: int, count: int = 10) -> Series:
    t_ns = begin + np.arange(count)
    return Series(source_id, t_ns, np.zeros((count, 1)), ("a",), ("",), np.full((1, 3), np.nan), False, 1.0)


def gap(source_id: str, begin: int) -> Gap:
    return Gap(source_id, begin, begin + 1, GapReason.MISSING)


def names(items) -> list[str]:
    return [
        f"{item.source_id}{item.t_ns[0]}" if isinstance(item, Series) else f"{item.source_id}-{item.t_start_ns}"
        for item in items
    ]


def test_blocks_come_by_their_beginning_and_gaps_where_their_source_told_them():
    north = [gap("n", 3), block("n", 5), block("n", 15), gap("n", 2), block("n", 40)]
    south = [block("s", 0), gap("s", 10), block("s", 15), block("s", 60)]
    assert names(merged([north, south])) == [
        "s0", "s-10", "n-3", "n5", "n15", "n-2", "s15", "n40", "s60",
    ]  # fmt: skip


def test_nothing_is_lost_and_each_source_keeps_its_order():
    random = np.random.default_rng(1)
    sources = []
    for name in "abc":
        begins = np.cumsum(random.integers(1, 50, 40))
        sources.append([gap(name, int(b)) if random.random() < 0.3 else block(name, int(b)) for b in begins])
    items = list(merged(sources))
    for name, source in zip("abc", sources, strict=True):
        assert names(item for item in items if item.source_id == name) == names(source)
    begins = [item.t_ns[0] for item in items if isinstance(item, Series)]
    assert begins == sorted(begins)


def test_only_gaps_and_nothing_at_all():
    assert names(merged([[gap("a", 3), gap("a", 7)], [block("b", 5)]])) == ["a-3", "b5", "a-7"]
    assert list(merged([])) == []
    assert list(merged([[], []])) == []


def test_sources_are_read_only_as_far_as_needed():
    read = []

    def source(name: str, begins: list[int]):
        for begin in begins:
            read.append(f"{name}{begin}")
            yield block(name, begin)

    stream = merged([source("a", [0, 10, 20]), source("b", [5, 100])])
    assert names([next(stream), next(stream)]) == ["a0", "b5"]
    assert "a20" not in read


def test_files_of_different_kinds_are_one_stream(tmp_path):
    paths = [EXAMPLES[name](tmp_path) for name in ("csv wide", "sound flac", "jsonl stretches")]
    items = list(merged([open_series(path, source_id=path.stem) for path in paths]))
    assert {item.source_id for item in items} == {path.stem for path in paths}
    assert sum(item.values.size for item in items if isinstance(item, Series)) == 9000
