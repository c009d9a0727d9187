"""A live sensor stream of any kind: the same tidying as for recordings, by a clock that goes on."""

from __future__ import annotations

import hashlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from detector.model import Gap, GapReason, Series
from detector.sources.series.arrivals import Arrival, Arrivals
from detector.sources.series.block import Block
from detector.sources.series.contract import SeriesEnd
from detector.sources.series.live_order import LiveOrder
from detector.sources.series.live_stream import LiveStream
from detector.sources.series.message import Message, read_message
from detector.sources.series.recorded import Extent
from detector.sources.series.station import Station
from detector.sources.series.tidy import Origin, Tidy, window_for
from detector.timebase import NS_PER_S, Clock, SystemClock, iso_from_ns

AHEAD_NS = 60 * NS_PER_S
BEHIND_NS = 86_400 * NS_PER_S
"""A sample from later than this after now, or earlier than this before, was stamped by a clock that is wrong."""
_WALL_NS = NS_PER_S  # how much a sensor's clock may be ahead of this machine's without being waited for
_MOMENT_S = 0.05
_REMEMBERED = 512  # messages of one topic, to know one that is delivered again
_MOST_STREAMS = 4096


@dataclass(slots=True)
class _Topic:
    """What is remembered of a topic."""

    messages: int = 0
    seen: deque[bytes] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))


class LiveSeries:
    """Samples and gaps as they happen, until `stop`.

    Messages of a topic are tidied like the rows of a file (`Tidy`), each topic's stream under the name
    `source_id/topic`. Beyond that, counted like everything there:

    - a message delivered again (the very same bytes, among the last 512 of its topic) is left out: `redelivered`
    - one that cannot be read is left out: `messages_unreadable`, Gap (damaged)
    - one stamped more than 60 s ahead of this machine's clock, or a day behind: `wrong_clock`, Gap (clock)
    - a channel that the first message of its topic does not have, or whose place is asked for and not known, is left
      out: `channels_not_listened_to`; one that is missing later is NaN
    - channels that are asked for and do not come are a Gap (disconnected) of the source from its start, told like
      silence
    - silence becomes a Gap (disconnected) after `wait_s` and two usual periods, or 30 s without a connection, told
      again each time it has lasted twice as long. The publisher's last will says why: `last_wills`. By itself it is no
      gap: a logger whose connection broke comes back with what it kept
    - messages given up because reading is too slow: `messages_lost`; they are holes as well
    - what comes too late for the other sensors: `late_samples`, Gap (missing)

    Args:
        channels: of these nothing is missed at the start: for all of them is waited; others are not listened to. None:
            all that come.
        wait_s: streams wait so long for one of which nothing comes; then they go on without it. While the connection
            is lost, up to 30 s, and for `wait_s` after it is back, all are waited for.
    """

    def __init__(
        self,
        arrivals: Arrivals,
        source_id: str,
        station: Station,
        *,
        channels: frozenset[str] | None = None,
        wait_s: float = 5.0,
        clock: Clock | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source_id, self.station = source_id, station
        self.end: SeriesEnd | None = None
        self.share: float | None = None
        self.counters: Counter[str] = Counter()
        self._arrivals, self._channels, self._wait_s = arrivals, channels, wait_s
        self._clock, self._monotonic_s = clock or SystemClock(), monotonic_s
        self._topics: dict[str, _Topic] = {}
        self._streams: dict[str, LiveStream] = {}
        self._order = LiveOrder()
        self._begun_s, self._begun_ns, self._told_s = monotonic_s(), self._clock.now_ns(), 0.0
        self._first_s: float | None = None
        self._started = False

    @property
    def trouble(self) -> str:
        """Why nothing can come, in one sentence without credentials; empty while the connection stands."""
        return self._arrivals.trouble

    def stop(self) -> None:
        """End the iteration; what is open is closed. From any thread, also from a signal's handler."""
        self._arrivals.stop()

    def __iter__(self) -> Iterator[Series | Gap | None]:
        """Samples and gaps; None when nothing was given for a moment. Once: what has passed cannot be read again."""
        extent, given_s = Extent(), self._monotonic_s()
        for arrival in self._arrivals:
            if arrival is not None:
                self._take(arrival)
            if self._monotonic_s() - given_s >= _MOMENT_S:
                given_s = self._monotonic_s()
                yield None
            yield from self._silence()
            if self._going():
                until_ns = self._clock.now_ns() + _WALL_NS
                yield from extent.seen(list(self._order.ready(self._absent(), until_ns)))
            self._count()
        for key, stream in self._streams.items():
            for item in stream.tidy.finish():
                self._order.put(key, item)
        yield from extent.seen(list(self._order.rest()))
        yield from self._silence(ended=True)
        self._count()
        detail = "" if extent.samples else f"no samples came; {self.trouble or 'nothing was sent'}"
        channels = tuple(dict.fromkeys(name for one in self._streams.values() for name in one.channels))
        met = {name: count for name, count in sorted(self.counters.items()) if count}
        self.end = SeriesEnd(extent.samples, channels, not detail, detail, extent.start_ns, extent.end_ns, met)

    def _count(self) -> None:
        self.counters["messages_lost"] = self._arrivals.lost
        self.counters["late_samples"] = self._order.late

    def _take(self, arrival: Arrival) -> None:
        """One message into its streams."""
        if arrival.topic not in self._topics and len(self._topics) >= _MOST_STREAMS:
            self.counters["topics_too_many"] += 1
            return
        topic = self._topics.setdefault(arrival.topic, _Topic())
        topic.messages += 1
        self.counters["messages"] += 1
        if arrival.retained:
            self.counters["retained"] += 1
            return
        digest = hashlib.blake2b(arrival.payload, digest_size=16).digest()
        if digest in topic.seen:
            self.counters["redelivered"] += 1
            return
        try:
            message = read_message(arrival.payload, arrival.topic, topic.messages, self.counters)
        except ValueError as error:
            self._unreadable(arrival.topic, f"message {topic.messages} of {arrival.topic}: {error}")
            return
        if message.offline is not None:
            self._status(arrival.topic, message)
            return
        topic.seen.append(digest)
        for block in message.blocks:
            self._push(arrival.topic, block, message)

    def _push(self, topic: str, block: Block, message: Message) -> None:
        key = f"{topic} {block.channels[0]}" if message.senml else topic
        stream = self._streams.get(key)
        names = self._wanted(block) if stream is None else stream.channels
        self.counters["channels_not_listened_to"] += len(set(block.channels) - set(names))
        if not names:
            return
        now_ns = self._clock.now_ns()
        if block.t_ns[-1] > now_ns + AHEAD_NS or block.t_ns[0] < now_ns - BEHIND_NS:
            since_ns = self._begun_ns if stream is None else stream.newest_ns + 1
            self._order.put(key, self._wrong_clock(topic, block, since_ns, now_ns))
            return
        if stream is None:
            stream = self._streams[key] = self._new(topic, names, block, message.units)
        stream.heard(int(block.t_ns[-1]), self._monotonic_s())
        for item in stream.tidy.push(block.with_channels(names)):
            self._order.put(key, item)

    def _wanted(self, block: Block) -> tuple[str, ...]:
        """Channels of a first message that are listened to, and that no other stream has."""
        if len(self._streams) >= _MOST_STREAMS:
            return ()
        names = tuple(name for name in block.channels if self._channels is None or name in self._channels)
        taken = any(set(names) & set(one.channels) for one in self._streams.values())
        return () if taken else names

    def _new(self, topic: str, names: tuple[str, ...], block: Block, units: dict[str, str]) -> LiveStream:
        origin = Origin(f"{self.source_id}/{topic}", self.station, units)
        begin_ns, now_s = int(block.t_ns[0]), self._monotonic_s()
        self._first_s = now_s if self._first_s is None else self._first_s
        if self._started and begin_ns > self._begun_ns:
            detail = "it had not begun when the others went on"
            self._order.put(topic, Gap(origin.source_id, self._begun_ns, begin_ns, GapReason.DISCONNECTED, detail))
        return LiveStream(origin.source_id, names, Tidy(origin, self.counters, window_for(block)), now_s, begin_ns - 1)

    def _wrong_clock(self, topic: str, block: Block, since_ns: int, now_ns: int) -> Gap:
        self.counters["wrong_clock"] += len(block)
        stated, now = iso_from_ns(int(block.t_ns[0]), 3), iso_from_ns(now_ns, 3)
        detail = f"message {block.places[0]} states {stated} when it is {now} here; left out"
        start_ns = min(since_ns, now_ns)
        return Gap(f"{self.source_id}/{topic}", start_ns, now_ns + 1, GapReason.CLOCK, detail, len(block))

    def _unreadable(self, topic: str, detail: str) -> None:
        self.counters["messages_unreadable"] += 1
        at_ns = max((one.newest_ns for one in self._of(topic)), default=self._begun_ns)
        self._order.put(topic, Gap(f"{self.source_id}/{topic}", at_ns, at_ns + 1, GapReason.DAMAGED, detail))

    def _status(self, topic: str, message: Message) -> None:
        for stream in self._of(topic):
            if message.offline and not stream.offline:
                self.counters["last_wills"] += 1
                stream.offline, stream.told_s = True, 0.0

    def _of(self, topic: str) -> list[LiveStream]:
        return [one for one in self._streams.values() if one.source_id == f"{self.source_id}/{topic}"]

    def _silence(self, *, ended: bool = False) -> Iterator[Gap]:
        """What has lasted twice as long as when it was last told; at the end, whatever there is."""
        now_s, now_ns = self._monotonic_s(), self._clock.now_ns()
        quiet_s, awaited = now_s - self._begun_s, self._awaited()
        if awaited and ((ended and quiet_s > self._told_s) or quiet_s >= max(self._wait_s, 2 * self._told_s)):
            self._told_s = quiet_s
            detail = f"no samples{awaited} have come for {quiet_s:.0f} s: {self.trouble or 'nothing is sent'}"
            end_ns = max(now_ns, self._begun_ns + 1)
            yield Gap(self.source_id, self._begun_ns, end_ns, GapReason.DISCONNECTED, detail)
        for stream in self._streams.values():
            quiet_s = now_s - stream.arrived_s
            due = quiet_s >= 2 * stream.told_s and stream.absent(now_s, self._arrivals.connected_s, self._wait_s)
            if ended:
                due = quiet_s > max(stream.told_s, self._wait_s)
            if not due or now_ns <= stream.newest_ns + 1:
                continue
            stream.told_s = quiet_s
            detail = f"no samples for {quiet_s:.1f} s: {self.trouble or stream.why_silent}"
            yield Gap(stream.source_id, stream.newest_ns + 1, now_ns, GapReason.DISCONNECTED, detail)

    def _awaited(self) -> str:
        """What has never come though it is asked for, in words; empty if all is there."""
        if not self._streams:
            return " at all"
        there = {name for one in self._streams.values() for name in one.channels}
        lacking = sorted((self._channels or frozenset()) - there)
        more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
        return f" of {', '.join(lacking[:3])}{more}" if lacking else ""

    def _going(self) -> bool:
        """All channels that are asked for are there, or have been waited for."""
        if self._first_s is not None and not self._started:
            everyone = self._channels is not None and not self._awaited()
            self._started = everyone or self._monotonic_s() - self._first_s >= self._wait_s
        return self._started

    def _absent(self) -> frozenset[str]:
        """Streams that nobody waits for any more."""
        now_s, connected_s = self._monotonic_s(), self._arrivals.connected_s
        return frozenset(key for key, one in self._streams.items() if one.absent(now_s, connected_s, self._wait_s))
