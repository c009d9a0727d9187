"""What passes between the centre and the process of one feed: entries and figures, never pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detector.config import Configuration, Source
from detector.feed import Entry


@dataclass(frozen=True, slots=True)
class Order:
    """What one process is to watch.

    watched_until_ns: until where the log knows this source; None: not at all.
    why_not_watched: why it was not watched since then, as the beginning of a sentence.
    """

    configuration: Configuration
    watched: Source
    out: Path
    run_id: str
    watched_until_ns: int | None
    why_not_watched: str = ""

    @property
    def source_id(self) -> str:
        """Its name in the log."""
        return self.watched.id


@dataclass(frozen=True, slots=True)
class Logged:
    """For the log, with the run it belongs to."""

    run_id: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Status:
    """What docs/live.md says of one feed, without what belongs to a picture."""

    members: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """The feed has come to its end. failure: what stopped it, empty if it was stopped or has ended."""

    failure: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """To a feed: close what is open, and end."""


@dataclass(frozen=True, slots=True)
class Amend:
    """To a feed: judge by these rules from the next picture on."""

    configuration: Configuration
    run_id: str


FromFeed = Logged | Status | Done
ToFeed = Stop | Amend
