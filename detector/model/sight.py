"""Whether a stage could see at all."""

from __future__ import annotations

from enum import StrEnum


class Sight(StrEnum):
    """Only an empty result while SEEING means "nothing there"."""

    SEEING = "seeing"
    WARMING_UP = "warming_up"
    BLIND = "blind"
