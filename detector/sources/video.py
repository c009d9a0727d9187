"""Video files, by PyAV: one thread, no colour conversion, nothing copied but the packets a clip may need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

from detector.addresses import local_file
from detector.errors import SourceError
from detector.model import CameraPose, Frame, Gap, GapReason, TimeFrom
from detector.sources.completeness import shortfall
from detector.sources.decoding import Held
from detector.sources.jumps import jumps_gap, without_jumps
from detector.sources.packet_ring import PacketRing
from detector.sources.picture_reading import ONE_PACKET_A_PICTURE, PictureReading
from detector.sources.platform_series import series_of_samples, series_of_sets
from detector.sources.segments import PictureSegments
from detector.sources.source import SourceEnd
from detector.sources.streams import watched_of
from detector.sources.survey import Survey, decoding_s, packets, survey
from detector.sources.telemetry import Sample, Track
from detector.sources.time_line import TimeLine
from detector.sources.unset_clock import moved, moved_gap
from detector.timebase import EARLIEST_NS

_NS = 1_000_000_000
_BESIDE_S = 10.0  # telemetry farther from the picture it comes with is of times that begin again with the next one


class VideoFile:
    """One recording with the telemetry in it or beside it.

    start_ns: time of the first picture where no telemetry tells it, or only by a clock that was never set; 1970 if
        None.
    samples: poses from a sidecar, in seconds from the first picture if `samples_relative`, else UTC.
    telemetry_offset_s: added to the telemetry's time. [s]
    hfov_deg: horizontal angle of view where the telemetry in the recording does not tell it. [deg]
    counters: what was counted while the sidecar was read; goes into `end`.
    poses_inside: poses are those of the telemetry in the recording.
    clock_moved_ns: by how much its telemetry's times were moved, because its clock was never set and a start was given.
    """

    def __init__(
        self,
        path: Path,
        source_id: str,
        *,
        start_ns: int | None = None,
        samples: list[Sample] | None = None,
        samples_relative: bool = False,
        telemetry_offset_s: float = 0.0,
        hfov_deg: float | None = None,
        counters: Mapping[str, int] | None = None,
    ) -> None:
        self.path, self.source_id = path, source_id
        self._beside = Counter(counters or {})
        self.ring: PacketRing | None = None
        self.end: SourceEnd | None = None
        self.survey = self._surveyed(telemetry_offset_s, hfov_deg)
        shown = self.survey.video_pts_s
        self._first_pts_s = min(shown[0], default=0.0)
        self._interval_ns = _interval_ns(shown)
        self.duration_s: float | None = sum(max(one) - min(one) + self._interval_ns / _NS for one in shown if one)
        if self.survey.line is None and start_ns is None and samples and not samples_relative:
            start_ns = samples[0].t_ns
        first_ns = start_ns if start_ns is not None else 0
        given = TimeLine(first_ns - round(self._first_pts_s * _NS))
        self._lines = _lines(self.survey, self._interval_ns) or [given]
        self.start_ns = (self._lines[0] or given).t_ns(self._first_pts_s)
        self.clock_moved_ns = 0
        if self.survey.line is not None and start_ns is not None and self.start_ns < EARLIEST_NS:
            self.clock_moved_ns = start_ns - self.start_ns
            self._lines = moved(self.survey, self._lines, self.clock_moved_ns)
            self.start_ns, self.time_from = start_ns, TimeFrom.START_PTS
        elif self.survey.line is not None:  # the clock of an encoder that never had a fix counts from 1970
            self.time_from = TimeFrom.TELEMETRY if self.start_ns >= EARLIEST_NS else TimeFrom.UNKNOWN
        else:
            self.time_from = TimeFrom.UNKNOWN if start_ns is None else TimeFrom.START_PTS
        shift_ns = self.start_ns if samples_relative else 0
        shift_ns += round(telemetry_offset_s * _NS)
        beside = [replace(sample, t_ns=sample.t_ns + shift_ns) for sample in samples or []]
        believed, astray = without_jumps(beside)
        self._beside["position_jumps"] += astray
        self.poses_inside = all(one.pose is None for one in believed)
        self.track = Track(self.survey.samples if self.poses_inside else believed)
        self.telemetry = series_of_samples(source_id, beside) if beside else series_of_sets(source_id, self.survey.told)

    def elapsed_s(self, t_ns: int) -> float:
        """Seconds from the first picture."""
        return (t_ns - self.start_ns) / _NS

    @property
    def position_jumps(self) -> int:
        """Positions that were left out, of those in the recording and beside it."""
        return self.survey.counters["position_jumps"] + self._beside["position_jumps"]

    def _surveyed(self, telemetry_offset_s: float, hfov_deg: float | None) -> Survey:
        try:
            if self.path.stat().st_size == 0:
                raise SourceError(f"{self.path}: the file is empty (0 bytes)")
            with self.path.open("rb"):
                pass
            found = survey(self.path, telemetry_offset_s, hfov_deg)
        except av.error.FFmpegError as error:
            raise SourceError(_cannot_open(self.path, error)) from error
        except OSError as error:
            raise SourceError(f"{self.path}: cannot be read: {error.strerror or error}") from error
        if not found.video_packets:
            told = (
                f"only telemetry ({len(found.sets)} sets)"
                if found.sets
                else "no video packet of a known coding from byte 0 to the end"
            )
            raise SourceError(f"{self.path}: there is no picture in it: {told}")
        if not any(found.video_pts_s):
            raise SourceError(
                f"{self.path}: its pictures have no times, as in a raw stream: put it into a container at its camera's "
                f"rate, as with `ffmpeg -r 25 -i {self.path.name} -c copy {self.path.stem}.mp4`"
            )
        return found

    def __iter__(self) -> Iterator[Frame | Gap]:
        """Frames and gaps in the order of time.

        Raises:
            SourceError: nothing in the file can be decoded.
        """
        self.end = None
        reading = _Reading(self, self._lines, self._interval_ns)
        container = av.open(local_file(self.path), metadata_errors="replace")
        video = watched_of(container)
        video.codec_context.thread_count = 1
        if self.ring is not None:
            self.ring.start(video)
        try:
            yield from reading.run(container, video)
            reason = shortfall(self.path, video, self.survey, torn=reading.last_is_torn)
        finally:
            if self.ring is not None:
                self.ring.end()  # the ring keeps the stream, and with it the container, for the last clips
            else:
                container.close()
        if not reading.frames:
            raise SourceError(f"{self.path}: none of its {self.survey.video_packets} video packets can be decoded")
        t_end_ns = reading.last_ns + self._interval_ns
        if reason:
            last_s = self.elapsed_s(reading.last_ns)
            reason = f"{self.path.name}: {reason}; last frame {reading.frames - 1} at {last_s:.3f} s"
            yield Gap(self.source_id, t_end_ns, t_end_ns + 1, GapReason.INCOMPLETE, reason)
        counters = {name: n for name, n in (reading.counters + self.survey.counters + self._beside).items() if n}
        self.end = SourceEnd(reading.frames, not reason, reason, reading.first_ns, t_end_ns, counters)


class _Reading(PictureReading):
    """The state of one iteration."""

    def __init__(self, source: VideoFile, lines: list[TimeLine | None], interval_ns: int) -> None:
        super().__init__(source.source_id, interval_ns, source.start_ns)
        self.source, self.lines = source, lines
        self.time_from = source.time_from
        self.line = self._fed_line = lines[0] or TimeLine(0)
        self._segments = PictureSegments()
        self._first_line, self._video_s = self.line, 0.0
        self._last_pts: int | None = None

    @property
    def last_is_torn(self) -> bool:
        """Whether the picture of the last packet of pictures is not whole."""
        return self._last_pts is not None and self._last_pts == self.torn_pts

    def run(self, container: Any, video: Any) -> Iterator[Frame | Gap]:
        kept = self.source.survey.telemetry_streams if self.source.ring else frozenset()
        streams = [video] + [one for one in container.streams if one.index in kept]
        self.each_packet_shows = container.format.name != "avi" and video.codec_context.name in ONE_PACKET_A_PICTURE
        counted_by_the_survey = Counter[str]()
        for packet in packets(container, streams, counted_by_the_survey):
            if packet.stream.index == video.index:
                self._fed(packet)
            self._keep(packet, video)
            if packet.stream.index == video.index:
                yield from self._decoded(packet.pts, packet.is_corrupt, packet.decode)
        if self._bad and self.frames:
            yield self._damaged(self.last_ns + self.interval_ns)

    def _fed(self, packet: Any) -> None:
        stamp = packet.pts if packet.pts is not None else packet.dts
        shown_s = None if stamp is None else float(stamp * packet.time_base)
        segment = self._segments.feed(decoding_s(packet), shown_s, key=packet.is_keyframe)
        self._fed_line = self._line_of(segment) or self.line
        self._last_pts = packet.pts if packet.size else self._last_pts
        if self.each_packet_shows and packet.size and packet.pts is not None and not packet.is_discard:
            self._await(segment, packet.pts)

    def _line_of(self, segment: int) -> TimeLine | None:
        return self.lines[segment] if segment < len(self.lines) else None

    def _keep(self, packet: Any, video: Any) -> None:
        ring = self.source.ring
        if ring is None or not packet.size:
            return
        is_video = packet.stream.index == video.index
        stamp = packet.pts if packet.pts is not None else packet.dts
        shown_s = self._video_s if stamp is None else float(stamp * packet.time_base)
        pts, dts = packet.pts, packet.dts
        if is_video:
            self._video_s = shown_s
        elif stamp is None or abs(shown_s - self._video_s) > _BESIDE_S:
            shown_s = self._video_s
            pts = dts = round(shown_s / packet.time_base)
        line, shift_ns = self._fed_line, self._shift_ns if self._fed_line is self.line else 0
        t_ns = line.t_ns(shown_s)
        # Where presentation times have begun again those of a clip go on, as time does.
        on = round((t_ns - self._first_line.t_ns(shown_s)) / _NS / packet.time_base)
        pts, dts = (None if one is None else one + on for one in (pts, dts))
        key = bool(packet.is_keyframe)
        ring.add(Held(t_ns + shift_ns, key, is_video, bytes(packet), pts, dts, packet.time_base))

    def _segment(self) -> int:
        return self._segments.index

    def _pose_at(self, t_ns: int, aspect: float) -> CameraPose | None:
        # Where time went back, frames are told later than they were taken; telemetry inside goes by when they were.
        shift_ns = self._shift_ns if self.source.poses_inside and self.source.survey.line is not None else 0
        return self.source.track.pose_at(t_ns - shift_ns, aspect)

    def _time(self, picture: av.VideoFrame) -> int:
        stamp = picture.pts if picture.pts is not None else picture.dts
        if stamp is None or picture.time_base is None:
            self.counters["frames_without_pts"] += 1
            return self.last_ns + self.interval_ns if self.frames else self.source.start_ns
        shown_s, segment = float(stamp * picture.time_base), self._segments.index
        if self._segments.of(shown_s) != segment:
            line = self._line_of(self._segments.index)
            self.line, self._shift_ns = (self.line, self._shift_ns) if line is None else (line, 0)
        return self.line.t_ns(shown_s) + self._shift_ns

    def _at_first(self, t_ns: int) -> Iterator[Gap]:
        if self.source.clock_moved_ns:
            yield moved_gap(self.source.source_id, t_ns, self.source.clock_moved_ns)
        jumps = self.source.survey.counters["klv_clock_jumps"]
        if jumps:
            detail = f"{jumps} telemetry time stamps jump or run backwards; the picture's time was used for them"
            yield Gap(self.source.source_id, t_ns, t_ns + 1, GapReason.CLOCK, detail, jumps)
        astray = self.source.position_jumps
        if astray:
            yield jumps_gap(self.source.source_id, t_ns, astray)


def _interval_ns(pts_s: list[list[float]]) -> int:
    """Median distance of the pictures, by segment; 1/25 s for a single one."""
    steps = sorted(b - a for segment in pts_s for a, b in pairwise(sorted(set(segment))))
    return max(1, round(steps[len(steps) // 2] * _NS)) if steps else 40_000_000


def _lines(found: Survey, interval_ns: int) -> list[TimeLine | None]:
    """The survey's lines; segments before the first that has one end where the next begins.

    A later segment without a line of its own goes on from the picture before it.
    """
    lines = list(found.lines)
    known = next((k for k, line in enumerate(lines) if line is not None), 0)
    for k in range(known - 1, -1, -1):
        after = lines[k + 1]
        if after is not None and found.video_pts_s[k] and found.video_pts_s[k + 1]:
            ends_ns = after.t_ns(min(found.video_pts_s[k + 1])) - interval_ns
            lines[k] = TimeLine(ends_ns - round(max(found.video_pts_s[k]) * _NS))
    return lines


def _cannot_open(path: Path, error: Exception) -> str:
    with path.open("rb") as stream:
        head = stream.read(4096)
    if head[4:8] == b"ftyp":
        return (
            f"{path}: MP4 without its index (moov), from byte 0: the recording was cut off before it was closed. "
            "Repair it with a tool such as untrunc and a whole recording of the same camera"
        )
    if head and all(byte >= 0x20 or byte in b"\t\r\n" for byte in head):
        return f"{path}: this is text, not a video (byte 0: {head[:20]!r})"
    told = getattr(error, "strerror", None) or error
    return f"{path}: not a video that can be read, from byte 0: {told}"
