"""What a running centre shows of itself: the small files in DIR/live (docs/live.md). They are no evidence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

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
