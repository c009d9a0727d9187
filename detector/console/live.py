"""What a running centre shows of itself: the small files in DIR/live (docs/live.md). They are no evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

STALE_NS = 5_000_000_000
"""A file older than this: its process hangs or is gone."""

_MOST_BYTES = 8 * 1024 * 1024
_FEED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def live_of(folder: Path, feed: str) -> tuple[dict[str, Any], bytes] | None:
    """What a feed says of itself, and its newest picture (JPEG, or nothing); None if it is not running."""
    if not _FEED.fullmatch(feed):
        return None
    content = _read(folder / "live" / f"{feed}.live")
    head, _, picture = content.partition(b"\n")
    said = _object(head)
    return (said, picture if picture.startswith(b"\xff\xd8") else b"") if said is not None else None


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


def live_feeds(folder: Path) -> list[str]:
    """Feeds that a centre runs, or ran."""
    return sorted(path.name.removesuffix(".live") for path in (folder / "live").glob("*.live"))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return b""  # none is running


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and said.get("version") == 1 else None
