"""Each entry's hash covers the one before it, so that nothing can be changed or taken out in between."""

from __future__ import annotations

import hashlib

GENESIS = "0" * 64
"""What stands for the hash before the first entry."""


def link(previous: str, body: str) -> str:
    """SHA-256, in 64 hex digits, of the previous entry's hash, a line feed, and the body; all as UTF-8."""
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()


def content_sha256(body: str) -> str:
    """SHA-256 of the body alone: what tells a repeated entry."""
    return hashlib.sha256(body.encode()).hexdigest()
