"""Which triggers of different sensors one source explains, and how much better than chance."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.association.multilateration import Huber, SourceHeight, refine
from detector.association.nodes import Nodes
from detector.association.travel import Medium, travel

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

# Of each trigger as a seed, so many places where most others agree with it are looked at closely.
_PLACES_A_SEED = 3
_ROUNDS = 4


class EvidenceConfig(BaseModel):
    """What triggers are expected from a source and from everything else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path_sigma_s: float = Field(
        0.015, gt=0, le=1, description="Standard deviation of a path's own delay: corners, walls, slopes. [s]"
    )
    clutter_per_s: float = Field(
        0.5, gt=0, le=100, description="Triggers of one sensor that have nothing to do with any incident. [1/s]"
    )
    echoes: float = Field(3.0, ge=0, le=100, description="Echoes that follow one trigger, if as loud as it. [1]")
    echo_s: float = Field(0.15, gt=0, le=10, description="Mean delay of echoes. [s]")
    echo_loudness: float = Field(
        1.0, ge=0, le=4, description="Echoes louder than what they follow are rarer by the ratio to this power. [1]"
    )
    missed: float = Field(
        2.0, ge=0, le=20, description="Against an incident: a sensor nearer than one that heard it did not. [nats]"
    )
    usual_score: float = Field(
        10.0, gt=0, description="Score of a trigger that says nothing about being an arrival or an echo."
    )
    loudness: float = Field(
        8.0,
        ge=0,
        le=20,
        description="Of a trigger ten times as loud: for it as an arrival; of a tenth: against. [nats]",
    )
    repeat_sigma_s: float = Field(
        0.008, gt=0, le=1, description="Standard deviation of arrivals from the same place, one time and another. [s]"
    )
    repeat: float = Field(5.0, ge=0, le=20, description="For an incident where there was one lately. [nats]")
    repeat_sensors: int = Field(3, ge=2, le=100, description="So many sensors are enough for a repetition.")
    sigmas: float = Field(4.0, gt=1, le=10, description="A trigger farther off belongs to something else. [1]")


class Picks(NamedTuple):
    """Triggers under consideration, by sensor and then by time; times from any common zero.

    sensor: index into the sensors. shape (P,)
    t_s: arrival. shape (P,) [s]
    sigma_s: standard deviation of it, the path's share included. shape (P,) [s]
    weight: logarithm of how much likelier an arrival exactly on time is than chance and echoes. shape (P,) [nats]
    repeat_sigma_s, repeat_weight: the same for an arrival from where one came before. shape (P,)
    """

    sensor: Whole
    t_s: Array
    sigma_s: Array
    weight: Array
    repeat_sigma_s: Array
    repeat_weight: Array


class Earlier(NamedTuple):
    """An incident that was found before.

    delay_s: from the source to each sensor that heard it, as it was heard; NaN elsewhere. shape (S,) [s]
    """

    place_m: Array
    delay_s: Array


class Hypothesis(NamedTuple):
    """One source and the triggers it explains.

    score: logarithm of how much likelier than chance. [nats]
    picks: index of the trigger of each sensor, -1 where none. shape (S,)
    place_m, t_s: of the source. [m], [s]
    repeats: index of the earlier incident that it repeats, -1 where none.
    """

    score: float
    picks: Whole
    place_m: Array
    t_s: float
    repeats: int = -1


def clutter_per_s(config: EvidenceConfig, since_s: Array, score: float, earlier_score: Array) -> float:
    """Rate of triggers by chance and by echoes, just where a trigger came. [1/s]

    Args:
        since_s: how long before it the same sensor's earlier triggers came. shape (E,) [s]
        score: its own. earlier_score: theirs. shape (E,)

    Each trigger is followed by others at a rate that dies away: a self-exciting process.
    Source: Hawkes 1971, Biometrika 58(1), p. 83.
    """
    louder = np.maximum(score / np.maximum(earlier_score, 1e-12), 1.0)
    echoes = config.echoes / config.echo_s * np.exp(-since_s / config.echo_s) * louder**-config.echo_loudness
    return config.clutter_per_s + float(echoes.sum())


def weight(config: EvidenceConfig, sigma_s: Array, clutter: Array, score: Array) -> Array:
    """Logarithm of the density of an exact arrival so loud over that of clutter. shape (P,) [nats]"""
    loud = np.clip(np.log10(score / config.usual_score), -1.0, 1.0)
    return config.loudness * loud - np.log(math.sqrt(2 * math.pi) * sigma_s * clutter)


def search(
    picks: Picks,
    nodes: Nodes,
    sensors_m: Array,
    medium: Medium,
    config: EvidenceConfig,
    *,
    height: SourceHeight,
    huber: Huber,
    least: float,
    min_sensors: int,
) -> list[Hypothesis]:
    """Sources that explain at least `min_sensors` sensors' triggers with a score of at least `least`, best first.

    Back-projection finds where triggers agree roughly; from there triggers are chosen and the source is fitted in
    turns. A trigger may be in several hypotheses; which holds is for the caller to decide.
    Slow twin: tests/naive_association.py.
    """
    if len(np.unique(picks.sensor)) < min_sensors:
        return []
    place, t_s = _rough(picks, nodes, config, least)
    if not len(place):
        return []
    count = len(sensors_m)
    wide_s = nodes.spacing_s + config.sigmas * config.path_sigma_s
    narrow_s = config.sigmas * picks.sigma_s
    mean_z = np.full((len(place), 1), sensors_m[:, 2].mean() - height.below_sensors_m)
    for step in range(_ROUNDS):
        source = np.concatenate([place, mean_z], 1)
        expected = travel(source[:, None], sensors_m[None], medium).time_s
        residual = picks.t_s - t_s[:, None] - expected[:, picks.sensor]
        tolerance = narrow_s if step == _ROUNDS - 1 else np.maximum(narrow_s, wide_s / 2**step)
        chosen, gain = _choose(picks.sensor, picks.weight, residual, tolerance, config.sigmas, count)
        kept = (chosen >= 0).sum(1) >= min_sensors
        if not kept.any():
            return []
        place, t_s, mean_z, chosen, gain = place[kept], t_s[kept], mean_z[kept], chosen[kept], gain[kept]
        if step == _ROUNDS - 1:
            break
        arrivals = np.where(chosen >= 0, picks.t_s[chosen], np.nan)
        fit = refine(place, sensors_m, arrivals, picks.sigma_s[chosen], medium, height=height, huber=huber)
        place, t_s = fit.place_m, fit.t_s
    distance = np.hypot(*(place[:, None] - sensors_m[None, :, :2]).transpose(2, 0, 1))
    farthest = np.where(chosen >= 0, distance, 0.0).max(1)
    missed = ((chosen < 0) & (distance < farthest[:, None])).sum(1)
    score = gain.sum(1) - config.missed * missed
    best: dict[tuple[int, ...], Hypothesis] = {}
    for row in np.lexsort((t_s, -score)):
        if score[row] >= least:
            key = tuple(chosen[row].tolist())
            best.setdefault(key, Hypothesis(float(score[row]), chosen[row], place[row], float(t_s[row])))
    return list(best.values())


def repetitions(picks: Picks, earlier: list[Earlier], config: EvidenceConfig) -> list[Hypothesis]:
    """Triggers that came to the sensors with the same delays as those of an incident before, best first.

    The delays of one path are the same every time, echoes of corners and walls included: three arrivals in an earlier
    one's pattern say more than four that fit a place.
    """
    found = []
    for index, before in enumerate(earlier):
        origin = picks.t_s - before.delay_s[picks.sensor]
        for seed in np.flatnonzero(np.isfinite(origin)):
            t_s = float(origin[seed])
            for _ in range(2):
                residual = np.nan_to_num(origin - t_s, nan=np.inf)[None]
                chosen, gain = _choose(
                    picks.sensor,
                    picks.repeat_weight,
                    residual,
                    config.sigmas * picks.repeat_sigma_s,
                    config.sigmas,
                    len(before.delay_s),
                )
                if (chosen >= 0).sum() < config.repeat_sensors:
                    break
                t_s = float(origin[chosen[chosen >= 0]].mean())
            else:
                missed = int((np.isfinite(before.delay_s) & (chosen[0] < 0)).sum())
                score = float(gain.sum()) + config.repeat - config.missed * missed
                found.append(Hypothesis(score, chosen[0], before.place_m, t_s, index))
    return found


def _rough(picks: Picks, nodes: Nodes, config: EvidenceConfig, least: float) -> tuple[Array, Array]:
    """Places (M, 2) and times (M,) at which most triggers agree, a few for each trigger as a seed."""
    origin = picks.t_s - nodes.travel_s[:, picks.sensor]
    first = np.flatnonzero(np.diff(picks.sensor, prepend=-1))
    wide_s = nodes.spacing_s + config.sigmas * config.path_sigma_s
    support_of = np.maximum(picks.weight, 0.0)
    places, times = [], []
    for seed in range(len(picks.t_s)):
        near = np.abs(origin - origin[:, seed : seed + 1]) <= wide_s
        support = np.maximum.reduceat(np.where(near, support_of, 0.0), first, axis=1).sum(1)
        for _ in range(_PLACES_A_SEED):
            node = int(np.argmax(support))
            if support[node] < least:
                break
            places.append(nodes.place_m[node])
            times.append(origin[node, seed])
            beside = (
                np.hypot(*(nodes.place_m - nodes.place_m[node]).T) < 0.2 * np.hypot(*np.ptp(nodes.place_m, axis=0)) / 4
            )
            support = np.where(beside, -np.inf, support)
    return np.array(places).reshape(-1, 2), np.array(times)


def _choose(
    sensor: Whole, weight: Array, residual: Array, tolerance: Array, sigmas: float, sensors: int
) -> tuple[Whole, Array]:
    """The trigger of each sensor that fits best, -1 where none does, and its gain. shape (M, S) both"""
    width = np.broadcast_to(tolerance / sigmas, residual.shape)
    gain = np.where(np.abs(residual) <= tolerance, weight - 0.5 * (residual / width) ** 2, -np.inf)
    chosen = np.full((len(residual), sensors), -1)
    best = np.zeros((len(residual), sensors))
    for one in np.unique(sensor):
        of = np.flatnonzero(sensor == one)
        choice = np.argmax(gain[:, of], axis=1)
        value = np.take_along_axis(gain[:, of], choice[:, None], 1)[:, 0]
        chosen[:, one] = np.where(value > 0, of[choice], -1)
        best[:, one] = np.maximum(value, 0.0)
    return chosen, best
