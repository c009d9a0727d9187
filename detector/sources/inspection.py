"""What a recording holds and whether it is good enough for rules on the ground."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import Any

import av
import numpy as np

from detector.addresses import local_file, masked
from detector.config import LiveSettings
from detector.errors import SourceError
from detector.geo.footprint import footprint
from detector.geo.terrain import Plane
from detector.klv import eg0104, st0102, st0601
from detector.klv.items import Value
from detector.model import Gap, GapReason, TimeFrom
from detector.sources.ground_verdict import MAX_RANGE_M, PoseWatch, centre_of, why_no_ground_rules
from detector.sources.images import ImageFolder
from detector.sources.klv_pose import name_of
from detector.sources.live import LiveVideo
from detector.sources.opening import open_source
from detector.sources.picture_motion import Offset, PictureMotion
from detector.sources.sidecar import find_sidecar
from detector.sources.source import PROGRESS_EVERY_FRAMES, OnProgress
from detector.sources.streams import streams_of, turned_deg, watched_of
from detector.sources.survey import Survey, sets_in, survey
from detector.sources.telemetry import Track
from detector.sources.video import VideoFile
from detector.timebase import NS_PER_S, iso_from_ns

_OUT_OF_STEP_S = 0.5
_FIRST_PICTURE_S = 10.0


@dataclass(slots=True)
class Inspection:
    """Everything that `trucewatch inspect` shows. Rates in 1/s, times in s; None or empty where there is none.

    offset_s: telemetry time stamp at the first picture minus the pictures' own clock; jitter_s: its scatter.
    telemetry_lag_s: median of (presentation time of a set - of the nearest picture).
    out_of_step_s: what to add to the telemetry's time so that it fits the picture's motion; None: not measurable, and
        out_of_step_why says why. out_of_step_confidence: correlation of both motions there. [1]
    footprint, centre: lon, lat of the first instant with ground in view; the centre is what the optical axis meets.
    corners: as the telemetry itself says.
    verdict: whether ground rules can work; why_not: one sentence a reason.
    """

    media: str
    kind: str
    streams: list[dict[str, Any]] = field(default_factory=list)
    frames: int = 0
    complete: bool = True
    detail: str = ""
    duration_s: float | None = None
    frame_rate: float | None = None
    constant_rate: bool | None = None
    time_from: str = ""
    start: str = ""
    telemetry: list[str] = field(default_factory=list)
    telemetry_sets: int = 0
    telemetry_beside: str = ""
    telemetry_rate: float | None = None
    offset_s: float | None = None
    jitter_s: float | None = None
    telemetry_lag_s: float | None = None
    out_of_step_s: float | None = None
    out_of_step_confidence: float = 0.0
    out_of_step_why: str = ""
    missing: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    unknown_tags: dict[str, int] = field(default_factory=dict)
    security: str = ""
    items: dict[str, Value] = field(default_factory=dict)
    corners: list[tuple[float, float]] = field(default_factory=list)
    centre: tuple[float, float] | None = None
    footprint: list[tuple[float, float]] = field(default_factory=list)
    poses: int = 0
    gaps: list[str] = field(default_factory=list)
    verdict: bool = False
    why_not: list[str] = field(default_factory=list)


def inspect_media(
    path: Path,
    *,
    telemetry: Path | None = None,
    hfov_deg: float | None = None,
    on_progress: OnProgress = lambda *_: None,
) -> Inspection:
    """Read all of a recording, a folder of pictures, or a file of KLV alone.

    Args:
        path: what to read.
        telemetry: .srt or .csv; default: the one of the same name beside it, if there is one.
        hfov_deg: horizontal angle of view where the telemetry does not tell it. [deg]
        on_progress: told from time to time the file's name, the frames so far, and how far they reach of what. [s]

    Raises:
        SourceError: it cannot be read at all.
    """
    if path.is_file() and path.suffix.lower() in {".bin", ".klv"}:
        return _klv_file(path)
    try:
        source = open_source(path, source_id=path.stem or "media", telemetry=telemetry, hfov_deg=hfov_deg)
    except SourceError:
        carried = _telemetry_alone(path) if path.is_file() else None
        if carried is not None:
            return carried
        if path.is_file() and _looks_like_klv(path):
            return _klv_file(path)
        raise
    if not isinstance(source, VideoFile | ImageFolder):
        raise SourceError(f"{path}: neither a video nor a folder of pictures")
    report = Inspection(str(path), "video" if isinstance(source, VideoFile) else "images")
    watch, motion = PoseWatch(), PictureMotion()
    times: list[int] = []
    for item in source:
        if isinstance(item, Gap):
            report.gaps.append(f"{item.reason}: {item.detail}")
            continue
        times.append(item.t_ns)
        report.time_from = str(item.time_from)
        watch.see(item)
        motion.see(item)
        if len(times) % PROGRESS_EVERY_FRAMES == 0:
            on_progress(path.name, len(times), source.elapsed_s(item.t_ns), source.duration_s)
    end = source.end
    if end is not None:
        report.frames, report.complete, report.detail = end.frames, end.complete, end.detail
        report.counters = dict(end.counters)
    report.duration_s, report.start = source.duration_s, iso_from_ns(times[0])
    _rate(report, times)
    if isinstance(source, VideoFile):
        report.streams = _streams(path)
        _telemetry(report, source.survey, source)
    _beside(report, telemetry if telemetry is not None else find_sidecar(path), source.track)
    report.poses = watch.poses
    _ground(report, watch)
    found = source.survey if isinstance(source, VideoFile) else None
    report.why_not = why_no_ground_rules(watch, source.track, found, report.counters)
    if any(gap.startswith(GapReason.CLOCK) for gap in report.gaps):
        report.why_not.append("its clock jumps, so poses may belong to other pictures: see the gaps")
    if watch.poses:
        _step(report, motion.offset(source.track))
    report.verdict = not report.why_not
    return report


def inspect_live(media: str, seconds: float, transport: str = "tcp", hfov_deg: float | None = None) -> Inspection:
    """Look at a live feed for so many seconds from its first picture on. Its clock and poses are as `run` has them.

    Raises:
        SourceError: no picture has come within `seconds` and 10 s. Without secrets.
    """
    with TemporaryDirectory() as spool:
        source = LiveVideo(media, "feed", LiveSettings(), spool=Path(spool), transport=transport, hfov_deg=hfov_deg)
        report = Inspection(masked(media), "live")
        watch = PoseWatch()
        times: list[int] = []
        timer = Timer(seconds + _FIRST_PICTURE_S, source.stop)
        timer.daemon = True
        timer.start()
        for item in source:
            if isinstance(item, Gap):
                if item.count:
                    report.gaps.append(f"{item.reason}: {item.detail}")
                continue
            report.streams = report.streams or source.streams
            times.append(item.t_ns)
            report.time_from = str(item.time_from)
            watch.see(item)
            if item.t_ns - times[0] >= seconds * NS_PER_S:
                source.stop()
        timer.cancel()
    if not times:
        raise SourceError(f"{report.media}: no picture within {seconds + _FIRST_PICTURE_S:g} s: {source.last_failure}")
    report.frames, report.start = watch.frames, iso_from_ns(times[0])
    report.duration_s = (times[-1] - times[0]) / NS_PER_S
    report.counters = {name: n for name, n in source.counters.items() if n}
    report.telemetry_sets, report.poses = report.counters.get("klv_sets", 0), watch.poses
    report.telemetry = ["MISB"] if report.telemetry_sets else []
    _rate(report, times)
    _ground(report, watch)
    report.why_not = why_no_ground_rules(watch, source.track, None, report.counters)
    report.verdict = not report.why_not
    return report


def _step(report: Inspection, found: Offset) -> None:
    report.out_of_step_s, report.out_of_step_confidence = found.seconds, found.confidence
    report.out_of_step_why = found.why_not
    if found.seconds is not None and abs(found.seconds) > _OUT_OF_STEP_S:
        report.why_not.append(
            f"the telemetry is {abs(found.seconds):.1f} s {'late' if found.seconds < 0 else 'early'} against the "
            f"picture's motion: set telemetry_offset_s: {found.seconds:.1f}"
        )


def _looks_like_klv(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return st0601.KEY in head or eg0104.KEY in head


def _telemetry_alone(path: Path) -> Inspection | None:
    """Of a container without pictures, as of a relay of telemetry; None: it has none, or is no container."""
    try:
        found = survey(path)
    except (av.error.FFmpegError, OSError):
        return None
    if found.video_packets or not found.sets:
        return None
    report = Inspection(str(path), "telemetry", counters={name: n for name, n in found.counters.items() if n})
    report.streams = _streams(path)
    _telemetry(report, found, None)
    if found.told:
        times = [t_ns for t_ns, _ in found.told]
        report.start, report.time_from = iso_from_ns(times[0]), str(TimeFrom.TELEMETRY)
        report.duration_s = (max(times) - min(times)) / NS_PER_S
    report.why_not.append("there is no picture in it: its streams hold telemetry only")
    return report


def _klv_file(path: Path) -> Inspection:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    found = sets_in(data)
    if not found.sets:
        raise SourceError(
            f"{path}: no ST 0601 or EG 0104 set in its {len(data)} bytes "
            f"({found.counters['klv_other_sets']} sets of other kinds)"
        )
    report = Inspection(str(path), "klv", counters={name: n for name, n in found.counters.items() if n})
    _telemetry(report, found, None)
    report.why_not.append("there is no picture in it")
    return report


def _streams(path: Path) -> list[dict[str, Any]]:
    """What the container holds; `turned_deg` where players turn the picture that is watched (as is never done here)."""
    with av.open(local_file(path), metadata_errors="replace") as container:
        shown, watched = streams_of(container), watched_of(container)
        by_deg = 0 if watched is None else turned_deg(container, watched)
        if by_deg:
            shown[watched.index]["turned_deg"] = by_deg
        return shown


def _rate(report: Inspection, times: list[int]) -> None:
    steps = np.diff(np.asarray(times, np.int64))
    gap_ns = max(NS_PER_S, int(10 * float(np.median(steps)))) if len(steps) else NS_PER_S
    steps = steps[steps <= gap_ns]
    if len(steps):
        report.frame_rate = round(1e9 * len(steps) / float(steps.sum()), 6)
        # Container clocks are as coarse as 1 ms (Matroska): less scatter than that is constant.
        report.constant_rate = bool(np.abs(steps - np.median(steps)).max() < 2_000_000)


def _telemetry(report: Inspection, found: Survey, source: VideoFile | None) -> None:
    report.telemetry = sorted({one.kind for one in found.sets})
    report.telemetry_sets = len(found.sets)
    report.telemetry_rate = _telemetry_rate(found)
    if found.line is not None and source is not None:
        report.offset_s, report.jitter_s = found.line.offset_ns / 1e9, found.line.jitter_s
    if source is not None and found.sets and found.video_pts_s[0]:
        shown = np.sort(np.asarray(found.video_pts_s[0]))
        came = np.asarray([one.pts_s for one in found.sets if one.segment == 0])
        report.telemetry_lag_s = (
            float(np.median(came - shown[np.abs(came[:, None] - shown).argmin(1)]))
            if 0 < len(came) * len(shown) < 4e6
            else None
        )
    report.missing = dict(found.missing)
    unknown: Counter[str] = Counter()
    for one in found.sets:
        unknown.update(f"tag {tag}" if tag >= 0 else "label" for tag in one.found.unknown)
        nested = one.found.values.get(48)
        if isinstance(nested, bytes) and not report.security:
            report.security = st0102.classification(nested) or "unreadable"
    report.unknown_tags = dict(unknown)
    if found.sets:
        values = found.sets[0].found.values
        report.items = {name_of(tag): v.hex() if isinstance(v, bytes) else v for tag, v in values.items()}
        report.corners = _corners(values)


def _beside(report: Inspection, file: Path | None, track: Track) -> None:
    """What the file beside the recording holds."""
    rows = [name for name in ("csv_rows", "srt_cues") if report.counters.get(name)]
    if file is None or not rows:
        return
    report.telemetry_beside = f"{file.name}, {report.counters[rows[0]]} rows"
    if len(track) > 1 and not report.telemetry:
        report.telemetry_rate = round(1e9 * (len(track) - 1) / (track.t_ns[-1] - track.t_ns[0]), 3)


def _telemetry_rate(found: Survey) -> float | None:
    """Sets a second, over all segments. [1/s]"""
    sets, seconds = 0, 0.0
    for segment in range(len(found.video_pts_s)):
        came = [one.pts_s for one in found.sets if one.segment == segment]
        if len(came) > 1 and came[-1] > came[0]:
            sets, seconds = sets + len(came) - 1, seconds + came[-1] - came[0]
    return round(sets / seconds, 3) if seconds else None


def _corners(values: dict[int, Value]) -> list[tuple[float, float]]:
    """Lon, lat of the four corners: full (82-89), else the centre plus offsets (26-33)."""
    number = {tag: float(value) for tag, value in values.items() if isinstance(value, int | float)}
    if all(tag in number for tag in range(82, 90)):
        return [(number[83 + 2 * k], number[82 + 2 * k]) for k in range(4)]
    if all(tag in number for tag in (23, 24, *range(26, 34))):
        return [(number[24] + number[27 + 2 * k], number[23] + number[26 + 2 * k]) for k in range(4)]
    return []


def _ground(report: Inspection, watch: PoseWatch) -> None:
    """Outline and centre of the first instant that has ground in view."""
    for _, pose in watch.instants():
        if math.isnan(pose.ground_alt_m):
            continue
        outline = footprint(pose, watch.size_px, Plane(pose.ground_alt_m, pose.datum), MAX_RANGE_M)
        if len(outline):
            report.footprint = [(round(float(lon), 7), round(float(lat), 7)) for lon, lat in outline]
            centre = centre_of(pose)
            report.centre = None if centre is None else (round(centre[0], 7), round(centre[1], 7))
            return
