"""Short loud sounds and shakes: what rises over the noise within moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from detector.detectors.series.band import Band
from detector.detectors.series.onset import onset
from detector.detectors.series.sta_lta import StaLta, energy_of_hops
from detector.model import Gap, GapReason, Series, Triggers, read_only
from detector.timebase import NS_PER_S

Float = NDArray[np.float64]


class ImpulseConfig(BaseModel):
    """Settings of the impulse detector; `PRESETS` has them for ground and air."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low_hz: float = Field(gt=0, description="Lower edge of the band it listens in. [Hz]")
    high_hz: float = Field(gt=0, description="Upper edge, cut to 0.45 of the sampling rate. [Hz]")
    hop_s: float = Field(gt=0, le=1, description="It judges this often. [s]")
    sta_s: float = Field(gt=0, le=10, description="Short window. [s]")
    lta_s: float = Field(gt=0, le=600, description="Long window. [s]")
    warm_up_s: float = Field(gt=0, le=600, description="It says nothing for so long after a start or a long hole. [s]")
    on: float = Field(gt=1, description="An impulse begins where short over long rises to this. [1]")
    off: float = Field(ge=1, description="It ends where the ratio falls below this. [1]")
    min_s: float = Field(ge=0, le=10, description="What is shorter is none. [s]")
    longest_s: float = Field(gt=0, le=60, description="It is reported after so long even if it goes on. [s]")
    dead_s: float = Field(ge=0, le=10, description="None begins so soon after another's end. [s]")
    before_s: float = Field(gt=0, le=10, description="The onset is looked for from so long before it was noticed. [s]")
    after_s: float = Field(gt=0, le=10, description="The onset is looked for until so long after. [s]")
    sigma_s: float = Field(ge=0, le=1, description="Standard deviation of an onset however clear it is. [s]")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for low, high in (("off", "on"), ("sta_s", "lta_s"), ("low_hz", "high_hz"), ("min_s", "longest_s")):
            if getattr(self, low) >= getattr(self, high):
                raise ValueError(f"{low} must be below {high}")
        if self.warm_up_s > self.lta_s:
            raise ValueError("warm_up_s must not be above lta_s")
        return self


_AIR_HZ = 1000.0
"""Streams of this rate and more are taken for sound in air, slower ones for the ground."""

PRESETS: dict[str, ImpulseConfig] = {
    "seismic": ImpulseConfig(
        low_hz=2.0, high_hz=45.0, hop_s=0.05, sta_s=0.3, lta_s=8.0, warm_up_s=8.0, on=4.0, off=1.5, min_s=0.1,
        longest_s=2.0, dead_s=0.5, before_s=2.0, after_s=0.4, sigma_s=0.02,
    ),
    "acoustic": ImpulseConfig(
        low_hz=400.0, high_hz=4000.0, hop_s=0.002, sta_s=0.01, lta_s=0.5, warm_up_s=0.2, on=3.0, off=1.5, min_s=0.002,
        longest_s=0.2, dead_s=0.02, before_s=0.03, after_s=0.005, sigma_s=0.001,
    ),
}  # fmt: skip


def preset_for(interval_ns: float) -> str:
    """The preset that a stream's rate suggests."""
    return "acoustic" if NS_PER_S / interval_ns >= _AIR_HZ else "seismic"


@dataclass(slots=True)
class _Open:
    """An impulse that is going on, or waits for its onset's window. Hops and samples count from the stretch's start."""

    channel: int
    first_hop: int
    not_before: int  # sample at which the one before it had ended
    peak: float = 0.0
    end_ns: int | None = None
    onset_ns: int | None = None
    sigma_ns: float = 0.0


class ImpulseDetector:
    """Band-pass, energy of hops, STA/LTA, on and off, least duration, dead time; then the onset to the sample (AIC).

    Hit: a shot, an explosion, the first wave of a tremor.   Miss: an engine that comes nearer; rain that sets in.
    What it says is "something began here": one channel alone is no event.

    A missing value (NaN) is no silence: its hop is not judged, nor is what follows it for one period of the lowest
    frequency. A hole in time of up to the long window is taken the same way; after a longer one it warms up anew.
    An impulse is reported when it has ended, at the latest `longest_s` after it began.

    Slow twin: tests/naive_series.py.
    """

    Config = ImpulseConfig

    def __init__(self, config: ImpulseConfig) -> None:
        self.config = config
        self._stretches: dict[tuple[str, tuple[str, ...]], _Stretch] = {}
        self._unjudged: list[Gap] = []

    def why_not(self, series: Series) -> str:
        """Why such a stream cannot be judged; empty if it can."""
        if series.interval_ns is None:
            return "its sampling is irregular"
        rate_hz = NS_PER_S / series.interval_ns
        if 0.45 * rate_hz <= self.config.low_hz:
            return f"{rate_hz:.3g} samples a second are too few for sounds above {self.config.low_hz:g} Hz"
        return ""

    def detect(self, series: Series) -> Triggers:
        """Take a block; impulses that have ended, in the order of their onsets.

        Raises:
            ValueError: the stream cannot be judged; `why_not` says why.
        """
        why_not = self.why_not(series)
        if why_not:
            raise ValueError(f"{series.source_id}: {why_not}")
        key = (series.source_id, series.channels)
        stretch = self._stretches.get(key)
        found: list[_Open] = []
        if stretch is not None:
            missing = stretch.missing_before(int(series.t_ns[0])) if len(series) else 0
            if missing > stretch.longest_hole:
                found += self._end(key)
                stretch = None
            elif missing > 0:
                found += stretch.push(*stretch.blank(missing))
        if stretch is None:
            stretch = self._stretches[key] = _Stretch(self.config, series)
        found += stretch.push(series.t_ns, series.values)
        self._unjudged += _warm_ups(*key, stretch.warm_ups)
        return self._triggers(series.source_id, series.channels, found, series.clock_sigma_ns)

    def finish(self) -> list[Triggers]:
        """All streams have ended: what was still open, one answer a stream."""
        return [
            self._triggers(*key, self._end(key), stretch.clock_sigma_ns)
            for key, stretch in list(self._stretches.items())
        ]

    def unjudged(self) -> list[Gap]:
        """When each channel was warming up, since this was last asked."""
        told, self._unjudged = self._unjudged, []
        return told

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._stretches.clear()
        self._unjudged.clear()

    def _end(self, key: tuple[str, tuple[str, ...]]) -> list[_Open]:
        """A stretch has ended: its last impulses."""
        stretch = self._stretches.pop(key)
        found = stretch.finish()
        self._unjudged += _warm_ups(*key, stretch.warm_ups)
        return found

    def _triggers(
        self, source_id: str, channels: tuple[str, ...], found: list[_Open], clock_sigma_ns: float
    ) -> Triggers:
        if not found:
            return Triggers.none(source_id)
        found.sort(key=lambda one: (one.onset_ns, one.channel))
        onset_ns = np.array([one.onset_ns for one in found], np.int64)
        end_ns = np.array([one.end_ns for one in found], np.int64)
        own_ns = np.array([one.sigma_ns for one in found])
        return Triggers(
            source_id,
            read_only(np.array([channels[one.channel] for one in found])),
            read_only(onset_ns),
            read_only(np.maximum(end_ns, onset_ns + 1)),
            read_only(np.sqrt(own_ns**2 + (self.config.sigma_s * NS_PER_S) ** 2 + clock_sigma_ns**2)),
            read_only(np.full(len(found), "impulse")),
            read_only(np.array([one.peak for one in found])),
            read_only(np.full(len(found), np.nan)),
        )


def _warm_ups(source_id: str, channels: tuple[str, ...], found: list[tuple[int, int, int]]) -> list[Gap]:
    """One gap for channels that warmed up together. found: begin, end, channel; is emptied."""
    together: dict[tuple[int, int], list[str]] = {}
    for begin_ns, end_ns, channel in sorted(found):
        together.setdefault((begin_ns, end_ns), []).append(channels[channel])
    found.clear()
    return [
        Gap(source_id, begin_ns, end_ns, GapReason.WARMING_UP, f"channels {', '.join(names)}: listening to the noise")
        for (begin_ns, end_ns), names in together.items()
    ]


class _Stretch:
    """One stream without a long hole."""

    def __init__(self, config: ImpulseConfig, series: Series) -> None:
        assert series.interval_ns is not None
        self._config, self.interval_ns = config, series.interval_ns
        self.clock_sigma_ns = series.clock_sigma_ns
        rate_hz, count = NS_PER_S / series.interval_ns, len(series.channels)
        self._hop = max(1, round(config.hop_s * rate_hz))
        per_hop_s = self._hop / rate_hz
        lengths_s = (config.warm_up_s, config.min_s, config.longest_s, 1.0 / config.low_hz)
        self._warm, self._shortest, self._longest, self._settle = (max(1, round(s / per_hop_s)) for s in lengths_s)
        self._dead = round(config.dead_s / per_hop_s)
        self._before, self._after = (max(8, round(seconds * rate_hz)) for seconds in (config.before_s, config.after_s))
        self.longest_hole = round(config.lta_s * rate_hz)
        self._band = Band(config.low_hz, config.high_hz, rate_hz, count)
        self._ratio = StaLta(max(config.sta_s * rate_hz, 1.0), config.lta_s * rate_hz, self._hop, count)
        self._t_ns, self._values = np.zeros(0, np.int64), np.zeros((0, count))
        self._known = np.zeros((0, count), np.bool_)
        self._first = 0  # which sample the kept ones begin with
        self._hops = 0  # judged so far
        self._blank_hop = np.full(count, -self._settle - 1)
        self._open: dict[int, _Open] = {}
        self._waiting: list[_Open] = []
        self._begun_ns = np.full(count, -1)
        self.warm_ups: list[tuple[int, int, int]] = []
        self._quiet_until, self._ended = np.zeros((2, count), np.int64)

    def missing_before(self, t_ns: int) -> int:
        """Samples that should lie between the newest and one at `t_ns`."""
        return round((t_ns - int(self._t_ns[-1])) / self.interval_ns) - 1 if len(self._t_ns) else 0

    def blank(self, count: int) -> tuple[NDArray[np.int64], Float]:
        """Rows for a short hole."""
        steps = np.rint(np.arange(1, count + 1) * self.interval_ns).astype(np.int64)
        return self._t_ns[-1] + steps, np.full((count, self._values.shape[1]), np.nan)

    def push(self, t_ns: NDArray[np.int64], values: Float) -> list[_Open]:
        """Impulses that are complete now."""
        self._t_ns = np.concatenate((self._t_ns, t_ns))
        self._values = np.concatenate((self._values, self._band.push(values)))
        known = np.isfinite(values)
        for channel in np.flatnonzero((self._begun_ns < 0) & known.any(axis=0)).tolist():
            self._begun_ns[channel] = t_ns[known[:, channel].argmax()]
        self._known = np.concatenate((self._known, known))
        begin = self._hops * self._hop - self._first
        count = (len(self._t_ns) - begin) // self._hop
        if count:
            self._judge(begin, count)
        self._pick(ended=False)
        done = self._complete()
        self._forget()
        return done

    def finish(self) -> list[_Open]:
        """The stretch has ended: the rest."""
        for one in [*self._open.values()]:
            self._close(one, self._hops)
        for channel in np.flatnonzero((self._ratio.hops < self._warm) & (self._begun_ns >= 0)).tolist():
            end_ns = int(self._t_ns[-1]) + round(self.interval_ns)
            self.warm_ups.append((int(self._begun_ns[channel]), end_ns, channel))
        self._pick(ended=True)
        return self._complete()

    def _judge(self, begin: int, count: int) -> None:
        """Look at the next `count` hops, whose first sample is the `begin`-th of those kept."""
        rows = slice(begin, begin + count * self._hop)
        energy = energy_of_hops(self._values[rows], self._hop)
        known = self._known[rows]
        settled = known.all() and (self._blank_hop < self._hops - self._settle).all()
        valid = None if settled else self._valid(known, count)
        seen = self._ratio.hops.copy()
        ratio = self._ratio.push(energy, valid)
        if (seen < self._warm).any():
            heard = seen + np.cumsum(np.ones_like(ratio, np.int64) if valid is None else valid, axis=0)
            ratio[heard <= self._warm] = np.nan
            for channel in np.flatnonzero((seen < self._warm) & (heard[-1] >= self._warm)).tolist():
                self._warmed(channel, self._hops + int((heard[:, channel] >= self._warm).argmax()) + 1)
        rises = (ratio >= self._config.on).any(axis=0)
        for channel in sorted({*np.flatnonzero(rises).tolist(), *self._open}):
            self._follow(channel, ratio[:, channel])
        self._hops += count

    def _valid(self, known: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
        """Hops without a missing value, and not just behind one."""
        whole = known.reshape(count, self._hop, -1).all(axis=1)
        hops = np.arange(self._hops, self._hops + count)[:, None]
        last = np.maximum.accumulate(np.where(whole, self._blank_hop, hops), axis=0)
        last = np.maximum(last, self._blank_hop)
        self._blank_hop = last[-1]
        valid: NDArray[np.bool_] = hops - last > self._settle
        return valid & whole

    def _follow(self, channel: int, ratio: Float) -> None:
        """On and off along the hops of one channel."""
        at, count = 0, len(ratio)
        while at < count:
            one = self._open.get(channel)
            if one is None:
                at = max(at, int(self._quiet_until[channel]) - self._hops)
                rises = np.flatnonzero(ratio[at:] >= self._config.on)
                if not len(rises):
                    return
                at += int(rises[0])
                one = self._open[channel] = _Open(channel, self._hops + at, int(self._ended[channel]))
            falls = np.flatnonzero(~(ratio[at:] >= self._config.off))
            end = at + int(falls[0]) if len(falls) else count
            due = one.first_hop + self._longest - self._hops
            if one.end_ns is None:
                one.peak = float(ratio[at : min(end, due)].max(initial=one.peak))
                if due <= end:
                    self._tell(one, one.first_hop + self._longest)
            if end == count:
                return
            self._close(one, self._hops + end)
            at = end

    def _close(self, one: _Open, end_hop: int) -> None:
        del self._open[one.channel]
        if one.end_ns is None and end_hop - one.first_hop < self._shortest:
            return
        if one.end_ns is None:
            self._tell(one, end_hop)
        self._quiet_until[one.channel] = end_hop + self._dead
        self._ended[one.channel] = end_hop * self._hop

    def _end_of(self, hops: int) -> int:
        """When so many hops from the start have passed. [ns]"""
        return int(self._t_ns[hops * self._hop - 1 - self._first]) + round(self.interval_ns)

    def _warmed(self, channel: int, hops: int) -> None:
        self.warm_ups.append((int(self._begun_ns[channel]), self._end_of(hops), channel))

    def _tell(self, one: _Open, end_hop: int) -> None:
        one.end_ns = self._end_of(end_hop)
        self._waiting.append(one)

    def _pick(self, *, ended: bool) -> None:
        """Find the onset of each impulse whose window is there."""
        newest = self._first + len(self._t_ns)
        for one in (*self._waiting, *self._open.values()):
            behind = (one.first_hop + 1) * self._hop + self._after
            if one.onset_ns is None and (behind <= newest or ended):
                self._pick_one(one, min(behind, newest))

    def _pick_one(self, one: _Open, behind: int) -> None:
        begin = max(one.first_hop * self._hop - self._before, one.not_before, self._first)
        window = self._values[begin - self._first : behind - self._first, one.channel]
        found = onset(window)
        one.onset_ns = int(self._t_ns[begin - self._first + int(found.sample)])
        one.sigma_ns = found.sigma * self.interval_ns

    def _complete(self) -> list[_Open]:
        done = [one for one in self._waiting if one.onset_ns is not None]
        self._waiting = [one for one in self._waiting if one.onset_ns is None]
        return done

    def _forget(self) -> None:
        """Keep the samples that an onset's window, or the next hop, may still need."""
        keep = self._hops * self._hop - self._before
        for one in (*self._waiting, *self._open.values()):
            if one.onset_ns is None:
                keep = min(keep, one.first_hop * self._hop - self._before)
        drop = max(keep - self._first, 0)
        self._t_ns, self._values, self._known = self._t_ns[drop:], self._values[drop:], self._known[drop:]
        self._first += drop
