"""The files in DIR/live that say what a running centre is doing: written whole, read without a lock (docs/live.md).

Nothing here but the standard library: whoever shows them needs no part of the pipeline.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FOLDER = "live"
VERSION = 1
_CENTRE = "centre.json"
_SUFFIX = ".live"


def write_live(out: Path, source_id: str, status: dict[str, Any], jpeg: bytes = b"") -> None:
    """What one feed is doing, with the picture that `status` is about. Raises OSError."""
    head = json.dumps(status, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    _replace(out / FOLDER / f"{source_id}{_SUFFIX}", head + b"\n" + jpeg)


def read_live(out: Path, source_id: str) -> tuple[dict[str, Any], bytes] | None:
    """The newest status of a feed and its JPEG (empty: none); None if it has never run. Raises OSError."""
    try:
        data = (out / FOLDER / f"{source_id}{_SUFFIX}").read_bytes()
    except FileNotFoundError:
        return None
    head, _, jpeg = data.partition(b"\n")
    return json.loads(head), jpeg


def write_centre(out: Path, status: dict[str, Any]) -> None:
    """What the centre is doing. Raises OSError."""
    _replace(out / FOLDER / _CENTRE, json.dumps(status, ensure_ascii=False, allow_nan=False).encode())


def read_centre(out: Path) -> dict[str, Any] | None:
    """What the centre is doing; None if it has never run. Raises OSError."""
    try:
        found: dict[str, Any] = json.loads((out / FOLDER / _CENTRE).read_bytes())
    except FileNotFoundError:
        return None
    return found


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(path)
