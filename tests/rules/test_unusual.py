"""Rule `unusual`: what it says, when it is silent, what it keeps."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from detector.cli import run
from detector.config.agreement_map import AgreementMap
from detector.model import Sight, State, Undecided, Violation
from detector.rules import RULES, RuleContext
from tests.rules.scene_making import FPS, T0, film, lonlat, outcome, quiet_days, rule, scene, square, straight

ROOT = Path(__file__).parents[2]
INTO = straight(1, (-200.0, 0.0), (10.0, 0.0))
AMONG_OTHERS = 970.0  # where movers pass in quiet_days


def in_view(_pose, _size_px):
    return np.array([lonlat(east, north) for east, north in ((-450, -350), (450, -350), (450, 350), (-450, 350))])


def watching(memory: Path, **settings):
    """A rule that is told which ground is in view."""
    kind = RULES["unusual"]
    context = RuleContext("r1", "cam", AgreementMap.nothing(), run_id="run", ground_in_view=in_view)
    return kind(kind.Config(memory=memory, **settings), context)


def remembered(memory: Path) -> list[dict]:
    return [json.loads(line) for line in (memory / "r1" / "cam.jsonl").read_text().splitlines()[1:]]


def test_the_first_mover_in_days_is_told_in_one_sentence_with_its_numbers():
    opened, closed = outcome(rule("unusual", memory=quiet_days()), film([INTO], 20))
    assert opened.violation_id == closed.violation_id
    assert opened.observation == (
        "movement observed that is unusual here: the first here since watching began 9 days ago (216 h watched)"
    )
    assert closed.measures["days_since"] == pytest.approx(9.63, abs=0.01)
    assert closed.measures["score"] > closed.measures["bar"]
    # 2 s in a cell are a passage; the first cell was left before that.
    assert 2.0 <= (opened.t_start_ns - T0) / 1e9 <= 4.5


def test_many_movers_are_one_incident_that_counts_them():
    crowd = [straight(k, (AMONG_OTHERS + k, float(k)), (2.0, 0.0)) for k in range(1, 13)]
    entries = outcome(rule("unusual", memory=quiet_days()), film(crowd, 10))
    numerous = [one for one in entries if isinstance(one, Violation) and one.subject == "number of movers"]
    assert [one.state for one in numerous] == [State.OPEN, State.CLOSED]
    assert numerous[1].count == 12
    assert len(numerous[1].track_ids) == 12 - numerous[0].count + 1
    assert numerous[1].observation.startswith("an unusual number of movers observed: 12 within 10 min")
    assert numerous[1].t_start_ns < numerous[1].t_end_ns


def test_a_number_is_not_joined_across_what_was_not_seen():
    crowd = [straight(k, (AMONG_OTHERS + k, float(k)), (2.0, 0.0)) for k in range(1, 13)]
    scenes = film(crowd, 10)
    blind = [dataclasses.replace(one, sight=Sight.BLIND) if 50 <= i < 60 else one for i, one in enumerate(scenes)]
    entries = outcome(rule("unusual", memory=quiet_days()), blind)
    numerous = [one for one in entries if isinstance(one, Violation) and one.subject == "number of movers"]
    assert [one.state for one in numerous] == [State.OPEN, State.CLOSED]
    assert numerous[1].t_end_ns <= scenes[50].t_ns


def test_before_enough_days_it_reports_nothing_and_says_so_once(tmp_path):
    entries = outcome(watching(tmp_path / "memory"), film([INTO], 20))
    assert [type(one) for one in entries] == [Undecided]
    assert entries[0].reason == "warming up: 0 of 3 days watched; until then nothing is called unusual"
    assert (entries[0].t_start_ns, entries[0].t_end_ns) == (T0, T0 + 19_900_000_001)


def test_a_feed_that_runs_for_days_says_when_it_has_warmed_up(tmp_path):
    judge = watching(tmp_path / "memory")
    entries = [list(judge.judge(one)) for one in (scene(i, [], t_s=43_200.0 * i) for i in range(9))]
    assert [len(one) for one in entries] == [0, 0, 0, 0, 0, 1, 0, 0, 0]  # on the fourth day, at 3 in the morning
    (told,) = entries[5]
    assert told.reason.startswith("warming up: 2 of 3 days watched")
    assert (told.t_end_ns - told.t_start_ns) // 10**9 == 4 * 43_200
    assert list(judge.finish(T0 + 9 * 43_200 * 10**9)) == []


def test_it_learns_to_be_silent_about_what_comes_every_day(tmp_path):
    judge = watching(quiet_days())
    day_ns = 86_400 * 10**9
    told = []
    for day in range(5):
        scenes = [dataclasses.replace(one, t_ns=one.t_ns + day * day_ns) for one in film([INTO], 20)]
        told.append([one.observation for one in outcome(judge, scenes) if isinstance(one, Violation)][:1])
    assert told[0] != []
    assert told[1][0].endswith("the first here at about this hour in 1 day (4 h watched)") or "in 1 day" in told[1][0]
    assert told[4] == []


def test_ground_in_view_and_passages_are_kept_once_however_often_a_recording_is_played(tmp_path):
    memory = tmp_path / "memory"
    first = outcome(watching(memory), film([INTO], 20))
    kept = (memory / "r1" / "cam.jsonl").read_bytes()
    assert outcome(watching(memory), film([INTO], 20)) == first
    assert (memory / "r1" / "cam.jsonl").read_bytes() == kept
    (stretch,) = remembered(memory)
    assert stretch["t_end_s"] - stretch["t_start_s"] == 19
    assert len(stretch["seen_s"]) == 63  # 9 by 7 cells of 100 m
    assert {seconds for _, _, seconds in stretch["seen_s"]} == {19.0}
    assert [passage[5] for passage in stretch["passages"]] == [10.0] * 2  # m/s, in two cells
    assert [passage[6] for passage in stretch["passages"]] == [90.0] * 2  # eastward
    assert all(1.8 < passage[7] < 2.1 for passage in stretch["passages"])  # 10 px at some 520 m


def test_time_that_was_not_seen_is_not_counted_as_watched(tmp_path):
    scenes = film([], 20)
    blind = [dataclasses.replace(one, sight=Sight.BLIND) if 50 <= i < 150 else one for i, one in enumerate(scenes)]
    outcome(watching(tmp_path / "memory"), blind)
    (stretch,) = remembered(tmp_path / "memory")
    assert 8.0 <= max(seconds for _, _, seconds in stretch["seen_s"]) <= 10.0


def test_another_hour_is_another_stretch(tmp_path):
    to_the_hour_s = 3600 - T0 // 10**9 % 3600
    scenes = [scene(i, [], t_s=to_the_hour_s - 10 + i / FPS) for i in range(200)]
    outcome(watching(tmp_path / "memory"), scenes)
    assert [one["t_start_s"] % 3600 for one in remembered(tmp_path / "memory")] == [3590, 0]


def test_a_mover_that_may_be_in_several_cells_teaches_nothing(tmp_path):
    outcome(watching(tmp_path / "memory"), film([INTO], 20, sigma_m=25.0))
    assert remembered(tmp_path / "memory")[0]["passages"] == []


def test_zones_limit_what_is_reported_and_not_what_is_learnt():
    here, elsewhere = square("here", 300.0), square("elsewhere", 100.0, east_m=3000.0)
    assert len(outcome(rule("unusual", here, memory=quiet_days()), film([INTO], 20))) == 2
    memory = quiet_days()
    assert outcome(rule("unusual", elsewhere, memory=memory), film([INTO], 20)) == []
    assert len(remembered(memory)[0]["passages"]) == 2
    on_the_border = film([straight(1, (-300.0, -50.0), (0.0, 3.0))], 20)
    assert [type(one) for one in outcome(rule("unusual", here, memory=quiet_days()), on_the_border)] == [Undecided]


def config_of(folder: Path, **settings) -> Path:
    lines = [f"    {key}: {value}" for key, value in {"memory": "memory", **settings}.items()]
    file = folder / "agreement.yaml"
    rows = ["version: 1", "rules:", "  - id: unusual", "    kind: unusual", *lines]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"budget_per_day": 0}, "agreement.yaml:6: rules.0.budget_per_day: Input should be greater than 0, found 0"),
        ({"budget_pr_day": 1}, "agreement.yaml:6: rules.0.budget_pr_day: unknown key; did you mean 'budget_per_day'?"),
        ({"min_days": 1}, "agreement.yaml:6: rules.0.min_days: Input should be greater than or equal to 2, found 1"),
        ({"zones": "[strip]"}, "there is no zone 'strip' on the map"),
    ],
)
def test_a_mistake_in_its_settings_is_named_with_its_line(settings, complaint, tmp_path, capsys):
    assert run(["check", str(config_of(tmp_path, **settings))]) == 2
    assert complaint in capsys.readouterr().err.replace("\n", " ").replace("  ", " ")


def test_a_damaged_memory_is_named_by_check(tmp_path, capsys):
    (tmp_path / "memory" / "unusual").mkdir(parents=True)
    (tmp_path / "memory" / "unusual" / "uav.jsonl").write_text("no memory\n", encoding="utf-8")
    assert run(["check", str(config_of(tmp_path))]) == 2
    assert "uav.jsonl:1: this is no line of a memory" in capsys.readouterr().err


@pytest.mark.no_cover
def test_replaying_a_recording_again_gives_the_same_log_and_memory(tmp_path):
    config, feed = config_of(tmp_path), ROOT / "sample_feeds" / "crossing.ts"
    kept = []
    for name in ("one", "two"):
        out, file = tmp_path / name, tmp_path / f"{name}.jsonl"
        assert run(["replay", str(config), str(feed), "--out", str(out)]) == 0
        assert run(["log", "export", "--format", "jsonl", "--out", str(file), str(out)]) == 0
        kept.append((file.read_bytes(), (tmp_path / "memory" / "unusual" / "crossing.jsonl").read_bytes()))
    assert kept[0] == kept[1]
    assert b"warming up: 0 of 3 days watched" in kept[0][0]
    assert b'"passages":[[' in kept[0][1]
