"""What a rule is, what it is told, and what every rule's settings have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.association import Carrier, Noticed
from detector.config.agreement_map import AgreementMap, Shape
from detector.model import (
    CameraPose,
    CoverageSlot,
    Gap,
    Incident,
    Joined,
    Means,
    Scene,
    Series,
    Triggers,
    Undecided,
    Violation,
)


def _no_ground(_pose: CameraPose | None, _size_px: tuple[int, int]) -> NDArray[np.float64] | None:
    return None


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a rule is told once: its own name, the feed it judges, the map, and what its entries are stamped with.

    time_zone: IANA name; the hours of a curfew are in it.
    ground_in_view: outline of the ground that a picture shows, as Locator.footprint gives it.
    origin: longitude and latitude of the zero of the sensors' plane; None where it is on no map. [deg]
    carrier: what carries waves to the sensors; None where their places are not known.
    """

    rule_id: str
    source_id: str
    map: AgreementMap
    config_sha256: str = ""
    software: str = ""
    run_id: str = ""
    means: tuple[Means, ...] = (Means.UAV,)
    time_zone: str = "UTC"
    ground_in_view: Callable[[CameraPose | None, tuple[int, int]], NDArray[np.float64] | None] = _no_ground
    origin: tuple[float, float] | None = None
    carrier: Carrier | None = None


class Rule(Protocol):
    """One event that the agreement forbids, judged for one feed.

    Its nested model `Config` is schema and documentation of its settings.
    The constructor raises ValueError, naming what is allowed, if the settings do not fit the map.
    """

    config: Any
    context: RuleContext

    def __init__(self, config: Any, context: RuleContext) -> None: ...

    @property
    def needs_ground(self) -> bool:
        """Whether nothing can be judged without a camera pose."""
        ...

    @property
    def opens_within_s(self) -> float:
        """How long after its start an incident opens, as a rule: so much of the recording is held for its clip. [s]"""
        ...

    def judge(self, scene: Scene) -> Iterator[Violation | Undecided | Noticed | Joined]:
        """Look at one judged frame.

        Yields:
            A Violation, OPEN, once when an incident begins; the same one, CLOSED, once when it has ended, which may
            be up to `cooldown_s` later; an Undecided once per mover and stretch when the stretch is over. A rule on
            what is so short that other means may place it too, a Noticed for each moment, after what it opened. A
            Joined after what goes on with one that a gap had closed.
        """
        ...

    def finish(self, t_ns: int) -> Iterator[Violation | Undecided | Joined]:
        """Close what is open: the feed has ended at `t_ns`. The rule may then be used for another recording."""
        ...


class HeardRule(Protocol):
    """One event that the agreement forbids, judged for one network of sensors."""

    hears: ClassVar[frozenset[str]]
    """Kinds of incidents that concern it; it is told no others."""

    config: Any
    context: RuleContext

    def __init__(self, config: Any, context: RuleContext) -> None: ...

    def hear(self, incident: Incident) -> Iterator[Violation | Undecided | Noticed]:
        """Judge one incident. What it begins is OPEN at once; what it is counted in, or left undecided, is Noticed."""
        ...

    def pass_time(self, t_ns: int) -> Iterator[Violation | Undecided]:
        """No incident before this time is to come: close what has ended."""
        ...

    def finish(self) -> Iterator[Violation | Undecided]:
        """Close what is open: the streams have ended."""
        ...


class PlatformRule(Protocol):
    """One trouble of a vehicle of the mission's own, judged for one feed or one telemetry file."""

    config: Any
    context: RuleContext

    def __init__(self, config: Any, context: RuleContext) -> None: ...

    def observe(self, series: Series) -> None:
        """Telemetry, in the order of time, each block before its signs are heard."""
        ...

    def hear(self, triggers: Triggers) -> Iterator[Violation | Undecided]:
        """Judge signs of the platform detector. What they begin is OPEN at once."""
        ...

    def pass_time(self, t_ns: int) -> Iterator[Violation | Undecided]:
        """Every sign that began before this time has been heard: close what has ended."""
        ...

    def finish(self) -> Iterator[Violation | Undecided]:
        """Close what is open: the telemetry has ended."""
        ...


class AirRule(Protocol):
    """One event that the agreement forbids in the air, judged for one source of tracks."""

    config: Any
    context: RuleContext

    def __init__(self, config: Any, context: RuleContext) -> None: ...

    def judge(self, series: Series) -> Iterator[Violation | Undecided]:
        """Take positions of one aircraft (`sources.tracks.TRACK_CHANNELS`), each aircraft's in the order of time."""
        ...

    def pass_time(self, t_ns: int) -> Iterator[Violation | Undecided]:
        """Every position before this time has been given: close what has ended."""
        ...

    def finish(self) -> Iterator[Violation | Undecided]:
        """Close what is open: the tracks have ended."""
        ...


class GapRule(Protocol):
    """One trouble that gaps tell, judged for one source of whatever kind."""

    config: Any
    context: RuleContext

    def __init__(self, config: Any, context: RuleContext) -> None: ...

    def miss(self, gap: Gap) -> Iterator[Violation | Undecided]:
        """Judge a gap, in any order of time."""
        ...

    def seen(self, slot: CoverageSlot) -> Iterator[Violation | Undecided]:
        """A stretch of the coverage ledger: close what ended before it."""
        ...

    def finish(self) -> Iterator[Violation | Undecided]:
        """Close what is open: the source has ended."""
        ...


class Settings(BaseModel):
    """Settings that every rule on pictures has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cooldown_s: float = Field(
        10.0,
        ge=0,
        le=86_400,
        description="An incident is over when nothing of it has been seen for this long; until then whatever shows "
        "again at its place belongs to it, and it raises nothing new [s].",
    )
    same_place_m: float = Field(
        25.0,
        gt=0,
        le=10_000,
        description="A mover that was lost and shows again within this distance of where it was, or of where it was "
        "to be expected, is the same mover [m].",
    )
    same_place_px: float = Field(60.0, gt=0, le=10_000, description="The same for shapes drawn in pixels [px].")
    max_gap_s: float = Field(
        2.0,
        gt=0,
        le=3600,
        description="Frames further apart than this are not joined: what is open is closed, as when the picture "
        "could not be judged [s].",
    )


class MoverSettings(Settings):
    """Settings of rules that follow movers."""

    min_hits: int = Field(
        3,
        ge=1,
        le=1000,
        description="So many fixes in a row have to show it decidedly before it counts, and so many to show "
        "decidedly the opposite before it ceases to count: a single fix is noisy [fixes].",
    )


Zones = tuple[str, ...]
ZONES_FIELD: Any = Field(
    min_length=1, description='Zones of the map, by id; a shape in "frame": "pixels" is judged on its own feed only.'
)
OPTIONAL_ZONES_FIELD: Any = Field((), description="Zones of the map, by id; without any, everywhere in view.")


def chosen_shapes(ids: Sequence[str], context: RuleContext, what: str = "zone") -> list[Shape]:
    """The zones (or lines) with these ids that concern the context's feed.

    Raises:
        ValueError: an id that is not on the map.
    """
    known = context.map.zones if what == "zone" else context.map.lines
    missing = [shape_id for shape_id in ids if shape_id not in known]
    if missing:
        allowed = ", ".join(known) or "none: the map has no such shapes"
        raise ValueError(
            f"rule {context.rule_id!r}: there is no {what} {missing[0]!r} on the map; allowed are {allowed}"
        )
    return [known[shape_id] for shape_id in dict.fromkeys(ids) if known[shape_id].feed in (None, context.source_id)]
