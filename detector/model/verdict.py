"""What a person said about a possible violation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Decision(StrEnum):
    """A reviewer's finding."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNDETERMINED = "undetermined"
    EXERCISE = "exercise"
    WITHDRAWN = "withdrawn"  # an earlier word is taken back: the party has none again


@dataclass(frozen=True, slots=True)
class Verdict:
    """One reviewer's word, for one party (or the mission itself); several stand side by side.

    takes_back: nobody's new word: the party's last one is taken back, and what stood before it stands again.
    """

    violation_id: str
    party: str
    reviewer: str
    verdict: Decision
    note: str
    t_ns: int
    takes_back: bool = False
