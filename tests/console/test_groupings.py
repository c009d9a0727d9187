"""What people join and split: the log keeps both, and each can be taken back."""

from __future__ import annotations

import numpy as np
import pytest

from detector.console.desk import Desk
from detector.console.grouping import joining, splitting, taken_back
from detector.console.roles import Role
from detector.log import LogWriter, open_reader, verify_log
from detector.model import Decision, Joined, Means, Split, Verdict, Witness
from tests.console.conftest import COUNT, PASSWORD


def ids(desk: Desk) -> list[str]:
    return [one.violation.violation_id for one in desk.book.violations()]


def test_what_a_reviewer_joins_is_one_and_waits_once_and_z_takes_it_back(desk: Desk, as_) -> None:
    anna = as_("anna")
    a, b, c = ids(desk)[:3]
    joined = anna.post(f"/api/violations/{a}/join", json={"others": [c, b, b], "note": " one convoy "})
    assert joined.status_code == 201
    assert joined.json()["records"] == [a, *sorted([b, c], key=[b, c].index)]
    assert len(anna.get("/api/queue").json()["violation_ids"]) == COUNT - 2
    said = desk.book.violation(a).groupings[-1]  # type: ignore[union-attr]
    assert isinstance(said, Joined)
    assert (said.party, said.reviewer, said.reason, said.joined) == ("A", "anna", "one convoy", tuple(sorted([b, c])))
    back = anna.post(f"/api/violations/{b}/regroup")
    assert back.json()["records"] == [a]
    assert len(desk.book.violations()) == COUNT
    report = verify_log(desk.book.path)
    assert report.intact, report.damage
    with open_reader(desk.book.path) as reader:
        assert [type(entry) for entry in reader.violation(a).groupings] == [Joined, Split]


def test_one_is_taken_out_and_comes_back_with_its_witness(desk: Desk, as_) -> None:
    a, b = ids(desk)[:2]
    heard = Witness("post 4", Means.ACOUSTIC, 9)
    with LogWriter(desk.book.path, alone=False) as machine:
        machine.joined(Joined(a, (b,), "heard and seen", 9, witnesses=(heard,), means=(Means.ACOUSTIC,)))
    bayram = as_("bayram")
    out = bayram.post(f"/api/violations/{a}/split", json={"apart": [b], "witnesses": ["post 4"], "note": "another car"})
    assert (out.json()["records"], out.json()["witnesses"]) == ([a], [])
    assert as_("anna").post(f"/api/violations/{a}/regroup").status_code == 409
    back = bayram.post(f"/api/violations/{a}/regroup").json()
    assert (back["records"], back["witnesses"]) == ([a, b], ["post 4"])


def test_what_does_not_hold_any_more_is_not_taken_back(desk: Desk, as_) -> None:
    anna, bayram = as_("anna"), as_("bayram")
    a, b, c = ids(desk)[:3]
    anna.post(f"/api/violations/{a}/join", json={"others": [b]})
    bayram.post(f"/api/violations/{a}/split", json={"apart": [b]})
    answer = anna.post(f"/api/violations/{a}/regroup")
    assert (answer.status_code, "since" in answer.json()["detail"]) == (412, True)
    bayram.post(f"/api/violations/{c}/join", json={"others": [b]})
    answer = bayram.post(f"/api/violations/{a}/regroup")
    assert (answer.status_code, "to others" in answer.json()["detail"]) == (409, True)


def test_each_takes_back_what_they_have_joined_themselves_and_not_a_colleagues(desk: Desk, as_) -> None:
    desk.accounts.add("armen", Role.REVIEWER, "A", PASSWORD)
    anna, armen = as_("anna"), as_("armen")
    a, b, c, d = ids(desk)[:4]
    for one, other in ((anna, b), (armen, c), (anna, d)):
        one.post(f"/api/violations/{a}/join", json={"others": [other]})
    assert sorted(anna.post(f"/api/violations/{a}/regroup").json()["records"]) == sorted([a, b, c])
    assert sorted(anna.post(f"/api/violations/{a}/regroup").json()["records"]) == sorted([a, c])  # back, never forth
    answer = anna.post(f"/api/violations/{a}/regroup")
    assert (answer.status_code, "anna" in answer.json()["detail"]) == (409, True)
    assert armen.post(f"/api/violations/{a}/regroup").json()["records"] == [a]


def test_what_somebody_else_has_moved_since_is_not_taken_back(desk: Desk, as_) -> None:
    desk.accounts.add("armen", Role.REVIEWER, "A", PASSWORD)
    anna, armen = as_("anna"), as_("armen")
    a, b = ids(desk)[:2]
    anna.post(f"/api/violations/{a}/join", json={"others": [b]})
    armen.post(f"/api/violations/{a}/split", json={"apart": [b]})
    armen.post(f"/api/violations/{a}/join", json={"others": [b]})
    assert anna.post(f"/api/violations/{a}/regroup").status_code == 412
    assert desk.book.violation(a).ids == (a, b)  # type: ignore[union-attr]


def test_what_a_party_took_back_while_records_were_one_can_be_taken_back_after_they_are_split(desk: Desk, as_) -> None:
    anna, bayram = as_("anna"), as_("bayram")
    a, b = ids(desk)[:2]
    for one, word in ((a, "confirmed"), (b, "rejected")):
        anna.post(f"/api/violations/{one}/verdicts", json={"verdict": word})
    bayram.post(f"/api/violations/{a}/join", json={"others": [b]})
    assert anna.post(f"/api/violations/{a}/undo").json()["verdicts"][0]["verdict"] == "confirmed"
    alone = bayram.post(f"/api/violations/{a}/split", json={"apart": [b]}).json()
    assert [said["verdict"] for said in alone["verdicts"]] == ["confirmed"]
    assert anna.post(f"/api/violations/{a}/undo").json()["verdicts"] == []


def test_two_of_a_party_who_take_back_at_once_go_back_one_step_and_another_goes_on(desk: Desk, as_) -> None:
    anna, a = as_("anna"), ids(desk)[0]
    for word in ("confirmed", "rejected"):
        anna.post(f"/api/violations/{a}/verdicts", json={"verdict": word})
    for name, t_ns in (("anna", 8), ("armen", 9)):  # each had seen two words
        desk.book.add_verdict(Verdict(a, "A", name, Decision.CONFIRMED, "", t_ns, takes_back=True))
    assert anna.post(f"/api/violations/{a}/undo").json()["verdicts"] == []


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("join", {"others": []}),
        ("join", {"others": ["self"]}),
        ("join", {"others": ["0" * 32]}),
        ("join", {"others": ["../../etc/passwd"]}),
        ("join", {"others": ["other"], "party": "B"}),
        ("join", {"others": ["other"], "note": "x" * 2001}),
        ("join", {}),
        ("split", {}),
        ("split", {"apart": ["self"]}),
        ("split", {"apart": ["other"]}),
        ("split", {"witnesses": ["nobody"]}),
    ],
)
def test_what_makes_no_sense_is_refused_in_words_and_nothing_is_logged(
    route: str, body: dict[str, object], desk: Desk, as_
) -> None:
    a, b = ids(desk)[:2]
    anna, head = as_("anna"), None
    with open_reader(desk.book.path) as reader:
        head = reader.head()
        named = {"self": a, "other": b}
        sent = {
            key: [named.get(one, one) for one in value] if isinstance(value, list) else value
            for key, value in body.items()
        }
        answer = anna.post(f"/api/violations/{a}/{route}", json=sent)
        assert answer.status_code == 422
        assert answer.json()["detail"]
        assert reader.head() == head


def test_any_order_of_joining_splitting_and_taking_back_loses_no_record(desk: Desk) -> None:
    chance = np.random.default_rng(9)
    every = set(ids(desk))
    for t_ns in range(60):
        now = desk.book.violations()
        one = now[int(chance.integers(len(now)))]
        party = "AB"[int(chance.integers(2))]
        others = [now[int(k)].violation.violation_id for k in chance.integers(len(now), size=2)]
        try:
            match int(chance.integers(3)):
                case 0:
                    said = joining(one, others, desk.book.violation, party, "x", "", t_ns)
                case 1:
                    said = splitting(one, one.ids[1:2], (), party, "x", "", t_ns)
                case _:
                    said = taken_back(one, desk.book.violation, party, "x", t_ns)
        except (ValueError, LookupError):
            continue
        desk.book.add_grouping(said)
        after = desk.book.violations()
        assert sorted(name for each in after for name in each.ids) == sorted(every)
        groups = {name: frozenset(each.ids) for each in after for name in each.ids}
        if isinstance(said, Joined):
            assert set(said.joined) <= groups[said.violation_id]
        else:
            assert not set(said.apart) & groups[said.violation_id]
    with open_reader(desk.book.path) as reader:
        assert reader.violations() == list(desk.book.violations())
