"""What is written to the log: a possible violation, and what could not be decided."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum


class Means(StrEnum):
    """How it was noticed."""

    CAMERA = "camera"
    UAV = "uav"
    ACOUSTIC = "acoustic"
    SEISMIC = "seismic"
    RADAR = "radar"
    TELEMETRY = "telemetry"


class State(StrEnum):
    """Life of an incident."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Place:
    """A place with its uncertainty, rounded so that it is the same text everywhere.

    lat_deg, lon_deg: to 1e-7 deg (1 cm); None where only the picture is known
    covariance_m2: east-east, east-north, north-north. [m2] to 0.01
    xy_px: in the picture. [px] to 0.1
    """

    lat_deg: float | None
    lon_deg: float | None
    covariance_m2: tuple[float, float, float] | None
    xy_px: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Violation:
    """A possible violation: one incident, however many frames it lasted. A person confirms or rejects it.

    observation: what an observer would say, in neutral words; never who did it, never a conclusion.
    subject: what tells this incident from another of the same rule at the same time ("track 12", "zone strip").
    t_start_ns, t_end_ns: half-open; t_end_ns is the time of the newest observation while OPEN.
    t_peak_ns: when it was clearest.
    count: how many movers, crossings or flashes it stands for.
    place: at the peak.
    track_ids: tracks that took part, ascending.
    confidence: probability that the rule's condition was met, given the stated uncertainties. [1] to 0.001
    measures: the quantities the rule judged by, with the unit in the name ("speed_m_s", "dwell_s").
    """

    rule_id: str
    rule_kind: str
    source_id: str
    observation: str
    subject: str
    state: State
    t_start_ns: int
    t_end_ns: int
    t_peak_ns: int
    count: int
    place: Place
    means: tuple[Means, ...]
    confidence: float
    track_ids: tuple[int, ...] = ()
    zone_id: str | None = None
    measures: dict[str, float] = field(default_factory=dict)
    config_sha256: str = ""
    software: str = ""
    run_id: str = ""

    @property
    def violation_id(self) -> str:
        """32 hex digits, the same while open, when closed and in every repetition of the same run."""
        identity = [self.run_id, self.rule_id, self.source_id, self.subject, self.t_start_ns]
        text = json.dumps(identity, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Undecided:
    """A rule met something that its uncertainty does not let it decide: logged as such, raises nothing."""

    rule_id: str
    rule_kind: str
    source_id: str
    subject: str
    t_start_ns: int
    t_end_ns: int
    place: Place
    reason: str
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file kept for a violation. `path` is relative to the evidence folder, with forward slashes."""

    role: str
    path: str
    sha256: str
    bytes: int
