"""Impulses in a stretch of one stream: what is carried from block to block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.detectors.series.band import Band
from detector.detectors.series.by_stretch import Kept
from detector.detectors.series.impulse_config import ImpulseConfig
from detector.detectors.series.noise_level import NoiseLevel
from detector.detectors.series.onset import LEAST, onset
from detector.detectors.series.sta_lta import StaLta, energy_of_hops
from detector.model import Hearing, Series
from detector.timebase import NS_PER_S

Float = NDArray[np.float64]

_PERIOD_S = 1.0  # the noise is told so often


@dataclass(slots=True)
class Impulse:
    """An impulse that is going on, or waits for its onset's window. Hops and samples count from the stretch's start."""

    channel: int
    first_hop: int
    not_before: int  # sample at which the one before it had ended
    peak: float = 0.0
    end_ns: int | None = None
    onset_ns: int | None = None
    sigma_ns: float = 0.0


class Stretch(Kept):
    """Looks for impulses in one stream, sample after sample, without a long hole."""

    def __init__(self, config: ImpulseConfig, series: Series) -> None:
        super().__init__(series)
        self._config = config
        rate_hz, count = NS_PER_S / self.interval_ns, len(series.channels)
        self._hop = max(1, round(config.hop_s * rate_hz))
        per_hop_s = self._hop / rate_hz
        lengths_s = (config.warm_up_s, config.min_s, config.longest_s, 1.0 / config.low_hz)
        self._warm, self._shortest, self._longest, self._settle = (max(1, round(s / per_hop_s)) for s in lengths_s)
        self._dead = round(config.dead_s / per_hop_s)
        self._before, self._after = (
            max(LEAST, round(seconds * rate_hz)) for seconds in (config.before_s, config.after_s)
        )
        self.longest_hole = round(config.lta_s * rate_hz)
        self._band = Band(config.low_hz, config.high_hz, rate_hz, count)
        self._ratio = StaLta(max(config.sta_s * rate_hz, 1.0), config.lta_s * rate_hz, self._hop, count)
        period = max(1, round(_PERIOD_S / per_hop_s))
        self._noise, self._period_ns = NoiseLevel(period, count), round(period * per_hop_s * NS_PER_S)
        self._loud: list[tuple[int, Float]] = []
        self._known = np.zeros((0, count), np.bool_)
        self._first = 0  # which sample the kept ones begin with
        self._hops = 0  # judged so far
        self._blank_hop = np.full(count, -self._settle - 1)
        self._open: dict[int, Impulse] = {}
        self._waiting: list[Impulse] = []
        self._begun_ns = np.full(count, -1)
        self._quiet_until, self._ended = np.zeros((2, count), np.int64)

    def push(self, t_ns: NDArray[np.int64], values: Float) -> list[Impulse]:
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

    def finish(self) -> list[Impulse]:
        """The stretch has ended: the rest."""
        for one in [*self._open.values()]:
            self._close(one, self._hops)
        for channel in np.flatnonzero((self._ratio.hops < self._warm) & (self._begun_ns >= 0)).tolist():
            end_ns = int(self._t_ns[-1]) + round(self.interval_ns)
            self.warm_ups.append((int(self._begun_ns[channel]), end_ns, channel))
        self._pick(ended=True)
        return self._complete()

    def hearing(self, source_id: str, channels: tuple[str, ...]) -> list[Hearing]:
        """What could have been noticed in each second since this was last asked: r - 1 times the noise's energy is
        what a burst has to add to it, so that the ratio comes to the threshold r."""
        told, self._loud = self._loud, []
        adds = self._config.on - 1.0
        return [
            Hearing(source_id, end_ns - self._period_ns, end_ns, channels, np.sqrt(adds * energy))
            for end_ns, energy in told
        ]

    def told_ns(self) -> int:
        """Every impulse with an onset before this has been given. [ns]"""
        going_on = [*self._waiting, *self._open.values()]
        noticed = min([self._hops, *(one.first_hop for one in going_on if one.onset_ns is None)])
        sample = max(noticed * self._hop - self._before, self._first) - self._first
        found = [one.onset_ns for one in going_on if one.onset_ns is not None]
        return min([int(self._t_ns[sample]), *found])

    def _judge(self, begin: int, count: int) -> None:
        """Look at the next `count` hops, whose first sample is the `begin`-th of those kept."""
        rows = slice(begin, begin + count * self._hop)
        energy = energy_of_hops(self._values[rows], self._hop)
        known = self._known[rows]
        settled = known.all() and (self._blank_hop < self._hops - self._settle).all()
        valid = None if settled else self._valid(known, count)
        self._loud += [(self._end_of(hops), energy) for hops, energy in self._noise.push(energy, valid)]
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
                one = self._open[channel] = Impulse(channel, self._hops + at, int(self._ended[channel]))
            falls = np.flatnonzero(
                ratio[at:] < self._config.off
            )  # what is missing ends nothing: its echo would begin anew
            end = at + int(falls[0]) if len(falls) else count
            due = one.first_hop + self._longest - self._hops
            if one.end_ns is None:
                one.peak = float(np.fmax.reduce(ratio[at : min(end, due)], initial=one.peak))
                if due <= end:
                    self._tell(one, one.first_hop + self._longest)
            if end == count:
                return
            self._close(one, self._hops + end)
            at = end

    def _close(self, one: Impulse, end_hop: int) -> None:
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

    def _tell(self, one: Impulse, end_hop: int) -> None:
        one.end_ns = self._end_of(end_hop)
        self._waiting.append(one)

    def _pick(self, *, ended: bool) -> None:
        """Find the onset of each impulse whose window is there."""
        newest = self._first + len(self._t_ns)
        for one in (*self._waiting, *self._open.values()):
            behind = (one.first_hop + 1) * self._hop + self._after
            if one.onset_ns is None and (behind <= newest or ended):
                self._pick_one(one, min(behind, newest))

    def _pick_one(self, one: Impulse, behind: int) -> None:
        noticed = one.first_hop * self._hop - self._first
        begin = max(noticed - self._before, one.not_before - self._first, 0)
        end = behind - self._first
        # Filled samples are silent: their edges would be the best onset of all.
        blank = begin + np.flatnonzero(~self._known[begin:end, one.channel])
        begin = int(blank[blank < noticed].max(initial=begin - 1)) + 1
        end = int(blank[blank >= noticed].min(initial=end))
        if end - begin < LEAST:
            one.onset_ns, one.sigma_ns = int(self._t_ns[noticed]), self._hop * self.interval_ns
            return
        found = onset(self._values[begin:end, one.channel])
        one.onset_ns = int(self._t_ns[begin + int(found.sample)])
        one.sigma_ns = found.sigma * self.interval_ns

    def _complete(self) -> list[Impulse]:
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
