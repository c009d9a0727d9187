"""One sink's thread: reads the log by number, delivers, notes how far it has come, and tries again what failed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from detector.addresses import masked
from detector.errors import LogError
from detector.log import LogReader, open_reader
from detector.outbox.cloud_event import TOLD
from detector.outbox.position import Positions
from detector.outbox.sink import Sink, SinkError

_LOOK_EVERY_S = 0.25
_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 5.0
_LAST_ROUND_S = 10.0
_AT_ONCE = 100
"""Entries read at a time: what has waited for weeks does not have to fit into memory."""


@dataclass(frozen=True, slots=True)
class Progress:
    """depth: entries that wait; delivered: by this process; position: number of the newest entry delivered."""

    depth: int = 0
    delivered: int = 0
    position: int = 0
    problem: str = ""


class Delivery(threading.Thread):
    """Every entry is delivered before the next one is tried: so each feed's come in order, each at least once.

    An entry whose acknowledgement is lost, or that was delivered just before a crash, comes twice, with the same id.

    feeds: what each feed is doing, for sinks that tell it.
    before: one of the same name that was told to stop; only when it has ended does this one begin.
    """

    def __init__(
        self, sink: Sink, out: Path, feeds: Callable[[], dict[str, str]], before: Delivery | None = None
    ) -> None:
        super().__init__(name=f"outbox {sink.config.name}", daemon=True)
        self._sink, self._out, self._feeds, self._before = sink, out, feeds, before
        self._over = threading.Event()
        self._until_s = float("inf")
        self.progress = Progress()

    @property
    def sink_name(self) -> str:
        """As its position is remembered by."""
        return str(self._sink.config.name)

    def stop(self, within_s: float = _LAST_ROUND_S) -> None:
        """After a last round, in which nothing is begun after so long; what is left waits for the next start."""
        self._until_s = time.monotonic() + within_s
        self._over.set()

    def run(self) -> None:
        """Until `stop`."""
        if self._before is not None:
            self._before.join()
            self._before = None
        retry_s = _FIRST_RETRY_S
        last = False
        while not last:
            last = self._over.is_set()  # what was logged while the feeds were being stopped goes out in a last round
            try:
                self._deliver()
                self._sink.state(self._feeds())
                retry_s, wait_s = _FIRST_RETRY_S, _LOOK_EVERY_S
                self._tell(problem="")
            except Exception as error:  # noqa: BLE001  whatever a receiver or a library does: it is told, and tried again
                expected = isinstance(error, SinkError | LogError)
                self._tell(problem=masked(str(error) if expected else f"{type(error).__name__}: {error}"))
                wait_s = retry_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret, a jitter
                retry_s = min(2 * retry_s, _LONGEST_RETRY_S)
            self._over.wait(wait_s)
        self._sink.close()

    def _deliver(self) -> None:
        """All that waits. Raises SinkError at the first that cannot be delivered."""
        positions = Positions(self._out)
        try:
            with open_reader(self._out) as reader:
                position = self._position(positions, reader)
                depth = reader.count(TOLD, after=position)
                self._tell(depth=depth, position=position)
                while batch := list(reader.entries(TOLD, after=position, most=_AT_ONCE)):
                    for entry in batch:
                        if time.monotonic() > self._until_s:
                            return
                        self._sink.deliver(entry)
                        positions.note(self.sink_name, entry)
                        position, depth = entry.seq, max(depth - 1, 0)
                        self._tell(depth=depth, position=position, delivered=self.progress.delivered + 1)
        finally:
            positions.close()

    def _position(self, positions: Positions, reader: LogReader) -> int:
        """Number of the newest entry delivered; 0 where this log does not have that entry.

        A log that was restored from a copy goes on with the same numbers: what came under them would never be sent.
        """
        seq, entry_hash = positions.of(self.sink_name)
        if seq == 0 or reader.hash_of(seq) == entry_hash:
            return seq
        structlog.get_logger().warning(
            "the log is not the one that was sent: it is sent from its beginning", sink=self.sink_name, entry=seq
        )
        positions.forget(self.sink_name)
        return 0

    def _tell(self, **changed: int | str) -> None:
        self.progress = replace(self.progress, **changed)  # type: ignore[arg-type]
