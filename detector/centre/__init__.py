"""Many live feeds: one process each, kept running; one log; nothing watched unrecorded."""

from __future__ import annotations

from detector.centre.centre import Centre

__all__ = ["Centre"]
