"""One run of the software over some sources with one configuration."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaFile:
    """An input, by content: the same bytes under another name are the same input."""

    source_id: str
    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Run:
    """What was run over what. Its id follows from its content, so a repeated run is the same run."""

    config_sha256: str
    software: str
    media: tuple[MediaFile, ...]

    @property
    def run_id(self) -> str:
        """16 hex digits."""
        identity = [self.config_sha256, self.software, sorted([m.source_id, m.sha256] for m in self.media)]
        return hashlib.sha256(json.dumps(identity, separators=(",", ":")).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended for one source: COMPLETE, or where and why not.

    frames: how many were read: pictures; of a network of sensors, samples of all its channels, as `unit` says.
    """

    run_id: str
    source_id: str
    frames: int
    complete: bool
    t_start_ns: int
    t_end_ns: int
    detail: str = ""
    unit: str = "frames"
