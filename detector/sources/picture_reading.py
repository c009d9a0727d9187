"""Pictures out of a decoder as frames: their order and time, and a gap for whatever was lost on the way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from heapq import heapify, heappop, heappush

import av

from detector.model import CameraPose, Frame, Gap, GapReason, TimeFrom
from detector.sources.luma import bgr_of, luma_of
from detector.timebase import NS_PER_S

ONE_PACKET_A_PICTURE = frozenset({"h264", "hevc", "mpeg2video"})
"""Codecs of which each packet becomes a picture, as long as the container is not AVI."""


class PictureReading(ABC):
    """The state of one reading. A subclass says what time it is and where the camera was.

    time_from: where frames' times are taken from.
    each_packet_shows: each packet becomes a picture: one that does not come is lost.
    interval_ns: between two pictures.
    frames, first_ns, last_ns: read so far, and the times of the first and the last.
    torn_pts: of the last picture that is not whole by itself: what it is predicted from is.
    """

    def __init__(self, source_id: str, interval_ns: int, start_ns: int) -> None:
        self.source_id, self.interval_ns = source_id, interval_ns
        self.time_from = TimeFrom.START_PTS
        self.each_packet_shows = False
        self.frames = 0
        self.first_ns = self.last_ns = start_ns
        self.counters: Counter[str] = Counter()
        self.size_px: tuple[int, int] | None = None
        self.torn_pts: int | None = None
        self._bad = 0
        self._broken = False  # until the next whole keyframe: pictures are predicted from what was lost
        self._shift_ns = 0
        self._awaited: list[tuple[int, int]] = []  # heap of segment and pts of packets whose picture has not come

    @abstractmethod
    def _time(self, picture: av.VideoFrame) -> int:
        """When the next picture was taken. [ns UTC]"""

    @abstractmethod
    def _pose_at(self, t_ns: int, aspect: float) -> CameraPose | None:
        """Where the camera was."""

    def _segment(self) -> int:
        """How often presentation times have begun again before the next picture."""
        return 0

    def _at_first(self, _t_ns: int) -> Iterator[Gap]:
        """What is to be said before the first frame."""
        yield from ()

    def _await(self, segment: int, pts: int) -> None:
        """A packet that is to become a picture goes in."""
        heappush(self._awaited, (segment, pts))

    def _decoded(
        self, pts: int | None, corrupt: bool, decode: Callable[[], list[av.VideoFrame]]
    ) -> Iterator[Frame | Gap]:
        """The frames that one packet gives."""
        self._bad += corrupt
        try:
            pictures = decode()
        except av.error.FFmpegError:
            self.counters["damaged_packets"] += 1
            self._bad += 1
            self._awaited = [one for one in self._awaited if one[1] != pts]
            heapify(self._awaited)
            return
        for picture in pictures:
            yield from self._frame(picture)

    def _frame(self, picture: av.VideoFrame) -> Iterator[Frame | Gap]:
        t_ns = self._time(picture)
        self._count_lost(picture)
        if self.frames:
            gap = self._step(t_ns)
            if gap is not None:
                yield gap
                t_ns = max(t_ns, gap.t_end_ns) if gap.reason is GapReason.CLOCK else t_ns
        else:
            self.first_ns = t_ns
            yield from self._at_first(t_ns)
        if picture.is_corrupt:
            self.counters["corrupt_frames"] += 1
            self.torn_pts = self.torn_pts if self._bad or self._broken else picture.pts
            self._bad += 1
        self._broken = bool(self._bad) or (self._broken and not picture.key_frame)
        if self._bad:
            yield self._damaged(t_ns)
        if self.size_px is None:
            self.size_px = (picture.width, picture.height)
        elif self.size_px != (picture.width, picture.height):
            self.counters["resized_frames"] += 1
            picture = picture.reformat(width=self.size_px[0], height=self.size_px[1])
        self.last_ns = t_ns
        index, self.frames = self.frames, self.frames + 1
        yield Frame(
            self.source_id, index, t_ns, luma_of(picture), bool(picture.key_frame), self.time_from,
            self._pose_at(t_ns, picture.width / picture.height), partial(bgr_of, picture), self._broken,
        )  # fmt: skip

    def _count_lost(self, picture: av.VideoFrame) -> None:
        """Packets that went in and never came out: decoders pass over what they cannot make sense of, without a word.

        Pictures leave in the order of their presentation, so those awaited from before this one are lost. Before the
        first picture that is how a stream begins in the middle; of interlaced video each field may have its packet.
        """
        if picture.pts is None:
            return
        here, lost = (self._segment(), picture.pts), 0
        while self._awaited and self._awaited[0] <= here:
            lost += heappop(self._awaited) < here
        if lost and self.frames and not picture.interlaced_frame:
            self.counters["lost_pictures"] += lost
            self._bad += lost

    def _step(self, t_ns: int) -> Gap | None:
        """What is odd about the step from the last frame to `t_ns`."""
        expected_ns = self.last_ns + self.interval_ns
        if t_ns <= self.last_ns:
            self.counters["clock_went_back"] += 1
            self._shift_ns += expected_ns - t_ns
            detail = f"time goes back by {(self.last_ns - t_ns) / NS_PER_S:.3f} s at frame {self.frames}"
            return Gap(self.source_id, self.last_ns, expected_ns, GapReason.CLOCK, detail)
        if t_ns - self.last_ns > max(NS_PER_S, 10 * self.interval_ns):
            self.counters["missing_stretches"] += 1
            detail = f"no frames for {(t_ns - self.last_ns) / NS_PER_S:.3f} s before frame {self.frames}"
            return Gap(self.source_id, expected_ns, t_ns, GapReason.MISSING, detail)
        return None

    def _damaged(self, t_ns: int) -> Gap:
        start_ns = min(self.last_ns, t_ns - 1)
        detail = f"{self._bad} damaged packets or pictures before frame {self.frames}"
        gap = Gap(self.source_id, start_ns, t_ns, GapReason.DAMAGED, detail, self._bad)
        self._bad = 0
        return gap
