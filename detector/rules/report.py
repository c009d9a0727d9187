"""Entries for the log, rounded as the records say, in a monitor's neutral words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detector.config.agreement_map import Shape
from detector.model import Place, Scene, State, Undecided, Violation
from detector.rules.contract import RuleContext

_WINDS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")


@dataclass(frozen=True, slots=True)
class Peak:
    """The clearest moment so far."""

    strength: float
    confidence: float
    t_ns: int
    place: Place
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reporter:
    """Stamps entries with what they all have in common."""

    kind: str
    context: RuleContext

    def violation(
        self,
        *,
        observation: str,
        subject: str,
        state: State,
        t_start_ns: int,
        t_end_ns: int,
        peak: Peak,
        track_ids: Iterable[int] = (),
        count: int = 1,
        zone: Shape | None = None,
        measures: Mapping[str, float] | None = None,
    ) -> Violation:
        """One state of one incident. An incident of a single frame lasts one nanosecond: times are half-open."""
        context = self.context
        return Violation(
            rule_id=context.rule_id,
            rule_kind=self.kind,
            source_id=context.source_id,
            observation=observation,
            subject=subject,
            state=state,
            t_start_ns=t_start_ns,
            t_end_ns=max(t_end_ns, t_start_ns + 1),
            t_peak_ns=peak.t_ns,
            count=count,
            place=peak.place,
            means=context.means,
            confidence=rounded(peak.confidence, 3),
            track_ids=tuple(sorted(track_ids)),
            zone_id=None if zone is None else zone.shape_id,
            measures={name: rounded(value, 3) for name, value in (measures or {}).items()},
            config_sha256=context.config_sha256,
            software=context.software,
            run_id=context.run_id,
        )

    def undecided(self, *, subject: str, t_start_ns: int, t_end_ns: int, place: Place, reason: str) -> Undecided:
        """What could not be told, and why."""
        context = self.context
        return Undecided(
            context.rule_id,
            self.kind,
            context.source_id,
            subject,
            t_start_ns,
            max(t_end_ns, t_start_ns + 1),
            place,
            reason,
            context.run_id,
        )


def rounded(value: float, digits: int) -> float:
    """Rounded, without the minus zero that would be another text in the log."""
    return round(float(value), digits) + 0.0


def place_of_track(scene: Scene, row: int) -> Place:
    """Where the track of this row is."""
    fixes, (x_px, y_px) = scene.fixes, scene.tracks.xy_px[row].tolist()
    return _place(
        float(fixes.lat_deg[row]), float(fixes.lon_deg[row]), fixes.covariance_m2[row].ravel().tolist(), x_px, y_px
    )


def place_of_detection(scene: Scene, row: int) -> Place:
    """Where the detection of this row is."""
    fixes, box = scene.detection_fixes, scene.detections.xyxy_px[row].tolist()
    x_px, y_px = (box[0] + box[2] - 1) / 2, (box[1] + box[3] - 1) / 2
    return _place(
        float(fixes.lat_deg[row]), float(fixes.lon_deg[row]), fixes.covariance_m2[row].ravel().tolist(), x_px, y_px
    )


def place_on_map(lat_deg: float, lon_deg: float, covariance_m2: list[float]) -> Place:
    """A place that no picture shows. covariance_m2: east-east, east-north, north-east, north-north."""
    return _place(lat_deg, lon_deg, covariance_m2, math.nan, math.nan)


def probability_beyond(margin_sigma: float) -> float:
    """Probability that a Gaussian lies on its mean's side of a straight border `margin_sigma` away; NaN gives 0.5."""
    return 0.5 if math.isnan(margin_sigma) else 0.5 * math.erfc(-margin_sigma / math.sqrt(2.0))


def probabilities_beyond(margin_sigma: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same of several. shape (K,)"""
    return np.array([probability_beyond(one) for one in margin_sigma.tolist()])  # np.vectorize takes twice as long


def compass_bound(east: float, north: float) -> str:
    """Direction of travel on the wind rose of eight: "southbound", "north-eastbound"."""
    return _WINDS[round(math.degrees(math.atan2(east, north)) / 45.0) % 8] + "bound"


def _place(lat_deg: float, lon_deg: float, covariance: list[float], x_px: float, y_px: float) -> Place:
    on_ground = math.isfinite(lat_deg) and math.isfinite(lon_deg)
    known = on_ground and all(map(math.isfinite, covariance))
    return Place(
        rounded(lat_deg, 7) if on_ground else None,
        rounded(lon_deg, 7) if on_ground else None,
        (rounded(covariance[0], 2), rounded(covariance[1], 2), rounded(covariance[3], 2)) if known else None,
        (rounded(x_px, 1), rounded(y_px, 1)) if math.isfinite(x_px) and math.isfinite(y_px) else None,
    )
