"""The files in DIR/live that say what a running centre is doing: written whole, read without a lock (docs/live.md).

Nothing here but the standard library: whoever shows them needs no part of the pipeline.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

FOLDER = "live"
VERSION = 1
_CENTRE = "centre.json"
_SUFFIX = ".live"
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MOST_BYTES = 8 * 1024 * 1024
_JPEG = b"\xff\xd8"


def write_live(out: Path, source_id: str, status: dict[str, Any], jpeg: bytes = b"") -> None:
    """What one feed is doing, with the picture that `status` is about. Raises OSError."""
    head = json.dumps(status, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    _replace(out / FOLDER / f"{source_id}{_SUFFIX}", head + b"\n" + jpeg)


def live_sources(out: Path) -> list[str]:
    """Names of those that a centre runs, or ran."""
    return sorted(path.name.removesuffix(_SUFFIX) for path in (out / FOLDER).glob(f"*{_SUFFIX}"))


def forget_live(out: Path, source_id: str) -> None:
    """It is no longer watched."""
    (out / FOLDER / f"{source_id}{_SUFFIX}").unlink(missing_ok=True)


def read_live(out: Path, source_id: str) -> tuple[dict[str, Any], bytes] | None:
    """The newest status of a feed and its JPEG (empty: none); None if there is none, whatever the name says."""
    if not _SOURCE.fullmatch(source_id):
        return None
    head, _, picture = _read(out / FOLDER / f"{source_id}{_SUFFIX}").partition(b"\n")
    said = _object(head)
    return None if said is None else (said, picture if picture.startswith(_JPEG) else b"")


def write_centre(out: Path, status: dict[str, Any]) -> None:
    """What the centre is doing. Raises OSError."""
    _replace(out / FOLDER / _CENTRE, json.dumps(status, ensure_ascii=False, allow_nan=False).encode())


def read_centre(out: Path) -> dict[str, Any] | None:
    """What the centre is doing; None if it has never run."""
    return _object(_read(out / FOLDER / _CENTRE))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return b""  # none has run


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and said.get("version") == VERSION else None


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(path)
