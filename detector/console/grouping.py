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


class SaidSinceError(LookupError):
    """Somebody else has joined or split the same since: their word stands over it."""


def taken_back(one: LoggedViolation, find: Find, party: str, reviewer: str, t_ns: int) -> Joined | Split:
    """The entry that undoes the newest joining or splitting of this person about `one`, as far as it still holds.

    What they have taken back already is passed over: it goes back, never forth.

    Raises:
        SaidSinceError: somebody else has joined or split any of the same since.
        LookupError: the person has said none that is not taken back, or nothing of it holds any more.
    """
    newest = _standing(one, party, reviewer)
    if newest is None:
        raise LookupError(f"{reviewer} of party {party} has joined or split nothing here that is not taken back")
    since = one.groupings[one.groupings.index(newest) + 1 :]
    others_said = [entry for entry in since if (entry.party, entry.reviewer) != (party, reviewer)]
    if any(_named(entry) & _named(newest) for entry in others_said):
        raise SaidSinceError("somebody else has joined or split the same since")
    kept, *others = one.ids
    if isinstance(newest, Joined):
        apart = tuple(sorted(set(newest.joined).intersection(others)))
        if not apart:
            raise LookupError("what was joined is apart already")
        return Split(kept, apart, TAKEN_BACK, t_ns, party, reviewer, takes_back=True)
    # Only what stands by itself is taken in again: what was joined elsewhere since would pull that along.
    alone = [name for name in newest.apart if (found := find(name)) is not None and found.ids == (name,)]
    held = {witness.source_id for witness in one.witnesses}
    known = [witness for entry in one.groupings if isinstance(entry, Joined) for witness in entry.witnesses]
    back = {witness.source_id: witness for witness in known if witness.source_id in set(newest.witnesses) - held}
    joined = tuple(sorted(set(alone) - {kept}))
    if not joined and not back:
        raise LookupError("what was split belongs together already, or to others")
    witnesses = tuple(back[name] for name in sorted(back))
    return Joined(kept, joined, TAKEN_BACK, t_ns, witnesses, party=party, reviewer=reviewer, takes_back=True)


def _standing(one: LoggedViolation, party: str, reviewer: str) -> Joined | Split | None:
    """The newest of this person that they have not taken back."""
    said: list[Joined | Split] = []
    for entry in one.groupings:
        if (entry.party, entry.reviewer) != (party, reviewer):
            continue
        if not entry.takes_back:
            said.append(entry)
        elif said:
            said.pop()
    return said[-1] if said else None


def _named(entry: Joined | Split) -> set[str]:
    """The records and sources that a joining or splitting moves."""
    if isinstance(entry, Joined):
        return {*entry.joined, *(witness.source_id for witness in entry.witnesses)}
    return {*entry.apart, *entry.witnesses}
