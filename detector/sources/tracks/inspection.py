"""What a table of aircraft positions holds, and whether it is good enough."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from detector.model import Gap, Series
from detector.sources.tracks.recorded import RecordedTracks
from detector.timebase import NS_PER_S, iso_from_ns

_POOR_M = 1000.0
_SPARSE_S = 30.0


@dataclass(slots=True)
class TrackReport:
    """One aircraft. interval_s: median time between positions; None of a single one. Heights: None where not known."""

    aircraft: str
    positions: int
    start: str
    end: str
    interval_s: float | None
    lowest_m: float | None
    highest_m: float | None
    sigma_pos_m: float


@dataclass(slots=True)
class TracksInspection:
    """Everything that `trucewatch inspect` shows of a table of positions. why_not: reasons not to rely on it.

    passed_over: columns that nothing was made of.
    """

    media: str
    tracks: list[TrackReport]
    gaps: list[Gap]
    positions: int
    complete: bool
    detail: str
    start: str
    duration_s: float
    counters: dict[str, int]
    passed_over: list[str] = field(default_factory=list)
    why_not: list[str] = field(default_factory=list)


def read_tracks(path: Path, source_id: str = "aircraft", *, assume_utc: bool = False) -> TracksInspection:
    """Read all of a table of positions.

    Raises:
        SourceError: it cannot be read at all.
    """
    source = RecordedTracks(path, source_id, assume_utc=assume_utc)
    pieces: dict[str, list[Series]] = {}
    gaps: list[Gap] = []
    for item in source:
        if isinstance(item, Gap):
            gaps.append(item)
        else:
            pieces.setdefault(item.source_id.partition("/")[2], []).append(item)
    end = source.end
    if end is None:
        raise RuntimeError(f"{path}: the reader did not end")  # cannot happen: it was exhausted
    tracks = [_track(name, blocks) for name, blocks in sorted(pieces.items())]
    gaps.sort(key=lambda gap: (gap.t_start_ns, gap.reason, gap.detail))
    report = TracksInspection(
        str(path), tracks, gaps, end.samples, end.complete, end.detail, iso_from_ns(end.t_start_ns),
        (end.t_end_ns - end.t_start_ns) / NS_PER_S, end.counters, list(end.passed_over),
    )  # fmt: skip
    report.why_not = _why_not(report)
    return report


def _track(name: str, blocks: list[Series]) -> TrackReport:
    t_ns, values = np.concatenate([one.t_ns for one in blocks]), np.concatenate([one.values for one in blocks])
    height = values[:, 2][np.isfinite(values[:, 2])]
    return TrackReport(
        name,
        len(t_ns),
        iso_from_ns(int(t_ns[0]), 3),
        iso_from_ns(int(t_ns[-1]), 3),
        float(np.median(np.diff(t_ns))) / NS_PER_S if len(t_ns) > 1 else None,
        float(height.min()) if len(height) else None,
        float(height.max()) if len(height) else None,
        float(np.median(values[:, 3])),
    )


def _why_not(report: TracksInspection) -> list[str]:
    reasons = []
    untold = report.counters.get("without_quality", 0)
    if untold:
        reasons.append(
            f"{min(untold, report.positions)} of {report.positions} positions do not tell their quality: "
            "it is assumed (sigma_pos_m)"
        )
    poor = {
        "tell no height: no floor or ceiling can be decided": [one.lowest_m is None for one in report.tracks],
        "are more than 1 km uncertain": [one.sigma_pos_m > _POOR_M for one in report.tracks],
        "are heard less than every 30 s: they are not joined": [
            (one.interval_s or 0.0) > _SPARSE_S for one in report.tracks
        ],
    }
    reasons += [f"{sum(which)} of {len(which)} aircraft {what}" for what, which in poor.items() if any(which)]
    if not report.complete:
        reasons.append("it could not be read to its end")
    return reasons
