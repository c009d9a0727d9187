"""Passwords, lock-out, sessions and tokens."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from detector.console.accounts import Accounts
from detector.console.desk import Desk
from detector.console.guesses import LOCKED_NS, WRONG_FOR_ADDRESS, WRONG_FOR_NAME
from detector.console.passwords import random_password
from detector.console.roles import Permission, Role
from detector.console.sessions import WHOLE_NS
from detector.errors import LogError
from detector.model import Action
from tests.console.conftest import PASSWORD, TestClock


def test_five_wrong_passwords_lock_that_address_out_and_nobody_else(desk: Desk, clock: TestClock) -> None:
    tries = [desk.accounts.sign_in("anna", "wrong", "10.0.0.9") for _ in range(WRONG_FOR_NAME)]
    assert [one.just_locked for one in tries] == [False] * (WRONG_FOR_NAME - 1) + [True]
    locked = desk.accounts.sign_in("anna", PASSWORD, "10.0.0.9")
    assert locked.account is None
    assert 0 < locked.locked_s <= LOCKED_NS // 10**9
    assert desk.accounts.sign_in("anna", PASSWORD, "10.0.0.5").account is not None
    clock.t_ns += LOCKED_NS + 1
    assert desk.accounts.sign_in("anna", PASSWORD, "10.0.0.9").account is not None


def test_guessing_names_locks_the_address_out_as_well(desk: Desk) -> None:
    tries = [desk.accounts.sign_in(f"name{number}", "wrong", "10.0.0.9") for number in range(WRONG_FOR_ADDRESS)]
    assert [one.just_locked for one in tries] == [False] * (WRONG_FOR_ADDRESS - 1) + [True]
    assert desk.accounts.sign_in("anna", PASSWORD, "10.0.0.9").locked_s > 0
    assert desk.accounts.sign_in("anna", PASSWORD, "10.0.0.5").account is not None


def test_a_session_ends_after_a_shift_when_signed_out_and_with_another_password(desk: Desk, clock: TestClock) -> None:
    accounts = desk.accounts
    first = accounts.sign_in("anna", PASSWORD, "::1").token
    assert accounts.of_session(first) is not None
    accounts.sign_out(first)
    assert accounts.of_session(first) is None
    second = accounts.sign_in("anna", PASSWORD, "::1").token
    token = accounts.make_token("anna", [Permission.READ], 30)
    accounts.set_password("anna", "another password")
    assert accounts.of_session(second) is None
    assert accounts.of_token(token) is None
    third = accounts.sign_in("anna", "another password", "::1").token
    clock.t_ns += WHOLE_NS + 1
    assert accounts.of_session(third) is None


def test_another_password_ends_a_lock_out(desk: Desk) -> None:
    for address in ("10.0.0.9", "10.0.0.8"):
        for _ in range(WRONG_FOR_NAME):
            desk.accounts.sign_in("anna", "forgotten", address)
    desk.accounts.sign_in("bayram", "wrong", "10.0.0.9")
    desk.accounts.set_password("anna", "another password")
    for address in ("10.0.0.9", "10.0.0.8"):
        assert desk.accounts.sign_in("anna", "another password", address).account is not None
    tries = [desk.accounts.sign_in("bayram", "wrong", "10.0.0.9") for _ in range(WRONG_FOR_NAME - 1)]
    assert tries[-1].just_locked, "somebody else's still count"


def test_what_cannot_be_logged_is_not_done(desk: Desk) -> None:
    def cannot() -> None:
        raise LogError("the disk is full")

    token = desk.accounts.sign_in("anna", PASSWORD, "::1").token
    with pytest.raises(LogError):
        desk.accounts.add("new", Role.ADMINISTRATOR, "", PASSWORD, cannot)
    with pytest.raises(LogError):
        desk.accounts.set_password("anna", "another password", cannot)
    with pytest.raises(LogError):
        desk.accounts.shut("anna", cannot)
    assert "new" not in {one.name for one in desk.accounts.accounts()}
    assert desk.accounts.of_session(token) is not None
    assert desk.accounts.sign_in("anna", PASSWORD, "::1").account is not None


def test_a_closed_account_is_out_at_once_and_stays_out(desk: Desk) -> None:
    token = desk.accounts.sign_in("viewer", PASSWORD, "::1").token
    desk.accounts.shut("viewer")
    assert desk.accounts.of_session(token) is None
    assert desk.accounts.sign_in("viewer", PASSWORD, "::1").account is None


def test_what_is_kept_tells_no_password_and_no_token(desk: Desk, copied: Path) -> None:
    session = desk.accounts.sign_in("anna", PASSWORD, "::1").token
    token = desk.accounts.make_token("anna", [Permission.READ], 1)
    desk.close()
    kept = b"".join(path.read_bytes() for path in (copied / "out").glob("*.sqlite*"))
    assert b"$argon2id$" in kept
    for secret in (PASSWORD, session, token):
        assert secret.encode() not in kept
    assert stat.S_IMODE((copied / "out" / "accounts.sqlite").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "role", "party", "password", "told"),
    [
        ("anna", Role.VIEWER, "", PASSWORD, "already"),
        ("../x", Role.VIEWER, "", PASSWORD, "letters"),
        ("new", Role.REVIEWER, "", PASSWORD, "party"),
        ("new", Role.REVIEWER, "C", PASSWORD, "party"),
        ("new", Role.VIEWER, "A", PASSWORD, "party"),
        ("new", Role.VIEWER, "", "short", "12 to 256"),
        ("new", Role.VIEWER, "", "x" * 257, "12 to 256"),
    ],
)
def test_an_account_that_may_not_be_is_refused_with_the_reason(
    desk: Desk, name: str, role: Role, party: str, password: str, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        desk.accounts.add(name, role, party, password)


def test_a_token_has_no_scope_that_its_role_has_not(desk: Desk) -> None:
    for name, scopes in (("viewer", [Permission.EXPORT]), ("admin", [Permission.VERDICT]), ("anna", [])):
        with pytest.raises(ValueError, match="scopes"):
            desk.accounts.make_token(name, scopes, 1)
    with pytest.raises(ValueError, match="no account"):
        desk.accounts.make_token("nobody", [Permission.READ], 1)


def test_another_file_is_not_taken_for_accounts(tmp_path: Path, clock: TestClock) -> None:
    (tmp_path / "accounts.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(LogError, match=r"accounts\.sqlite"):
        Accounts(tmp_path, clock)


def test_random_passwords_differ_and_are_long_enough() -> None:
    made = {random_password() for _ in range(100)}
    assert len(made) == 100
    assert {len(one) for one in made} == {24}


def test_signing_in_through_the_page_is_logged_and_the_cookie_is_out_of_reach(desk: Desk, client) -> None:
    wrong = client.post("/sign-in", data={"name": "anna", "password": "wrong", "to": "/"})
    assert wrong.status_code == 401
    right = client.post("/sign-in", data={"name": "anna", "password": PASSWORD, "to": "//elsewhere.example"})
    assert (right.status_code, right.headers["location"]) == (303, "/")
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    for _ in range(WRONG_FOR_NAME):
        last = client.post("/sign-in", data={"name": "bayram", "password": "wrong"})
    assert last.status_code == 429
    assert [(one.user, one.action) for one in desk.book.audits()] == [
        ("anna", Action.SIGN_IN),
        ("bayram", Action.LOCKED_OUT),
    ]


def test_a_file_that_another_process_has_only_begun_to_make_is_made_by_who_comes_next(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "accounts.sqlite")) as begun:
        begun.execute("PRAGMA journal_mode = WAL")
    assert (tmp_path / "accounts.sqlite").stat().st_size > 0
    accounts = Accounts(tmp_path, TestClock())
    assert list(accounts.accounts()) == []
    accounts.close()
