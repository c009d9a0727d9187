"""What a person did with the log, other than to judge it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What was done. A verdict is an entry of its own kind and is not told twice."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    LOCKED_OUT = "locked_out"  # too many wrong passwords
    EVIDENCE = "evidence"  # evidence was sent to this person
    EXPORT = "export"
    CONFIGURATION = "configuration"
    ACCOUNT = "account"  # an account or an access token was made, changed or closed


@dataclass(frozen=True, slots=True)
class Audit:
    """One thing that one person did, at a time of the machine's own clock.

    user: account name; of what is done on the command line, "command line".
    party: the party the account belongs to; empty for the mission itself.
    subject: what it was done to: a violation's id, an account's name; empty where there is none.
    detail: the rest in words; never a password, a key or a token.
    """

    t_ns: int
    user: str
    party: str
    action: Action
    subject: str = ""
    detail: str = ""
