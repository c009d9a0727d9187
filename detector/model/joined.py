"""Which records of the log are one event, and which a person has taken apart again."""

from __future__ import annotations

from dataclasses import dataclass

from detector.model.violation import Means, Place


@dataclass(frozen=True, slots=True)
class Witness:
    """A source that noticed an event others have placed, in no possible violation of its own.

    t_ns: when it happened; where the source has no place for it, when it arrived there. [ns, UTC]
    """

    source_id: str
    means: Means
    t_ns: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Records that are one possible violation from here on. Nothing of them is changed or lost.

    violation_id: the one that stays.
    joined: those that are joined into it, ascending; whatever was joined into them comes with them.
    witnesses: sources that support it, ascending.
    reason: why, in one sentence; of a person, their note.
    t_ns: when the event happened; of a person, when they said it. [ns, UTC]
    t_sigma_s: standard deviation of the event's time. [s] None where a person joined them.
    means: of all that noticed the event; empty where a person joined them.
    place: of the event, from all of them together; None where a person joined them, and of what moves.
    misfit: chi-squared of what was compared. [1] None where a person joined them.
    party, reviewer: who joined them; both empty where the machine did.
    takes_back: it undoes a splitting of the same person.
    """

    violation_id: str
    joined: tuple[str, ...]
    reason: str
    t_ns: int
    witnesses: tuple[Witness, ...] = ()
    means: tuple[Means, ...] = ()
    place: Place | None = None
    t_sigma_s: float | None = None
    misfit: float | None = None
    party: str = ""
    reviewer: str = ""
    run_id: str = ""
    takes_back: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """A person's word that records do not belong to a possible violation that they were joined into.

    violation_id: the one they were joined into, or any other of its records.
    apart: ids of the records that stand by themselves again, ascending.
    witnesses: sources that do not support it, ascending.
    t_ns: when it was said. [ns, UTC]
    takes_back: it undoes a joining of the same person.
    """

    violation_id: str
    apart: tuple[str, ...]
    reason: str
    t_ns: int
    party: str
    reviewer: str
    witnesses: tuple[str, ...] = ()
    takes_back: bool = False
