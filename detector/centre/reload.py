"""What a new configuration means for each feed that runs."""

from __future__ import annotations

from enum import Enum
from typing import Any

from detector.config import Configuration, Feed, Source


class Change(Enum):
    """What is to be done with a feed."""

    NOTHING = "nothing"
    RULES = "rules"  # judge by others from the next picture on, without losing the connection
    RESTART = "restart"


def change_for(source_id: str, before: Configuration, after: Configuration) -> Change:
    """What the feed needs that is in both. A feed of which nothing has changed is not touched, nor is its hash."""
    old, new = watched(before)[source_id], watched(after)[source_id]
    if old != new or _watching(before) != _watching(after):
        return Change.RESTART
    if _judging(source_id, before) == _judging(source_id, after):
        return Change.NOTHING
    return Change.RULES if isinstance(new, Feed) else Change.RESTART


def watched(configuration: Configuration) -> dict[str, Source]:
    """All sources by their name."""
    return {one.id: one for one in configuration.settings.sources}


def _watching(configuration: Configuration) -> tuple[Any, ...]:
    """What a feed's process is built from once."""
    settings = configuration.settings
    stages = (configuration.registration, *configuration.detectors, configuration.tracking)
    return (
        [(part.kind, part.config) for part in stages],
        configuration.location,
        settings.evidence,
        settings.coverage,
        settings.live,
    )


def _judging(source_id: str, configuration: Configuration) -> tuple[Any, ...]:
    rules = [(part.part_id, part.kind, part.config) for part in configuration.rules if part.concerns(source_id)]
    return rules, configuration.map_sha256, configuration.settings.time_zone
