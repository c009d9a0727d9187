"""Access tokens of programs: what each may do, until when, and that one of them ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from detector.console.accounts_schema import access_token
from detector.console.roles import Permission

KEY_DIGITS = 8


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One that is good. key: the first digits of its SHA-256, by which people name it; the token itself is not kept."""

    key: str
    scopes: tuple[Permission, ...]
    until_ns: int


def keep(connection: Connection, token_sha256: str, name: str, scopes: Iterable[Permission], until_ns: int) -> None:
    """A new one of this account."""
    row = {"token_sha256": token_sha256, "name": name, "scopes": " ".join(sorted(scopes)), "until_ns": until_ns}
    connection.execute(insert(access_token), row)


def good(connection: Connection, now_ns: int) -> dict[str, list[AccessToken]]:
    """Those of each account that are good, the first to end first."""
    found: dict[str, list[AccessToken]] = {}
    query = select(access_token).where(access_token.c.until_ns > now_ns)
    for row in connection.execute(query.order_by(access_token.c.until_ns, access_token.c.token_sha256)):
        scopes = tuple(Permission(one) for one in row.scopes.split())
        found.setdefault(row.name, []).append(AccessToken(row.token_sha256[:KEY_DIGITS], scopes, row.until_ns))
    return found


def end(connection: Connection, name: str, key: str) -> bool:
    """End one of this account; whether it was there."""
    mine = (access_token.c.name == name) & (access_token.c.token_sha256.startswith(key, autoescape=True))
    return len(key) == KEY_DIGITS and bool(connection.execute(delete(access_token).where(mine)).rowcount)
