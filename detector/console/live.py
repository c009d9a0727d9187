"""How a feed of a running centre is, in one word and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

STALE_NS = 5_000_000_000
"""What a feed says of itself is older than this: its process hangs or is gone."""


class FeedState(NamedTuple):
    """state: live, frozen, ended or trouble. why: one sentence, empty while all is well."""

    state: str
    why: str


def state_of(said: Mapping[str, Any], now_ns: int) -> FeedState:
    """How a feed is, by what it says of itself and how long ago it said so."""
    state, written_ns = str(said.get("state")), said.get("written_ns")
    if state != "ended" and (not isinstance(written_ns, int) or now_ns - written_ns > STALE_NS):
        return FeedState("trouble", "nothing from its process for 5 s or more")
    known = {"running": "live", "frozen": "frozen", "ended": "ended"}
    return FeedState(known.get(state, "trouble"), str(said.get("state_why") or ""))
