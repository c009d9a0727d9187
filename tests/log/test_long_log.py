"""What is asked of a log again and again takes no longer when it has grown for weeks."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from detector.log import LogReader, LogWriter, open_reader
from detector.log.canonical import canonical_json
from detector.log.records import EntryKind, gap_body
from detector.model import Gap, GapReason
from tests.log.conftest import RUN

TOLD = (EntryKind.OPENED, EntryKind.CLOSED, EntryKind.GAP)


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20,000 gaps of two feeds, put in without their chain: only how they are found is looked at."""
    out = tmp_path_factory.mktemp("long")
    with LogWriter(out) as log:
        log.begin(RUN)
    with closing(sqlite3.connect(out / "violations.sqlite")) as log:
        log.execute("DROP TRIGGER entry_only_appends")
        gaps = (Gap(f"feed-{n % 2}", n, n + 1, GapReason.MISSING) for n in range(20_000))
        rows = (
            (seq, "gap", gap.t_start_ns, gap.source_id, f"{seq:064x}", canonical_json(gap_body(gap, RUN.run_id)))
            for seq, gap in enumerate(gaps, 2)
        )
        log.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, NULL, 'r', ?, '', '', ?)", rows)
        log.commit()
    return out


@pytest.mark.parametrize(
    "asked",
    [
        lambda log: [one.seq for one in log.entries(TOLD, after=19_990)],
        lambda log: [one.seq for one in log.entries(TOLD, after=5, most=10)],
        lambda log: log.count(TOLD, after=19_990),
        lambda log: log.told_until_ns("feed-1"),
        lambda log: log.span_ns() == (0, 20_000),
    ],
    ids=["news", "a piece", "how many", "until when", "from when to when"],
)
def test_news_are_found_without_going_through_all_there_is(
    long_log: Path, asked: Callable[[LogReader], object]
) -> None:
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    with open_reader(long_log) as log:
        connection = log._connection.connection.driver_connection
        assert connection is not None
        connection.set_progress_handler(step, 100)
        assert asked(log)
        connection.set_progress_handler(None, 0)
    assert steps < 50, "5,000 steps of SQLite's machine; all entries would be 60,000 and more"
