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
_PLACES_A_SEED = 10
_ROUNDS = 4
_REPETITION_ROUNDS = 2


class EvidenceConfig(BaseModel):
    """What triggers are expected from a source and from everything else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path_sigma_s: float = Field(
        0.015, gt=0, le=1, description="Standard deviation of a path's own delay: corners, walls, slopes. [s]"
    )
    chance_per_s: float = Field(
        0.5,
        gt=0,
        le=100,
        description="Triggers of one sensor by chance; what it really has, if more. [1/s]",
    )
    echoes: float = Field(2.0, ge=0, le=100, description="Echoes that follow one trigger, if as loud as it. [1]")
    echo_s: float = Field(0.15, gt=0, le=10, description="Mean delay of echoes. [s]")
    echo_loudness: float = Field(
        1.0, ge=0, le=4, description="Echoes louder than what they follow are rarer by the ratio to this power. [1]"
    )
    missed: float = Field(
        1.5, ge=0, le=20, description="Against an incident: a sensor nearer than one that heard it did not. [nats]"
    )
    usual_score: float = Field(
        5.0, gt=0, description="Score of a trigger that says nothing about being an arrival or chance."
    )
    loudness: float = Field(
        8.0,
        ge=0,
        le=20,
        description="Of a trigger ten times as loud: against chance; of a tenth: for chance. [nats]",
    )
    repeat_sigma_s: float = Field(
        0.008, gt=0, le=1, description="Standard deviation of arrivals from the same place, one time and another. [s]"
    )
    repeat: float = Field(12.0, ge=0, le=20, description="For an incident where there was one lately. [nats]")
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


def clutter_per_s(
    config: EvidenceConfig, rate_per_s: float, since_s: Array, score: float, earlier_score: Array
) -> float:
    """Rate of triggers by chance and by echoes, just where a trigger came. [1/s]

    Args:
        rate_per_s: of this sensor's triggers of late. [1/s]
        since_s: how long before it the same sensor's earlier triggers came. shape (E,) [s]
        score: its own. earlier_score: theirs. shape (E,)

    Chance is seldom loud. Each trigger is followed by echoes at a rate that dies away, louder ones more seldom: a
    self-exciting process, Hawkes 1971, Biometrika 58(1), p. 83. Slow twin: tests/naive_association.py.
    """
    loud = min(max(math.log10(score / config.usual_score), -1.0), 1.0)
    chance = max(config.chance_per_s, rate_per_s) * math.exp(-config.loudness * loud)
    louder = np.maximum(score / np.maximum(earlier_score, 1e-12), 1.0)
    echoes = config.echoes / config.echo_s * np.exp(-since_s / config.echo_s) * louder**-config.echo_loudness
    return chance + float(echoes.sum())


def weight(sigma_s: Array, clutter: Array) -> Array:
    """Logarithm of the density of an exact arrival over that of clutter. shape (P,) [nats]"""
    return np.asarray(-np.log(math.sqrt(2 * math.pi) * sigma_s * clutter))


def search(
    picks: Picks,
    seeds: Whole,
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

    Args:
        seeds: triggers of which each source sought explains at least one. shape (K,)

    Back-projection finds where triggers agree roughly; from there triggers are chosen and the source is fitted in
    turns. A trigger may be in several hypotheses; which holds is for the caller to decide.
    Slow twin: tests/naive_association.py.
    """
    seeds = _promising(picks, seeds, nodes, config, least, min_sensors)
    place, t_s = _rough(picks, seeds, nodes, config, least)
    if not len(place):
        return []
    count = len(sensors_m)
    wide_s = nodes.spacing_s + config.sigmas * config.path_sigma_s
    narrow_s = config.sigmas * picks.sigma_s
    source_z = sensors_m[:, 2].mean() - height.below_sensors_m
    for step in range(_ROUNDS):
        source = np.concatenate([place, np.broadcast_to(source_z, (len(place), 1))], 1)
        expected = travel(source[:, None], sensors_m[None], medium).time_s
        residual = picks.t_s - t_s[:, None] - expected[:, picks.sensor]
        tolerance = np.maximum(narrow_s, wide_s / 2**step) if step < _ROUNDS - 1 else narrow_s
        chosen, gain = _choose(picks.sensor, picks.weight, residual, tolerance, config.sigmas, count)
        # What has come to explain the same triggers goes on as one.
        _, first = np.unique(chosen, axis=0, return_index=True)
        first = np.sort(first[(chosen[first] >= 0).sum(1) >= min_sensors])
        place, t_s, chosen, gain = place[first], t_s[first], chosen[first], gain[first]
        if not len(first):
            return []
        if step < _ROUNDS - 1:
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


def repetitions(picks: Picks, seeds: Whole, earlier: list[Earlier], config: EvidenceConfig) -> list[Hypothesis]:
    """Triggers that came to the sensors with the same delays as those of an incident before.

    Args:
        seeds: triggers of which each repetition sought explains at least one. shape (K,)

    The delays of one path are the same every time, corners and walls included: three arrivals in an earlier one's
    pattern say more than four that fit a place. Slow twin: tests/naive_association.py.
    """
    if not earlier or not len(seeds):
        return []
    delay_s = np.stack([one.delay_s for one in earlier])
    origin = picks.t_s - delay_s[:, picks.sensor]
    of, seed = np.nonzero(np.isfinite(origin[:, seeds]))
    t_s = origin[of, seeds[seed]]
    for _ in range(_REPETITION_ROUNDS):
        residual = np.nan_to_num(origin[of] - t_s[:, None], nan=np.inf)
        tolerance = config.sigmas * picks.repeat_sigma_s
        chosen, gain = _choose(picks.sensor, picks.repeat_weight, residual, tolerance, config.sigmas, delay_s.shape[1])
        kept = (chosen >= 0).sum(1) >= config.repeat_sensors
        of, chosen, gain = of[kept], chosen[kept], gain[kept]
        if not len(of):
            return []
        t_s = np.nanmean(np.where(chosen >= 0, origin[of[:, None], chosen], np.nan), axis=1)
    missed = (np.isfinite(delay_s[of]) & (chosen < 0)).sum(1)
    score = gain.sum(1) + config.repeat - config.missed * missed
    return [
        Hypothesis(float(score[k]), chosen[k], earlier[of[k]].place_m, float(t_s[k]), int(of[k]))
        for k in range(len(of))
    ]


def _promising(
    picks: Picks, seeds: Whole, nodes: Nodes, config: EvidenceConfig, least: float, min_sensors: int
) -> Whole:
    """Seeds with enough other sensors' triggers within the time that sound needs from sensor to sensor."""
    if not len(seeds):
        return seeds
    slack_s = nodes.spacing_s + config.sigmas * config.path_sigma_s
    apart_s = nodes.between_s[picks.sensor[seeds]][:, picks.sensor] + slack_s
    near = np.abs(picks.t_s - picks.t_s[seeds, None]) <= apart_s
    support = _best_of_each(picks, near)
    return np.asarray(seeds[((support > 0).sum(1) >= min_sensors) & (support.sum(1) >= least)])


def _best_of_each(picks: Picks, near: NDArray[np.bool_]) -> Array:
    """Largest weight of each sensor's triggers that are near, 0 where none is above it. shape (..., sensors heard)"""
    first = np.flatnonzero(np.diff(picks.sensor, prepend=-1))
    return np.asarray(np.maximum.reduceat(np.where(near, np.maximum(picks.weight, 0.0), 0.0), first, axis=-1))


def _rough(picks: Picks, seeds: Whole, nodes: Nodes, config: EvidenceConfig, least: float) -> tuple[Array, Array]:
    """Places (M, 2) and times (M,) at which most triggers agree with a seed, a few for each."""
    origin = picks.t_s - nodes.travel_s[:, picks.sensor]
    wide_s = nodes.spacing_s + config.sigmas * config.path_sigma_s
    places, times = [], []
    for seed in seeds:
        near = np.abs(origin - origin[:, seed : seed + 1]) <= wide_s
        support = _best_of_each(picks, near).sum(1)
        for _ in range(_PLACES_A_SEED):
            node = int(np.argmax(support))
            if support[node] < least:
                break
            places.append(nodes.place_m[node])
            times.append(origin[node, seed])
            beside = np.hypot(*(nodes.place_m - nodes.place_m[node]).T) < nodes.apart_m
            support = np.where(beside, -np.inf, support)
    return np.array(places).reshape(-1, 2), np.array(times)


def _choose(
    sensor: Whole, weight: Array, residual: Array, tolerance: Array, sigmas: float, sensors: int
) -> tuple[Whole, Array]:
    """The trigger of each sensor that fits best, -1 where none does, and its gain. shape (M, S) both"""
    width = np.broadcast_to(tolerance / sigmas, residual.shape)
    gain = np.where(np.abs(residual) <= tolerance, weight - 0.5 * (residual / width) ** 2, -np.inf)
    first = np.flatnonzero(np.diff(sensor, prepend=-1))
    best = np.maximum.reduceat(gain, first, axis=1)
    column = np.arange(len(sensor))
    here = np.repeat(best, np.diff(first, append=len(sensor)), axis=1)
    choice = np.minimum.reduceat(np.where(gain == here, column, len(sensor)), first, axis=1)
    chosen, gained = np.full((len(residual), sensors), -1), np.zeros((len(residual), sensors))
    chosen[:, sensor[first]] = np.where(best > 0, choice, -1)
    gained[:, sensor[first]] = np.maximum(best, 0.0)
    return chosen, gained
