"""kill -9 at random moments: nothing reported as logged is lost, nothing is damaged, a repetition ends the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.kill_nine import generated_workload, kill_often, replay_workload


@pytest.mark.slow
def test_six_kills_of_a_run_that_only_logs(tmp_path: Path) -> None:  # 45: of 15, all once came while it started
    tally = kill_often(generated_workload(45), 6, 2, tmp_path)
    assert tally.faults == []
    assert tally.kills >= 6
    assert tally.reported > 0


@pytest.mark.slow
def test_two_kills_of_a_real_replay(tmp_path: Path) -> None:
    tally = kill_often(replay_workload(tmp_path), 2, 2, tmp_path)
    assert tally.faults == []
