"""What a sensor file holds, and whether it is good enough to be listened to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from detector.model import Gap, Series
from detector.sources.series.opening import FLIGHT_LOGS, open_series, series_kind
from detector.sources.series.station import KNOWN_KEYS
from detector.timebase import NS_PER_S, iso_from_ns


@dataclass(slots=True)
class ChannelReport:
    """One channel. rate_hz: None where sampling is irregular. position: lon, lat, height, or x, y, z; None: unknown.

    mean, rms (about the mean), lowest, highest: of the values, in their unit; None where there are none.
    """

    name: str
    unit: str
    rate_hz: float | None
    samples: int
    missing: int
    mean: float | None
    rms: float | None
    lowest: float | None
    highest: float | None
    position: tuple[float, ...] | None


@dataclass(slots=True)
class SeriesInspection:
    """Everything that `trucewatch inspect` shows of a sensor file. Times in s.

    clock_sigma_s: standard deviation of its clock, stated or assumed.
    passed_over: columns of a table without numbers.
    lost_s: time in gaps that are missing or damaged, of any channel, counted once.
    why_not: one sentence for each reason not to rely on it; empty: good enough.
    """

    media: str
    kind: str
    channels: list[ChannelReport] = field(default_factory=list)
    samples: int = 0
    complete: bool = True
    detail: str = ""
    start: str = ""
    duration_s: float = 0.0
    lost_s: float = 0.0
    clock_sigma_s: float = 0.0
    local: bool = False
    counters: dict[str, int] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    why_not: list[str] = field(default_factory=list)


class _Sums:
    """Of one channel, over its blocks. About its first value, so that a large offset loses no digits."""

    def __init__(self, series: Series, column: int) -> None:
        self.unit, self.interval_ns = series.units[column], series.interval_ns
        place = series.positions[column]
        self.position = None if np.isnan(place[:2]).any() else tuple(float(one) for one in place)
        self.samples = self.missing = 0
        self.base, self.sum, self.squares = 0.0, 0.0, 0.0
        self.lowest, self.highest = np.inf, -np.inf

    def add(self, values: np.ndarray[Any, np.dtype[np.float64]]) -> None:
        known = values[np.isfinite(values)]
        if len(known) and self.samples == self.missing:
            self.base = float(known[0])
        self.samples += len(values)
        self.missing += len(values) - len(known)
        if len(known):
            off = known - self.base
            self.sum, self.squares = self.sum + float(off.sum()), self.squares + float((off * off).sum())
            self.lowest, self.highest = min(self.lowest, float(known.min())), max(self.highest, float(known.max()))

    def report(self, name: str) -> ChannelReport:
        rate_hz = NS_PER_S / self.interval_ns if self.interval_ns else None
        count = self.samples - self.missing
        if not count:
            return ChannelReport(
                name, self.unit, rate_hz, self.samples, self.missing, None, None, None, None, self.position
            )
        mean = self.sum / count
        rms = max(self.squares / count - mean * mean, 0.0) ** 0.5
        return ChannelReport(
            name, self.unit, rate_hz, self.samples, self.missing, self.base + mean, rms,
            self.lowest, self.highest, self.position,
        )  # fmt: skip


def inspect_series(path: Path, *, assume_utc: bool = False) -> SeriesInspection:
    """Read all of a sensor file.

    Raises:
        SourceError: it cannot be read at all.
    """
    source = open_series(path, source_id=path.stem or "sensor", assume_utc=assume_utc)
    report = SeriesInspection(str(path), series_kind(path) or "")
    sums: dict[str, _Sums] = {}
    gaps: list[Gap] = []
    for item in source:
        if isinstance(item, Gap):
            gaps.append(item)
            continue
        report.local, report.clock_sigma_s = item.local, item.clock_sigma_ns / NS_PER_S
        for column, name in enumerate(item.channels):
            sums.setdefault(name, _Sums(item, column)).add(item.values[:, column])
    report.channels = [one.report(name) for name, one in sums.items()]
    end = source.end
    if end is not None:
        report.samples, report.complete, report.detail = end.samples, end.complete, end.detail
        report.counters, report.passed_over = end.counters, list(end.passed_over)
        report.start = iso_from_ns(end.t_start_ns)
        report.duration_s = (end.t_end_ns - end.t_start_ns) / NS_PER_S
    gaps.sort(key=lambda gap: gap.t_start_ns)
    report.gaps = [f"{gap.reason}: {iso_from_ns(gap.t_start_ns, 3)} {gap.detail}" for gap in gaps]
    report.lost_s = _covered_s([(gap.t_start_ns, gap.t_end_ns) for gap in gaps])
    report.why_not = _why_not(report)
    if source.station.unknown and (
        report.counters.get("no_start") or any(one.position is None for one in report.channels)
    ):
        known, unknown = ", ".join(sorted(KNOWN_KEYS)), ", ".join(source.station.unknown)
        report.why_not.append(f"the .json beside it has keys that mean nothing here: {unknown}; known are {known}")
    return report


def _covered_s(stretches: list[tuple[int, int]]) -> float:
    """Length of the union of stretches that are in the order of their starts. [s]"""
    total_ns, until_ns = 0, None
    for start_ns, end_ns in stretches:
        begin_ns = start_ns if until_ns is None else max(start_ns, until_ns)
        total_ns += max(end_ns - begin_ns, 0)
        until_ns = end_ns if until_ns is None else max(until_ns, end_ns)
    return total_ns / NS_PER_S


def _why_not(report: SeriesInspection) -> list[str]:
    found = Counter(report.counters)
    reasons = []
    if found["no_start"]:
        reasons.append("it carries no time: give its first sample's with --start, or `start` in a .json beside it")
    # A vehicle, or its flight log, tells where it is, and it is not listened to.
    places = {"lat_deg", "lat", "latitude"}
    moves = report.kind in FLIGHT_LOGS or bool(
        places & {one.name.lower().rpartition(".")[2] for one in report.channels}
    )
    if not moves and any(one.position is None for one in report.channels):
        reasons.append("where its sensor stands is not known: give `position` in a .json beside it")
    irregular = [one.name for one in report.channels if one.rate_hz is None and not moves]
    if irregular:
        reasons.append(f"irregular sampling, impulses cannot be looked for in {', '.join(irregular[:5])}")
    if report.samples and all(one.rms in {None, 0.0} for one in report.channels):
        reasons.append("no channel ever changes: the sensor may be deaf")
    if found["went_back"] or found["far_ahead"]:
        reasons.append("its clock jumps: see the gaps")
    if report.duration_s and report.lost_s > 0.1 * report.duration_s:
        reasons.append(f"{report.lost_s:.1f} of {report.duration_s:.1f} s are missing")
    if not report.complete:
        reasons.append("it could not be read to its end")
    return reasons
