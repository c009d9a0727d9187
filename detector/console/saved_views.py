"""Questions of the search that a person keeps under a name."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from detector.console.accounts_schema import saved_view

MOST = 50
"""For one person."""


@dataclass(frozen=True, slots=True)
class View:
    """query: of the address of the page Search, as `finding.KEYS` has it."""

    title: str
    query: str


def views_of(connection: Connection, name: str) -> list[View]:
    """A person's, by title."""
    query = select(saved_view).where(saved_view.c.name == name).order_by(saved_view.c.title)
    return [View(row.title, row.query) for row in connection.execute(query)]


def keep(connection: Connection, name: str, view: View) -> None:
    """Keep it; one of the same title is replaced. Raises ValueError: there are too many."""
    drop(connection, name, view.title)
    count = connection.execute(select(func.count()).where(saved_view.c.name == name)).scalar_one()
    if count >= MOST:
        raise ValueError(f"{MOST} searches are kept already: drop one first")
    connection.execute(insert(saved_view), {"name": name, "title": view.title, "query": view.query})


def drop(connection: Connection, name: str, title: str) -> bool:
    """Forget it; whether it was there."""
    mine = (saved_view.c.name == name) & (saved_view.c.title == title)
    return bool(connection.execute(delete(saved_view).where(mine)).rowcount)
