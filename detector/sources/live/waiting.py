"""What has arrived and not yet been judged. Never more than there is room for, and never longer than is allowed."""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path

from detector.config import LiveSettings
from detector.errors import LogError
from detector.sources.live.arrived import Arrived, Item, Skipped
from detector.sources.live.spool import Spool
from detector.timebase import NS_PER_S

_MEMORY_BYTES = 64 << 20


class Waiting:
    """A queue between the thread that reads and the one that judges.

    realtime: when the first picture has waited for longer than `max_lag_s`, everything up to the newest keyframe is
        passed over but for telemetry: of what lies between, nothing could be decoded without what went before.
    complete: what does not fit in memory waits on the disk, in `folder`. Beyond `spool_mb` what comes is passed over up
        to the first keyframe for which there is room.
    """

    def __init__(self, settings: LiveSettings, folder: Path) -> None:
        self._longest_ns = round(settings.max_lag_s * NS_PER_S)
        self._complete = settings.mode == "complete"
        self._items: deque[Item] = deque()
        self._spool = Spool(folder, (settings.spool_mb << 20) if self._complete else 0)
        self._bytes = 0
        self._changed = threading.Condition()
        self._needs_key = False
        self._skipped = 0
        self._failure: Exception | None = None

    def put(self, item: Item) -> None:
        """The next one. What goes wrong is raised by `get`, where it stops the feed."""
        with self._changed:
            try:
                if isinstance(item, Arrived):
                    self._put_packet(item)
                else:
                    self._needs_key = False
                    self._append(item)
            except LogError as error:
                self._failure = error
            self._changed.notify()

    def fail(self, error: Exception) -> None:
        """Nothing more will come, for a reason that nobody has thought of."""
        with self._changed:
            self._failure = error
            self._changed.notify()

    def get(self, timeout_s: float) -> Item | None:
        """The next one, waiting for it; None if none came in time.

        Raises:
            LogError: pictures have to wait on the disk, and it cannot be written or read.
        """
        with self._changed:
            if not self._items and self._failure is None:
                self._changed.wait(timeout_s)
            if self._failure is not None:
                raise self._failure
            if not self._items:
                return None
            item = self._items.popleft()
            self._bytes -= item.size if isinstance(item, Arrived) else 0
            while len(self._spool) and self._bytes < _MEMORY_BYTES // 2:
                self._hold(self._spool.take())
            return item

    def lag_s(self) -> float:
        """How long the first one has waited. [s]"""
        with self._changed:
            return self._waited_ns(time.monotonic_ns()) / NS_PER_S

    def close(self) -> None:
        """Give the disk back."""
        with self._changed:
            self._spool.close()

    def _put_packet(self, packet: Arrived) -> None:
        begins = packet.is_video and packet.key
        if begins and not self._complete and self._waited_ns(packet.arrival_ns) > self._longest_ns:
            self._pass_over()
        full = self._spool.full if self._complete else self._bytes > _MEMORY_BYTES
        if full or (self._needs_key and packet.is_video and not begins):
            self._needs_key = True
            self._skipped += packet.is_video
            return
        if self._needs_key and begins:
            self._append(Skipped(self._skipped))
            self._needs_key, self._skipped = False, 0
        self._append(packet)

    def _append(self, item: Item) -> None:
        if self._complete and (len(self._spool) or self._bytes > _MEMORY_BYTES):
            self._spool.append(item)
        else:
            self._hold(item)

    def _hold(self, item: Item) -> None:
        self._items.append(item)
        self._bytes += item.size if isinstance(item, Arrived) else 0

    def _pass_over(self) -> None:
        """All pictures that wait go. How connections began and ended stays, and so does the telemetry: what comes next
        needs the poses before it."""
        pictures = sum(isinstance(item, Arrived) and item.is_video for item in self._items)
        self._items = deque(item for item in self._items if not (isinstance(item, Arrived) and item.is_video))
        self._items.append(Skipped(pictures))
        self._bytes = sum(item.size for item in self._items if isinstance(item, Arrived))

    def _waited_ns(self, now_ns: int) -> int:
        first = next((item for item in self._items if isinstance(item, Arrived) and item.is_video), None)
        return 0 if first is None else now_ns - first.arrival_ns
