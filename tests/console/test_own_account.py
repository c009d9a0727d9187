"""Accounts made and closed in the console, one's own password and language, and that nobody sits there any more."""

from __future__ import annotations

import pytest

from detector.console.desk import Desk
from detector.console.roles import Permission
from detector.console.sessions import USUAL_IDLE, WHOLE_NS, Idle
from detector.errors import LogError
from detector.model import Action
from tests.console.conftest import ATTACK, PASSWORD, TestClock

MINUTE_NS = 60 * 10**9


def told(desk: Desk) -> list[tuple[str, str, str]]:
    return [(one.user, one.subject, one.detail) for one in desk.book.audits() if one.action is Action.ACCOUNT]


def test_an_administrator_makes_changes_and_closes_accounts_and_the_log_says_so(desk: Desk, as_) -> None:
    admin, before = as_("admin"), len(told(desk))
    made = admin.post("/api/accounts", json={"name": "cem", "role": "reviewer", "party": "B"})
    assert made.status_code == 201
    first = desk.accounts.sign_in("cem", made.json()["password"], "::1")
    assert first.account is not None
    again = admin.post("/api/accounts/cem/password").json()["password"]
    assert desk.accounts.of_session(first.token) is None
    token = desk.accounts.sign_in("cem", again, "::1").token
    assert admin.post("/api/accounts/cem/close").status_code == 204
    assert desk.accounts.of_session(token) is None
    assert told(desk)[before:] == [
        ("admin", "cem", "made: reviewer, party B"),
        ("admin", "cem", "another password"),
        ("admin", "cem", "closed"),
    ]
    for secret in (made.json()["password"], again):
        assert all(secret not in str(one) for one in desk.book.audits())
    assert "cem" in admin.get("/accounts").text


def test_another_role_or_party_counts_at_once_and_ends_what_was_given_for_the_one_before(desk: Desk, as_) -> None:
    admin, anna, before = as_("admin"), as_("anna"), len(told(desk))
    one = desk.book.violations()[0].violation.violation_id
    program = desk.accounts.make_token("anna", [Permission.READ], 1)
    assert anna.post(f"/api/violations/{one}/verdicts", json={"verdict": "confirmed"}).status_code == 201
    assert admin.post("/api/accounts/anna/role", json={"role": "reviewer", "party": "B"}).status_code == 204
    assert anna.get("/api/me").status_code == 401
    assert desk.accounts.of_token(program) is None
    assert as_("anna").get("/api/me").json()["party"] == "B"
    assert desk.book.violation(one).verdicts[0].party == "A"  # type: ignore[union-attr]
    assert admin.post("/api/accounts/anna/role", json={"role": "exporter"}).status_code == 204
    assert as_("anna").get("/api/export").status_code == 200
    assert [one for one in told(desk)[before:] if one[0] == "admin"] == [
        ("admin", "anna", "now: reviewer, party B"),
        ("admin", "anna", "now: exporter"),
    ]


def test_what_is_rare_is_found_among_all_that_people_did(desk: Desk, as_) -> None:
    admin = as_("admin")
    admin.post("/api/accounts", json={"name": "cem", "role": "viewer"})
    assert "from testclient" in admin.get("/activity").text, "who signed in"
    page = admin.get("/activity?action=account").text
    assert "made: viewer" in page
    assert "from testclient" not in page
    assert admin.get("/activity?action=other").status_code == 422


def test_one_access_token_is_ended_and_the_others_and_the_session_go_on(desk: Desk, as_) -> None:
    admin, viewer, before = as_("admin"), as_("viewer"), len(told(desk))
    first, second = (desk.accounts.make_token("viewer", [Permission.READ], days) for days in (1, 2))
    keys = [made.key for made in desk.accounts.tokens()["viewer"]]
    page = admin.get("/accounts").text
    assert all(f"tokens/{key}/end" in page for key in keys)
    assert admin.post(f"/api/accounts/viewer/tokens/{keys[0]}/end").status_code == 204
    assert desk.accounts.of_token(first) is None
    assert desk.accounts.of_token(second) is not None
    assert viewer.get("/api/me").status_code == 200
    assert keys[0] not in admin.get("/accounts").text
    assert told(desk)[before:] == [("admin", "viewer", f"access token {keys[0]} ended")]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("", {"name": "anna", "role": "viewer"}, 422),
        ("", {"name": "../x", "role": "viewer"}, 422),
        ("", {"name": ATTACK[:40], "role": "viewer"}, 422),
        ("", {"name": "new", "role": "reviewer"}, 422),
        ("", {"name": "new", "role": "viewer", "party": "A"}, 422),
        ("", {"name": "new", "role": "owner"}, 422),
        ("", {"name": "new", "role": "viewer", "password": "mine, all mine"}, 422),
        ("/nobody/password", {}, 404),
        ("/nobody/close", {}, 404),
        ("/admin/close", {}, 409),
        ("/admin/role", {"role": "viewer"}, 409),
        ("/admin/password", {}, 409),
        ("/nobody/role", {"role": "viewer"}, 404),
        ("/viewer/role", {"role": "reviewer"}, 422),
        ("/viewer/role", {"role": "exporter", "party": "A"}, 422),
        ("/viewer/role", {"role": "owner"}, 422),
        ("/viewer/tokens/00000000/end", {}, 404),
        ("/viewer/tokens/%25/end", {}, 422),
    ],
)
def test_what_may_not_be_changes_nothing(path: str, body: dict[str, str], code: int, desk: Desk, as_) -> None:
    before, said = desk.accounts.accounts(), told(desk)
    answer = as_("admin").post(f"/api/accounts{path}", json=body)
    assert (answer.status_code, bool(answer.json()["detail"])) == (code, True)
    assert desk.accounts.accounts() == before
    assert told(desk) == said


def test_an_account_that_cannot_be_logged_is_not_made(desk: Desk, as_, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = as_("admin")

    def broken(*_: object) -> None:
        raise LogError("disk full")

    monkeypatch.setattr(type(desk.book), "add_audit", broken)
    assert admin.post("/api/accounts", json={"name": "new", "role": "viewer"}).status_code == 503
    assert "new" not in {one.name for one in desk.accounts.accounts()}
    assert admin.post("/api/accounts/viewer/close").status_code == 503
    assert not {one.name: one.closed for one in desk.accounts.accounts()}["viewer"]
    program = desk.accounts.make_token("viewer", [Permission.READ], 1)
    key = desk.accounts.tokens()["viewer"][0].key
    assert admin.post(f"/api/accounts/viewer/tokens/{key}/end").status_code == 503
    assert admin.post("/api/accounts/viewer/role", json={"role": "exporter"}).status_code == 503
    assert desk.accounts.of_token(program) is not None


def test_ones_own_password_needs_the_one_before_and_ends_all_sessions(desk: Desk, as_, client, token) -> None:
    anna, new, said = as_("anna"), "another password", len(told(desk))

    def change(**sent: str) -> int:
        return int(anna.post("/api/me/password", json=sent).status_code)

    assert change(old="wrong", new=new) == 403
    assert change(old=PASSWORD, new="short") == 422
    program = token("viewer", Permission.READ)
    answer = client.post("/api/me/password", json={"old": PASSWORD, "new": new}, headers=program)
    assert answer.status_code == 403
    assert change(old=PASSWORD, new=new) == 204
    assert anna.get("/api/me").status_code == 401
    assert desk.accounts.sign_in("anna", new, "::1").account is not None
    assert told(desk)[said:] == [("anna", "anna", "another password, by themselves")]


def test_guessing_the_password_of_an_open_session_is_locked_out(desk: Desk, as_) -> None:
    anna = as_("anna")
    codes = [anna.post("/api/me/password", json={"old": f"{k}", "new": "x" * 12}).status_code for k in range(6)]
    assert codes == [403] * 6
    assert anna.post("/api/me/password", json={"old": PASSWORD, "new": "x" * 12}).status_code == 403
    assert [one.user for one in desk.book.audits() if one.action is Action.LOCKED_OUT] == ["anna"]


def test_a_session_ends_when_nobody_is_there_and_a_page_that_asks_by_itself_is_nobody(
    desk: Desk, as_, clock: TestClock
) -> None:
    anna = as_("anna")
    for _ in range(5):
        clock.t_ns += USUAL_IDLE.ns // 2
        assert anna.post("/api/me/here").status_code == 204
    for path in ("/api/queue", "/part/queue"):
        clock.t_ns += USUAL_IDLE.ns // 3
        assert anna.get(path).status_code == 200
    clock.t_ns += USUAL_IDLE.ns // 3 + MINUTE_NS
    assert anna.get("/api/queue").status_code == 401
    assert anna.get("/queue", headers={"accept": "text/html"}).headers["location"].startswith("/sign-in")


def test_whoever_is_there_stays_no_longer_than_a_shift(desk: Desk, as_, clock: TestClock) -> None:
    anna = as_("anna")
    for _ in range(WHOLE_NS // (USUAL_IDLE.ns // 2)):
        assert anna.get("/queue").status_code == 200
        clock.t_ns += USUAL_IDLE.ns // 2
    assert anna.get("/queue").status_code == 401


@pytest.mark.parametrize("minutes", [0, 4.9, 721])
def test_an_idle_time_that_cannot_be_is_refused(minutes: float) -> None:
    with pytest.raises(ValueError, match="allowed are 5 to 720"):
        Idle(int(minutes * MINUTE_NS))


def test_a_language_is_ones_own_and_comes_along_to_the_next_screen(desk: Desk, as_) -> None:
    anna = as_("anna")
    assert anna.post("/api/me/language", json={"language": "xx"}).status_code == 422
    wanted = desk.languages.names[-1]
    assert anna.post("/api/me/language", json={"language": wanted}).status_code == 204
    assert f'lang="{wanted}"' in anna.get("/queue").text
    assert as_("anna").cookies["language"] == wanted
    assert "language" not in as_("bayram").cookies
    form = {"name": "bayram", "password": PASSWORD}
    anna.post("/sign-in", data=form)
    assert "language" not in anna.cookies, "who sits down after somebody else is not spoken to in their language"
