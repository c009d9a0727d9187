"""What one feed saw of the ground and when, and every stretch of time in which it did not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detector.config import CoverageSettings
from detector.config.agreement_map import AgreementMap
from detector.health import CoverageLedger, GapBook
from detector.locate import Locator
from detector.model import BREAKS, CoverageSlot, Gap, GapReason, Scene, Sight
from detector.timebase import NS_PER_S, ns_from_seconds

_OTHER_CLOCK_NS = 10 * NS_PER_S
_LONGEST_FRAME_NS = NS_PER_S  # a longer stretch without a frame is the source's own Gap


class FeedHealth:
    """Turns judged frames and the source's gaps into entries of the coverage ledger.

    A frame stands for the time until the next one.
    """

    def __init__(self, source_id: str, settings: CoverageSettings, agreement: AgreementMap, locator: Locator) -> None:
        zones = {zone.shape_id: zone.geometry for zone in agreement.ground_zones}
        self._source_id = source_id
        self._every_ns = ns_from_seconds(settings.every_s)
        self._locator = locator
        self._ledger = CoverageLedger(settings.slot_s, zones, settings.every_s)
        self._gaps = GapBook()
        self._last: tuple[Scene, str] | None = None
        self._seen, self._awaited_until_ns = False, 0
        self._frame_ns = 0
        self._footprint: NDArray[np.float64] | None = None
        self._footprint_ns: int | None = None

    def seen(self, scene: Scene, blind_reason: str) -> Iterator[Gap | CoverageSlot]:
        """One judged frame; `blind_reason` says in words why the registration failed, if it did."""
        if not self._seen:
            self._seen = True
            # Its clock is not that by which it was waited for.
            if scene.t_ns < self._awaited_until_ns - _OTHER_CLOCK_NS:
                yield from self._gaps.finish()
                yield from self._ledger.finish()
        if self._last is not None:
            last, reason = self._last
            self._frame_ns = min(scene.t_ns - last.t_ns, _LONGEST_FRAME_NS)
            yield from self._stood_for(last, reason, self._frame_ns)
        yield from self._gaps.over(scene.t_ns)
        self._last = (scene, blind_reason)

    def gap(self, gap: Gap) -> Iterator[Gap | CoverageSlot]:
        """A gap of the source. Where the feed breaks off, its last frame stands as long as the one before."""
        if gap.reason in BREAKS and self._last is not None:
            last, reason = self._last
            self._last = None
            yield from self._stood_for(last, reason, self._frame_ns)
        if gap.reason is not GapReason.NOT_RUNNING:  # may be a week: nothing could have been seen, no slot is needed
            self._ledger.gap(gap)
            self._awaited_until_ns = max(self._awaited_until_ns, gap.t_end_ns)
        yield from self._gaps.add(gap)
        if gap.reason in BREAKS and not gap.count:  # it goes on, it may be for days
            yield from self._ledger.passed(gap.t_end_ns)

    def finish(self) -> Iterator[Gap | CoverageSlot]:
        """The feed has ended; its last frame stands as long as the one before."""
        if self._last is not None:
            last, reason = self._last
            yield from self._stood_for(last, reason, self._frame_ns)
        yield from self._gaps.finish()
        yield from self._ledger.finish()

    def _stood_for(self, scene: Scene, blind_reason: str, length_ns: int) -> Iterator[Gap | CoverageSlot]:
        if length_ns <= 0:
            return
        missing = self._not_seen(scene, blind_reason)
        footprint = self._outline(scene) if missing is None else None
        reason = None if missing is None else missing[0]
        if missing is not None:
            end_ns = scene.t_ns + length_ns
            yield from self._gaps.add(Gap(self._source_id, scene.t_ns, end_ns, missing[0], missing[1]))
        yield from self._ledger.seen(
            scene.t_ns, self._source_id, length_ns / NS_PER_S, footprint, scene.sight, why_not=reason
        )

    def _not_seen(self, scene: Scene, blind_reason: str) -> tuple[GapReason, str] | None:
        if scene.sight is Sight.WARMING_UP:
            return GapReason.WARMING_UP, "the detector had not yet seen enough of this picture"
        if scene.sight is Sight.BLIND:
            return GapReason.REGISTRATION, f"the camera's motion could not be told: {blind_reason or 'no agreement'}"
        why = self._locator.why_no_ground(scene.pose)
        if why is None:
            return None
        stale = scene.pose is not None and scene.pose.age_s > self._locator.config.max_age_s
        return GapReason.STALE_TELEMETRY if stale else GapReason.NO_TELEMETRY, f"ground rules were off: {why}"

    def _outline(self, scene: Scene) -> NDArray[np.float64] | None:
        if self._footprint_ns is None or not 0 <= scene.t_ns - self._footprint_ns < self._every_ns:
            self._footprint = self._locator.footprint(scene.pose, scene.size_px)
            self._footprint_ns = scene.t_ns
        return self._footprint
