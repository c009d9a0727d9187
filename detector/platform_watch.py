"""THE ORDER for a vehicle's telemetry: platform detector, rules. Written once, for feeds and telemetry files alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from detector.detectors.series import PlatformConfig, PlatformDetector
from detector.evidence import StretchRecorder
from detector.model import Frame, Gap, GapReason, Series, Triggers, Undecided, Violation
from detector.rules import PlatformRule


class PlatformWatch:
    """One vehicle. Blocks of its telemetry come in the order of time, all with the same channels or with more."""

    def __init__(self, rules: Sequence[PlatformRule]) -> None:
        self._rules, self._signs = rules, _signs(rules)
        self._detector = PlatformDetector(PlatformConfig())
        self._frozen: list[Gap] = []

    @property
    def asked(self) -> bool:
        """Some rule wants to know."""
        return bool(self._rules)

    def judge_by(self, rules: Sequence[PlatformRule]) -> Iterator[Violation | Undecided]:
        """Other rules from now on, for the same vehicle; what is open under the old ones is closed."""
        for rule in self._rules:
            yield from rule.finish()
        self._rules, self._signs = rules, _signs(rules)

    @property
    def disturbed(self) -> bool:
        """Some sign that a rule asks for goes on at the end of what was taken so far."""
        return not self._signs.isdisjoint(self._detector.disturbed_by)

    def why_not(self, series: Series) -> str:
        """Why such telemetry cannot be judged; empty if it can."""
        return self._detector.why_not(series)

    def take(self, series: Series) -> Iterator[Violation | Undecided]:
        """What the rules say of one more block."""
        if not len(series):
            return
        found = self._heard(self._detector.detect(series))
        for rule in self._rules:
            rule.observe(series)
            yield from rule.hear(found)
            yield from rule.pass_time(self._detector.settled_ns)

    def finish(self) -> Iterator[Violation | Undecided]:
        """The telemetry has ended."""
        for found in map(self._heard, self._detector.finish()):
            for rule in self._rules:
                yield from rule.hear(found)
        for rule in self._rules:
            yield from rule.finish()

    def unjudged(self) -> list[Gap]:
        """When nothing could be judged yet, and when all of it stood still, since this was last asked."""
        frozen, self._frozen = self._frozen, []
        return [*self._detector.unjudged(), *frozen]

    def _heard(self, found: Triggers) -> Triggers:
        """What stands still is no telemetry, though rows come: a gap."""
        for row in np.flatnonzero(found.channel == "frozen").tolist():
            t_ns, t_end_ns = int(found.t_ns[row]), int(found.t_end_ns[row])
            told = "nothing that it tells has changed: the last values come again"
            self._frozen.append(Gap(found.source_id, t_ns, t_end_ns, GapReason.MISSING, told))
        return found


def _signs(rules: Sequence[PlatformRule]) -> set[str]:
    return {sign for rule in rules for sign in rule.config.signs}


class TrustedFrames:
    """A source's frames, without a pose while the drone's own navigation is disturbed; and what the rules say of that.

    telemetry: gives what is known of it now, in the order of time: of a recording all, of a live feed the newest
        stretch. It is taken up to the time of each frame and no further, so that both come to the same.
    """

    def __init__(
        self,
        source: Iterable[Frame | Gap],
        telemetry: Callable[[], Series | None],
        watch: PlatformWatch,
        recorder: StretchRecorder,
    ) -> None:
        self._source, self._telemetry, self._watch, self._recorder = source, telemetry, watch, recorder
        self._taken_ns: int | None = None
        self._found: list[Violation | Undecided] = []

    def __iter__(self) -> Iterator[Frame | Gap]:
        for item in self._source:
            if isinstance(item, Frame):
                self._take(item.t_ns)
                yield replace(item, pose=None) if item.pose is not None and self._watch.disturbed else item
            else:
                yield item

    def judge_by(self, rules: Sequence[PlatformRule]) -> None:
        """Other rules from now on; `found` tells what is closed by that."""
        self._found += self._recorder.follow(self._watch.judge_by(rules))

    def found(self) -> Iterator[Violation | Undecided]:
        """What the rules said, since this was last asked."""
        told, self._found = self._found, []
        yield from told

    def finish(self) -> Iterator[Violation | Undecided]:
        """The pictures have ended: the telemetry that is left, and what is open."""
        self._take(None)
        self._found += self._recorder.follow(self._watch.finish())
        yield from self.found()

    def _take(self, until_ns: int | None) -> None:
        known = self._telemetry() if self._watch.asked else None
        if known is None:
            return
        begin = 0 if self._taken_ns is None else int(np.searchsorted(known.t_ns, self._taken_ns, "right"))
        end = len(known) if until_ns is None else int(np.searchsorted(known.t_ns, until_ns, "right"))
        if end > begin:
            piece = replace(known, t_ns=known.t_ns[begin:end], values=known.values[begin:end])
            self._taken_ns = int(piece.t_ns[-1])
            self._recorder.observe(piece)
            self._found += self._recorder.follow(self._watch.take(piece), piece.source_id)
