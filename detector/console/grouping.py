"""What a person says belongs together or not: always a new entry, and its undoing is one more."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from detector.log import LoggedViolation
from detector.model import Joined, Split

Find = Callable[[str], LoggedViolation | None]
"""The possible violation with a record of this id."""

TAKEN_BACK = "taken back"


def joining(
    one: LoggedViolation, others: Iterable[str], find: Find, party: str, reviewer: str, note: str, t_ns: int
) -> Joined:
    """`one` stays, the others are joined into it with whatever was joined into them.

    Raises:
        ValueError: an id that the log does not have, or nothing that is not one with it already.
    """
    kept = one.violation.violation_id
    found: set[str] = set()
    for violation_id in others:
        other = find(violation_id)
        if other is None:
            raise ValueError(f"there is no possible violation {violation_id}")
        found.add(other.violation.violation_id)
    found.discard(kept)
    if not found:
        raise ValueError("name at least one other possible violation")
    return Joined(kept, tuple(sorted(found)), note, t_ns, party=party, reviewer=reviewer)


def splitting(
    one: LoggedViolation,
    apart: Iterable[str],
    witnesses: Iterable[str],
    party: str,
    reviewer: str,
    note: str,
    t_ns: int,
) -> Split:
    """Records and witnesses of `one` stand by themselves again.

    Raises:
        ValueError: nothing is named, or what is not part of it, or the record that stays.
    """
    kept, *others = one.ids
    taken, sources = sorted(set(apart)), sorted(set(witnesses))
    known = {witness.source_id for witness in one.witnesses}
    if not taken and not sources:
        raise ValueError("name at least one record or witness of it")
    if kept in taken:
        raise ValueError(f"{kept} is the record that stays: take the others out")
    strange = [name for name in taken if name not in others] + [name for name in sources if name not in known]
    if strange:
        raise ValueError(f"{', '.join(strange)}: not part of possible violation {kept}")
    return Split(kept, tuple(taken), note, t_ns, party, reviewer, tuple(sources))


def taken_back(one: LoggedViolation, find: Find, party: str, reviewer: str, t_ns: int) -> Joined | Split:
    """The entry that undoes the newest joining or splitting of this party about `one`, as far as it still holds.

    Raises:
        LookupError: the party has said none, or nothing of it holds any more.
    """
    newest = next((entry for entry in reversed(one.groupings) if entry.party == party), None)
    if newest is None:
        raise LookupError(f"party {party} has joined or split nothing here")
    kept, *others = one.ids
    if isinstance(newest, Joined):
        apart = tuple(sorted(set(newest.joined).intersection(others)))
        if not apart:
            raise LookupError("what was joined is apart already")
        return Split(kept, apart, TAKEN_BACK, t_ns, party, reviewer)
    # Only what stands by itself is taken in again: what was joined elsewhere since would pull that along.
    alone = [name for name in newest.apart if (found := find(name)) is not None and found.ids == (name,)]
    held = {witness.source_id for witness in one.witnesses}
    known = [witness for entry in one.groupings if isinstance(entry, Joined) for witness in entry.witnesses]
    back = {witness.source_id: witness for witness in known if witness.source_id in set(newest.witnesses) - held}
    joined = tuple(sorted(set(alone) - {kept}))
    if not joined and not back:
        raise LookupError("what was split belongs together already, or to others")
    witnesses = tuple(back[name] for name in sorted(back))
    return Joined(kept, joined, TAKEN_BACK, t_ns, witnesses, party=party, reviewer=reviewer)
