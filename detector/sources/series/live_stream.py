"""One stream of a live source: whether it is alive."""

from __future__ import annotations

from dataclasses import dataclass

from detector.sources.series.tidy import Tidy
from detector.timebase import NS_PER_S

OUTAGE_S = 30.0
"""So long a connection is lost without being told: what was sent meanwhile is delivered afterwards."""


@dataclass(slots=True)
class LiveStream:
    """What is known of one topic, or of one name of a topic with SenML, while it goes on. Times in s: `time.monotonic`.

    arrived_s: when something new last came. newest_ns: its last sample.
    step_s, period_s: from the block before to the last; the usual: the smaller of the last two, for one may be a hole.
    told_s: how long the silence that goes on had lasted when it was last told; 0: it was not.
    offline, set_back: its last will has come; it sends what has passed already.
    """

    source_id: str
    channels: tuple[str, ...]
    tidy: Tidy
    arrived_s: float
    newest_ns: int
    step_s: float = 0.0
    period_s: float = 0.0
    told_s: float = 0.0
    offline: bool = False
    set_back: bool = False

    @property
    def why_silent(self) -> str:
        """In words."""
        if self.set_back:
            return "its clock was set back; what it sends is left out until it has caught up"
        return "its publisher is gone (last will)" if self.offline else "nothing is sent"

    def heard(self, newest_ns: int, now_s: float) -> None:
        """Something came. Only what is new is a sign of life: of a clock that was set back nothing can be used."""
        self.set_back = newest_ns <= self.newest_ns
        if not self.set_back:
            step_s = (newest_ns - self.newest_ns) / NS_PER_S
            self.period_s, self.step_s = min(step_s, self.step_s), step_s
            self.newest_ns = newest_ns
            self.arrived_s, self.told_s, self.offline = now_s, 0.0, False

    def absent(self, now_s: float, connected_s: float | None, wait_s: float) -> bool:
        """Nothing came though it could have: for a while, and since the connection is back.

        Args:
            connected_s: since when it stands; None: it is lost.
            wait_s: so long, and two usual periods, is waited.
        """
        if connected_s is None:
            return now_s - self.arrived_s > OUTAGE_S
        return now_s - max(self.arrived_s, connected_s) > wait_s + 2 * self.period_s
