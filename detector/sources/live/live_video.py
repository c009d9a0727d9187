"""A live feed as a source of frames: it never ends by itself, and what it did not see it says."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from detector.config import LiveSettings
from detector.model import Frame, Gap, GapReason, Series
from detector.sources.live.arrived import Arrived, Closed, Opened, Skipped
from detector.sources.live.live_reading import LiveReading
from detector.sources.live.reader import Reader
from detector.sources.live.state import State
from detector.sources.live.stillness import RepeatedPictures
from detector.sources.live.thinning import Thinning
from detector.sources.live.waiting import Waiting
from detector.sources.packet_ring import PacketRing
from detector.sources.source import SourceEnd
from detector.sources.streams import streams_of
from detector.sources.telemetry import Track
from detector.timebase import NS_PER_S

_TICK_S = 0.25
_TELL_EVERY_NS = NS_PER_S
# How much longer than it may take to connect: what kept it is known then.
_NEVER_SEEN_S = 1.0
# What is told of an outage that goes on stays behind by this, so that it does not reach into what comes next.
_BEHIND_NS = NS_PER_S
_SAME_CLOCK_NS = 60 * NS_PER_S


class _Outage:
    """A stretch without pictures that can be believed. told_ns: until where it has been told."""

    def __init__(self, reason: GapReason, detail: str, start_ns: int) -> None:
        self.reason, self.detail, self.start_ns, self.told_ns = reason, detail, start_ns, start_ns


class LiveVideo:
    """Frames and gaps of one live feed, until `stop`. Everything that breaks its course is one Gap with its reason.

    media: its address.
    spool: where pictures wait in mode `complete`.
    hfov_deg: horizontal angle of view where the telemetry does not tell it. [deg]
    watched_until_ns: until where the log knows this feed; what lies between is a gap, and why. [ns UTC]
    state, state_why, since_ns: what it is doing, why, and since when (this machine's clock).
    last_failure: why there was no picture when it ended, empty if there was.
    alive_ns: when its loop last turned, whether or not a picture came (this machine's clock).
    """

    def __init__(
        self,
        media: str,
        source_id: str,
        settings: LiveSettings,
        *,
        spool: Path,
        transport: str = "tcp",
        telemetry_offset_s: float = 0.0,
        hfov_deg: float | None = None,
        watched_until_ns: int | None = None,
        why_not_watched: str = "",
    ) -> None:
        self.media, self.source_id = media, source_id
        self.ring: PacketRing | None = None
        self.end: SourceEnd | None = None
        self.duration_s: float | None = None
        self.state, self.state_why, self.since_ns = State.CONNECTING, "", time.time_ns()
        self.alive_ns = self._begun_ns = time.time_ns()
        self.counters: Counter[str] = Counter()
        self.last_failure = ""
        self._settings, self._transport = settings, transport
        self._telemetry_offset_s, self._hfov_deg = telemetry_offset_s, hfov_deg
        self._stopped = False
        self._repeated = RepeatedPictures(settings.frozen_s)
        self._waiting = Waiting(settings, spool)
        self._thinning = Thinning(settings.thin_lag_s if settings.mode == "realtime" else math.inf)
        self._handed_on_ns: int | None = None  # when the newest picture that was handed on had arrived
        self._outage: _Outage | None = None
        self._before: _Outage | None = None
        if watched_until_ns is not None:
            detail = f"{why_not_watched or 'nothing was running'}; what it saw after its last entry was not logged"
            self._outage = _Outage(GapReason.NOT_RUNNING, detail, watched_until_ns)
        self._reading: LiveReading | None = None
        self._opened: Opened | None = None

    def stop(self) -> None:
        """Come to an end within a quarter of a second: what was seen is judged, what is open is closed."""
        self._stopped = True

    def elapsed_s(self, t_ns: int) -> float:
        """Seconds from the first picture."""
        return 0.0 if self._reading is None else (t_ns - self._reading.first_ns) / NS_PER_S

    @property
    def track(self) -> Track:
        """The telemetry's poses of the present connection, the newest ones."""
        return Track([]) if self._reading is None else self._reading.track

    @property
    def telemetry(self) -> Series | None:
        """What the drone says of itself, the newest stretch."""
        return None if self._reading is None else self._reading.telemetry

    @property
    def streams(self) -> list[dict[str, Any]]:
        """What the present connection holds, for people."""
        return [] if self._opened is None else streams_of(self._opened.video.container)

    @property
    def lag_s(self) -> float | None:
        """How long ago the newest picture that was handed on had arrived; None before the first. [s]"""
        return None if self._handed_on_ns is None else (time.monotonic_ns() - self._handed_on_ns) / NS_PER_S

    def __iter__(self) -> Iterator[Frame | Gap]:
        """From now on.

        Raises:
            LogError: pictures have to wait on the disk, and it cannot be written.
        """
        self._reading = reading = LiveReading(self.source_id, self.ring, self._telemetry_offset_s, self._hfov_deg)
        reading.counters = self.counters
        reader = Reader(self.media, self._settings, self._transport, self._waiting)
        reader.start()
        try:
            while not self._stopped:
                item = self._waiting.get(_TICK_S)
                self.alive_ns = time.time_ns()
                match item:
                    case Arrived():
                        yield from self._passed(reading, reading.feed(item))
                        if reading.starved:
                            reader.connect_again()
                    case Opened():
                        self._opened = item
                        reading.begin(item, self._now_ns(reading))
                        self.counters["connections"] += 1
                    case Skipped():
                        yield from self._passed(reading, reading.skipped(item.pictures))
                    case Closed():
                        yield from self._passed(reading, reading.drain())
                        yield from self._lost(reading, GapReason.DISCONNECTED, item.detail)
                    case None:
                        pass
                yield from self._goes_on(reading)
            yield from self._passed(reading, reading.drain())
            yield from self._repeated.finish()
            yield from self._awaited_in_vain(reading)
        finally:
            reader.stop()
            self._waiting.close()
            if self.ring is not None:
                self.ring.end()  # it keeps the stream, and with it the connection, for the last clips
            else:
                reader.join(self._settings.read_timeout_s + _TICK_S)
                if self._opened is not None and not reader.is_alive():  # closed while it is read, libav crashes
                    self._opened.video.container.close()
        self.last_failure = self.state_why
        self._say(State.ENDED, "stopped")
        counters = {name: n for name, n in self.counters.items() if n}
        end_ns = reading.end_ns if reading.frames else 0
        self.end = SourceEnd(reading.frames, True, "", reading.first_ns, end_ns, counters)

    def _passed(self, reading: LiveReading, items: Iterator[Frame | Gap]) -> Iterator[Frame | Gap]:
        """What the reading gives, without pictures that only repeat the one before."""
        for item in items:
            if isinstance(item, Gap):
                yield from self._repeated.finish()
                yield item
                continue
            ready = self._repeated.feed(item)
            if self._repeated.frozen and self._repeated.since_ns is not None:
                if self._outage is None:
                    seconds = f"{self._settings.frozen_s:g}"
                    yield from self._begun(
                        GapReason.FROZEN, f"one picture repeated for {seconds} s and more", self._repeated.since_ns
                    )
                continue
            if ready:
                yield from self._back(ready[0].t_ns)
                for frame in ready:
                    if self._is_to_be_judged(frame):
                        self._handed_on_ns = reading.newest_arrival_ns
                        yield frame

    def _is_to_be_judged(self, frame: Frame) -> bool:
        goes_on = self._thinning.goes_on(frame.t_ns, self._waiting.lag_s())
        self.counters["skipped_frames"] += not goes_on
        return goes_on

    def _lost(self, reading: LiveReading, reason: GapReason, detail: str) -> Iterator[Frame | Gap]:
        yield from self._repeated.finish() if self._outage is None else ()
        self._repeated.reset()
        if self.ring is not None:
            self.ring.end()
        if self._outage is None and reading.frames:
            self.counters["reconnects"] += 1
            yield from self._begun(reason, detail, reading.end_ns)
        else:
            self._say(State.RECONNECTING if reading.frames else State.CONNECTING, detail)
        # What was open is closed and its clips are written: the lost connection's stream is needed no more.
        if self.ring is not None:
            self.ring.start()
        if self._opened is not None:
            self._opened.video.container.close()
            self._opened = None

    def _begun(self, reason: GapReason, detail: str, start_ns: int) -> Iterator[Gap]:
        """An outage begins: it is told at once, so that what is open is closed now and not when the feed is back."""
        self._outage = outage = _Outage(reason, detail, start_ns)
        self._say(State.FROZEN if reason is GapReason.FROZEN else State.RECONNECTING, detail)
        outage.told_ns = start_ns + 1
        yield Gap(self.source_id, start_ns, outage.told_ns, reason, detail)

    def _goes_on(self, reading: LiveReading) -> Iterator[Gap]:
        if not reading.frames:
            yield from self._never_seen()
        outage = self._outage
        if outage is None or not (reading.frames or outage.reason is GapReason.DISCONNECTED):
            return
        until_ns = self._now_ns(reading) - _BEHIND_NS
        if until_ns - outage.told_ns >= _TELL_EVERY_NS:
            yield Gap(self.source_id, outage.told_ns, until_ns, outage.reason, outage.detail, 0)
            outage.told_ns = until_ns

    def _never_seen(self) -> Iterator[Gap]:
        """No picture since the start, for longer than connecting may take: an outage by this machine's clock."""
        waited_s = (time.time_ns() - self._begun_ns) / NS_PER_S
        lost = self._outage is not None and self._outage.reason is GapReason.DISCONNECTED
        if not lost and waited_s > self._settings.open_timeout_s + _NEVER_SEEN_S:
            self._before = self._outage
            detail = f"no picture since the start: {self.state_why or 'none came'}"
            self._outage = outage = _Outage(GapReason.DISCONNECTED, detail, self._begun_ns)
            outage.told_ns = self._begun_ns + 1
            yield Gap(self.source_id, self._begun_ns, outage.told_ns, outage.reason, detail)

    def _not_running(self, t_ns: int) -> Iterator[Gap]:
        """What lies between the process before and this one, where the first picture was long in coming."""
        before, self._before = self._before, None
        if before is not None:
            end_ns = self._begun_ns if abs(time.time_ns() - t_ns) < _SAME_CLOCK_NS else t_ns
            if end_ns > before.start_ns:
                yield Gap(self.source_id, before.start_ns, end_ns, before.reason, before.detail)

    def _back(self, t_ns: int) -> Iterator[Gap]:
        """A picture that can be believed."""
        yield from self._not_running(t_ns)
        outage, self._outage = self._outage, None
        if outage is None and self.state is State.CONNECTING:
            yield from self._awaited(t_ns)
        self._say(State.RUNNING, "")
        if outage is not None and t_ns > outage.told_ns:
            first = outage.told_ns == outage.start_ns
            yield Gap(self.source_id, outage.told_ns, t_ns, outage.reason, outage.detail, int(first))

    def _awaited(self, t_ns: int) -> Iterator[Gap]:
        """The first picture ever, if it was long in coming and its clock is that of this machine."""
        waited_ns = time.time_ns() - self._begun_ns
        if waited_ns > self._settings.read_timeout_s * NS_PER_S and abs(time.time_ns() - t_ns) < _SAME_CLOCK_NS:
            detail = self.state_why or "no picture came"
            yield Gap(self.source_id, self._begun_ns, t_ns, GapReason.DISCONNECTED, detail)

    def _awaited_in_vain(self, reading: LiveReading) -> Iterator[Gap]:
        """It ends, and no picture has come."""
        if not reading.frames:
            yield from self._not_running(time.time_ns())
            if self._outage is None:
                yield from self._awaited(time.time_ns())

    def _now_ns(self, reading: LiveReading) -> int:
        """What time it is by the feed's own clock, as far as that is known. [ns UTC]"""
        if not reading.frames:
            return time.time_ns()
        return reading.end_ns + max(0, time.monotonic_ns() - reading.newest_arrival_ns)

    def _say(self, state: State, why: str) -> None:
        if (state, why) != (self.state, self.state_why):
            self.state, self.state_why, self.since_ns = state, why, time.time_ns()
