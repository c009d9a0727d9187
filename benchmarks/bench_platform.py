"""Interference with a vehicle's navigation: attacks found, false events an hour on quiet flights, delay.

    python benchmarks/bench_platform.py --data ../shared/data

No telemetry with labelled interference is at hand, so attacks are put into flights and labelled by that: into generated
ones (detector/synthetic/flight.py: eight kinds of attack, all channels) and into real tracks of DJI drones (position
only, so of the attacks those that show there; the holes that their subtitles have are not scored). `factor` and `hold`
are chosen without the flight scored. An attack is found if a possible violation overlaps it or begins within 5 s of its
end; a violation that overlaps none, 10 s more on each side, is false. Delay: from the attack's begin to the end of the
sign that told it.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))


from detector.config.agreement_map import AgreementMap
from detector.detectors.series import PlatformConfig, PlatformDetector
from detector.model import Means, Series, State, Violation
from detector.rules import PLATFORM_RULES, RuleContext
from detector.sources.srt import parse_srt
from detector.synthetic.flight import COLUMNS, Attack, Flight, every_attack, telemetry

S = 1_000_000_000
FACTORS, HOLDS = (2.0, 3.0, 4.0, 6.0, 9.0), (2, 3, 5)
MOST_FALSE_PER_HOUR = 0.2
SECONDS = 900.0
SHORTEST_S = 120.0
ALL_SIGNS = ("jump", "reception", "disagreement", "fix", "link")
UNITS = {"jam": "noise", "jump": "m", "drag": "m/s", "lead": "m/s", "lift": "m/s"}
AFTER_S, BESIDE_S = 5.0, 10.0


@dataclass(frozen=True)
class Case:
    """One flight with what was done to it; none: it is quiet."""

    name: str
    series: Series
    attacks: tuple[Attack, ...]


@dataclass(frozen=True)
class Outcome:
    """delays_s: of each attack, None: not found. false: violations beside all attacks."""

    case: Case
    delays_s: tuple[float | None, ...]
    false: int

    @property
    def hours(self) -> float:
        t_ns = self.case.series.t_ns
        return float(t_ns[-1] - t_ns[0]) / S / 3600


def main() -> None:
    """Print the tables and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--flights", type=int, default=16)
    arguments = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    flights = [generated(seed) for seed in range(arguments.flights)]
    grid = list(product(FACTORS, HOLDS))
    scored = {
        choice: [[score(case, PlatformConfig(factor=choice[0], hold=choice[1])) for case in pair] for pair in flights]
        for choice in grid
    }
    chosen = [choose(scored, leave_out=at) for at in range(len(flights))]
    held_out = [one for at, choice in enumerate(chosen) for one in scored[choice][at]]
    found = summary("generated, parts chosen without the flight scored", held_out)
    by_size(held_out)
    print("   factor, hold chosen: " + ", ".join(f"{c[0]:g}, {c[1]} ({chosen.count(c)}x)" for c in sorted(set(chosen))))
    shipped = PlatformConfig()
    result = {
        "generated": found,
        "shipped": summary("generated, shipped", [score(c, shipped) for p in flights for c in p]),
    }
    for factor, hold in grid:
        both = [one for pair in scored[(factor, hold)] for one in pair]
        print(f"   factor {factor:g}, hold {hold}: {line(both)}")
    real = list(recorded(arguments.data))
    if real:
        result["recorded"] = summary("DJI tracks, shipped", [score(case, shipped, ALL_SIGNS[:4]) for case in real])
    else:
        print(f"DJI tracks: n/a, none under {arguments.data}")
    result["looks_per_s"] = speed(flights[0][0].series)
    print(f"one flight of {SECONDS:g} s, {len(COLUMNS)} channels: {result['looks_per_s']:.0f} looks a CPU-second")
    print(json.dumps(result))


def generated(seed: int) -> tuple[Case, Case]:
    """The same flight with one attack of each kind, and quiet."""
    attacks = every_attack(SECONDS, seed)
    made = []
    for name, some in ((f"attacked {seed}", attacks), (f"quiet {seed}", ())):
        t_ns, values = telemetry(Flight(SECONDS, seed, some, wing=seed % 2 == 0))
        made.append(Case(name, series_of(t_ns, values, COLUMNS), some))
    return made[0], made[1]


def recorded(data: Path) -> Iterator[Case]:
    """Tracks of at least two minutes: as they are, and with each attack that shows in a position."""
    for file in sorted((data / "sensors" / "telemetry" / "dji_srt").glob("*.[sS][rR][tT]")):
        fixes = parse_srt(file.read_text("utf-8", "replace")).fixes
        if not fixes or fixes[-1].t_s - fixes[0].t_s < SHORTEST_S:
            continue
        t_ns = np.array([round(one.t_s * S) for one in fixes], np.int64)
        t_ns, first = np.unique(t_ns, return_index=True)
        values = np.array([(fixes[k].lat_deg, fixes[k].lon_deg) for k in first.tolist()])
        quiet = series_of(t_ns, values, COLUMNS[:2])
        yield Case(file.name, quiet, ())
        middle_s = 0.6 * (t_ns[-1] - t_ns[0]) / S
        for attack in (
            Attack("jump", middle_s, 20, 800),
            Attack("lose", middle_s, 20),
            Attack("drag", middle_s, 40, 8),
        ):
            yield Case(f"{file.name}, {attack.kind}", attacked(quiet, attack), (attack,))


def attacked(quiet: Series, attack: Attack) -> Series:
    """A recorded track with an attack put into it."""
    t_s = (quiet.t_ns - quiet.t_ns[0]) / S
    now = (t_s >= attack.t_s) & (t_s < attack.t_s + attack.seconds)
    values = quiet.values.copy()
    if attack.kind == "lose":
        values[now] = np.nan
    else:
        off_m = attack.size * (t_s - attack.t_s) if attack.kind == "drag" else np.full(len(t_s), attack.size)
        values[now, 0] += off_m[now] / 111_200
    return series_of(quiet.t_ns, values, quiet.channels)


def series_of(t_ns: NDArray[np.int64], values: NDArray[np.float64], channels: tuple[str, ...]) -> Series:
    """A stream without places and units."""
    return Series("uav", t_ns, values, channels, ("",) * len(channels), np.full((len(channels), 3), np.nan))


def score(case: Case, config: PlatformConfig, signs: tuple[str, ...] = ALL_SIGNS) -> Outcome:
    """Through the detector and the rule, as a replay goes."""
    made = PLATFORM_RULES["platform_interference"]
    rule = made(made.Config(signs=signs), RuleContext("nav", "uav", AgreementMap.nothing(), means=(Means.TELEMETRY,)))  # type: ignore[attr-defined]
    detector = PlatformDetector(config)
    found = [detector.detect(case.series), *detector.finish()]
    entries = [entry for triggers in found for entry in rule.hear(triggers)] + list(rule.finish())
    told = [one for one in entries if isinstance(one, Violation) and one.state is State.CLOSED]
    start_ns = int(case.series.t_ns[0])
    spans = [((one.t_start_ns - start_ns) / S, (one.t_end_ns - start_ns) / S) for one in told]
    known = sorted((int(t) - start_ns) / S for triggers in found for t in triggers.t_end_ns)
    delays: list[float | None] = []
    for attack in case.attacks:
        end_s = attack.t_s + attack.seconds
        hit = any(a < end_s + AFTER_S and b > attack.t_s for a, b in spans)
        first = next((t for t in known if t >= attack.t_s and t <= end_s + AFTER_S + BESIDE_S), None)
        delays.append(first - attack.t_s if hit and first is not None else None)
    false = sum(
        not any(a < one.t_s + one.seconds + BESIDE_S and b > one.t_s - BESIDE_S for one in case.attacks)
        for a, b in spans
    )
    return Outcome(case, tuple(delays), false)


def choose(scored: dict[tuple[float, int], list[list[Outcome]]], leave_out: int) -> tuple[float, int]:
    """Most attacks found among those with few enough false events, on the other flights; of equals the quickest."""

    def worth(choice: tuple[float, int]) -> tuple[bool, int, float]:
        others = [one for at, pair in enumerate(scored[choice]) if at != leave_out for one in pair]
        delays = [d for one in others for d in one.delays_s if d is not None]
        per_hour = sum(one.false for one in others) / max(sum(one.hours for one in others), 1e-9)
        return per_hour <= MOST_FALSE_PER_HOUR, len(delays), -float(np.median(delays)) if delays else -np.inf

    return max(scored, key=worth)


def line(outcomes: Sequence[Outcome]) -> str:
    """Found of all, false an hour, delays."""
    delays = [d for one in outcomes for d in one.delays_s]
    known = [d for d in delays if d is not None]
    per_hour = sum(one.false for one in outcomes) / sum(one.hours for one in outcomes)
    middle = f"{np.median(known):.1f}, {np.percentile(known, 90):.1f}" if known else "n/a"
    return f"{len(known)} of {len(delays)} found, {per_hour:.2f} false an hour, delay median, p90 {middle} s"


def summary(title: str, outcomes: Sequence[Outcome]) -> dict[str, object]:
    """Printed, by kind, and as numbers."""
    print(f"{title}: {sum(one.hours for one in outcomes):.1f} h, {line(outcomes)}")
    by_kind: dict[str, list[float | None]] = {}
    for one in outcomes:
        for attack, delay in zip(one.case.attacks, one.delays_s, strict=True):
            by_kind.setdefault(attack.kind, []).append(delay)
    for kind, delays in sorted(by_kind.items()):
        known = [d for d in delays if d is not None]
        middle = f"{np.median(known):.1f} s" if known else "n/a"
        print(f"   {kind:<5} {len(known)} of {len(delays)}, delay median {middle}")
    for one in outcomes:
        if one.false and len(outcomes) < 40:
            print(f"   {one.false} false in {one.case.name}")
    known = [d for one in outcomes for d in one.delays_s if d is not None]
    count = sum(len(one.delays_s) for one in outcomes)
    return {
        "recall": round(len(known) / count, 4) if count else None,
        "false_per_hour": round(sum(one.false for one in outcomes) / sum(one.hours for one in outcomes), 3),
        "delay_median_s": round(float(np.median(known)), 2) if known else None,
    }


def by_size(outcomes: Sequence[Outcome]) -> None:
    """Which sizes of each attack are found: weak, middle and strong third."""
    found: dict[str, list[tuple[float, bool]]] = {}
    for one in outcomes:
        for attack, delay in zip(one.case.attacks, one.delays_s, strict=True):
            found.setdefault(attack.kind, []).append((attack.size, delay is not None))
    for kind, several in sorted(found.items()):
        if kind in UNITS:
            thirds = [part for part in np.array_split(np.array(sorted(several)), 3) if len(part)]
            told = [f"up to {part[-1, 0]:.3g} {int(part[:, 1].sum())} of {len(part)}" for part in thirds]
            print(f"   {kind} by size [{UNITS[kind]}]: {', '.join(told)}")


def speed(series: Series) -> float:
    """Looks a CPU-second, best of three."""
    best = np.inf
    for _ in range(3):
        detector = PlatformDetector(PlatformConfig())
        begin = time.process_time()
        detector.detect(series)
        best = min(best, time.process_time() - begin)
    return float((series.t_ns[-1] - series.t_ns[0]) / S / best)


if __name__ == "__main__":
    main()
