"""How a feed of a running centre is, in one word and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from detector.console.words import N_

STALE_NS = 5_000_000_000
"""What a feed says of itself is older than this: its process hangs or is gone."""

SENTENCES: dict[str, str] = {
    "connecting": N_("not yet seen"),
    "reconnecting": N_("not seen any more; it is tried again and again"),
    "frozen": N_("the picture repeats"),
    "silent": N_("nothing is heard from its process"),
}
"""What it does while it is not live, for people; why in detail stays in English."""

_KNOWN = {"running": "live", "frozen": "frozen", "ended": "ended"}


class FeedState(NamedTuple):
    """state: live, frozen, ended or trouble. why: one sentence, empty while all is well.

    doing: which of SENTENCES says it for people; empty for none.
    since_ns: since when, by the centre's clock; None if that is not known.
    """

    state: str
    why: str
    doing: str = ""
    since_ns: int | None = None


def state_of(said: Mapping[str, Any], now_ns: int) -> FeedState:
    """How a feed is, by what it says of itself and how long ago it said so."""
    state, written_ns, since_ns = str(said.get("state")), said.get("written_ns"), said.get("since_ns")
    known = written_ns if isinstance(written_ns, int) else None
    if state != "ended" and (known is None or now_ns - known > STALE_NS):
        return FeedState("trouble", "nothing from its process for 5 s or more", "silent", known)
    doing = state if state in SENTENCES else ""
    since = since_ns if doing and isinstance(since_ns, int) else None
    return FeedState(_KNOWN.get(state, "trouble"), str(said.get("state_why") or ""), doing, since)
