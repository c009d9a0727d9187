"""What is wrong with a vehicle itself: satellite navigation that is disturbed or deceived, a link that was lost."""

from __future__ import annotations

import numpy as np

from detector.detectors.series.by_stream import ByStream
from detector.detectors.series.platform_config import PlatformConfig
from detector.detectors.series.platform_roles import roles_of
from detector.detectors.series.platform_stretch import PlatformStretch, Sign
from detector.model import Gap, GapReason, Series, Triggers, read_only
from detector.timebase import NS_PER_S


class PlatformDetector(ByStream[PlatformStretch]):
    """Judges a vehicle's telemetry against itself: every quantity by its own past, none by another vehicle's.

    - `jump`: two positions further apart than 150 m/s and 15 m allow; a change of velocity that it never showed.
    - `reception`: satellites, dilution, noise, signal to noise, link strength worse than it ever was.
    - `disagreement`: position and told velocity, GNSS and barometric height, course and heading, turn and bank, which
      used to agree, do so no longer.
    - `fix`: there is no position (or `fix_type` below 2) where there used to be one.
    - `link`: no row for longer than `link_s`; or rows that repeat the last values for ten looks (`frozen`).

    Once a second each quantity's distance from its median is compared with its usual swing (95 % of its past, and no
    less than means something in its unit); `factor` times that, `hold` times in a row, is a sign. What goes on is told
    again every 10 s. Looks that stand out teach nothing, until they have lasted for `relearn` looks.

    Hit: the noise of the receiver rises and satellites are lost; the position drifts at 5 m/s while barometer, compass
    and told velocity know nothing of it.   Miss: a vehicle that takes off, turns or stops within what it has done
    before; a receiver that always was poor.

    Channels are told by their names (`platform_roles`), all of one vehicle in one stream. It cannot tell interference
    from a fault of the receiver. Slow twin: tests/naive_platform.py.
    """

    Config = PlatformConfig

    def __init__(self, config: PlatformConfig) -> None:
        self.config = config
        super().__init__()

    @property
    def disturbed_by(self) -> set[str]:
        """Kinds of signs that go on at the end of what was given so far."""
        return {kind for one in self._streams.values() for kind in one.disturbed_by}

    @property
    def settled_ns(self) -> int:
        """Every sign that began before this has been told. Something was given already."""
        return max(one.settled_ns for one in self._streams.values())

    def why_not(self, series: Series) -> str:
        """Why such a stream cannot be judged; empty if it can."""
        roles = roles_of(series.channels)
        if not roles.placed and not roles.qualities:
            return (
                "it has no position (lat_deg, lon_deg) and no measure of reception (satellites, hdop, noise_per_ms …)"
            )
        if roles.placed and (np.abs(series.values[:, roles.columns["lat"]]) > 90).any():
            return "its latitudes are no degrees"
        return ""

    def detect(self, series: Series) -> Triggers:
        """Take a block; what is now certain, in the order of onsets."""
        if not len(series):
            return Triggers.none(series.source_id)
        key = (series.source_id, series.channels)
        stretch = self._streams.get(key)
        if stretch is None:
            stretch = self._streams[key] = PlatformStretch(self.config, series.channels)
        found = stretch.push(series.t_ns, series.values)
        self._tell_warm(series.source_id, stretch)
        return _triggers(series.source_id, found)

    def finish(self) -> list[Triggers]:
        """All streams have ended: what was still open, one answer a stream."""
        answers = []
        for (source_id, _), stretch in self._streams.items():
            answers.append(_triggers(source_id, stretch.finish()))
            self._tell_warm(source_id, stretch, ended=True)
        self._streams.clear()
        return answers

    def _tell_warm(self, source_id: str, stretch: PlatformStretch, *, ended: bool = False) -> None:
        """Once, when the first quantity can be judged; at the end, if none ever could."""
        if stretch.since_ns is None or (stretch.warm_ns is None and not ended):
            return
        until_ns = stretch.warm_ns if stretch.warm_ns is not None else stretch.last_ns + 1
        if until_ns > stretch.since_ns:
            detail = "learning what is usual for this vehicle"
            self._unjudged.append(Gap(source_id, stretch.since_ns, until_ns, GapReason.WARMING_UP, detail))
        stretch.told_warm()


def _triggers(source_id: str, found: list[Sign]) -> Triggers:
    if not found:
        return Triggers.none(source_id)
    found = sorted(found, key=lambda one: (one.t_ns, one.name))
    count = len(found)
    return Triggers(
        source_id,
        read_only(np.array([one.name for one in found])),
        read_only(np.array([one.t_ns for one in found], np.int64)),
        read_only(np.array([one.t_end_ns for one in found], np.int64)),
        read_only(np.full(count, float(NS_PER_S))),
        read_only(np.array([one.kind for one in found])),
        read_only(np.array([one.score for one in found])),
        read_only(np.full(count, np.nan)),
    )
