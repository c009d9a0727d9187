"""What every request of the console works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from starlette.requests import HTTPConnection

from detector.config import load_outline
from detector.console.accounts import Accounts
from detector.console.agreement import Agreement
from detector.console.counts import Counts
from detector.console.languages import Languages
from detector.console.lately import LatelyBook
from detector.console.logbook import LogBook
from detector.console.rate import RateLimit
from detector.console.versions import Check
from detector.model import Action, Audit
from detector.timebase import Clock


@dataclass(frozen=True, slots=True)
class Desk:
    """The log, the agreement, the accounts, and the limits.

    counts, lately: what follows from the log, kept as it grows.
    check: reads a new version of the configuration whole before it is kept.
    sent: (session or name, violation) of evidence that was sent already: told once in the log, not for each picture.
    sending: held while that is looked up and told: a page asks for its clip and its pictures at once.
    """

    book: LogBook
    agreement: Agreement
    accounts: Accounts
    clock: Clock
    counts: Counts
    lately: LatelyBook
    languages: Languages = field(default_factory=Languages)
    requests: RateLimit = field(default_factory=lambda: RateLimit(per_s=100, burst=500))
    sign_ins: RateLimit = field(default_factory=lambda: RateLimit(per_s=0.5, burst=20))
    check: Check = load_outline
    sent: set[tuple[str, str]] = field(default_factory=set)
    sending: Lock = field(default_factory=Lock)

    def note(self, user: str, party: str, action: Action, subject: str = "", detail: str = "") -> None:
        """Append to the log what somebody did. Raises LogError: it could not be, and then it may not be done."""
        self.book.add_audit(Audit(self.clock.now_ns(), user, party, action, subject, detail))

    def close(self) -> None:
        """Closing twice is harmless."""
        self.book.close()
        self.accounts.close()


def desk_of(connection: HTTPConnection) -> Desk:
    """The desk that the application was made with."""
    desk: Desk = connection.app.state.desk
    return desk
