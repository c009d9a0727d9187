"""What the console keeps of a log that grows is what the whole log says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detector.console.desk import Desk
from detector.console.grouping import joining, splitting
from detector.console.roles import PARTIES
from detector.log import LoggedViolation, LogWriter, open_reader
from detector.log.reader import Period
from detector.model import CoverageSlot, Decision, Gap, GapReason, State, Verdict
from tests.console.conftest import T0, S
from tests.naive_console import naive_counts, naive_first, naive_lately

MOST = 12


def one_more(log: LogWriter, now: tuple[LoggedViolation, ...], chance: np.random.Generator, number: int) -> None:
    """Something that feeds and people log."""
    one = now[int(chance.integers(len(now)))]
    other = now[int(chance.integers(len(now)))]
    v = one.violation
    t_ns = T0 + int(chance.integers(7200)) * S
    source = ("north", "south", "net/a", "net/b")[int(chance.integers(4))]
    party = PARTIES[int(chance.integers(2))]

    def find(name: str) -> LoggedViolation | None:
        return next((each for each in now if name in each.ids), None)

    match int(chance.integers(8)):
        case 0 | 1:
            log.opened(
                replace(
                    v, source_id=source, subject=f"n {number}", state=State.OPEN, t_start_ns=t_ns, t_end_ns=t_ns + S
                )
            )
        case 2:
            log.closed(replace(one.records[0], state=State.CLOSED, t_end_ns=one.records[0].t_end_ns + S))
        case 3 | 4:
            word = list(Decision)[int(chance.integers(len(Decision)))]
            log.verdict(Verdict(v.violation_id, party, "x", word, "", number))
        case 5 if other is not one:
            log.joined(joining(one, [other.violation.violation_id], find, party, "x", "", number))
        case 6 if len(one.ids) > 1:
            log.split(splitting(one, one.ids[1:2], (), party, "x", "", number))
        case 7:
            log.gap(Gap(source, t_ns, t_ns + S, GapReason.SKIPPED, f"{number}", 1), "")
            log.coverage(CoverageSlot(source, t_ns, t_ns + 10 * S, 9.0), "")
        case _:
            pass


def test_counts_queue_and_newest_gaps_are_those_of_the_whole_log_after_every_entry(desk: Desk) -> None:
    chance = np.random.default_rng(4)
    since = Period(T0 + 600 * S)
    with LogWriter(desk.book.path, alone=False) as log, open_reader(desk.book.path) as reader:
        for number in range(90):
            one_more(log, desk.book.violations(), chance, number)
            if number % 3:
                continue  # several entries are taken in at once, too
            found = reader.violations()
            assert list(desk.book.violations()) == found
            assert desk.book.records == sum(len(one.ids) for one in found)
            for party in ("", *PARTIES):
                first = [each.violation.violation_id for each in desk.counts.first(party, MOST)]
                assert first == naive_first(found, party, MOST)
                assert desk.counts.undecided(party) == len(naive_first(found, party, len(found)))
                kept = {
                    name: (
                        len(desk.counts.parts(name)),
                        desk.counts.open_of(name, party),
                        max(part.t_end_ns for part in desk.counts.parts(name)),
                    )
                    for name in desk.counts.sources()
                }
                assert kept == naive_counts(found, party)
            lately = {
                name: (one.slot and one.slot.t_end_ns, [gap.t_start_ns for gap in one.gaps])
                for name, one in desk.lately.found(since).items()
            }
            told = naive_lately(reader, since)
            assert lately == {name: (slot and slot.t_end_ns, gaps) for name, (slot, gaps) in told.items()}


def test_a_map_that_is_told_what_came_since_has_what_a_new_one_has(desk: Desk, as_) -> None:
    chance = np.random.default_rng(5)
    viewer = as_("viewer")

    def take(drawn: dict[str, list[object]], after: int) -> int:
        news = viewer.get(f"/api/map/violations?after={after}").json()
        for name in (*news["gone"], *(one["properties"]["id"] for one in news["features"])):
            drawn.pop(name, None)
        for one in news["features"]:
            drawn.setdefault(one["properties"]["id"], []).append(one)
        return int(news["seq"])

    known: dict[str, list[object]] = {}
    seq = take(known, 0)
    with LogWriter(desk.book.path, alone=False) as log:
        for number in range(40):
            one_more(log, desk.book.violations(), chance, number)
            if number % 4 == 0:
                seq = take(known, seq)
    seq = take(known, seq)
    whole: dict[str, list[object]] = {}
    assert take(whole, 0) == seq
    assert known == whole
    assert viewer.get(f"/api/map/violations?after={seq}").json()["features"] == []
