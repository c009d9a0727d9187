"""The thread that holds the connection: it reads, and connects again, for as long as the feed is watched."""

from __future__ import annotations

import errno
import random
import struct
import threading
import time
from typing import Any

import av

from detector.addresses import masked
from detector.config import LiveSettings
from detector.errors import SourceError
from detector.sources.live.arrived import Arrived, Closed, Opened
from detector.sources.live.opening import open_live
from detector.sources.live.waiting import Waiting
from detector.sources.picture_reading import ONE_PACKET_A_PICTURE
from detector.sources.segments import Restarts
from detector.sources.streams import watched_of
from detector.timebase import NS_PER_S

_FIRST_RETRY_S = 0.2
_STOOD_S = 15.0
_AT_ONCE_S = 1.0


class Reader(threading.Thread):
    """Connects to `media` and puts everything into `waiting`, in its order.

    What it puts there: Opened, packets, Closed; and again after a back-off with jitter, so that a centre of fifty feeds
    does not call on one server at once.
    """

    def __init__(self, media: str, settings: LiveSettings, transport: str, waiting: Waiting) -> None:
        super().__init__(name=f"reader of {masked(media)}", daemon=True)
        self._media, self._settings, self._transport, self._waiting = media, settings, transport, waiting
        self._over = threading.Event()
        self._again = threading.Event()
        self._patient = False

    def stop(self) -> None:
        """No more; a read in progress ends by its timeout."""
        self._over.set()

    def connect_again(self) -> None:
        """Give this connection up: what comes over it cannot be decoded."""
        self._again.set()

    def run(self) -> None:
        """Until `stop`."""
        try:
            self._connections()
        except Exception as error:
            self._waiting.fail(error)
            raise

    def _connections(self) -> None:
        retry_s = _FIRST_RETRY_S
        while not self._over.is_set():
            self._again.clear()
            begun_s = time.monotonic()
            try:
                self._connection()
                self._waiting.put(Closed("the sender ended the stream"))
            except SourceError as error:
                self._waiting.put(Closed(str(error)))
            # A connection that stood for a while was good: the next try comes at once.
            stood = time.monotonic() - begun_s > _STOOD_S
            retry_s = _FIRST_RETRY_S if stood else min(2 * retry_s, self._settings.longest_retry_s)
            self._over.wait(retry_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret, a jitter

    def _connection(self) -> None:
        """One connection, from its opening to its end. Raises SourceError with why it ended."""
        container = open_live(self._media, self._settings, self._transport, patient=self._patient)
        video = watched_of(container)
        self._patient = video is not None and not video.codec_context.pix_fmt
        if video is None or self._patient:
            container.close()
            raise SourceError("no picture has begun in the stream yet" if video else "no picture is in the stream")
        # Not closed here: clips still need its stream. It closes when the last of them has been written.
        self._waiting.put(_opening(container, video))
        self._packets(container, video)

    def _packets(self, container: Any, video: Any) -> None:
        wanted = {one.index for one in container.streams if one.type == "data"} | {video.index}
        course = _Course(self._settings.read_timeout_s, in_session=container.format.name == "rtsp")
        demuxer, began = container.demux(), False
        while not (self._over.is_set() or self._again.is_set()):
            try:
                packet = next(demuxer)
            except (StopIteration, av.error.EOFError):
                return
            except IndexError:
                raise SourceError("the stream has changed: there is one more in it") from None
            except av.error.ExitError:
                raise SourceError(f"nothing arrived for {self._settings.read_timeout_s:g} s") from None
            except (av.error.FFmpegError, OSError) as error:
                broke = error.errno == errno.EIO  # "Input/output error"
                raise SourceError("the connection broke" if broke else masked(error.strerror or str(error))) from None
            is_video = packet.stream.index == video.index
            if not is_video:
                course.check_pictured(time.monotonic_ns())
            if not packet.size or packet.stream.index not in wanted:
                continue
            arrived = _arrived(packet, is_video=is_video)
            if is_video:
                course.picture(arrived)
            # What came while it was opened comes at once: before the first keyframe it is of no use, and it is late.
            began = began or (is_video and arrived.key) or course.lasted_s(arrived) > _AT_ONCE_S
            if began:
                self._waiting.put(arrived)
        if self._again.is_set():
            raise SourceError("nothing that came could be decoded")


class _Course:
    """Whether a connection goes on as it must: without an end of its own, none would ever be told.

    in_session: who begins anew connects anew, and times may leap when the sender's clock is first reported.
    """

    def __init__(self, read_timeout_s: float, *, in_session: bool) -> None:
        self._read_timeout_s, self._in_session = read_timeout_s, in_session
        self._begun_ns = self._pictured_ns = time.monotonic_ns()
        self._restarts = Restarts()

    def lasted_s(self, packet: Arrived) -> float:
        """From the beginning to the arrival of this packet."""
        return (packet.arrival_ns - self._begun_ns) / NS_PER_S

    def check_pictured(self, now_ns: int) -> None:
        """Something else has come. Raises SourceError: and no picture, for as long as nothing may come."""
        if now_ns - self._pictured_ns > self._read_timeout_s * NS_PER_S:
            raise SourceError(f"no picture arrived for {self._read_timeout_s:g} s, while telemetry or sound did")

    def picture(self, packet: Arrived) -> None:
        """The next one. Raises SourceError: another recording has begun."""
        self._pictured_ns = packet.arrival_ns
        if self._restarts.feed(packet.decoding_s, key=packet.key) and not self._in_session:
            raise SourceError("the sender has begun anew: its times do not go on")


def _opening(container: Any, video: Any) -> Opened:
    rate = video.average_rate or video.guessed_rate
    shows = container.format.name != "avi" and video.codec_context.name in ONE_PACKET_A_PICTURE
    return Opened(video, shows, round(1e9 / float(rate)) if rate else 40_000_000)


def _arrived(packet: Any, *, is_video: bool) -> Arrived:
    return Arrived(
        time.monotonic_ns(), time.time_ns(), is_video, bool(packet.is_keyframe), bool(packet.is_corrupt), bytes(packet),
        packet.pts, packet.dts, packet.time_base, _sent_ns(packet), packet.size,
    )  # fmt: skip


def _sent_ns(packet: Any) -> int | None:
    """The producer's reference time, which libav makes of RTCP sender reports: it begins with microseconds UTC."""
    if not packet.has_sidedata("prft"):
        return None
    data = bytes(packet.get_sidedata("prft"))
    return struct.unpack("<q", data[:8])[0] * 1000 if len(data) >= 8 else None
