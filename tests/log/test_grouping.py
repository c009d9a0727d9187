"""Records that are one event: joined by the machine or a person, split by a person, and everything stays in the log."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from detector.cli import run
from detector.errors import LogError
from detector.log import EvidenceStore, LogWriter, open_reader, verify_log
from detector.log.export import FORMATS
from detector.log.reader import ALWAYS, Period
from detector.model import Decision, Joined, Means, Place, Split, State, Verdict, Witness
from tests.log.conftest import CLOSED, OPENED, RUN, T0, S

FLASH = replace(
    OPENED, rule_id="flashes", rule_kind="flash", source_id="drone", subject="flash 1", count=5, means=(Means.UAV,),
    place=Place(12.3456, -30.1234, (25.0, 0.0, 25.0), (10.0, 20.0)),
)  # fmt: skip
HEARD = replace(
    OPENED, rule_id="silence", rule_kind="impulse", source_id="mics", subject="impulse 1", count=40,
    means=(Means.ACOUSTIC,), place=Place(12.3457, -30.1235, (16.0, 2.0, 20.0), None), measures={},
)  # fmt: skip
LATER = replace(FLASH, subject="flash 2", t_start_ns=T0 + 40 * S, t_end_ns=T0 + 41 * S, count=2)
GEOPHONE = Witness("geophone", Means.SEISMIC, T0 + 10 * S)
EVENT = Joined(
    HEARD.violation_id, (FLASH.violation_id,), "one event", T0 + 10 * S, (GEOPHONE,),
    (Means.UAV, Means.ACOUSTIC, Means.SEISMIC), Place(12.34565, -30.12345, (9.0, 1.0, 11.0), None), 0.01, 0.5,
    run_id=RUN.run_id,
)  # fmt: skip
A, B, C = HEARD.violation_id, FLASH.violation_id, LATER.violation_id


def by_hand(keeps: str, *others: str, t_s: float = 100.0) -> Joined:
    return Joined(
        keeps, tuple(sorted(others)), "the same gun", T0 + round(t_s * S), party="party B", reviewer="captain"
    )


def taken_out(keeps: str, *others: str, witnesses: tuple[str, ...] = (), t_s: float = 200.0) -> Split:
    return Split(keeps, tuple(sorted(others)), "two guns", T0 + round(t_s * S), "party A", "major", witnesses)


def made(folder: Path, *groupings: Joined | Split) -> Path:
    """A log of three records, each with a file, and these entries."""
    store = EvidenceStore(folder / "evidence")
    with LogWriter(folder) as log:
        log.begin(RUN)
        for one in (HEARD, FLASH, LATER):
            log.opened(one)
            log.evidence(one.violation_id, [store.put(one.violation_id, "snapshot", ".jpg", one.subject.encode())])
        for one in (HEARD, FLASH, LATER):
            log.closed(replace(one, state=State.CLOSED, t_end_ns=one.t_end_ns + 30 * S))
        for grouping in groupings:
            log.joined(grouping) if isinstance(grouping, Joined) else log.split(grouping)
    return folder


def groups(folder: Path) -> list[tuple[str, ...]]:
    with open_reader(folder) as log:
        return [one.ids for one in log.violations()]


def test_one_mover_before_and_after_a_gap_is_counted_once_and_keeps_its_place(tmp_path: Path) -> None:
    again = Joined(B, (C,), "the same before and after", T0, means=(Means.UAV,), misfit=0.3, run_id=RUN.run_id)
    with open_reader(made(tmp_path / "again", again)) as log:
        one = next(item.violation for item in log.violations() if item.ids == (B, C))
    assert (one.count, one.place, one.t_end_ns) == (5, FLASH.place, T0 + 71 * S)
    with open_reader(made(tmp_path / "by hand", by_hand(B, C))) as log:
        assert next(item.violation.count for item in log.violations() if item.ids == (B, C)) == 7


def test_what_is_joined_is_one_with_all_means_and_the_smallest_ellipse(tmp_path: Path) -> None:
    with open_reader(made(tmp_path, EVENT)) as log:
        one, other = log.violations()
    assert (one.ids, other.ids) == ((A, B), (C,))
    assert one.violation.violation_id == A
    assert one.violation.means == (Means.UAV, Means.ACOUSTIC, Means.SEISMIC)
    assert one.violation.place == EVENT.place
    assert (one.violation.count, one.violation.state) == (40, State.CLOSED)
    assert [record.source_id for record in one.records] == ["mics", "drone"]
    assert one.records[1].place == FLASH.place
    assert dict(one.sources) == {"mics": (Means.ACOUSTIC,), "drone": (Means.UAV,), "geophone": (Means.SEISMIC,)}
    assert {file.path.split("/")[0] for file in one.files} == {A, B}
    assert (one.witnesses, one.groupings) == ((GEOPHONE,), (EVENT,))
    assert len(one.entries) == 7
    assert (other.violation.means, other.witnesses, other.groupings) == ((Means.UAV,), (), ())


def test_it_is_found_by_the_id_of_any_of_its_records(tmp_path: Path) -> None:
    with open_reader(made(tmp_path, EVENT)) as log:
        assert log.violation(A[:8]) == log.violation(B[:8]) == log.violations()[0]
        assert log.violation(C[:8]) == log.violations()[1]


@pytest.mark.parametrize(
    ("period", "found"),
    [
        (Period(source_id="drone"), [(A, B), (C,)]),
        (Period(source_id="mics"), [(A, B)]),
        (Period(source_id="geophone"), [(A, B)]),
        (Period(source_id="other"), []),
        (Period(rule_id="silence"), [(A, B)]),
        (Period(rule_id="flashes"), [(A, B), (C,)]),
        (Period(until_ns=T0 + 20 * S), [(A, B)]),
    ],
)
def test_it_is_chosen_if_any_of_its_records_is(tmp_path: Path, period: Period, found: list[tuple[str, ...]]) -> None:
    with open_reader(made(tmp_path, EVENT)) as log:
        assert [one.ids for one in log.violations(period)] == found
        lines = [json.loads(line) for line in FORMATS["jsonl"](log, period).splitlines()]
    assert ("joined" in {line["kind"] for line in lines}) == ((A, B) in found)


def test_of_flashes_of_one_source_the_counts_add_up_and_the_larger_count_stands(tmp_path: Path) -> None:
    few = replace(HEARD, count=3)
    with LogWriter(tmp_path) as log:
        for one in (few, FLASH, LATER):
            log.opened(one)
        log.joined(replace(EVENT, violation_id=few.violation_id, joined=tuple(sorted((B, C)))))
    with open_reader(tmp_path) as log:
        (one,) = log.violations()
    assert (one.violation.count, one.violation.state) == (7, State.OPEN)


def test_verdicts_on_any_of_its_records_stand_side_by_side(tmp_path: Path) -> None:
    made(tmp_path, EVENT)
    with LogWriter(tmp_path) as log:
        log.verdict(Verdict(B, "party A", "major", Decision.REJECTED, "", T0 + 50 * S))
        log.verdict(Verdict(A, "party B", "captain", Decision.CONFIRMED, "", T0 + 60 * S))
        log.verdict(Verdict(A, "party A", "major", Decision.CONFIRMED, "", T0 + 70 * S))
    with open_reader(tmp_path) as log:
        one = log.violations()[0]
    assert [(v.party, v.verdict) for v in one.verdicts] == [
        ("party A", Decision.CONFIRMED),
        ("party B", Decision.CONFIRMED),
    ]
    assert [v.violation_id for v in one.history] == [B, A, A]


@pytest.mark.parametrize(
    ("groupings", "expected"),
    [
        ([], [(A,), (B,), (C,)]),
        ([EVENT, by_hand(A, C)], [(A, B, C)]),
        ([EVENT, by_hand(B, C)], [(A, B, C)]),  # named by any of its records
        ([by_hand(C, B), by_hand(A, C)], [(A, B, C)]),  # what was joined before comes along
        ([EVENT, by_hand(C, B)], [(A,), (C, B)]),  # a person moves a record
        ([EVENT, by_hand(B, A)], [(A, B), (C,)]),  # it is so already
        ([EVENT, taken_out(A, B)], [(A,), (B,), (C,)]),
        ([EVENT, by_hand(A, C), taken_out(A, B)], [(A, C), (B,)]),
        ([EVENT, by_hand(A, C), taken_out(B, A)], [(A,), (B, C)]),  # the one that stood for them goes
        ([EVENT, taken_out(A, B), by_hand(A, B, t_s=300)], [(A, B), (C,)]),
        ([taken_out(A, B)], [(A,), (B,), (C,)]),
        ([EVENT, taken_out(C, B)], [(A, B), (C,)]),  # it was joined into another
        ([EVENT, by_hand(A, C), taken_out(B, A, C)], [(A,), (B,), (C,)]),
    ],
)
def test_people_join_and_split_in_turn(
    tmp_path: Path, groupings: list[Joined | Split], expected: list[tuple[str, ...]]
) -> None:
    found = groups(made(tmp_path, *groupings))
    assert sorted(map(sorted, found)) == sorted(map(sorted, expected))
    assert {one[0] for one in found} == {one[0] for one in expected}
    assert verify_log(tmp_path).intact


def test_after_a_split_the_place_of_both_is_no_longer_that_of_either(tmp_path: Path) -> None:
    with open_reader(made(tmp_path, EVENT, taken_out(A, B))) as log:
        found = {one.violation.violation_id: one for one in log.violations()}
    assert found[A].violation.place == HEARD.place
    assert found[B].violation.place == FLASH.place
    assert found[A].violation.means == (Means.ACOUSTIC, Means.SEISMIC)
    assert found[B].violation.means == (Means.UAV,)
    assert len(found[A].groupings) == len(found[B].groupings) == 2
    assert {record.count for one in found.values() for record in one.records} == {40, 5, 2}


def test_a_witness_is_taken_out_by_name_and_may_come_back(tmp_path: Path) -> None:
    with open_reader(made(tmp_path / "a", EVENT, taken_out(A, witnesses=("geophone",)))) as log:
        one = log.violations()[0]
    assert (one.ids, one.witnesses, one.violation.means) == ((A, B), (), (Means.UAV, Means.ACOUSTIC))
    back = replace(by_hand(A, t_s=300), witnesses=(GEOPHONE,))
    with open_reader(made(tmp_path / "b", EVENT, taken_out(A, witnesses=("geophone",)), back)) as log:
        assert log.violations()[0].witnesses == (GEOPHONE,)


@pytest.mark.parametrize(
    ("grouping", "why"),
    [
        (replace(EVENT, joined=("f" * 32,)), "was never opened"),
        (replace(EVENT, violation_id="f" * 32), "was never opened"),
        (replace(EVENT, joined=(A,)), "named twice"),
        (replace(EVENT, joined=(), witnesses=()), "nothing to join"),
        (replace(by_hand(A, B), reviewer=""), "a party and a name"),
        (taken_out(A), "nothing to join to it or to split"),
        (taken_out(A, "f" * 32), "was never opened"),
        (replace(taken_out(A, B), party=""), "a party and a name"),
        (replace(EVENT, misfit=float("nan")), "NaN|nan"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_logged(tmp_path: Path, grouping: Joined | Split, why: str) -> None:
    made(tmp_path)
    with LogWriter(tmp_path) as log, pytest.raises(ValueError, match=why):
        log.joined(grouping) if isinstance(grouping, Joined) else log.split(grouping)
    assert len(groups(tmp_path)) == 3
    assert verify_log(tmp_path).intact


def test_the_same_entry_is_logged_once_and_comes_back_as_it_was(tmp_path: Path) -> None:
    split = taken_out(A, B)
    made(tmp_path, EVENT, split)
    with LogWriter(tmp_path) as log:
        assert log.joined(EVENT) is False
        assert log.split(split) is False
    with open_reader(tmp_path) as log:
        assert log.violation(A).groupings == (EVENT, split)


def test_a_log_that_joins_what_was_never_opened_is_damaged(tmp_path: Path) -> None:
    """Somebody has written a chain of their own that is right in every hash."""
    with LogWriter(tmp_path) as log:
        log.opened(HEARD)
        log._append({**_body(EVENT)})
    report = verify_log(tmp_path)
    assert any(f"violation {B}, not opened before" in line for line in report.damage)
    with open_reader(tmp_path) as log:
        assert [one.ids for one in log.violations()] == [(A,)]
        with pytest.raises(LogError, match="never opened"):
            log.violation(A)


def _body(joined: Joined) -> dict[str, object]:
    from detector.log.records import joined_body

    return joined_body(joined)


def test_exports_have_it_once_with_its_means_and_its_ellipse(tmp_path: Path) -> None:
    with open_reader(made(tmp_path, EVENT)) as log:
        features = json.loads(FORMATS["geojson"](log, ALWAYS))["features"]
        kml, table = FORMATS["kml"](log, ALWAYS), FORMATS["csv"](log, ALWAYS)
    assert [feature["id"] for feature in features] == [A, C]
    row = features[0]["properties"]
    assert (row["means"], row["sources"], row["joined"]) == ("uav acoustic seismic", "mics drone geophone", B)
    assert row["radius_95_m"] == pytest.approx(2.448 * 11.4**0.5, abs=0.05)
    assert features[0]["geometry"]["coordinates"] == [-30.12345, 12.34565]
    assert kml.count("<Placemark") == 2
    assert len(table.splitlines()) == 3


def test_list_shows_one_and_show_names_both_records_who_supports_them_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path, EVENT, by_hand(A, C))
    assert run(["log", "list", str(tmp_path)]) == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "1 possible violation" in listed
    assert "noticed by mics (acoustic), drone (uav), geophone (seismic)" in listed
    assert run(["log", "show", B[:8], str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    for text in (
        A[:8],
        B[:8],
        C[:8],
        "supported by  geophone (seismic)",
        "one event",
        "party B (captain): the same gun",
    ):
        assert text in shown
    assert shown.count("snapshot.jpg") == 3


def test_a_single_record_is_told_as_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with LogWriter(tmp_path) as log:
        log.opened(OPENED)
        log.closed(CLOSED)
    assert run(["log", "show", OPENED.violation_id[:8], str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "noticed by  uav, camera, feed north" in shown
    assert "record" not in shown
