"""Sessions: how long they last, and that nobody sits there any more."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, update

from detector.console.accounts_schema import open_session
from detector.timebase import NS_PER_S

WHOLE_NS = 12 * 3600 * NS_PER_S
"""A session ends after a shift, whatever is done in it."""

_TOLD_EVERY_NS = 60 * NS_PER_S
"""That somebody is there is written down so often at most."""


@dataclass(frozen=True, slots=True)
class Idle:
    """How long nobody may be there. 5 minutes to WHOLE_NS, which is never.

    Raises:
        ValueError: out of these.
    """

    ns: int = 3600 * NS_PER_S

    def __post_init__(self) -> None:
        if not 300 * NS_PER_S <= self.ns <= WHOLE_NS:
            raise ValueError(f"idle time of {self.ns / 60e9:g} minutes: allowed are 5 to {WHOLE_NS // 60 // NS_PER_S}")


USUAL_IDLE = Idle()


def begin(connection: Connection, token_sha256: str, name: str, now_ns: int, idle: Idle) -> None:
    """A new one; those that are over are forgotten."""
    over = (open_session.c.until_ns <= now_ns) | (open_session.c.idle_ns <= now_ns)
    connection.execute(delete(open_session).where(over))
    row = {"token_sha256": token_sha256, "name": name, "until_ns": now_ns + WHOLE_NS, "idle_ns": now_ns + idle.ns}
    connection.execute(insert(open_session), row)


def attended(connection: Connection, token_sha256: str, now_ns: int, idle: Idle) -> None:
    """Somebody is there."""
    stale = open_session.c.idle_ns < now_ns + idle.ns - _TOLD_EVERY_NS
    own = (open_session.c.token_sha256 == token_sha256) & stale
    connection.execute(update(open_session).where(own).values(idle_ns=now_ns + idle.ns))
