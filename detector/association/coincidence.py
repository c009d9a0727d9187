"""Triggers of several sensors, as they come, become incidents."""

from __future__ import annotations

import bisect
import math
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.association.hypotheses import (
    Earlier,
    EvidenceConfig,
    Hypothesis,
    Picks,
    clutter_per_s,
    repetitions,
    search,
    weight,
)
from detector.association.multilateration import Huber, SourceHeight, multilaterate
from detector.association.nodes import spread_nodes
from detector.association.noticed import Carrier
from detector.association.sensors import Sensors
from detector.association.telling import again, incident_of
from detector.association.travel import Medium, travel
from detector.model import Incident, Triggers
from detector.timebase import NS_PER_S, ns_from_seconds

# Echoes die away: a trigger so many mean delays later is no echo of it.
_ECHO_DELAYS = 10.0
# So many triggers of one sensor are looked at together; of more, the loudest.
_MOST_OF_ONE = 24
# So many places are remembered for repetitions, the newest.
_PATTERNS = 32
_LONG_AGO_NS, _END_OF_TIME_NS = -(2**62), 2**62
# A sensor fewer is one chance fewer for a noise to fit: a second's worth of it, of which some 20 ms fit, is 4 nats.
_USUAL_SENSORS, _NATS_A_SENSOR = 4, 4.0
# All sensors at once: of so many at least, and this share of them.
_LEAST_AT_ONCE = 3
_SHARE_AT_ONCE = 0.8
# Only a network that sound takes longer to cross, by this factor, can tell a surge from a sound.
_SPREAD = 10.0
# A sensor's own rate of triggers is a mean over about so long. [s]
_RATE_S = 60.0


class AssociationConfig(BaseModel):
    """When triggers of several sensors are one incident."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    evidence: EvidenceConfig = Field(default_factory=EvidenceConfig)
    min_sensors: int | None = Field(
        None,
        ge=2,
        le=100,
        description="Fewer sensors make no incident; left out: 4, or all there are if they are fewer.",
    )
    least_score: float = Field(
        22.0,
        ge=0,
        le=100,
        description="So much likelier than chance; 4 less for each sensor that `min_sensors` is below 4. [nats]",
    )
    reach_m: float = Field(3000.0, gt=0, le=100_000, description="Sources are sought so far from the sensors. [m]")
    settle_s: float = Field(
        0.6,
        ge=0.1,
        le=60,
        description="So long after an incident's last trigger it is decided whether another explains it better. [s]",
    )
    early_s: float = Field(
        0.05, ge=0, le=60, description="So long where all sensors have heard it; not above `settle_s`. [s]"
    )
    step_s: float = Field(
        0.1, gt=0, le=10, description="Decisions fall at whole multiples of this, but those of `early_s`. [s]"
    )
    repeat_s: float = Field(
        30.0, ge=0, le=3600, description="An incident is remembered so long for its repetitions. [s]"
    )
    at_once_s: float = Field(0.002, ge=0, le=0.05, description="All sensors within this: electrical, not sound. [s]")


@dataclass(slots=True)
class _Pick:
    """One trigger. t_ns, sensor: its order; clutter: rate of chance and echoes where it came. [1/s]"""

    t_ns: int
    sensor: int
    sigma_s: float
    score: float
    kind: str
    clutter: float = 0.0


@dataclass(frozen=True, slots=True)
class _Known:
    """An incident found, for its repetitions and its late arrivals.

    t_ns, place_m: of the source as it explained the triggers. delay_s: from it to each sensor that heard it, else NaN.
    expected_s: to every sensor.
    """

    incident: Incident
    t_ns: int
    place_m: NDArray[np.float64]
    delay_s: NDArray[np.float64]
    expected_s: NDArray[np.float64]


class Associator:
    """Puts triggers together, streaming, in bounded memory.

    Decisions fall at whole multiples of `step_s` of the streams' own time and see exactly the triggers before it: how
    the triggers are cut into calls changes nothing. An incident is given out once `settle_s` have passed since its last
    trigger, `early_s` (to the nanosecond) if all sensors have heard it, unless a better explanation of one of its
    triggers is still open.
    Counted: `late_arrival`, triggers at far sensors that an incident already given out explains; `at_once`, times at
    which all sensors had one (electrical); `unexplained`, the rest: echoes and noises of one sensor alone.

    Hit: a shot heard by five microphones; forty of them.   Miss: a door that one microphone hears; a lightning
    surge in all cables; each one's own echoes.
    """

    Config = AssociationConfig

    def __init__(
        self,
        sensors: Sensors,
        medium: Medium,
        config: AssociationConfig | None = None,
        *,
        source_id: str = "association",
        height: SourceHeight | None = None,
        huber: Huber | None = None,
    ) -> None:
        self.config = config or AssociationConfig()
        self._sensors, self._medium, self._source_id = sensors, medium, source_id
        self._height, self._huber = height or SourceHeight(), huber or Huber()
        position = sensors.position_m
        self._index = {name: k for k, name in enumerate(sensors.channels)}
        self._nodes = spread_nodes(
            position, medium, self.config.reach_m, float(position[:, 2].mean()) - self._height.below_sensors_m
        )
        longest_s = float(self._nodes.between_s.max())
        self._span_ns = ns_from_seconds(longest_s + self.config.evidence.sigmas * self.config.evidence.path_sigma_s)
        self._min_sensors = self.config.min_sensors or min(_USUAL_SENSORS, len(position))
        fewer = max(_USUAL_SENSORS - self._min_sensors, 0)
        self._least_score = self.config.least_score - _NATS_A_SENSOR * fewer
        self._step_ns, self._settle_ns = ns_from_seconds(self.config.step_s), ns_from_seconds(self.config.settle_s)
        self._early_ns = min(ns_from_seconds(self.config.early_s), self._settle_ns)
        self._repeat_ns = ns_from_seconds(self.config.repeat_s)
        self._at_once_ns = ns_from_seconds(self.config.at_once_s)
        self._spreads = longest_s > _SPREAD * self.config.at_once_s
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self.counters: Counter[str] = Counter()
        self._now_ns = _LONG_AGO_NS
        self._coming: list[_Pick] = []
        self._open: list[_Pick] = []
        self._heard: list[list[_Pick]] = [[] for _ in self._sensors.channels]
        self._rates: list[float] = [0.0] * len(self._sensors.channels)
        self._last_ns: list[int] = [_LONG_AGO_NS] * len(self._sensors.channels)
        self._blocked: list[_Pick] = []
        self._found: list[_Known] = []
        self._patterns: list[_Known] = []

    @property
    def settled_ns(self) -> int:
        """No incident that happened before this is still to come. [ns]"""
        on_the_way_ns = ns_from_seconds(Carrier(self._medium, self.config.reach_m).longest_s)
        return self._now_ns - self._settle_ns - self._step_ns - self._span_ns - on_the_way_ns

    def push(self, triggers: Triggers, until_ns: int) -> list[Incident]:
        """Take triggers; incidents that are decided now, in the order of their decision.

        Args:
            triggers: of any of the sensors, in any order.
            until_ns: every trigger with an onset before this has been given. Never goes back.

        A trigger that comes after its time was declared over is `late`, one of an unknown channel `unknown`, one whose
        score is not above 0 or whose error is not known `unusable`: counted, and left out.
        """
        for row in range(len(triggers)):
            sensor = self._index.get(str(triggers.channel[row]))
            t_ns = int(triggers.t_ns[row])
            if sensor is None:
                self.counters["unknown"] += 1
            elif t_ns < self._now_ns:
                self.counters["late"] += 1
            else:
                sigma_s, score = float(triggers.sigma_ns[row]) / NS_PER_S, float(triggers.score[row])
                if not (math.isfinite(sigma_s) and 0.0 < score < math.inf):
                    self.counters["unusable"] += 1
                    continue
                self._coming.append(_Pick(t_ns, sensor, sigma_s, score, str(triggers.kind[row])))
        return self._advance(until_ns)

    def finish(self) -> list[Incident]:
        """The streams have ended: what was still open."""
        if not self._coming and not self._open:
            return []
        last = max(one.t_ns for one in (*self._coming, *self._open))
        return self._advance(last + self._settle_ns + self._span_ns + 2 * self._step_ns)

    def _advance(self, until_ns: int) -> list[Incident]:
        self._coming.sort(key=lambda one: (one.t_ns, one.sensor, -one.score))
        found: list[Incident] = []
        while self._open or self._coming:
            # With nothing open nothing is decided before the next trigger: the steps until then are passed over.
            after_ns = self._now_ns if self._open else max(self._now_ns, self._coming[0].t_ns)
            step_ns = (after_ns // self._step_ns + 1) * self._step_ns
            early_ns = min(self._early_after(after_ns), step_ns)
            if early_ns > until_ns:
                break
            self._now_ns = early_ns
            found += self._decide(step_ns) if early_ns == step_ns else self._decide_early(early_ns)
        self._now_ns = max(self._now_ns, until_ns // self._step_ns * self._step_ns)
        return found

    def _early_after(self, after_ns: int) -> int:
        """When a trigger next comes of the age at which what all sensors have heard is decided."""
        ages_ns = (one.t_ns + self._early_ns + 1 for one in (*self._open, *self._coming))
        return min((t_ns for t_ns in ages_ns if t_ns > after_ns), default=_END_OF_TIME_NS)

    def _decide_early(self, now_ns: int) -> list[Incident]:
        """What all sensors have heard, the last of them just so long ago."""
        self._admit_until(now_ns - self._at_once_ns)
        if len({one.sensor for one in self._open}) < len(self._sensors.channels):
            return []
        found: list[Incident] = []
        fresh = [one for one in self._open if one.t_ns + self._early_ns + 1 == now_ns]
        while incidents := self._best(now_ns, [*self._blocked, *fresh]):
            found += incidents
        return found

    def _decide(self, now_ns: int) -> list[Incident]:
        """Everything that can be said at this instant from the triggers before it."""
        self._admit_until(now_ns - self._at_once_ns)
        found: list[Incident] = []
        settled_ns = now_ns - self._settle_ns
        fresh = [one for one in self._open if self._comes_of_age(one, now_ns)]
        while incidents := self._best(now_ns, [*self._blocked, *fresh]):
            found += incidents
        oldest_ns = settled_ns - self._step_ns - self._span_ns
        self.counters["unexplained"] += sum(one.t_ns < oldest_ns for one in self._open)
        self._open = [one for one in self._open if one.t_ns >= oldest_ns]
        self._found = [one for one in self._found if one.t_ns >= oldest_ns - self._span_ns]
        self._patterns = [one for one in self._patterns if one.t_ns >= now_ns - self._repeat_ns][-_PATTERNS:]
        return found

    def _admit_until(self, until_ns: int) -> None:
        """Triggers whose company is known; those of all sensors at once go: no sound reaches all of them together."""
        enough = max(_LEAST_AT_ONCE, math.ceil(_SHARE_AT_ONCE * len(self._sensors.channels)))
        while self._coming and self._coming[0].t_ns < until_ns:
            behind_ns = self._coming[0].t_ns + self._at_once_ns
            together = self._coming[: bisect.bisect_right(self._coming, behind_ns, key=_t_ns)]
            if self._spreads and len({one.sensor for one in together}) >= enough:
                self.counters["at_once"] += 1
                del self._coming[: len(together)]
            else:
                self._admit(self._coming.pop(0))

    def _admit(self, pick: _Pick) -> None:
        """A trigger becomes one under consideration, unless an incident found explains it."""
        evidence, earlier = self.config.evidence, self._heard[pick.sensor]
        since_s = np.array([(pick.t_ns - one.t_ns) / NS_PER_S for one in earlier])
        scores = np.array([one.score for one in earlier])
        quiet_s = (pick.t_ns - self._last_ns[pick.sensor]) / NS_PER_S
        rate_per_s = self._rates[pick.sensor] * math.exp(-quiet_s / _RATE_S)
        pick.clutter = clutter_per_s(evidence, rate_per_s, since_s, pick.score, scores)
        self._rates[pick.sensor], self._last_ns[pick.sensor] = rate_per_s + 1.0 / _RATE_S, pick.t_ns
        forget_ns = pick.t_ns - ns_from_seconds(_ECHO_DELAYS * evidence.echo_s)
        self._heard[pick.sensor] = [*[one for one in earlier if one.t_ns >= forget_ns][-_MOST_OF_ONE:], pick]
        for known in self._found:
            residual = (pick.t_ns - known.t_ns) / NS_PER_S - known.expected_s[pick.sensor]
            unheard = not np.isfinite(known.delay_s[pick.sensor])
            if unheard and abs(residual) <= evidence.sigmas * np.hypot(pick.sigma_s, evidence.path_sigma_s):
                self.counters["late_arrival"] += 1
                return
        self._open.append(pick)

    def _comes_of_age(self, pick: _Pick, now_ns: int) -> bool:
        """An incident that ends with it may have become settled with this step."""
        return 0 < now_ns - pick.t_ns - self._settle_ns <= self._step_ns

    def _is_settled(self, found: Hypothesis, order: list[_Pick], now_ns: int) -> bool:
        """Nothing that would belong to it is waited for."""
        all_heard = bool((found.picks >= 0).all())
        return _last_ns(found, order) < now_ns - (self._early_ns if all_heard else self._settle_ns)

    def _best(self, now_ns: int, seeds: list[_Pick]) -> list[Incident]:
        """Incidents that are settled and share no trigger with a better one that is not; none is left when empty.

        An incident is settled with its last trigger: what has become so contains a trigger that has. What competes with
        it contains one of its triggers.
        """
        order = self._considered()
        picks = self._picks(order, now_ns)
        candidates = [one for one in self._explain(order, picks, seeds) if self._is_settled(one, order, now_ns)]
        self._blocked = []
        if not candidates:
            return []
        contested = sorted({int(k) for one in candidates for k in one.picks if k >= 0})
        taken: set[int] = set()
        accepted: list[Hypothesis] = []
        for one in self._explain(order, picks, [order[k] for k in contested]):
            mine = {int(k) for k in one.picks if k >= 0}
            if mine & taken:
                continue
            taken |= mine
            if self._is_settled(one, order, now_ns):
                accepted.append(one)
            else:
                self._blocked += [order[k] for k in sorted(mine & set(contested))]
        known = [self._known(one, order, picks, now_ns) for one in accepted]
        for one, new in zip(accepted, known, strict=True):
            self._learn(one, new)
        used = {id(order[k]) for one in accepted for k in one.picks if k >= 0}
        self._open = [one for one in self._open if id(one) not in used]
        return [one.incident for one in known]

    def _explain(self, order: list[_Pick], picks: Picks, seeds: list[_Pick]) -> list[Hypothesis]:
        """Hypotheses that contain one of the seeds, best first."""
        at = {id(one): k for k, one in enumerate(order)}
        rows = np.array(sorted({at[id(one)] for one in seeds if id(one) in at}), np.int64)
        evidence, least = self.config.evidence, self._least_score
        earlier = [Earlier(one.place_m, one.delay_s) for one in self._patterns]
        found = [one for one in repetitions(picks, rows, earlier, evidence) if one.score >= least]
        found += search(
            picks,
            rows,
            self._nodes,
            self._sensors.position_m,
            self._medium,
            evidence,
            height=self._height,
            huber=self._huber,
            least=least,
            min_sensors=self._min_sensors,
        )
        return sorted(found, key=lambda one: (-one.score, one.t_s, tuple(one.picks.tolist())))

    def _considered(self) -> list[_Pick]:
        """The triggers looked at, by sensor and then by time; of too many of one sensor the loudest."""
        chosen: list[_Pick] = []
        for sensor in range(len(self._sensors.channels)):
            own = [one for one in self._open if one.sensor == sensor]
            if len(own) > _MOST_OF_ONE:
                own = sorted(sorted(own, key=lambda one: -one.score)[:_MOST_OF_ONE], key=lambda one: one.t_ns)
            chosen += own
        return chosen

    def _picks(self, order: list[_Pick], zero_ns: int) -> Picks:
        evidence = self.config.evidence
        own_s = np.array([one.sigma_s for one in order])
        sigma_s, again_s = np.hypot(own_s, evidence.path_sigma_s), np.hypot(own_s, evidence.repeat_sigma_s)
        clutter = np.array([one.clutter for one in order])
        return Picks(
            np.array([one.sensor for one in order], np.int64),
            np.array([(one.t_ns - zero_ns) / NS_PER_S for one in order]),
            sigma_s,
            weight(sigma_s, clutter),
            again_s,
            weight(again_s, clutter),
        )

    def _known(self, found: Hypothesis, order: list[_Pick], picks: Picks, zero_ns: int) -> _Known:
        """The record of a hypothesis that holds, and what is to be remembered of it."""
        position, heard = self._sensors.position_m, np.flatnonzero(found.picks >= 0)
        rows = found.picks[heard]
        arrivals, sigma = np.full(len(position), np.nan), np.ones(len(position))
        arrivals[heard], sigma[heard] = picks.t_s[rows], picks.sigma_s[rows]
        mine = [order[k] for k in rows]
        incident = incident_of(
            self._source_id,
            multilaterate(position, arrivals, sigma, self._medium, height=self._height, huber=self._huber),
            zero_ns,
            sensors=tuple(self._sensors.channels[k] for k in heard),
            arrivals_ns=tuple(one.t_ns for one in mine),
            heard=heard,
            score=found.score,
            kind=Counter(one.kind for one in mine).most_common(1)[0][0],
        )
        t_ns = zero_ns + ns_from_seconds(found.t_s)
        if found.repeats >= 0 and len(heard) < self._min_sensors:
            before = self._patterns[found.repeats]
            incident = again(before.incident, incident, t_ns + before.incident.t_ns - before.t_ns)
        source = np.array([*found.place_m, position[:, 2].mean() - self._height.below_sensors_m])
        expected = travel(source, position, self._medium).time_s
        return _Known(incident, t_ns, found.place_m, arrivals - found.t_s, expected)

    def _learn(self, found: Hypothesis, known: _Known) -> None:
        """A repetition stands in for what it repeats, unless fewer sensors heard it: then that one is as of now."""
        self._found.append(known)
        if found.repeats < 0:
            self._patterns.append(known)
            return
        before = self._patterns[found.repeats]
        fewer = np.isfinite(known.delay_s).sum() < np.isfinite(before.delay_s).sum()
        renewed = replace(before, t_ns=known.t_ns, incident=replace(before.incident, t_ns=known.incident.t_ns))
        self._patterns[found.repeats] = renewed if fewer else known


def _t_ns(pick: _Pick) -> int:
    return pick.t_ns


def _last_ns(found: Hypothesis, order: list[_Pick]) -> int:
    """When the last of its triggers came. [ns]"""
    return max(order[int(k)].t_ns for k in found.picks if k >= 0)
