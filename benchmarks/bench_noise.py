"""A day of noise in which nothing happens: what the detectors and the rules make of it, by their default budgets.

python benchmarks/bench_noise.py [--hours 24] [--channels 32]

Four kinds of noise (`detector.synthetic.noises`), each through the order that `replay` uses (`detector.listening`),
with the rules `level`, or `impulse` and `series` without zones, as shipped.

level: readings once a second and once a minute, a budget of 0.4 alarms a day and channel; limit: twice the budget. The
rule joins those of one channel within a day, so the violations are fewer.
impulse: 100 samples a second on the ground (preset seismic) and, for an hour, 2000 in air (acoustic); the sensors stand
500 m apart. One sensor's triggers raise nothing by themselves, so the budget is none: no incident.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from detector.association import Alone, Associator, Sensors, air, ground
from detector.config.agreement_map import AgreementMap
from detector.detectors.series import LevelConfig
from detector.listening import Association, Stages, listen
from detector.model import Incident, Means, Series, State, Violation
from detector.rules import HEARD_RULES, RuleContext
from detector.synthetic.noises import NOISES, Noise

BLOCK_S = 20.0
APART_M = 500.0


@dataclass(frozen=True)
class Outcome:
    """What came of one kind of noise. budget: incidents (or alarms) that are allowed. speed: real time is 1."""

    kind: str
    preset: str
    rate_hz: float
    hours: float
    channels: int
    incidents: int
    violations: int
    budget: float
    speed: float

    @property
    def within(self) -> bool:
        return self.incidents <= 2 * self.budget


def places_m(channels: int) -> np.ndarray:
    """On a grid, heights 10 m. shape (C, 3)"""
    side = int(np.ceil(np.sqrt(channels)))
    number = np.arange(channels)
    return np.stack([APART_M * (number % side), APART_M * (number // side), np.full(channels, 10.0)], axis=1)


def quiet_day(kind: str, preset: str, rate_hz: float, hours: float, channels: int, seed: int = 1) -> Outcome:
    """Plays one kind of noise to one network."""
    noise = Noise(kind, channels, rate_hz, seed, positions=places_m(channels))
    total = round(hours * 3600 * rate_hz)
    size = max(round(BLOCK_S * rate_hz), 512)

    def blocks() -> Iterator[Series]:
        for at in range(0, total, size):
            yield noise.block(min(size, total - at))

    budget = LevelConfig().alarms_per_day * channels * hours / 24 if preset == "level" else 0.0
    context = RuleContext("quiet", "noise", AgreementMap.nothing(), means=(Means.TELEMETRY,))
    rules = tuple(rule(rule.Config(), context) for rule in HEARD_RULES.values())
    begin = time.process_time()
    events = [
        event
        for event in listen(blocks(), Stages(preset, associator(kind, preset, channels), rules))
        if isinstance(event, Incident | Violation)
    ]
    speed = hours * 3600 / (time.process_time() - begin)
    incidents = sum(isinstance(event, Incident) for event in events)
    violations = sum(isinstance(event, Violation) and event.state is State.OPEN for event in events)
    return Outcome(kind, preset, rate_hz, hours, channels, incidents, violations, budget, speed)


def associator(kind: str, preset: str, channels: int) -> Association:
    sensors = Sensors(tuple(f"{kind}-{number:02d}" for number in range(channels)), places_m(channels))
    if preset == "level":
        return Alone(sensors, source_id="noise")
    return Associator(sensors, ground(3000.0) if preset == "seismic" else air(15.0), source_id="noise")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--channels", type=int, default=32)
    options = parser.parse_args()
    runs = (("level", 1 / 60, options.hours), ("level", 1.0, options.hours), ("seismic", 100.0, options.hours))
    runs = (*runs, ("acoustic", 2000.0, options.hours / 24))
    outcomes = []
    print(
        f"{'noise':<10}{'preset':<10}{'Hz':>8}{'hours':>7}{'incidents':>11}"
        f"{'violations':>12}{'budget':>8}{'x real time':>13}"
    )
    for preset, rate_hz, hours in runs:
        for kind in NOISES:
            one = quiet_day(kind, preset, rate_hz, hours, options.channels)
            outcomes.append(one)
            print(
                f"{one.kind:<10}{one.preset:<10}{one.rate_hz:>8.3g}{one.hours:>7.3g}{one.incidents:>11}"
                f"{one.violations:>12}{one.budget:>8.3g}{one.speed:>13.0f}  {'within' if one.within else 'OVER'}",
                flush=True,
            )
    figures = {f"{one.preset} {one.rate_hz:.3g} Hz {one.kind}": (one.incidents, one.budget) for one in outcomes}
    slowest = min(one.speed for one in outcomes)
    within = all(one.within for one in outcomes)
    print(json.dumps({"bench": "noise", "within": within, "slowest": round(slowest, 1), "figures": figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
