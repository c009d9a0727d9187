"""From packets of one feed's connections, one after the other, to frames with their time and pose."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import av

from detector.klv.items import Value
from detector.klv.stream import SetAssembler, decode
from detector.model import CameraPose, Frame, Gap, GapReason, Series, TimeFrom
from detector.sources.decoding import Held
from detector.sources.klv_pose import PoseBuilder, stamp_ns
from detector.sources.live.arrived import Arrived, Opened
from detector.sources.live.clock import StreamClock
from detector.sources.live.flown import FlownTrack
from detector.sources.packet_ring import PacketRing
from detector.sources.picture_reading import PictureReading
from detector.sources.platform_series import series_of_sets
from detector.sources.telemetry import Sample
from detector.timebase import NS_PER_S

# A picture waits for the telemetry after it, so that its pose lies between two samples as in a recording; of telemetry
# that comes seldom or has ceased, no longer than this. [s of the stream]
_LONGEST_WAIT_S = 1.0
_CEASED_S = 1.5
_CLOCK_JUMP_NS = NS_PER_S
_STARVED_PACKETS = 100
_KEYLESS_PACKETS = 1000  # who joins between two keyframes waits for the next one
_TOLD_SETS = 128
"""The newest sets: more than come while a picture waits."""


class LiveReading(PictureReading):
    """What is known of the present connection, and the numbering of frames over all of them.

    ring: gets every packet, where clips may need it.
    telemetry_offset_s: added to the telemetry's time. [s]
    hfov_deg: horizontal angle of view where the telemetry does not tell it. [deg]
    track: the telemetry's poses of the present connection.
    """

    def __init__(
        self, source_id: str, ring: PacketRing | None, telemetry_offset_s: float, hfov_deg: float | None
    ) -> None:
        super().__init__(source_id, 40_000_000, 0)
        self._hfov_deg = hfov_deg
        self._ring, self._offset_ns = ring, round(telemetry_offset_s * NS_PER_S)
        self.newest_arrival_ns = 0
        self._fresh = self._joined = True
        self._resume_ns = 0
        self._skipped = 0
        # The feed's clock against this machine's, as the telemetry told it last: a later connection without telemetry
        # goes on by it.
        self._ahead_ns = 0
        self._told: deque[tuple[int, Mapping[int, Value]]] = deque(maxlen=_TOLD_SETS)
        self._tells_position = False
        self._series: Series | None = None
        self._begin_connection()

    def _begin_connection(self) -> None:
        self._clock, self.track, self._builder = StreamClock(), FlownTrack(), PoseBuilder(self._hfov_deg)
        self._assembler = SetAssembler()
        self._pending: deque[Arrived] = deque()
        self._decoder: Any = None
        self._awaited.clear()
        self._bad, self._broken, self._shift_ns = 0, False, 0
        self._newest_shown_s = 0.0
        self._fed, self._keyed = 0, False
        self._telemetry_ns: int | None = None

    def begin(self, opened: Opened, resume_ns: int) -> None:
        """A connection stands. resume_ns: where its time begins should it not be later than what was seen before."""
        self._ahead_ns += self._clock.apart_ns() or 0
        self._begin_connection()
        codec = opened.video.codec_context
        self._decoder = av.CodecContext.create(codec.name, "r")
        self._decoder.extradata = codec.extradata
        self._decoder.width, self._decoder.height, self._decoder.pix_fmt = codec.width, codec.height, codec.pix_fmt
        self._decoder.thread_count = 1
        self.each_packet_shows, self.interval_ns = opened.each_packet_shows, opened.interval_ns
        self.size_px, self._fresh, self._resume_ns = None, True, resume_ns
        if self._ring is not None:
            self._ring.start(opened.video)

    def feed(self, packet: Arrived) -> Iterator[Frame | Gap]:
        """The next packet; frames come once their telemetry has."""
        shown_s = packet.shown_s
        if packet.is_video and shown_s is not None:
            self._newest_shown_s = shown_s
            self._clock.told(TimeFrom.ARRIVAL, shown_s, packet.arrived_ns + self._ahead_ns)
            if packet.sent_ns is not None:
                self._clock.told(TimeFrom.SENDER, shown_s, packet.sent_ns)
        elif not packet.is_video:
            self._telemetry(packet.data, self._newest_shown_s if shown_s is None else shown_s)
        self._pending.append(packet)
        while self._pending and self._in_step(self._pending[0]):
            yield from self._take(self._pending.popleft())

    def drain(self) -> Iterator[Frame | Gap]:
        """The connection is gone: what waits for telemetry waits no more."""
        if self._clock.usable is None:
            self._pending.clear()
        while self._pending:
            yield from self._take(self._pending.popleft())
        if self._decoder is not None and self._clock.usable is not None:
            yield from self._decoded(None, False, lambda: list(self._decoder.decode(None)))
            self._decoder.flush_buffers()
        if self._bad and self.frames:
            yield self._damaged(self.last_ns + self.interval_ns)

    def skipped(self, pictures: int) -> Iterator[Frame | Gap]:
        """So many pictures were passed over; a keyframe comes next."""
        yield from self.drain()
        self._skipped += pictures
        self.counters["skipped_frames"] += pictures
        self._awaited.clear()

    @property
    def starved(self) -> bool:
        """Packets come and no picture does: another codec, or a beginning that was missed."""
        return self._fed > (_STARVED_PACKETS if self._keyed else _KEYLESS_PACKETS)

    @property
    def end_ns(self) -> int:
        """Where what was seen ends. [ns UTC]"""
        return self.last_ns + self.interval_ns

    @property
    def telemetry(self) -> Series | None:
        """What the drone says of itself, the newest sets; None where it has never told its position."""
        if self._series is None and self._tells_position:
            self._series = series_of_sets(self.source_id, self._told, all_channels=True)
        return self._series

    def _in_step(self, packet: Arrived) -> bool:
        best = self._clock.best
        if best is None:
            return False
        shown_s = packet.shown_s
        if best is not TimeFrom.TELEMETRY or not packet.is_video or shown_s is None or self._telemetry_ns is None:
            return True
        line = self._clock.line(best)
        newest_ns = line.t_ns(self._newest_shown_s)
        if self._telemetry_ns >= line.t_ns(shown_s) or newest_ns - self._telemetry_ns > _CEASED_S * NS_PER_S:
            return True
        return self._newest_shown_s - shown_s > _LONGEST_WAIT_S

    def _take(self, packet: Arrived) -> Iterator[Frame | Gap]:
        best = self._clock.usable
        if best is None:
            raise RuntimeError("a packet was taken before any clock told its time")
        if best is not self.time_from and not self._fresh and packet.shown_s is not None:
            yield from self._other_clock(best, packet.shown_s)
        self.time_from = best
        self._keep(packet)
        if not packet.is_video:
            return
        if packet.key and not self._keyed:
            self._fed, self._keyed = 0, True
        self._fed += 1
        if self.each_packet_shows and packet.pts is not None:
            self._await(0, packet.pts)
        self.newest_arrival_ns = packet.arrival_ns
        yield from self._decoded(packet.pts, packet.corrupt, lambda: self._pictures(packet))

    def _pictures(self, packet: Arrived) -> list[av.VideoFrame]:
        coded: Any = av.Packet(packet.data)
        coded.pts, coded.dts, coded.time_base = packet.pts, packet.dts, packet.time_base
        self._time_base = packet.time_base
        return list(self._decoder.decode(coded))

    def _other_clock(self, best: TimeFrom, shown_s: float) -> Iterator[Gap]:
        """Telemetry has begun to tell the time: from here on it counts."""
        before_ns = self._clock.line(self.time_from).t_ns(shown_s) + self._shift_ns
        after_ns = self._clock.line(best).t_ns(shown_s)
        self._shift_ns = 0
        if abs(after_ns - before_ns) >= _CLOCK_JUMP_NS and after_ns > self.last_ns:
            self.counters["clock_changed"] += 1
            detail = f"time is from {best} now, {(after_ns - before_ns) / NS_PER_S:+.3f} s against {self.time_from}"
            yield Gap(self.source_id, self.end_ns, max(after_ns, self.end_ns + 1), GapReason.CLOCK, detail)
            self.last_ns = after_ns - self.interval_ns

    def _frame(self, picture: av.VideoFrame) -> Iterator[Frame | Gap]:
        self._fed = 0
        size_px = (picture.width, picture.height)
        if self.size_px is not None and self.size_px != size_px:
            detail = f"{size_px[0]}x{size_px[1]} from here on, {self.size_px[0]}x{self.size_px[1]} before"
            yield Gap(self.source_id, self.last_ns, self.end_ns, GapReason.STREAM_CHANGED, detail)
            self.size_px = None
        yield from super()._frame(picture)

    def _time(self, picture: av.VideoFrame) -> int:
        stamp = picture.pts if picture.pts is not None else picture.dts
        if stamp is None:
            self.counters["frames_without_pts"] += 1
            if not self._fresh:
                return self.end_ns
            shown_s = self._clock.first_s - self.interval_ns / NS_PER_S  # as the first of an RTSP sender often is
        else:
            shown_s = float(stamp * self._time_base)
        t_ns = self._clock.line(self.time_from).t_ns(shown_s) + self._shift_ns
        if self._fresh:
            self._fresh = self._joined = False
            if self.frames and t_ns <= self.last_ns:
                self.counters["clock_went_back"] += 1
                self._shift_ns = self._resume_ns - t_ns
                t_ns = self._resume_ns
        return t_ns

    def _step(self, t_ns: int) -> Gap | None:
        if not self._joined:
            self._joined = True  # what lies between two connections is told by who connects
            return None
        if not self._skipped or t_ns <= self.last_ns:
            return super()._step(t_ns)
        skipped, self._skipped = self._skipped, 0
        detail = f"judging was slower than the stream: {skipped} pictures before frame {self.frames} were passed over"
        return Gap(self.source_id, min(self.end_ns, t_ns - 1), t_ns, GapReason.SKIPPED, detail, skipped)

    def _pose_at(self, t_ns: int, aspect: float) -> CameraPose | None:
        return self.track.pose_at(t_ns - self._shift_ns, aspect)

    def _telemetry(self, data: bytes, shown_s: float) -> None:
        for whole in self._assembler.feed(data):
            found = decode(whole)
            if found is None:
                self.counters["klv_other_sets"] += 1
                continue
            self.counters["klv_sets"] += 1
            self.counters["klv_checksum_wrong"] += found.checksum_ok is False
            self.counters["klv_faults"] += len(found.faults)
            t_ns = stamp_ns(found.values)
            if t_ns is None:
                self.counters["klv_without_time"] += 1
                continue
            self._clock.told(TimeFrom.TELEMETRY, shown_s, t_ns)
            by_line_ns = self._clock.line(TimeFrom.TELEMETRY).t_ns(shown_s)
            if abs(t_ns - by_line_ns) >= _CLOCK_JUMP_NS:
                self.counters["klv_clock_jumps"] += 1
                t_ns = by_line_ns
            pose, _ = self._builder.add(t_ns // 1000, found.values)
            t_ns += self._offset_ns
            self._told.append((t_ns + self._shift_ns, found.values))
            self._series = None
            self._tells_position = self._tells_position or {13, 14} <= found.values.keys()
            self._telemetry_ns = t_ns if self._telemetry_ns is None else max(self._telemetry_ns, t_ns)
            self.track.add(Sample(t_ns, pose))
            self.counters["position_jumps"] = self.track.left_out

    def _keep(self, packet: Arrived) -> None:
        if self._ring is None:
            return
        shown_s = packet.shown_s
        line = self._clock.line(self.time_from)
        t_ns = line.t_ns(self._newest_shown_s if shown_s is None else shown_s) + self._shift_ns
        pts, dts = packet.pts, packet.dts
        if shown_s is None:
            pts = dts = round(self._newest_shown_s / packet.time_base)
        self._ring.add(Held(t_ns, packet.key, packet.is_video, packet.data, pts, dts, packet.time_base))
