"""Wrong passwords, counted: who guesses has to wait."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from detector.console.accounts_schema import wrong_password
from detector.timebase import NS_PER_S

LOCKED_NS = 15 * 60 * NS_PER_S
WRONG_FOR_NAME, WRONG_FOR_ADDRESS = 5, 30
"""So many wrong passwords from one address, for one account and over all, and it has to wait.

By address too: else whoever knows a name could keep its owner out.
"""


def locked_until_ns(connection: Connection, name: str, address: str, now_ns: int) -> int:
    """Until when this address may not try this name; 0 if it may. What is long past is forgotten."""
    connection.execute(delete(wrong_password).where(wrong_password.c.until_ns <= now_ns))
    locked = 0
    for key, most in _keys(name, address).items():
        row = connection.execute(select(wrong_password).where(wrong_password.c.key == key)).first()
        if row is not None and row.tries >= most:
            locked = max(locked, int(row.until_ns))
    return locked


def count_wrong(connection: Connection, name: str, address: str, now_ns: int) -> bool:
    """Count a wrong password; True if it is the one too many."""
    too_many = False
    until_ns = now_ns + LOCKED_NS
    for key, most in _keys(name, address).items():
        added = insert(wrong_password).values(key=key, tries=1, until_ns=until_ns)
        more = {"tries": wrong_password.c.tries + 1, "until_ns": until_ns}
        counted = added.on_conflict_do_update(index_elements=["key"], set_=more).returning(wrong_password.c.tries)
        too_many = too_many or connection.execute(counted).scalar_one() == most
    return too_many


def forgive(connection: Connection, name: str, address: str) -> None:
    """The right password was given: this name's wrong ones no longer count, the address's do."""
    connection.execute(delete(wrong_password).where(wrong_password.c.key == next(iter(_keys(name, address)))))


def forget(connection: Connection, name: str) -> None:
    """Another password was set: wrong ones for this name, from wherever they came, no longer count."""
    connection.execute(delete(wrong_password).where(wrong_password.c.key.startswith(f"{name}@", autoescape=True)))


def _keys(name: str, address: str) -> dict[str, int]:
    return {f"{name[:64]}@{address}": WRONG_FOR_NAME, f"@{address}": WRONG_FOR_ADDRESS}
