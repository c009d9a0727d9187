from __future__ import annotations

import pytest

from detector.anomaly import Memory, Passage, Stretch
from detector.errors import LogError

DAY_S = 86_400


def memory(folder, source_id="uav", run_id="run", **other):
    settings = {"rule_id": "r", "cell_m": 100.0, "keep_days": 30.0, **other}
    return Memory(folder, source_id=source_id, run_id=run_id, **settings)


def stretch(t_s, source_id="uav", run_id="run"):
    return Stretch(source_id, run_id, t_s, t_s + 60, {(1, 2): 60.0}, [Passage(1, 2, 7, t_s + 5, 5.0, 9.5, 359.9, 4.2)])


def test_what_is_kept_is_there_after_a_restart(tmp_path):
    memory(tmp_path).keep(stretch(100))
    assert memory(tmp_path).before(1000) == [stretch(100)]


def test_the_same_recordings_give_the_same_bytes_and_playing_one_again_adds_nothing(tmp_path):
    for folder in ("a", "b", "b"):
        for run, t_s in (("one", 0), ("two", DAY_S)):
            memory(tmp_path / folder, run_id=run).keep(stretch(t_s, run_id=run))
    assert (tmp_path / "a/r/uav.jsonl").read_bytes() == (tmp_path / "b/r/uav.jsonl").read_bytes()


def test_nothing_is_known_of_the_future(tmp_path):
    kept = memory(tmp_path)
    kept.keep(stretch(1000))
    assert kept.before(1059) == []
    assert kept.before(1060) == [stretch(1000)]


def test_what_is_too_old_is_not_looked_at(tmp_path):
    kept = memory(tmp_path, keep_days=2.0)
    kept.keep(stretch(0))
    assert kept.before(2 * DAY_S) != []
    assert kept.before(2 * DAY_S + 1) == []


def test_other_feeds_teach_in_later_runs_only(tmp_path):
    memory(tmp_path, "gate").keep(stretch(0, "gate"))
    assert memory(tmp_path).before(DAY_S) == []
    assert memory(tmp_path, run_id="next").before(DAY_S) == [stretch(0, "gate")]


def test_a_line_cut_short_by_a_crash_is_dropped_and_written_over(tmp_path):
    memory(tmp_path).keep(stretch(0))
    whole = (tmp_path / "r" / "uav.jsonl").read_bytes()
    memory(tmp_path).keep(stretch(100))
    twice = (tmp_path / "r" / "uav.jsonl").read_bytes()
    (tmp_path / "r" / "uav.jsonl").write_bytes(twice[:-9])
    after = memory(tmp_path)
    assert after.before(1000) == [stretch(0)]
    after.keep(stretch(100))
    assert (tmp_path / "r" / "uav.jsonl").read_bytes() == twice
    (tmp_path / "r" / "uav.jsonl").write_bytes(whole[:9])
    memory(tmp_path).keep(stretch(0))
    assert (tmp_path / "r" / "uav.jsonl").read_bytes() == whole


@pytest.mark.parametrize("line", [b"{}", b"[]", b"nonsense", b'{"source": "uav"}', b"\xff"])
def test_what_is_no_memory_is_refused_with_its_line(tmp_path, line):
    memory(tmp_path).keep(stretch(0))
    with (tmp_path / "r" / "uav.jsonl").open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(ValueError, match=r"uav\.jsonl:3: this is no line of a memory"):
        memory(tmp_path)


def test_a_memory_of_another_grid_is_refused_and_another_rule_has_its_own(tmp_path):
    memory(tmp_path).keep(stretch(0))
    with pytest.raises(ValueError, match=r"cell_m 100\.0, needed is 50\.0; name another folder"):
        memory(tmp_path, cell_m=50.0)
    memory(tmp_path, rule_id="../other rule").keep(stretch(0))
    assert {path.parent.name for path in tmp_path.rglob("*.jsonl")} == {"r", "..%2Fother%20rule"}


def test_a_folder_that_cannot_be_written_stops_the_feed(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LogError, match="what was watched cannot be kept"):
        memory(tmp_path / "file" / "memory").keep(stretch(0))
