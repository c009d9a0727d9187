"""`trucewatch log`: what people read, what other programs read, and what is refused."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from detector.cli import run
from detector.cli.log_lines import seconds, span
from detector.log import LogWriter, verify_log
from detector.log.export import FORMATS
from detector.model import Gap, GapReason, State
from tests.log.conftest import CLOSED, END, GAP, OPENED, RUN, SLOT, T0, UNDECIDED, S, fill

KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    fill(tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Runs a log command on a terminal of that many columns: exit code, and all it said."""

    def call(*arguments: object, columns: int = 80) -> tuple[int, str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        code = run(["log", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return call


def test_list_fits_an_80_column_terminal_and_breaks_no_word(out: Path, said) -> None:
    code, text = said("list", out)
    assert code == 0
    assert all(len(line) <= 80 for line in text.splitlines())
    assert re.search(rf"{OPENED.violation_id[:8]}  06:30:10.0  +10 s  1  12.345679, -30.123457 ± 8 m  closed", text)
    assert "one mover inside the strip (rule strip-entry, feed north); party A: rejected" in " ".join(text.split())
    assert "could not be decided: 1 by strip-entry: ellipse over the border" in text
    assert f"run {RUN.run_id}: complete" in text


def test_list_on_a_wide_terminal_has_one_row_a_violation(out: Path, said) -> None:
    _, text = said("list", out, columns=200)
    (row,) = [line for line in text.splitlines() if line.startswith(OPENED.violation_id[:8])]
    for part in ("06:30:10.0", "± 8 m", "one mover inside the strip", "strip-entry", "north", "party A: rejected"):
        assert part in row


def test_violations_of_two_days_stand_below_their_days_and_pixels_are_named(tmp_path: Path, said) -> None:
    next_day = replace(OPENED, t_start_ns=T0 + 86_400 * S, t_end_ns=T0 + 90_000 * S)
    with LogWriter(tmp_path) as log:
        log.begin(RUN)
        log.opened(OPENED)
        log.opened(replace(next_day, place=replace(OPENED.place, lat_deg=None, lon_deg=None, covariance_m2=None)))
    _, text = said("list", tmp_path)
    assert text.index("2026-03-01 UTC") < text.index("2026-03-02 UTC") < text.index("pixel 640, 360")
    assert "north: INCOMPLETE, the run was cut off" in text


def test_an_empty_log_lists_and_exports_and_verifies(tmp_path: Path, said) -> None:
    LogWriter(tmp_path).close()
    assert said("list", tmp_path) == (0, "0 possible violations\n")
    assert "no coverage was logged" in said("coverage", tmp_path)[1]
    assert said("verify", tmp_path)[0] == 0
    for form in FORMATS:
        assert said("export", "--format", form, tmp_path)[0] == 0


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--rule", "strip-entry"), 1),
        (("--rule", "other"), 0),
        (("--source", "north"), 1),
        (("--run", RUN.run_id[:5]), 1),
        (("--since", "2026-03-01T06:30:20Z"), 0),
        (("--until", "2026-03-01T06:30:10Z"), 0),
        (("--since", "2026-03-01T06:30:19Z", "--until", "2026-03-01T06:30:20Z"), 1),
    ],
)
def test_list_is_limited_by_rule_source_and_half_open_period(out: Path, said, options, found: int) -> None:
    assert f"{found} possible" in said("list", *options, out)[1]


def test_show_says_everything_and_whether_each_file_is_as_logged(out: Path, said) -> None:
    (out / "evidence" / OPENED.violation_id / "track.json").write_bytes(b"[]")
    code, text = said("show", OPENED.violation_id[:6], out)
    assert code == 0
    for part in (OPENED.violation_id, "snapshot.jpg  as logged", "was changed", "major Ö", "dwell_s 10.25", "track 12"):
        assert part in text


@pytest.mark.parametrize("wrong", ["abc", "zzzz", "0123"])
def test_show_of_no_such_id_is_a_usage_error(out: Path, said, wrong: str) -> None:
    code, text = said("show", wrong, out)
    assert (code, "Traceback" in text, wrong in text) == (2, False, True)


def test_coverage_tells_time_watched_from_area_watched_and_why_not(tmp_path: Path, said) -> None:
    blind = replace(SLOT, t_start_ns=T0 + 60 * S, t_end_ns=T0 + 120 * S, seeing_s=0.0, lost_s={"no_telemetry": 60.0})
    with LogWriter(tmp_path) as log:
        log.coverage(SLOT, RUN.run_id)
        log.coverage(replace(blind, zone_share={"strip": 0.0}), RUN.run_id)
        log.gap(GAP, RUN.run_id)
        log.gap(replace(GAP, t_end_ns=GAP.t_start_ns + 300_000_000, reason=GapReason.WARMING_UP, count=1), RUN.run_id)
    _, text = said("coverage", tmp_path)
    assert "strip: watched 41 % of the period, 30 % of its area on average" in text
    assert "not watched 06:30:30-06:30:40 (10 s): no telemetry" in text
    assert "not watched 06:31:00-06:32:00 (1 min): no telemetry" in text
    assert "gap north 06:30:30.0 for 0.3 s: warming up" in text
    assert "gap north 06:30:30-06:30:40 (10 s): no telemetry (3 times) no packet since 14:02" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_coverage_of_a_large_zone_is_little_of_it_and_not_none(tmp_path: Path, said) -> None:
    with LogWriter(tmp_path) as log:
        log.coverage(replace(SLOT, lost_s={}, zone_share={"dmz": 0.00042}), RUN.run_id)
    _, text = said("coverage", tmp_path)
    assert "dmz: watched 100 % of the period, less than 1 % of its area on average" in text
    assert "|" + "-" * 56 + "|" in text


def test_lengths_of_time_are_read_at_a_glance() -> None:
    lengths = (0, 300_000_000, 9_940_000_000, 42 * S, 425 * S, 11_400 * S)
    assert [seconds(ns) for ns in lengths] == ["0.0 s", "0.3 s", "9.9 s", "42 s", "7 min 5 s", "3 h 10 min"]
    assert span(T0, T0 + 86_400 * S, "2026-03-01") == "06:30:00-2026-03-02 06:30:00 (24 h)"
    assert span(T0, T0 + 2 * S, "2026-02-28") == "2026-03-01 06:30:00.0 for 2.0 s"


def test_coverage_gives_what_lies_on_another_day_its_date(tmp_path: Path, said) -> None:
    day_ns = 86_400 * S
    tomorrow = replace(SLOT, t_start_ns=SLOT.t_start_ns + day_ns, t_end_ns=SLOT.t_end_ns + day_ns)
    with LogWriter(tmp_path) as log:
        log.coverage(SLOT, RUN.run_id)
        log.coverage(tomorrow, RUN.run_id)
        for later_ns in (0, day_ns):
            log.gap(replace(GAP, t_start_ns=GAP.t_start_ns + later_ns, t_end_ns=GAP.t_end_ns + later_ns), RUN.run_id)
    _, text = said("coverage", tmp_path)
    assert "gap north 06:30:30-06:30:40 (10 s)" in text
    assert "gap north 2026-03-02 06:30:30-06:30:40 (10 s)" in text
    assert "| 2026-03-02T06:31:00" in text
    assert all(len(line) <= 80 for line in text.splitlines() if "|" in line)
    with LogWriter(tmp_path / "gaps") as log:
        log.gap(GAP, RUN.run_id)
    assert "gap north 2026-03-01 06:30:30-06:30:40 (10 s)" in said("coverage", tmp_path / "gaps")[1]


def test_verify_prints_the_head_and_finds_an_end_cut_off_against_it(out: Path, said) -> None:
    code, text = said("verify", out)
    head = verify_log(out).head
    assert (code, head in text, "Everything is as it was logged." in text) == (0, True, True)
    assert said("verify", "--head", "f" * 64, out)[0] == 4
    assert said("verify", "--head", head.upper(), out)[0] == 0


def test_an_extra_evidence_file_is_a_warning_and_a_missing_one_is_damage(out: Path, said) -> None:
    (out / "evidence" / "notes.txt").write_text("mine")
    code, text = said("verify", out)
    assert (code, "warning  evidence/notes.txt: extra file" in text) == (0, True)
    (out / "evidence" / OPENED.violation_id / "snapshot.jpg").unlink()
    code, text = said("verify", out)
    assert (code, "DAMAGED  entry 3 (evidence" in text, "is missing" in text) == (4, True, True)


@pytest.mark.parametrize("command", ["list", "verify", "coverage", "export"])
def test_no_log_or_not_a_log_is_one_message_and_exit_code_4(tmp_path: Path, said, command: str) -> None:
    notes = tmp_path / "notes.sqlite"
    notes.write_text("not a log, only text " * 60)
    (tmp_path / "empty.sqlite").touch()
    for path in (tmp_path / "absent", notes, tmp_path / "empty.sqlite"):
        code, text = said(command, path)
        assert (code, len(text.splitlines()), str(path) in text) == (4, 1, True), text


def test_a_log_that_lost_its_middle_is_one_message_and_exit_code_4(out: Path, said) -> None:
    file = out / "violations.sqlite"
    good = file.read_bytes()
    file.write_bytes(good[:4096] + b"\xff" * 8192 + good[12288:])
    for command in ("list", "verify", "export"):
        code, text = said(command, out)
        assert (code, "Traceback" in text) == (4, False), text


def test_a_log_from_elsewhere_does_not_steer_the_terminal(tmp_path: Path, said) -> None:
    nasty = "\x1b[2J\x1b]0;owned\x07 gone"
    violation = replace(OPENED, observation=nasty, rule_id=nasty, subject=nasty)
    with LogWriter(tmp_path) as log:
        log.opened(violation)
        log.undecided(replace(UNDECIDED, reason=nasty))
        log.gap(replace(GAP, detail=nasty), RUN.run_id)
    for arguments in (("list",), ("show", violation.violation_id), ("coverage",), ("verify",)):
        assert "\x1b" not in said(*arguments, tmp_path)[1]


@pytest.mark.parametrize("form", list(FORMATS))
def test_exports_of_the_same_run_are_byte_equal(out: Path, tmp_path: Path, said, form: str) -> None:
    fill(tmp_path / "again")
    files = [tmp_path / "1", tmp_path / "2", tmp_path / "3"]
    for folder, file in zip((out, out, tmp_path / "again"), files, strict=True):
        assert said("export", "--format", form, "--out", file, folder) == (0, "")
    assert files[0].read_bytes() == files[1].read_bytes() == files[2].read_bytes() != b""
    assert said("export", "--format", form, out)[1].encode() == files[0].read_bytes()


def exported(said, out: Path, form: str, *options: object) -> bytes:
    file = out / "export"
    assert said("export", "--format", form, "--out", file, *options, out)[0] == 0
    return file.read_bytes()


def test_csv_holds_one_row_a_violation_and_no_formula(tmp_path: Path, said) -> None:
    formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1"]
    with LogWriter(tmp_path) as log:
        log.begin(RUN)
        for number, text in enumerate(formulas):
            log.opened(replace(OPENED, observation=text, subject=f"track {number}"))
    rows = list(csv.DictReader(exported(said, tmp_path, "csv").decode().split("\r\n")[:-1]))
    assert len(rows) >= len(formulas) - 1  # a lone carriage return splits no row of a strict reader
    assert all(row["observation"].startswith("'") for row in rows if row["observation"])
    assert rows[0]["lon_deg"] == "-30.1234567"  # a number stays a number


def test_geojson_holds_points_in_lon_lat_order_and_null_where_only_pixels_are_known(out: Path, said) -> None:
    with LogWriter(out) as log:
        place = replace(OPENED.place, lat_deg=None, lon_deg=None, covariance_m2=None)
        log.opened(replace(OPENED, subject="track 99", place=place))
    features = json.loads(exported(said, out, "geojson"))["features"]
    assert sorted(str(f["geometry"]) for f in features) == [
        "None",
        "{'type': 'Point', 'coordinates': [-30.1234567, 12.3456789]}",
    ]
    assert features[0]["properties"]["t_start"] == "2026-03-01T06:30:10.000000Z"


def test_kml_parses_whatever_the_text_holds(tmp_path: Path, said) -> None:
    nasty = 'a <b> & "c" \x00\x1b\ufffe ]]> é'
    with LogWriter(tmp_path) as log:
        log.opened(replace(OPENED, observation=nasty))
    root = ET.fromstring(exported(said, tmp_path, "kml"))
    (mark,) = root.iter(f"{KML}Placemark")
    assert mark.findtext(f"{KML}description") == 'a <b> & "c"  ]]> é'
    assert mark.findtext(f"{KML}Point/{KML}coordinates") == "-30.1234567,12.3456789"
    assert mark.findtext(f"{KML}TimeSpan/{KML}begin") == "2026-03-01T06:30:10.000000Z"


def test_jsonl_holds_every_entry_and_with_a_rule_only_that_rules(out: Path, said) -> None:
    kinds = [json.loads(line)["kind"] for line in exported(said, out, "jsonl").splitlines()]
    assert sorted(kinds) == sorted(
        [
            "run",
            "opened",
            "evidence",
            "undecided",
            "closed",
            "gap",
            "coverage",
            "joined",
            "verdict",
            "split",
            "audit",
            "end",
        ]
    )
    chosen = [json.loads(line)["kind"] for line in exported(said, out, "jsonl", "--rule", "strip-entry").splitlines()]
    assert sorted(chosen) == ["closed", "evidence", "joined", "opened", "split", "verdict"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
@pytest.mark.parametrize(
    ("file", "why"), [("/dev/full", "No space left on device"), ("/proc/absent/x.csv", "No such file or directory")]
)
def test_an_export_that_cannot_be_written_is_code_4(out: Path, said, file: str, why: str) -> None:
    assert said("export", "--out", file, out) == (4, f"{file}: cannot be written: {why}\n")


def test_an_export_is_not_written_over_the_log_or_its_evidence(out: Path, said, tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    (tmp_path / "link.csv").symlink_to(out / "violations.sqlite")
    evidence = next(file for file in before if "evidence" in file.parts)
    for file in (out / "violations.sqlite", evidence, tmp_path / "link.csv"):
        code, text = said("export", "--format", "csv", "--out", file, out)
        assert code == 2
        assert "belongsto" in "".join(text.replace("│", "").split())
    assert {file: file.read_bytes() for file in before} == before
    assert said("export", "--format", "csv", "--out", out / "found.csv", out)[0] == 0
    assert said("export", "--format", "csv", "--out", out / "found.csv", out)[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("export", "--format", "xlsx"),
        ("list", "--since", "yesterday"),
        ("verify", "--head", "f"),
        ("list", "--no-such-option"),
        ("list", "--source", "nort"),
        ("coverage", "--source", "south"),
        ("export", "--source", "south"),
        ("list", "--run", "0000"),
        ("list", "--since", "2026-03-02T00:00:00Z", "--until", "2026-03-02T00:00:00Z"),
    ],
)
def test_a_wrong_option_is_a_usage_error(out: Path, said, arguments: tuple[str, ...]) -> None:
    code, text = said(*arguments, out)
    assert (code, "Traceback" in text) == (2, False)


def test_a_log_on_read_only_media_is_read_if_it_was_closed(out: Path, said, monkeypatch: pytest.MonkeyPatch) -> None:
    access = os.access
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK and access(path, mode))
    assert said("verify", out)[0] == 0
    copy = out.parent / "copy"
    with closing(sqlite3.connect(out / "violations.sqlite")) as busy:
        busy.execute("UPDATE alembic_version SET version_num = version_num")
        busy.commit()
        shutil.copytree(out, copy)
    (copy / "violations.sqlite-shm").unlink()
    code, text = said("verify", copy)
    assert (code, "was not closed properly" in text) == (4, True)


def test_a_violation_that_goes_on_says_so(tmp_path: Path, said) -> None:
    with LogWriter(tmp_path) as log:
        log.opened(OPENED)
    assert re.search(r"± 8 m  open$", said("list", tmp_path)[1], re.MULTILINE)
    assert CLOSED.state is State.CLOSED


def test_moments_without_sight_are_told_as_a_sum(tmp_path: Path, said) -> None:
    with LogWriter(tmp_path) as log:
        log.coverage(replace(SLOT, lost_s={"registration": 1.2}), RUN.run_id)
        for second in (5, 15, 25):
            start_ns = T0 + second * S
            log.gap(Gap("north", start_ns, start_ns + 400_000_000, GapReason.REGISTRATION), RUN.run_id)
    _, text = said("coverage", tmp_path)
    assert "strip: watched 98 % of the period, 60 % of its area on average" in text
    assert "  not watched for 1.2 s in 3 moments: registration" in text


def test_a_picture_every_minute_is_a_line_and_not_one_a_picture(tmp_path: Path, said) -> None:
    """North has a picture every ten seconds, each without telemetry; two moments of south are told one by one."""
    with LogWriter(tmp_path) as log:
        for second in range(0, 60, 10):
            start_ns, end_ns = T0 + second * S, T0 + second * S + S
            log.coverage(replace(SLOT, t_start_ns=start_ns, t_end_ns=end_ns, seeing_s=1.0, lost_s={}), RUN.run_id)
            log.gap(Gap("north", start_ns, end_ns, GapReason.NO_TELEMETRY, "there is none"), RUN.run_id)
            log.gap(Gap("north", end_ns, start_ns + 10 * S, GapReason.MISSING, f"before {second}"), RUN.run_id)
            if second in (20, 30):
                log.gap(Gap("south", start_ns, end_ns, GapReason.NO_TELEMETRY, "there is none"), RUN.run_id)
    _, text = said("coverage", "--source", "north", tmp_path, columns=200)
    (alike,) = [line for line in text.splitlines() if "there is none" in line]
    assert alike.startswith("gap north ")
    assert alike.endswith("(51 s), 6 times, 6.0 s in all: no telemetry there is none")
    assert text.count("gap north") == 1 + 6  # what was missing differs each time
    assert said("coverage", tmp_path, columns=200)[1].count("gap south") == 2


def test_a_zone_that_is_seen_for_a_moment_every_ten_seconds_is_told_so_in_one_line(tmp_path: Path, said) -> None:
    with LogWriter(tmp_path) as log:
        for second in range(0, 60, 10):
            slot = replace(SLOT, t_start_ns=T0 + second * S, t_end_ns=T0 + second * S + S, seeing_s=1.0, lost_s={})
            log.coverage(slot, RUN.run_id)
    (line,) = [line for line in said("coverage", tmp_path)[1].splitlines() if "not watched" in line]
    assert line.endswith("(49 s), 5 times, 45 s in all: no source was running")


def test_coverage_names_the_feeds_that_were_not_read_to_their_end(tmp_path: Path, said) -> None:
    with LogWriter(tmp_path) as log:
        log.begin(RUN)
        log.coverage(SLOT, RUN.run_id)
        log.end(replace(END, frames=0, complete=False, detail="north.ts: the file is empty (0 bytes)"))
    told = "north: INCOMPLETE after 0 frames: north.ts: the file is empty (0 bytes)"
    assert told in said("coverage", tmp_path)[1]
    assert told in said("coverage", "--source", "north", tmp_path)[1]
    assert said("coverage", "--source", "nor", tmp_path)[0] == 2


def test_a_source_that_the_log_does_not_know_is_told_with_those_it_knows(out: Path, said) -> None:
    assert "the log has no source 'noth'; it has north" in said("list", "--source", "noth", out)[1]


def test_a_rule_by_which_nothing_is_in_the_log_is_told_with_those_by_which_something_is(out: Path, said) -> None:
    code, text = said("list", "--rule", "strip-entri", out)
    assert code == 0
    assert f"the log holds nothing by a rule 'strip-entri'; it does by {OPENED.rule_id}" in text
    assert "the log holds nothing" not in said("list", "--rule", OPENED.rule_id, out)[1]


def test_of_a_recording_that_was_judged_twice_each_run_can_be_seen_alone(out: Path, said) -> None:
    again = replace(RUN, config_sha256="9" * 64)
    assert "several runs" not in said("list", out)[1]
    with LogWriter(out) as log:
        log.begin(again)
        log.opened(replace(OPENED, run_id=again.run_id, config_sha256="9" * 64))
        log.coverage(SLOT, again.run_id)
        log.end(replace(END, run_id=again.run_id))
    _, text = said("list", out)
    assert "2 possible violations" in text
    assert "north: judged by several runs, each with rows of its own; --run ID shows those of one" in text
    for one in (RUN, again):
        _, text = said("list", "--run", one.run_id, out)
        assert "1 possible violation\n" in text
        assert "several runs" not in text
        lines = said("export", "--run", one.run_id[:6], out)[1].splitlines()
        assert {json.loads(line)["run_id"] for line in lines if "run_id" in json.loads(line)} == {one.run_id}
        assert len(said("export", "--run", one.run_id, "--format", "csv", out)[1].splitlines()) == 2
        assert "watched" in said("coverage", "--run", one.run_id, out)[1]


def test_a_feed_that_goes_on_under_another_configuration_was_not_judged_twice(out: Path, said) -> None:
    again = replace(RUN, config_sha256="9" * 64)
    with LogWriter(out) as log:
        log.begin(again)
        log.end(replace(END, run_id=again.run_id, t_start_ns=END.t_end_ns, t_end_ns=END.t_end_ns + 10 * S))
    assert "several runs" not in said("list", out)[1]
