"""The table of the sensors' goals says what was measured, what is short, and what nothing measures."""

from __future__ import annotations

import json

import goal_table
import goals_sensors
import pytest


def line(results, about):
    return next(one for one in goal_table.table(goals_sensors.GOALS, results) if one.startswith(f"| {about}"))


def test_without_any_figures_nothing_is_measured():
    lines = goal_table.table(goals_sensors.GOALS, {})[2:]
    assert len(lines) == len(goals_sensors.GOALS)
    assert all(one.endswith("| - | not measured |") for one in lines)


@pytest.mark.parametrize(("held_out", "word"), [(71.1, "ok"), (70.9, "**short**")])
def test_each_part_of_a_goal_has_to_be_met(held_out, word):
    found = {"standard": 72.3, "chosen on other categories": held_out, "reward_low_FP": 67.2}
    assert line({"nab": found}, "NAB").endswith(f"| 72.3 / {held_out} / 67.2 | {word} |")


def test_speeds_are_three_lines_of_which_each_stands_for_itself():
    ratios = {
        f"{channels}x{rate}": value for channels in (1, 64, 1024) for rate, value in (("1e+02", 200.0), ("1", 40.0))
    }
    results = {"nab_speed": {"ratios": ratios | {f"{channels}x0.017": 4.0 for channels in (1, 64, 1024)}}}
    assert line(results, "levels beside").endswith("| 200 x / 200 x / 200 x | ok |")
    assert line(results, "the same at 1 a second").endswith("| 40 x / 40 x / 40 x | **short** |")
    assert line(results, "the same at 1 a minute").endswith("| 4 x / 4 x / 4 x | **short** |")


def test_what_has_no_goal_says_so():
    assert line(
        {"picks": {"rows": {"as shipped": {"recall": 0.98, "triggers_a_sensor": 3.93}}}}, "its pulses"
    ).endswith("| 98.0 % / 3.9 | no goal |")


def test_noise_is_held_against_its_budget_and_what_is_heard_against_none():
    figures = {"level 1 Hz gusts": [11, 12.8], "seismic 100 Hz white": [0, 0.0]}
    found = {"within": True, "slowest": 300.0, "figures": figures}
    assert line({"noise": found}, "a day of noise").endswith(
        "| 0.9 times the budget at worst; 0 incidents heard; 300 x real time | ok |"
    )


def test_obspys_false_triggers_are_those_with_our_windows():
    ours = {"recall": 1.0, "p90_s": 0.043, "in_noise": 6, "in_noise_a_day": 665}
    rows = {"ours, as shipped": ours, "obspy, our windows, on 5.0": {"in_noise": 11, "in_noise_a_day": 1219}}
    assert "0.55 (6 against 11" in line({"onsets": {"rows": rows}}, "seismic P onsets")
    assert line({"onsets": {"rows": rows}}, "seismic P onsets").endswith("| **short** |")


@pytest.mark.parametrize(("right", "word"), [(5, "**short**"), (6, "ok")])
def test_sound_classes_are_those_of_the_shipped_model(right, word):
    found = {"synthetic": [right, 6], "both": [6, 6]}
    shown = f"| {right / 6:.2f} ({right} of 6 clips, fitted to synthetic sound only) | {word} |"
    assert line({"tone": found}, "sound classes").endswith(shown)


def test_the_page_has_the_markers():
    assert goal_table.written(goals_sensors.PAGE.read_text("utf-8"), ["x"], "goals_sensors")


@pytest.mark.parametrize(
    ("in_time", "most_s", "the_same", "word"),
    [(25, 0.24, True, "ok"), (24, 0.26, True, "**short**"), (25, 0.24, False, "**short**")],
)
def test_every_violation_has_to_be_in_time(in_time, most_s, the_same, word):
    found = {"events": 25, "in_time": in_time, "delay_median_s": 0.2, "delay_most_s": most_s, "the_same": the_same}
    shown = f"| 0.20 s, {in_time} of 25 within the goal, {most_s:.2f} s at most, with the place; as recorded:"
    assert line({"live": found}, "last sample to logged").endswith(f"{shown} {the_same} | {word} |")


def test_a_script_that_comes_to_nothing_is_named_beneath_the_table(tmp_path, capsys):
    scripts = {"picks": ("bench_picks", ["--data", str(tmp_path)])}
    results = goal_table.measured(scripts, tmp_path / "kept", "none")
    assert results == {"picks": {"failed": "`bench_picks.py` ended with 2"}}
    assert "[1 of 1] bench_picks.py --data" in capsys.readouterr().err
    page = tmp_path / "page.md"
    page.write_text(f"{goal_table.begin('x')}\n{goal_table.END}\n")
    goal_table.finish(goals_sensors.GOALS, results, "x", page)
    assert "Not measured: `bench_picks.py` ended with 2." in page.read_text()
    counts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert counts == {
        "benchmark": "x", "ok": 0, "short": 0, "not_measured": len(goals_sensors.GOALS), "no_goal": 0
    }  # fmt: skip
    assert not (tmp_path / "kept").exists()


def test_a_run_that_was_broken_off_goes_on_with_what_is_of_the_same_commit(tmp_path, monkeypatch):
    arguments = ["--data", str(tmp_path)]
    kept = {"commit": "abc", "arguments": arguments, "rows": {}}
    (tmp_path / "bench_picks.json").write_text(json.dumps(kept))

    def found(commit, reuse):
        monkeypatch.setattr(goal_table, "commit", lambda: commit)
        return goal_table.benchmark("bench_picks", arguments, tmp_path, reuse=reuse)

    assert found("abc", "same") == kept
    assert "failed" in found("abd", "same")
    assert found("abd", "any") == kept
    assert "failed" in found("abc", "none")
    (tmp_path / "bench_picks.json").write_text(json.dumps(kept | {"commit": "abc" + goal_table.CHANGED}))
    assert "failed" in found("abc" + goal_table.CHANGED, "same")


@pytest.mark.parametrize(("last", "found"), [('{"rows": 3}', {"rows": 3}), ("done", "`bench_x.py` gave no figures")])
def test_the_last_line_of_a_script_is_kept_with_commit_and_machine(tmp_path, monkeypatch, last, found):
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "bench_x.py").write_text(f"print('as it goes')\nprint({last!r})\n")
    monkeypatch.setattr(goal_table, "REPOSITORY", tmp_path)
    monkeypatch.setattr(goal_table, "commit", lambda: "abc")
    result = goal_table.measured({"x": ("bench_x", ["--fast"])}, tmp_path / "kept", "none")["x"]
    if isinstance(found, str):
        assert result == {"failed": found}
        return
    assert result == found | {"commit": "abc", "arguments": ["--fast"], "machine": goal_table.machine()}
    assert json.loads((tmp_path / "kept" / "x.json").read_text()) == result
    page = tmp_path / "page.md"
    page.write_text(f"{goal_table.begin('x')}\n{goal_table.END}\n")
    goal_table.finish(goals_sensors.GOALS, {"x": result}, "x", page)
    assert "Measured at commit abc, " in page.read_text()
    assert f", on {goal_table.machine()}:\n`python benchmarks/x.py`." in page.read_text()
