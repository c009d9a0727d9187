"""Where and when a sound came from, told by when several sensors heard it.

Outcomes are told apart, never guessed: a place; two places that explain the arrivals alike; a direction only; two
directions of which nothing tells which; nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detector.association.travel import Medium, travel

Array = NDArray[np.float64]

# Nodes of the search for starting points: distances from the sensors' middle, as shares of the farthest sensor's, and
# directions. The outer ones stand for everything beyond.
_RINGS = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.3, 1.8, 3.0, 6.0])
_DIRECTIONS = 24
_STARTS = 6
_COARSE = 0.1
_ITERATIONS = 40
_STILL_M = 1e-3
# What is added to the normal matrix before it is inverted: a direction that nothing tells gets a standard deviation of
# 1,000 km, not of 0.
_NOWHERE = 1e-12
# Speed, wind and height are known beforehand to one standard deviation, the place and the time are not.
_PRIOR = np.diag([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0])
# Two places explain arrivals alike where twice the difference of their costs is below the 0.95 quantile of
# chi-squared with two degrees of freedom, and are two where they are apart by its 0.99 quantile.
_ALIKE = 5.99
_APART = 9.21
# Beyond this share of the distance the standard deviation along it says that the distance is not known: 95 % of it
# reaches from a half of the distance to twice as far.
_DISTANCE_TOLD = 0.3
_DIRECTION_TOLD_DEG = 30.0
_WIND_ROUNDS = 4
# Two sensors farther apart in time than sound needs between them, by so many standard deviations, heard two things.
_SIGMAS_NOT_ONE = 3.0
_INCIDENTS_AT_ONCE = 512


class Outcome(StrEnum):
    """What the arrivals tell."""

    PLACE = "place"
    TWO_PLACES = "two_places"  # either of two places explains the arrivals
    DIRECTION = "direction"  # too far, or the sensors too close together, for a distance
    TWO_DIRECTIONS = "two_directions"  # either side of the line through the sensors
    NOTHING = "nothing"  # fewer than two sensors, no common source, or a geometry that tells nothing


@dataclass(frozen=True, slots=True)
class Huber:
    """How far arrivals are believed: residuals, in standard deviations, from which an arrival counts linearly.

    late, early: of arrivals after and before what the others say. Sound that went around a corner or by way of a wall
        comes late; nothing comes too early but by error. [1]
    """

    late: float = 1.2
    early: float = 4.0


@dataclass(frozen=True, slots=True)
class SourceHeight:
    """How high the source is, where only the plane is sought.

    below_sensors_m: under the mean height of the sensors that heard it: these stand on masts and roofs. [m]
    sigma_m: standard deviation of it. [m]
    """

    below_sensors_m: float = 10.0
    sigma_m: float = 10.0


class Places(NamedTuple):
    """Sources of N incidents; NaN where the outcome does not have the quantity.

    outcome: of Outcome values as str. shape (N,)
    place_m: x east, y north of the source. shape (N, 2) [m]
    other_place_m: the second place of TWO_PLACES. shape (N, 2) [m]
    covariance_m2: of (x, y) at the place. shape (N, 2, 2) [m2]
    t_s, t_sigma_s: when it happened, from the same zero as the arrivals. shape (N,) [s]
    observer_m: from where directions are told: the middle of the sensors that heard it. shape (N, 2) [m]
    bearing_deg, bearing_sigma_deg: clockwise from north, of DIRECTION and of the first of TWO_DIRECTIONS. shape (N,)
    other_bearing_deg: the second of TWO_DIRECTIONS. shape (N,)
    residual_s: arrival less what place, time and the estimated speed give. shape (N, S) [s]
    misfit: twice the sum of Huber's losses; chi-squared where no arrival is bent. shape (N,) [1]
    """

    outcome: NDArray[np.str_]
    place_m: Array
    other_place_m: Array
    covariance_m2: Array
    t_s: Array
    t_sigma_s: Array
    observer_m: Array
    bearing_deg: Array
    bearing_sigma_deg: Array
    other_bearing_deg: Array
    residual_s: Array
    misfit: Array


def multilaterate(
    sensors_m: ArrayLike,
    arrivals_s: ArrayLike,
    sigma_s: ArrayLike,
    medium: Medium,
    *,
    height: SourceHeight | None = None,
    huber: Huber | None = None,
) -> Places:
    """Sources of incidents from the arrivals at sensors, all incidents at once.

    Args:
        sensors_m: x east, y north, z up. shape (S, 3) or (N, S, 3) [m]
        arrivals_s: from any common zero, NaN where a sensor did not hear it. shape (N, S) [s]
        sigma_s: standard deviation of each arrival: of the pick, the clock and the path together. Broadcasts. [s]
        medium: its speed and wind are estimated along with the place, held by their standard deviations.
        height: of the source; an unknown too, held by its standard deviation.

    Returns:
        A place for each incident, or what else can be told; see Outcome.

    Raises:
        ValueError: shapes that do not fit, or a standard deviation that is not above 0 where there is an arrival.

    Gauss-Newton, damped (Levenberg-Marquardt), on Huber's loss, from the best few local minima of a fan of nodes
    around the sensors: no guess is needed. The covariance is the inverse of the reweighted normal matrix, in which
    speed and wind stand as unknowns with a prior, so that the error they bring to all arrivals
    at once is in it; so does the height.

    Valid for straight paths in the horizontal plane of the source. The ellipse is that of the linearised problem; where
    the distance is not known to 30 % a direction is told instead.
    Source: Huber 1964, Ann. Math. Stat. 35(1), p. 73; Tarantola 2005, Inverse Problem Theory, eq. 3.36-3.38.
    Slow twin: tests/naive_association.py.
    """
    arrivals = np.atleast_2d(np.asarray(arrivals_s, np.float64))
    sensors = np.asarray(sensors_m, np.float64)
    if sensors.shape[-1] != 3 or sensors.shape[-2] != arrivals.shape[1]:
        raise ValueError(f"sensors_m {sensors.shape}, arrivals_s {arrivals.shape}: allowed are (S, 3) and (N, S)")
    sensors = np.broadcast_to(sensors, (*arrivals.shape, 3))
    sigma = np.broadcast_to(np.asarray(sigma_s, np.float64), arrivals.shape)
    if not np.all(sigma[np.isfinite(arrivals)] > 0):
        raise ValueError("sigma_s: allowed is above 0 for every arrival")
    found = [
        _some(sensors[k:end], arrivals[k:end], sigma[k:end], medium, height or SourceHeight(), huber or Huber())
        for k in range(0, max(len(arrivals), 1), _INCIDENTS_AT_ONCE)
        for end in [k + _INCIDENTS_AT_ONCE]
    ]
    return Places(*(np.concatenate(column) for column in zip(*found, strict=True)))


class Refined(NamedTuple):
    """Of M guesses: x, y (M, 2) [m], time (M,) [s], covariance of x, y (M, 2, 2) [m2], residuals (M, S) [s], misfit."""

    place_m: Array
    t_s: Array
    covariance_m2: Array
    residual_s: Array
    misfit: Array


def refine(
    guess_m: Array,
    sensors_m: Array,
    arrivals_s: Array,
    sigma_s: Array,
    medium: Medium,
    *,
    height: SourceHeight,
    huber: Huber,
    iterations: int = 8,
) -> Refined:
    """The nearest minimum of the loss from a guessed place each, whatever the geometry. Arguments as `multilaterate`.

    Args:
        guess_m: shape (M, 2) [m]
        sensors_m: shape (S, 3) [m]
        arrivals_s, sigma_s: shape (M, S), at least one arrival each. [s]
    """
    problem, middle, zero = _centred(np.broadcast_to(sensors_m, (*arrivals_s.shape, 3)), arrivals_s, sigma_s, medium,
                                     height, huber)  # fmt: skip
    fit = _descend(problem, guess_m - middle[:, :2], iterations)
    residual = np.where(np.isfinite(arrivals_s), fit.residual, np.nan)
    t_s = fit.state[:, 2] / medium.speed_m_s + zero
    return Refined(fit.state[:, :2] + middle[:, :2], t_s, fit.covariance[:, :2, :2], residual, fit.misfit)


class _Known(NamedTuple):
    """The medium, and the standard deviations of its speed, its wind's two components and the source's height."""

    medium: Medium
    sigmas: Array

    @classmethod
    def of(cls, medium: Medium, height: SourceHeight) -> _Known:
        wind = medium.wind_sigma_m_s
        return cls(medium, np.array([medium.speed_sigma_m_s, wind, wind, height.sigma_m]))


class _Problem(NamedTuple):
    """Sensors (N, S, 3) around their middle, arrivals (N, S) with weight 0 where there is none, source heights (N,)."""

    sensors: Array
    arrivals: Array
    inverse_sigma: Array
    source_z: Array
    known: _Known
    huber: Huber

    @property
    def medium(self) -> Medium:
        return self.known.medium

    def at(self, rows: NDArray[np.int64]) -> _Problem:
        """The incidents of these rows, which may repeat."""
        arrays = (self.sensors[rows], self.arrivals[rows], self.inverse_sigma[rows], self.source_z[rows])
        return _Problem(*arrays, self.known, self.huber)


class _Fit(NamedTuple):
    """Of M fits: the state (M, 7), twice the loss (M,), the state's covariance (M, 7, 7), residuals (M, S) [s].

    The state is x, y [m], the time as the way sound goes in it [m], and how far speed, wind and height are off, in
    their own standard deviations: all of one size, so that no matrix is ill-conditioned for its units alone.
    """

    state: Array
    misfit: Array
    covariance: Array
    residual: Array


def _some(sensors: Array, arrivals: Array, sigma: Array, medium: Medium, height: SourceHeight, huber: Huber) -> Places:
    problem, middle, zero = _centred(sensors, arrivals, sigma, medium, height, huber)
    heard = problem.inverse_sigma > 0
    count = heard.sum(1)
    radius = _radius(problem)
    places = _unknown(middle, arrivals.shape[1])
    for rows, tell in (
        (np.flatnonzero((count >= 3) & (radius > 0)), _tell_places),
        (np.flatnonzero((count == 2) & (radius > 0)), _tell_directions),
    ):
        if len(rows):
            for whole, told in zip(places, tell(problem.at(rows)), strict=True):
                if told is not None:
                    whole[rows] = told
    places.place_m[:] += middle[:, :2]
    places.other_place_m[:] += middle[:, :2]
    places.t_s[:] += zero
    places.residual_s[~heard] = np.nan
    return places


def _centred(
    sensors: Array, arrivals: Array, sigma: Array, medium: Medium, height: SourceHeight, huber: Huber
) -> tuple[_Problem, Array, Array]:
    """The problem around the middle of the sensors that heard it, that middle (N, 3) and the mean arrival (N,)."""
    heard = np.isfinite(arrivals)
    count = heard.sum(1)
    weight = heard / np.maximum(count, 1)[:, None]
    middle = np.einsum("ns,nsi->ni", weight, np.where(heard[..., None], sensors, 0.0))
    zero = np.einsum("ns,ns->n", weight, np.where(heard, arrivals, 0.0))
    relative = np.where(heard, arrivals - zero[:, None], 0.0)
    inverse_sigma = np.divide(1.0, sigma, out=np.zeros_like(arrivals), where=heard)
    centred = sensors - np.concatenate([middle[:, :2], np.zeros((len(middle), 1))], 1)[:, None]
    source_z = middle[:, 2] - height.below_sensors_m
    known = _Known.of(medium, height)
    return _Problem(centred, relative, inverse_sigma, source_z, known, huber), middle, zero


def _unknown(middle: Array, sensors: int) -> Places:
    count = len(middle)

    def nan(*shape: int) -> Array:
        return np.full((count, *shape), np.nan)

    outcome = np.full(count, str(Outcome.NOTHING), "<U14")
    pair, square = (nan(2), nan(2)), nan(2, 2)
    return Places(outcome, *pair, square, nan(), nan(), middle[:, :2].copy(), nan(), nan(), nan(), nan(sensors), nan())


def _tell_places(problem: _Problem) -> tuple[Array | None, ...]:
    starts = _starts(problem)
    number = starts.shape[1]
    fit = _descend(problem.at(np.repeat(np.arange(len(starts)), number)), starts.reshape(-1, 2))
    rows = np.arange(len(starts))
    misfit = fit.misfit.reshape(-1, number)
    first = np.argmin(misfit, axis=1)
    best = _Fit(*(one.reshape(len(rows), number, *one.shape[1:])[rows, first] for one in fit))
    place, covariance = best.state[:, :2], best.covariance[:, :2, :2]
    reach, bearing, across_deg, along = _polar(place, covariance)

    other = _second(fit, best, misfit)
    has_other = np.isfinite(other[:, 0])
    far = ~(along <= _DISTANCE_TOLD * reach) & (reach > _radius(problem))
    told = across_deg <= _DIRECTION_TOLD_DEG
    inside_vague = ~far & ~(_semi_major(covariance) <= 2 * _radius(problem))
    other_bearing = np.degrees(np.arctan2(other[:, 0], other[:, 1])) % 360
    two = has_other & far & told
    outcome = np.select(
        [far & told & ~has_other, two, far | inside_vague, has_other],
        [Outcome.DIRECTION, Outcome.TWO_DIRECTIONS, Outcome.NOTHING, Outcome.TWO_PLACES],
        Outcome.PLACE,
    )
    placed = np.isin(outcome, (Outcome.PLACE, Outcome.TWO_PLACES))
    directed = np.isin(outcome, (Outcome.DIRECTION, Outcome.TWO_DIRECTIONS))

    def only(where: NDArray[np.bool_], values: Array) -> Array:
        return np.where(where.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan)

    return (
        outcome,
        only(placed, place),
        only(outcome == Outcome.TWO_PLACES, other),
        only(placed, covariance),
        only(placed, best.state[:, 2] / problem.medium.speed_m_s),
        only(placed, np.sqrt(best.covariance[:, 2, 2]) / problem.medium.speed_m_s),
        None,
        only(directed, bearing),
        only(directed, across_deg),
        only(outcome == Outcome.TWO_DIRECTIONS, other_bearing),
        best.residual,
        best.misfit,
    )


def _polar(place: Array, covariance: Array) -> tuple[Array, Array, Array, Array]:
    """Distance [m] and bearing [deg] from the middle, and the standard deviations across [deg] and along [m]."""
    reach = np.hypot(place[:, 0], place[:, 1])
    away = place / np.maximum(reach, 1e-9)[:, None]
    aside = np.stack([away[:, 1], -away[:, 0]], -1)
    covariance = covariance[:, :2, :2]
    across = np.sqrt(np.maximum(np.einsum("ni,nij,nj->n", aside, covariance, aside), 0.0))
    along = np.sqrt(np.maximum(np.einsum("ni,nij,nj->n", away, covariance, away), 0.0))
    bearing = np.degrees(np.arctan2(place[:, 0], place[:, 1])) % 360
    return reach, bearing, np.degrees(across / np.maximum(reach, 1e-9)), along


def _semi_major(covariance: Array) -> Array:
    """Standard deviation along the longest axis. [m]"""
    mean = 0.5 * (covariance[:, 0, 0] + covariance[:, 1, 1])
    spread = np.hypot(0.5 * (covariance[:, 0, 0] - covariance[:, 1, 1]), covariance[:, 0, 1])
    return np.sqrt(mean + spread)


def _radius(problem: _Problem) -> Array:
    distance = np.hypot(problem.sensors[..., 0], problem.sensors[..., 1])
    return np.asarray(np.where(problem.inverse_sigma > 0, distance, 0.0).max(1))


def _second(fit: _Fit, best: _Fit, misfit: Array) -> Array:
    """The best place that is another one and explains the arrivals alike, NaN where there is none. shape (N, 2)

    Far away, where the distance is not known, another place is one in another direction.
    """
    count, number = misfit.shape
    place, covariance = fit.state[:, :2], fit.covariance[:, :2, :2]
    offset = place - np.repeat(best.state[:, :2], number, axis=0)
    both = covariance + np.repeat(best.covariance[:, :2, :2], number, axis=0)
    apart = np.einsum("mi,mi->m", offset, np.linalg.solve(both, offset[..., None])[..., 0])
    _, bearing, across, _ = _polar(place, covariance)
    _, best_bearing, best_across, _ = (np.repeat(one, number) for one in _polar(best.state[:, :2], best.covariance))
    turned = np.abs((bearing - best_bearing + 180.0) % 360.0 - 180.0)
    another = (apart > _APART) | (turned**2 > _APART * (across**2 + best_across**2))
    alike = another.reshape(count, number) & (misfit - best.misfit[:, None] < _ALIKE)
    ranked = np.where(alike, misfit, np.inf)
    choice = np.argmin(ranked, axis=1)
    rows = np.arange(count)
    told = np.isfinite(ranked[rows, choice])
    return np.where(told[:, None], place.reshape(count, number, 2)[rows, choice], np.nan)


def _starts(problem: _Problem) -> Array:
    """Local minima of the loss over a fan of nodes, best first. shape (N, _STARTS, 2) [m]"""
    angle = np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS)
    fan = _RINGS[:, None, None] * np.stack([np.sin(angle), np.cos(angle)], -1)
    radius = _radius(problem)
    nodes = radius[:, None, None] * fan.reshape(1, -1, 2)
    height = np.broadcast_to(problem.source_z[:, None, None], (*nodes.shape[:2], 1))
    source = np.concatenate([nodes, height], -1)[:, :, None]
    ahead = problem.arrivals[:, None] - travel(source, problem.sensors[:, None], problem.medium).time_s
    # A node stands for all places around it: arrivals are known there only to half the way to the next node.
    coarse_s = (_COARSE * radius / problem.medium.speed_m_s)[:, None]
    weight = problem.inverse_sigma / np.hypot(1.0, problem.inverse_sigma * coarse_s)
    weight = np.broadcast_to(weight[:, None], ahead.shape)
    loss = _loss(weight * (ahead - _weighted_median(ahead, weight)[..., None]), problem.huber).sum(-1)
    loss = loss.reshape(len(nodes), len(_RINGS), _DIRECTIONS)
    beyond = np.full_like(loss[:, :1], np.inf)
    outer, inner = np.concatenate([loss[:, 1:], beyond], 1), np.concatenate([beyond, loss[:, :-1]], 1)
    beside = np.minimum(np.roll(loss, 1, 2), np.roll(loss, -1, 2))
    ranked = np.where(loss <= np.minimum(np.minimum(outer, inner), beside), loss, np.inf)
    ranked[:, 0, 1:] = np.inf  # all nodes of the innermost ring are one
    order = np.argsort(ranked.reshape(len(nodes), -1), axis=1, kind="stable")[:, :_STARTS]
    return np.take_along_axis(nodes, order[..., None], 1)


def _weighted_median(values: Array, weight: Array) -> Array:
    """Along the last axis: the value at which half of the weight is reached."""
    order = np.argsort(values, axis=-1, kind="stable")
    reached = np.cumsum(np.take_along_axis(weight, order, -1), -1)
    half = np.argmax(reached >= 0.5 * reached[..., -1:], axis=-1)[..., None]
    return np.take_along_axis(values, np.take_along_axis(order, half, -1), -1)[..., 0]


def _bend(scaled: Array, huber: Huber) -> Array:
    return np.where(scaled > 0, huber.late, huber.early)


def _loss(scaled: Array, huber: Huber) -> Array:
    """Twice Huber's loss: the square up to the bend, then linear."""
    size, bend = np.abs(scaled), _bend(scaled, huber)
    return np.where(size <= bend, size**2, bend * (2 * size - bend))


def _descend(problem: _Problem, start: Array, iterations: int = _ITERATIONS) -> _Fit:
    """Damped Gauss-Newton from each start."""
    state = np.zeros((len(start), 7))
    state[:, :2] = start
    residual, _ = _residuals(problem, state)
    state[:, 2] = problem.medium.speed_m_s * _weighted_median(residual, problem.inverse_sigma)
    residual, jacobian = _residuals(problem, state)
    misfit = _misfit(problem, state, residual)
    damping, moving = np.full(len(start), 1e-3), np.ones(len(start), bool)
    for _ in range(iterations):
        normal, gradient = _normal(problem, state, residual, jacobian)
        step = np.linalg.solve(normal + damping[:, None, None] * np.eye(7), gradient[..., None])[..., 0]
        tried = state + np.where(moving[:, None], step, 0.0)
        tried_residual, tried_jacobian = _residuals(problem, tried)
        tried_misfit = _misfit(problem, tried, tried_residual)
        better = tried_misfit <= misfit
        state = np.where(better[:, None], tried, state)
        misfit = np.where(better, tried_misfit, misfit)
        residual = np.where(better[:, None], tried_residual, residual)
        jacobian = np.where(better[:, None, None], tried_jacobian, jacobian)
        damping = np.where(better, np.maximum(damping * 0.2, 1e-9), np.minimum(damping * 8.0, 1e6))
        moving &= np.hypot(step[:, 0], step[:, 1]) > _STILL_M
        if not moving.any():
            break
    normal, _ = _normal(problem, state, residual, jacobian)
    return _Fit(state, misfit, np.asarray(np.linalg.inv(normal + _NOWHERE * np.eye(7)), np.float64), residual)


def _residuals(problem: _Problem, state: Array) -> tuple[Array, Array]:
    """Arrivals less what the state gives (M, S) [s], and how these change with the state (M, S, 7)."""
    medium = problem.medium
    source = np.concatenate([state[:, :2], problem.source_z[:, None]], 1)
    time_s, by_place, by_medium = travel(source[:, None], problem.sensors, medium)
    by_known = np.concatenate([by_medium, by_place[..., 2:]], -1) * problem.known.sigmas
    by_time = np.full((*time_s.shape, 1), 1.0 / medium.speed_m_s)
    expected = time_s + state[:, 2:3] / medium.speed_m_s + np.einsum("msk,mk->ms", by_known, state[:, 3:])
    return problem.arrivals - expected, np.concatenate([by_place[..., :2], by_time, by_known], -1)


def _misfit(problem: _Problem, state: Array, residual: Array) -> Array:
    loss = _loss(problem.inverse_sigma * residual, problem.huber).sum(1) + (state[:, 3:] ** 2).sum(1)
    return np.asarray(loss)


def _normal(problem: _Problem, state: Array, residual: Array, jacobian: Array) -> tuple[Array, Array]:
    """Normal matrix (M, 7, 7) and the way down (M, 7) of the reweighted problem."""
    scaled = problem.inverse_sigma * residual
    bend = _bend(scaled, problem.huber)
    bent = bend / np.maximum(np.abs(scaled), bend)
    weight = problem.inverse_sigma**2 * bent
    normal = np.einsum("msi,ms,msj->mij", jacobian, weight, jacobian) + _PRIOR
    gradient = np.einsum("msi,ms,ms->mi", jacobian, weight, residual)
    gradient[:, 3:] -= state[:, 3:]
    return normal, gradient


def _tell_directions(problem: _Problem) -> tuple[Array | None, ...]:
    """Two sensors: the two directions from which a plane wave passes them in the order and time they heard it.

    Valid for sources farther than about twice the sensors' distance: the hyperbola's asymptote stands for it. The wind
    carries the wave's front along, so that the source is not where its normal points.
    """
    rows = np.arange(len(problem.arrivals))[:, None]
    pair = np.argsort(problem.inverse_sigma == 0, axis=1, kind="stable")[:, :2]
    base = np.diff(problem.sensors[rows, pair, :2], axis=1)[:, 0]
    length = np.hypot(base[:, 0], base[:, 1])
    along = base / np.maximum(length, 1e-9)[:, None]
    later_s = np.diff(problem.arrivals[rows, pair], axis=1)[:, 0]
    noise_s = np.sqrt((problem.inverse_sigma[rows, pair] ** -2.0).sum(1))
    medium, wind = problem.medium, np.array(problem.medium.wind_m_s)
    sides = []
    for side in (1.0, -1.0):
        # The wind changes the speed along the direction sought: some rounds settle it.
        speed = np.full(len(length), medium.speed_m_s)
        for _ in range(_WIND_ROUNDS):
            cosine = np.clip(-speed * later_s / np.maximum(length, 1e-9), -1.0, 1.0)
            sine = side * np.sqrt(1.0 - cosine**2)
            normal = cosine[:, None] * along + sine[:, None] * np.stack([along[:, 1], -along[:, 0]], -1)
            speed = medium.speed_m_s - normal @ wind
        sides.append((normal - wind / medium.speed_m_s, cosine, sine, speed))
    (one, cosine, sine, speed), (other, *_) = sides
    share = np.hypot(medium.speed_sigma_m_s, medium.wind_sigma_m_s) / medium.speed_m_s
    spread = np.hypot(speed * noise_s / np.maximum(length, 1e-9), share * cosine)
    # Near the line through both sensors the cosine is flat: there the angle is as wide as its own second order.
    sigma_deg = np.degrees(spread / np.maximum(np.abs(sine), np.sqrt(np.maximum(spread, 1e-12))))
    too_late = np.abs(speed * later_s) > length * (1.0 + _SIGMAS_NOT_ONE * spread)
    one_side = np.abs(sine) < np.sqrt(2 * spread)
    unknown = too_late | (sigma_deg > _DIRECTION_TOLD_DEG)
    outcome = np.select([unknown, one_side], [Outcome.NOTHING, Outcome.DIRECTION], Outcome.TWO_DIRECTIONS)
    on_line = np.sign(cosine)[:, None] * along
    first = np.where(one_side[:, None], on_line, one)

    def bearing(vector: Array, where: NDArray[np.bool_]) -> Array:
        return np.where(where, np.degrees(np.arctan2(vector[:, 0], vector[:, 1])) % 360, np.nan)

    directed = ~unknown
    return (
        outcome,
        *[None] * 6,
        bearing(first, directed),
        np.where(directed, sigma_deg, np.nan),
        bearing(other, directed & ~one_side),
        None,
        None,
    )
