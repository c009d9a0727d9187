"""What a feed is doing."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """As docs/live.md has it."""

    CONNECTING = "connecting"
    RUNNING = "running"
    RECONNECTING = "reconnecting"
    FROZEN = "frozen"
    ENDED = "ended"
