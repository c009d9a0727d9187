"""Accounts, sessions and access tokens, in a file of their own beside the log."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, delete, insert, select, update

from detector.console import access_tokens, guesses, saved_views, sessions
from detector.console.access_tokens import AccessToken
from detector.console.accounts_schema import (
    APPLICATION_ID,
    FILE_NAME,
    VERSION,
    access_token,
    account,
    metadata,
    open_session,
    spoken,
)
from detector.console.passwords import hashed, matches
from detector.console.roles import PARTIES, PERMISSIONS, Permission, Role
from detector.console.saved_views import View
from detector.console.sessions import USUAL_IDLE, Idle
from detector.errors import LogError
from detector.log.database import log_errors, log_file, writing_engine
from detector.timebase import NS_PER_S, Clock

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


@dataclass(frozen=True, slots=True)
class Account:
    """Who somebody is. `party` is empty for the mission's own people."""

    name: str
    role: Role
    party: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class SignIn:
    """What became of a try: an account and its session's token, or why not.

    locked_s: how long this address has to wait. [s] 0 where it may try again.
    just_locked: this try was the one too many.
    """

    account: Account | None
    token: str = ""
    locked_s: int = 0
    just_locked: bool = False


Tell = Callable[[], None]
"""Says what is about to be done; if it raises, nothing is done: what cannot be logged does not happen."""


def _unsaid() -> None:
    """Nobody has to be told."""


class Accounts:
    """The file `accounts.sqlite` beside the log; made if there is none, readable by its owner alone.

    Raises, here and from every call:
        LogError: it cannot be read or written, or is not such a file.
    """

    def __init__(self, log: Path, clock: Clock, idle: Idle = USUAL_IDLE) -> None:
        self.path = log_file(log).with_name(FILE_NAME)
        self._clock = clock
        self.idle = idle
        self._busy = Lock()
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        except OSError as error:
            raise LogError(f"{self.path}: cannot be written: {error.strerror}") from error
        with log_errors(self.path):
            _make_or_check(self.path)
            self._engine = writing_engine(self.path)
            self._connection = self._engine.connect()
        with self._transaction() as connection:
            metadata.create_all(connection)

    def close(self) -> None:
        """Closing twice is harmless."""
        self._connection.close()
        self._engine.dispose()

    # Accounts

    def add(self, name: str, role: Role, party: str, password: str, told: Tell = _unsaid) -> Account:
        """A new account.

        Raises:
            ValueError: a name that is taken or not allowed, a password too short, a reviewer without a party.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"name {name!r}: allowed are up to 32 letters a to z, digits, dot, dash, underscore")
        _check_party(role, party)
        kept = hashed(password)
        with self._transaction() as connection:
            if connection.execute(select(account.c.name).where(account.c.name == name)).first():
                raise ValueError(f"there is an account {name!r} already")
            told()
            row = {"name": name, "role": str(role), "party": party, "password_hash": kept, "closed_ns": None}
            connection.execute(insert(account), row)
        return Account(name, role, party)

    def accounts(self) -> list[Account]:
        """All of them, by name."""
        with self._transaction() as connection:
            rows = connection.execute(select(account).order_by(account.c.name)).all()
        return [Account(row.name, Role(row.role), row.party, row.closed_ns is not None) for row in rows]

    def set_password(self, name: str, password: str, told: Tell = _unsaid) -> None:
        """Another password; its sessions, access tokens and lock-outs end. Opens a closed account again.

        Raises:
            ValueError: there is no such account, or the password is too short.
        """
        with self._change(name, told, password_hash=hashed(password), closed_ns=None) as connection:
            guesses.forget(connection, name)

    def set_role(self, name: str, role: Role, party: str, told: Tell = _unsaid) -> None:
        """Another role or party; its sessions and access tokens end: they were given for the one before.

        Raises:
            ValueError: there is no such account, or a reviewer without a party.
        """
        _check_party(role, party)
        with self._change(name, told, role=str(role), party=party):
            pass

    def shut(self, name: str, told: Tell = _unsaid) -> None:
        """Close an account: its sessions and tokens end now. Raises ValueError: there is none."""
        with self._change(name, told, closed_ns=self._clock.now_ns()):
            pass

    @contextmanager
    def _change(self, name: str, told: Tell, **values: object) -> Iterator[Connection]:
        with self._transaction() as connection:
            if not connection.execute(update(account).where(account.c.name == name).values(**values)).rowcount:
                raise ValueError(f"there is no account {name!r}")
            connection.execute(delete(open_session).where(open_session.c.name == name))
            connection.execute(delete(access_token).where(access_token.c.name == name))
            yield connection
            told()

    # Sessions

    def sign_in(self, name: str, password: str, address: str) -> SignIn:
        """Try a password from an address."""
        now = self._clock.now_ns()
        with self._transaction() as connection:
            locked_ns = guesses.locked_until_ns(connection, name, address, now)
            row = connection.execute(
                select(account).where(account.c.name == name, account.c.closed_ns.is_(None))
            ).first()
        if locked_ns > now:
            return SignIn(None, locked_s=-((now - locked_ns) // NS_PER_S))
        if not matches(row.password_hash if row is not None else None, password) or row is None:
            with self._transaction() as connection:
                locked = guesses.count_wrong(connection, name, address, now)
            return SignIn(None, locked_s=guesses.LOCKED_NS // NS_PER_S if locked else 0, just_locked=locked)
        token = secrets.token_urlsafe(32)
        with self._transaction() as connection:
            guesses.forgive(connection, name, address)
            sessions.begin(connection, _sha256(token), name, now, self.idle)
        return SignIn(Account(row.name, Role(row.role), row.party), token)

    def of_session(self, token: str, *, attended: bool = True) -> Account | None:
        """Whose session it is; None if it is nobody's, over, or its account was closed.

        attended: somebody is there, so that it does not end for being idle; False where a page asks by itself.
        """
        found = self._of(open_session, token)
        if found is None or self._clock.now_ns() >= found[1].idle_ns:
            return None
        if attended:
            with self._transaction() as connection:
                sessions.attended(connection, _sha256(token), self._clock.now_ns(), self.idle)
        return found[0]

    def sign_out(self, token: str) -> None:
        """End a session."""
        with self._transaction() as connection:
            connection.execute(delete(open_session).where(open_session.c.token_sha256 == _sha256(token)))

    # Access tokens

    def make_token(self, name: str, scopes: Iterable[Permission], days: int, told: Tell = _unsaid) -> str:
        """An access token for programs; shown once, kept as its hash.

        Raises:
            ValueError: no such account, a scope its role does not have, or days out of 1 to 366.
        """
        wanted = frozenset(scopes)
        known = next((one for one in self.accounts() if one.name == name and not one.closed), None)
        if known is None:
            raise ValueError(f"there is no account {name!r}")
        if not wanted or not wanted <= PERMISSIONS[known.role]:
            allowed = ", ".join(sorted(PERMISSIONS[known.role]))
            raise ValueError(f"scopes {', '.join(sorted(wanted)) or 'none'}: a {known.role} may have {allowed}")
        if not 1 <= days <= 366:
            raise ValueError(f"days {days}: allowed are 1 to 366")
        token = "tw_" + secrets.token_urlsafe(32)
        until_ns = self._clock.now_ns() + days * 86_400 * NS_PER_S
        with self._transaction() as connection:
            access_tokens.keep(connection, _sha256(token), name, wanted, until_ns)
            told()
        return token

    def tokens(self) -> dict[str, list[AccessToken]]:
        """Access tokens of each account that are good."""
        with self._transaction() as connection:
            return access_tokens.good(connection, self._clock.now_ns())

    def end_token(self, name: str, key: str, told: Tell = _unsaid) -> None:
        """End one access token of an account. Raises ValueError: it has none of this key."""
        with self._transaction() as connection:
            if not access_tokens.end(connection, name, key):
                raise ValueError(f"account {name!r} has no access token {key!r}")
            told()

    def of_token(self, token: str) -> tuple[Account, frozenset[Permission]] | None:
        """Whose access token it is, and for what; None if it is nobody's, over, or its account was closed."""
        found = self._of(access_token, token)
        if found is None:
            return None
        known, row = found
        return known, PERMISSIONS[known.role] & {Permission(scope) for scope in row.scopes.split()}

    # What a person likes

    def language(self, name: str) -> str:
        """The language that a person chose; empty if none."""
        with self._transaction() as connection:
            return connection.execute(select(spoken.c.language).where(spoken.c.name == name)).scalar() or ""

    def set_language(self, name: str, language: str) -> None:
        """Choose it."""
        with self._transaction() as connection:
            connection.execute(delete(spoken).where(spoken.c.name == name))
            connection.execute(insert(spoken), {"name": name, "language": language})

    def views(self, name: str) -> list[View]:
        """The searches that a person keeps, by title."""
        with self._transaction() as connection:
            return saved_views.views_of(connection, name)

    def keep_view(self, name: str, view: View) -> None:
        """Keep a search; one of the same title is replaced. Raises ValueError: there are too many."""
        with self._transaction() as connection:
            saved_views.keep(connection, name, view)

    def drop_view(self, name: str, title: str) -> bool:
        """Forget one; whether it was there."""
        with self._transaction() as connection:
            return saved_views.drop(connection, name, title)

    def _of(self, table: Table, token: str) -> tuple[Account, Row[Any]] | None:
        query = select(table, account.c.role, account.c.party).join_from(
            table, account, and_(table.c.name == account.c.name, account.c.closed_ns.is_(None))
        )
        current = and_(table.c.token_sha256 == _sha256(token), table.c.until_ns > self._clock.now_ns())
        with self._transaction() as connection:
            row = connection.execute(query.where(current)).first()
        return (Account(row.name, Role(row.role), row.party), row) if row is not None else None

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._busy, log_errors(self.path), self._connection.begin():
            yield self._connection


def _check_party(role: Role, party: str) -> None:
    if (role is Role.REVIEWER) != (party in PARTIES) or (party and party not in PARTIES):
        raise ValueError(f"party {party!r}: a reviewer has one of {', '.join(PARTIES)}; nobody else has one")


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _make_or_check(path: Path) -> None:
    """The console and `trucewatch user add` may both be the first: who comes second waits until the file is marked."""
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] and _marks(connection) == [0, 0]:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
        found = _marks(connection)
    if found != [APPLICATION_ID, VERSION]:
        raise LogError(f"{path}: is not a file of accounts of this version")


def _marks(connection: sqlite3.Connection) -> list[int]:
    return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
