"""Short loud sounds, and what they sound like: a shot, a blast, something else, or it cannot be told."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detector.detectors.series.by_stream import ByStream
from detector.detectors.series.impulse import ImpulseDetector
from detector.detectors.series.impulse_config import PRESETS
from detector.detectors.series.kind_config import KindConfig
from detector.detectors.series.kind_features import AFTER_S, BEFORE_S, MARGIN_S, NAMES, RATE_HZ, features_of, window_of
from detector.detectors.series.tone_model import read_model
from detector.model import Gap, Series, Triggers, read_only
from detector.timebase import NS_PER_S, ns_from_seconds

MODEL_FILE = Path(__file__).with_name("kind_model.json")
"""Made by scripts/fit_kind_model.py; its card is docs/models/kind.md."""
UNDETERMINED = "undetermined"

_AFTER_NS = ns_from_seconds(AFTER_S + MARGIN_S)
# An impulse is given within a fraction of a second of its onset.
_KEPT_NS = ns_from_seconds(1.0 + BEFORE_S + MARGIN_S)


class _Waiting(NamedTuple):
    """An impulse whose window is not there yet."""

    t_ns: int
    channel: str
    t_end_ns: int
    sigma_ns: float


class _Kept:
    """The newest samples of a stream, and impulses that wait for more."""

    def __init__(self, series: Series) -> None:
        assert series.interval_ns is not None
        self.interval_ns = series.interval_ns
        self._t_ns, self._values = series.t_ns[:0], series.values[:0]
        self.waiting: list[_Waiting] = []

    def push(self, series: Series) -> None:
        self._t_ns = np.concatenate((self._t_ns, series.t_ns))
        self._values = np.concatenate((self._values, series.values))

    def due(self, *, ended: bool) -> list[_Waiting]:
        """Impulses whose window is there, or never will be."""
        until_ns = int(self._t_ns[-1]) + self.interval_ns if len(self._t_ns) else 0
        done = [one for one in self.waiting if ended or one.t_ns + _AFTER_NS <= until_ns]
        self.waiting = [one for one in self.waiting if one not in done]
        return sorted(done)

    def window(self, t_ns: int, column: int) -> NDArray[np.float64] | None:
        """About an onset; None where it has a hole."""
        at = int(np.searchsorted(self._t_ns, t_ns))
        rate_hz = NS_PER_S / self.interval_ns
        before, after = (round((seconds + MARGIN_S) * rate_hz) for seconds in (BEFORE_S, AFTER_S))
        t_ns_there = self._t_ns[max(at - before, 0) : at + after]
        if len(t_ns_there) < before + after:
            return None
        spans = float(t_ns_there[-1] - t_ns_there[0]) / self.interval_ns
        return None if spans > before + after - 0.5 else window_of(self._values[:, column], at, rate_hz)

    def forget(self) -> None:
        oldest_ns = min([int(self._t_ns[-1]), *(one.t_ns for one in self.waiting)]) if len(self._t_ns) else 0
        keep = int(np.searchsorted(self._t_ns, oldest_ns - _KEPT_NS))
        self._t_ns, self._values = self._t_ns[keep:], self._values[keep:]


class KindDetector(ByStream[_Kept]):
    """Impulses (`ImpulseDetector`, preset `acoustic`), each with what it sounds like by a fitted model.

    Hit: a shot two streets away is "shot-like".   Miss: a shot in a hall, whose echoes hide it, is "undetermined" or,
    wrongly, "other"; a firecracker is as much a shot to it as a shot is.
    "undetermined" is a result: no kind is likely enough, or the sound's window (0.1 s before to 0.25 s after its onset)
    has a hole. It describes a sound and says nothing of who or what made it: the model is fitted to synthetic sound
    (docs/models/kind.md: how far to trust it), and one channel alone is no event.

    The score is the probability of what is told; of "undetermined" the largest one, 0 where the window has a hole.
    """

    Config = KindConfig

    def __init__(self, config: KindConfig) -> None:
        super().__init__()
        self.config = config
        self._impulses = ImpulseDetector(PRESETS["acoustic"])
        self._model = read_model(MODEL_FILE, NAMES)

    def why_not(self, series: Series) -> str:
        """Why such a stream cannot be judged; empty if it can."""
        if series.interval_ns is not None and NS_PER_S / series.interval_ns < 0.999 * RATE_HZ:
            rate_hz = NS_PER_S / series.interval_ns
            return (
                f"{rate_hz:.4g} samples a second are too few to tell what an impulse sounds like; {RATE_HZ} are needed"
            )
        return self._impulses.why_not(series)

    def detect(self, series: Series) -> Triggers:
        """Take a block; impulses whose window is there now, in the order of their onsets.

        Raises:
            ValueError: the stream cannot be judged; `why_not` says why.
        """
        key = self._key(series)
        kept = self._streams.setdefault(key, _Kept(series))
        kept.push(series)
        return self._named(key, self._impulses.detect(series), ended=False)

    def finish(self) -> list[Triggers]:
        """All streams have ended: what was still open or waits, one answer a stream."""
        ended = {one.source_id: one for one in self._impulses.finish()}
        answers = [self._named(key, ended.get(key[0], Triggers.none(key[0])), ended=True) for key in self._streams]
        self._streams.clear()
        return answers

    def unjudged(self) -> list[Gap]:
        """When there was something that could not be judged (warming up), since this was last asked."""
        return self._impulses.unjudged()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        super().reset()
        self._impulses.reset()

    def _named(self, key: tuple[str, tuple[str, ...]], found: Triggers, *, ended: bool) -> Triggers:
        source_id, channels = key
        kept = self._streams[key]
        rows = zip(
            found.t_ns.tolist(), found.channel.tolist(), found.t_end_ns.tolist(), found.sigma_ns.tolist(), strict=True
        )
        kept.waiting += [_Waiting(*row) for row in rows]
        due = kept.due(ended=ended)
        if not due:
            kept.forget()
            return Triggers.none(source_id)
        kinds, scores = zip(*(self._kind(kept, one, channels) for one in due), strict=True)
        kept.forget()
        return Triggers(
            source_id,
            read_only(np.array([one.channel for one in due])),
            read_only(np.array([one.t_ns for one in due], np.int64)),
            read_only(np.array([one.t_end_ns for one in due], np.int64)),
            read_only(np.array([one.sigma_ns for one in due])),
            read_only(np.array(kinds)),
            read_only(np.array(scores)),
            read_only(np.full(len(due), np.nan)),
        )

    def _kind(self, kept: _Kept, one: _Waiting, channels: tuple[str, ...]) -> tuple[str, float]:
        window = kept.window(one.t_ns, channels.index(one.channel))
        if window is None:
            return UNDETERMINED, 0.0
        probability = np.exp(self._model.log_probability(features_of(window)[None])[0])
        best = int(probability.argmax())
        told = self._model.kinds[best] if probability[best] >= self.config.told_from else UNDETERMINED
        return told, float(probability[best])
