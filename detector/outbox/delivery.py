"""One sink's thread: reads the log by number, delivers, notes how far it has come, and tries again what failed."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from detector.errors import LogError
from detector.log import open_reader
from detector.outbox.cloud_event import TOLD
from detector.outbox.position import Positions
from detector.outbox.sink import Sink, SinkError

_LOOK_EVERY_S = 0.25
_FIRST_RETRY_S = 0.5
_LONGEST_RETRY_S = 5.0


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
    """

    def __init__(self, sink: Sink, out: Path, feeds: Callable[[], dict[str, str]]) -> None:
        super().__init__(name=f"outbox {sink.config.name}", daemon=True)
        self._sink, self._out, self._feeds = sink, out, feeds
        self._over = threading.Event()
        self.progress = Progress()

    @property
    def sink_name(self) -> str:
        """As its position is remembered by."""
        return str(self._sink.config.name)

    def stop(self) -> None:
        """After a last round; what fails in it waits for the next start."""
        self._over.set()

    def run(self) -> None:
        """Until `stop`."""
        retry_s = _FIRST_RETRY_S
        last = False
        while not last:
            last = self._over.is_set()  # what was logged while the feeds were being stopped goes out in a last round
            try:
                self._deliver()
                self._sink.state(self._feeds())
                retry_s, wait_s = _FIRST_RETRY_S, _LOOK_EVERY_S
                self._tell(problem="")
            except (SinkError, LogError) as error:
                self._tell(problem=str(error))
                wait_s = retry_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret, a jitter
                retry_s = min(2 * retry_s, _LONGEST_RETRY_S)
            self._over.wait(wait_s)
        self._sink.close()

    def _deliver(self) -> None:
        """All that waits. Raises SinkError at the first that cannot be delivered."""
        positions = Positions(self._out)
        try:
            position = positions.of(self.sink_name)
            with open_reader(self._out) as reader:
                waiting = list(reader.entries(TOLD, after=position))
            for number, entry in enumerate(waiting):
                self._tell(depth=len(waiting) - number, position=position)
                self._sink.deliver(entry)
                positions.note(self.sink_name, entry.seq)
                position = entry.seq
                self._tell(delivered=self.progress.delivered + 1)
            self._tell(depth=0, position=position)
        finally:
            positions.close()

    def _tell(self, **changed: int | str) -> None:
        self.progress = replace(self.progress, **changed)  # type: ignore[arg-type]
