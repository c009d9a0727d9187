"""`trucewatch replay` with several feeds of which some are bad, and a replay that is interrupted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from detector.cli import run
from detector.errors import LogError
from detector.log import open_reader
from detector.replay import source_id_of
from detector.timebase import ns_from_iso
from tests.cli.media_making import pictures, video, write_config
from tests.sources.test_video import make

Start = Callable[..., "subprocess.Popen[str]"]


def exported(out: Path) -> bytes:
    file = out.with_name(out.name + ".jsonl")
    assert run(["log", "export", "--out", str(file), str(out)]) == 0
    return file.read_bytes()


@pytest.fixture
def three_feeds(tmp_path: Path, feed: Path) -> Path:
    """A good feed between one that is absent and one that is no video."""
    (tmp_path / "words.mp4").write_text("these are only words\n" * 40)
    feeds = [
        {"id": "absent", "media": "nowhere.ts"},
        {"id": "gate", "media": str(feed), "means": "camera"},
        {"id": "words", "media": "words.mp4"},
    ]
    return write_config(tmp_path, feeds)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_feeds_that_cannot_be_opened_do_not_keep_the_others_from_being_played(
    three_feeds: Path, tmp_path: Path, jobs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(["replay", str(three_feeds), "--out", str(out), "--jobs", jobs]) == 3
    shown = capsys.readouterr().out
    assert "1 possible violation." in shown
    assert "INCOMPLETE absent: " in shown
    assert "nowhere.ts: there is no such file" in shown
    assert "INCOMPLETE words: " in shown
    assert "words.mp4" in shown
    with open_reader(out) as reader:
        ends = {end.source_id: end for end in reader.runs()[0].ends}
    assert {name: (end.complete, end.frames) for name, end in ends.items()} == {
        "absent": (False, 0),
        "gate": (True, 80),
        "words": (False, 0),
    }
    assert "nowhere.ts" in ends["absent"].detail
    assert run(["log", "verify", str(out)]) == 0


def test_the_log_of_good_and_bad_feeds_does_not_depend_on_the_number_of_processes(
    three_feeds: Path, tmp_path: Path
) -> None:
    for jobs in ("1", "3"):
        assert run(["replay", str(three_feeds), "--out", str(tmp_path / jobs), "--jobs", jobs]) == 3
    assert exported(tmp_path / "1") == exported(tmp_path / "3")


def test_a_telemetry_file_that_is_absent_makes_its_feed_incomplete(
    tmp_path: Path, feed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feeds = [{"id": "gate", "media": str(feed)}, {"id": "other", "media": str(feed), "telemetry": "lost.csv"}]
    path = write_config(tmp_path, feeds)
    assert run(["replay", str(path), "--out", str(tmp_path / "out")]) == 3
    assert "lost.csv" in capsys.readouterr().out


def test_where_no_recording_can_be_read_no_log_is_begun(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_config(tmp_path, [{"id": "gate", "media": "a.ts"}, {"id": "other", "media": "b.ts"}])
    assert run(["replay", str(path), "--out", str(tmp_path / "out")]) == 3
    told = capsys.readouterr().err
    assert "a.ts" in told
    assert "b.ts" in told
    assert not (tmp_path / "out").exists()


def test_two_recordings_of_one_name_are_refused(
    config: Path, feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "day2").mkdir()
    again = shutil.copy(feed, tmp_path / "day2" / "gate.ts")
    other = shutil.copy(feed, tmp_path / "day2" / "road.ts")
    assert run(["replay", str(config), str(feed), str(again), str(other), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "agreement.yaml" in told
    assert "road" not in told
    assert f"{feed} and {again} have the same name 'gate': give each an id" in told
    assert not (tmp_path / "out").exists()


def test_an_annotated_video_is_never_written_over_a_recording(
    config: Path, feed_mp4: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = Path(shutil.copy(feed_mp4, tmp_path / "gate.mp4"))
    before = mine.read_bytes()
    assert run(["replay", str(config), str(mine), "--out", str(tmp_path), "--annotate"]) == 2
    assert mine.read_bytes() == before
    assert str(mine) in capsys.readouterr().err


def test_violations_can_be_told_by_the_exit_code(config: Path, tmp_path: Path) -> None:
    assert run(["replay", str(config), "--out", str(tmp_path / "out"), "--fail-on-violation"]) == 1


def test_a_folder_with_a_dot_and_a_space_in_its_name_is_a_folder_and_told_as_a_shell_takes_it(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "first run.2026-03-01"
    assert run(["replay", str(config), "--out", str(out)]) == 0
    assert f"trucewatch log list '{out}'\n" in capsys.readouterr().out
    assert (out / "violations.sqlite").is_file()
    assert run(["log", "verify", str(out)]) == 0


@pytest.mark.parametrize(("name", "before", "after"), [("gate.csv", ",500,", ",700,"), ("heights.asc", "100", "90")])
def test_what_is_read_with_a_recording_belongs_to_the_run_so_that_another_one_is_another_run(
    tmp_path: Path, name: str, before: str, after: str
) -> None:
    media = video(tmp_path / "gate.ts")
    row = "lat_deg,lon_deg,alt_m,yaw_deg,pitch_deg,hfov_deg,datum\n"
    poses = "".join(f"{i},42.1,16.5,500,0,-90,40,msl\n" for i in range(5))
    (tmp_path / "gate.csv").write_text(f"t_s,{row}{poses}")
    head = "ncols 2\nnrows 2\nxllcenter 16\nyllcenter 42\ncellsize 1\n"
    (tmp_path / "heights.asc").write_text(f"{head}100 100\n100 100\n")
    feeds = [{"id": "gate", "media": str(media), "means": "camera"}]
    config = write_config(tmp_path, feeds, location={"terrain": "grid", "grid": "heights.asc"})
    assert run(["replay", str(config), "--out", str(tmp_path / "out")]) == 0
    file = tmp_path / name
    file.write_text(file.read_text().replace(before, after))
    assert run(["replay", str(config), "--out", str(tmp_path / "out")]) == 0
    with open_reader(tmp_path / "out") as reader:
        runs = [one.run for one in reader.runs()]
    assert len(runs) == 2
    assert [sorted(file.name for file in one.media) for one in runs] == [["gate.csv", "gate.ts", "heights.asc"]] * 2


@pytest.mark.parametrize(("jobs", "number"), [("1", signal.SIGTERM), ("2", signal.SIGINT)])
def test_a_replay_interrupted_by_ctrl_c_or_ended_keeps_its_log_and_goes_on_from_there(
    tmp_path: Path, start: Start, jobs: str, number: signal.Signals
) -> None:
    feeds = []
    for name in ("gate", "other"):
        video(tmp_path / f"{name}.ts", 480)  # long enough to be interrupted, however busy the machine
        feeds.append({"id": name, "media": f"{name}.ts"})
    path, out, whole = write_config(tmp_path, feeds), tmp_path / "out", tmp_path / "whole"
    process = start("replay", path, "--out", out, "--jobs", jobs, start_new_session=True)
    wait_for_a_violation(out, process)
    os.killpg(process.pid, number)  # as the terminal does, and whoever stops a service: to the whole group
    shown, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told.startswith("interrupted")
    assert len(told.splitlines()) == 1, told
    assert shown == ""
    assert run(["log", "verify", str(out)]) == 0
    with open_reader(out) as reader:
        assert len(reader.violations()) == 1
        assert not reader.runs()[0].complete
    for folder in (out, whole):
        assert run(["replay", str(path), "--out", str(folder)]) == 0
    assert run(["log", "verify", str(out)]) == 0
    assert exported(out) == exported(whole)


def wait_for_a_violation(out: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        assert process.poll() is None, process.communicate()
        try:
            with open_reader(out) as reader:
                if reader.violations():
                    return
        except LogError:
            pass  # not there yet
        time.sleep(0.05)
    raise AssertionError("no violation in 30 s")


def test_a_recording_played_with_another_configuration_is_told_to_stand_in_the_log_twice(
    config: Path, feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    for _ in range(2):
        assert run(["replay", str(config), str(feed), "--out", out]) == 0
    assert "other runs" not in capsys.readouterr().out
    config.write_text(config.read_text() + "# another\n")
    assert run(["replay", str(config), str(feed), "--out", out]) == 0
    assert (
        "The log holds other runs of gate, too; this one alone: trucewatch log list --run " in capsys.readouterr().out
    )


def test_a_recording_that_nobody_gave_a_time_is_told_and_breaks_no_quiet_hours(
    feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counted from 1970 it would lie in the night of 1 January 1970."""
    night = {"id": "night", "kind": "curfew", "hours": [{"since": "22:00", "until": "05:00"}], "min_time_s": 0.1}
    named = {"id": "gate", "media": str(feed)}
    told = "Nobody said when gate began: times count from 1970, and hours are not judged."
    unset = write_config(tmp_path, [named], rules=[night])
    assert run(["replay", str(unset), "--out", str(tmp_path / "a"), "--fail-on-violation"]) == 0
    assert told in capsys.readouterr().out
    dated = write_config(tmp_path, [{**named, "start": "2026-03-01T23:30:00Z"}], rules=[night])
    assert run(["replay", str(dated), "--out", str(tmp_path / "b"), "--fail-on-violation"]) == 1
    assert told not in capsys.readouterr().out
    assert run(["inspect", str(feed)]) == 0
    assert "times count from 1970 until" in capsys.readouterr().out


def test_a_start_dates_telemetry_whose_clock_was_never_set_and_replay_says_so_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path / "a.ts", klv_us=[5_000_000 + 40_000 * i for i in range(30)])
    named = {"id": "gate", "media": "a.ts"}
    assert run(["replay", str(write_config(tmp_path, [named])), "--out", str(tmp_path / "a")]) == 0
    assert "Say it with `start:`" in capsys.readouterr().out
    dated = write_config(tmp_path, [{**named, "start": "2026-03-01T06:30:00Z"}])
    assert run(["replay", str(dated), "--out", str(tmp_path / "b")]) == 0
    said = capsys.readouterr().out
    assert said.count("gate: the clock of its telemetry was never set and showed 1970-01-01T00:00:05Z") == 1
    assert "Say it with `start:`" not in said
    with open_reader(tmp_path / "b") as reader:
        assert reader.runs()[0].ends[0].t_start_ns == ns_from_iso("2026-03-01T06:30:00Z")


def test_two_recordings_named_in_other_letters_are_played_and_it_is_told_which_is_which(
    feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["Полёт.ts", "Вылет.ts"]
    media = [shutil.copy(feed, tmp_path / name) for name in names]
    config = write_config(tmp_path, [{"id": "gate", "media": str(feed)}])
    assert run(["replay", str(config), *map(str, media), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    with open_reader(tmp_path / "out") as reader:
        ended = {end.source_id for end in reader.runs()[0].ends}
    ids = [source_id_of(Path(path)) for path in media]
    assert ended == set(ids)
    assert len(ended) == 2
    for source_id, name in zip(ids, names, strict=True):
        assert f"{source_id} is {name}\n" in said
    assert run(["detect", *map(str, media), "--out", str(tmp_path / "a.jsonl")]) == 0
    assert f"{ids[1]} is {names[1]}\n" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["video", "folder"])
def test_a_name_that_is_no_utf_8_is_played_and_logged_as_far_as_it_can_be_read(tmp_path: Path, kind: str) -> None:
    """As names from an old memory stick are: caf and one byte, e with an accent in Latin-1."""
    if kind == "video":
        media = video(tmp_path / "a.ts").rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.ts"))
    else:
        media = pictures(tmp_path / "a", 80).rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
        for shot in media.iterdir():
            shot.rename(os.fsdecode(os.fsencode(shot).replace(b"shot", b"caf\xe9")))
        (media / os.fsdecode(b"caf\xe9_40.png")).write_bytes(b"no picture")
    config = write_config(tmp_path, [])
    zones = tmp_path / "map.geojson"
    zones.write_text(zones.read_text().replace('"feed": "gate"', f'"feed": "{source_id_of(media)}"'))
    assert run(["replay", str(config), str(media), "--out", str(tmp_path / "out")]) == 0
    assert run(["log", "verify", str(tmp_path / "out")]) == 0
    with open_reader(tmp_path / "out") as reader:
        assert reader.runs()[0].run.media[0].name == media.name.replace("\udce9", "\ufffd")
        found, gaps = reader.violations(), reader.gaps()
    assert "clip" in [file.role for one in found for file in one.files]
    assert (kind == "video") != any("caf\ufffd_40.png" in gap.detail for gap in gaps)


def test_rules_that_judge_nothing_of_what_is_played_and_time_without_telemetry_are_told(
    config: Path, feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty list has to be told from one that nobody could fill."""
    other = tmp_path / "other.ts"
    shutil.copy(feed, other)
    assert run(["replay", str(config), str(feed), "--out", str(tmp_path / "a")]) == 0
    assert "judged nothing" not in capsys.readouterr().out
    assert run(["replay", str(config), str(other), "--out", str(tmp_path / "b")]) == 0
    shown = capsys.readouterr().out
    assert "0 possible violations" in shown
    assert "Rules for other sources, which judged nothing of other: " in shown
    assert f"Gaps: other no telemetry for 3.7 s. More: trucewatch log coverage {tmp_path / 'b'}" in shown
