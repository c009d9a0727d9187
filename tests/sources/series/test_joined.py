"""Channels of one source as one stream: a row at every time that any of them has."""

from __future__ import annotations

import numpy as np
import pytest

from detector.model import Gap, GapReason, Series
from detector.sources.series import joined

S = 1_000_000_000


def piece(name: str, t_ns: np.ndarray, values: np.ndarray) -> Series:
    return Series("uav", t_ns, values[:, None], (name,), ("",), np.full((1, 3), np.nan))


def rows(items: list[Series | Gap]) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = {}
    for item in items:
        assert isinstance(item, Series)
        for t_ns, line in zip(item.t_ns.tolist(), item.values.tolist(), strict=True):
            assert t_ns not in found
            found[t_ns] = {name: value for name, value in zip(item.channels, line, strict=True) if not np.isnan(value)}
    assert list(found) == sorted(found)
    return found


@pytest.mark.parametrize("seed", range(8))
def test_it_is_every_sample_at_its_time(seed: int) -> None:
    random = np.random.default_rng(seed)
    streams = {
        name: (np.unique(random.integers(0, 40 * 100, count)) * S // 100, random.normal(size=5000))
        for name, count in (("lat", 200), ("lon", 190), ("noise", 30), ("yaw", 2000))
    }
    expected: dict[int, dict[str, float]] = {}
    blocks: list[Series] = []
    for name, (t_ns, values) in streams.items():
        for t, value in zip(t_ns.tolist(), values.tolist(), strict=False):
            expected.setdefault(t, {})[name] = value
    for k in range(4):  # four pieces of a file, which do not end at one time for all
        for name, (t_ns, values) in streams.items():
            begin, end = (np.searchsorted(t_ns, (10 * at + len(name) / 4 * (0 < at < 4)) * S) for at in (k, k + 1))
            if end > begin:
                blocks.append(piece(name, t_ns[begin:end], values[begin:end]))
    found = rows(list(joined(blocks)))
    assert found == dict(sorted(expected.items()))


def test_a_stream_that_fell_silent_is_not_waited_for_and_what_it_says_too_late_is_left_out() -> None:
    a = [piece("a", np.arange(k, k + 5) * S, np.ones(5)) for k in range(0, 40, 5)]
    b = piece("b", np.arange(0, 3) * S, np.full(3, 2.0))
    late = piece("b", np.arange(10, 12) * S, np.full(2, 3.0))
    given = list(joined([a[0], b, *a[1:5]]))
    assert [int(one.t_ns[-1]) // S for one in given if isinstance(one, Series)] == [2, 14, 19, 24]
    found = rows(list(joined([a[0], b, *a[1:], late])))
    assert found[0] == {"a": 1.0, "b": 2.0}
    assert found[10 * S] == {"a": 1.0}
    assert len(found) == 40


def test_gaps_pass_and_nothing_gives_nothing() -> None:
    gap = Gap("uav", 0, 1, GapReason.DAMAGED)
    assert list(joined([gap])) == [gap]
    assert list(joined([])) == []
