"""Rule `unusual` on weeks of simulated traffic: false alarms against the budget, days to warm up, what is found, cost.

python benchmarks/bench_anomaly.py [--days 30] [--seeds 3]

The traffic is tests/anomaly/traffic.py: two roads, a path and strays on a square kilometre, seen as exactly as a drone
sees it; no video. Each day is judged by what the days before it taught, as the rule does it. Everything that traffic
brings of its own accord and that is reported is a false alarm, strays included. Found: of added movers (or hours of
three times the traffic), after three weeks, those that are reported. The seeds are others than those that the features'
weights were chosen with.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from detector.anomaly import Memory, Stretch, Usual
from detector.config.agreement_map import AgreementMap
from detector.locate import Locator
from detector.rules import RULES, RuleContext
from tests.anomaly import traffic as road
from tests.anomaly.traffic import CELLS, DAY_S, HOUR_S, MIDNIGHT_S, ROAD, SIDE_ROAD, Traffic, numbered
from tests.rules.scene_making import film, quiet_days, straight

BUDGETS = (0.3, 1.0, 3.0)
KEEP_DAYS, TRAINED_DAYS, TRIALS = 30, 21, 30
FIRST_SEED = 100
Watch = Callable[[Traffic, range], list[Stretch]]


def usual(past: list[Stretch], budget: float) -> Usual:
    return Usual(past, budget_per_day=budget, min_days=3, min_watched_h=2.0)


def reported(model: Usual, stretch: Stretch) -> set[tuple[str, int]]:
    """What the rule would report: movers, and the number of them once a stretch."""
    found = model.judge(numbered(stretch))
    return {(one.question, one.passage.track_id if one.question != "many" else 0) for one in found}


def false_alarms(watch: Watch, seed: int, days: int, busy: Callable[[int], float]) -> dict[float, list[int | None]]:
    """Reports of each day by budget; None while warming up."""
    traffic = Traffic(seed)
    past: list[Stretch] = []
    told: dict[float, list[int | None]] = {budget: [] for budget in BUDGETS}
    for day in range(days):
        traffic.busy = busy(day)
        today = watch(traffic, range(day, day + 1))
        for budget in BUDGETS:
            model = usual(past, budget)
            told[budget].append(sum(len(reported(model, one)) for one in today) if model.is_warm else None)
        past = [one for one in past + today if one.t_start_s >= MIDNIGHT_S + (day + 1 - KEEP_DAYS) * DAY_S]
    return told


def always(_day: int) -> float:
    return 1.0


def weekends(day: int) -> float:
    return 0.4 if day % 7 >= 5 else 1.0


def doubling(day: int) -> float:
    return 2.0 if day >= 15 else 1.0


def budget_row(name: str, watch: Watch, seeds: range, days: int, busy: Callable[[int], float], since: int = 0) -> dict:
    runs = [false_alarms(watch, seed, days, busy) for seed in seeds]
    row: dict = {"traffic": name}
    for budget in BUDGETS:
        judged = [count for run in runs for count in run[budget][since:] if count is not None]
        row[f"a_day_at_{budget:g}"] = round(float(np.mean(judged)), 2)
        row[f"worst_day_at_{budget:g}"] = max(judged)
        row[f"warm_after_days_at_{budget:g}"] = next(d for d, count in enumerate(runs[0][budget]) if count is not None)
    return row


def added(traffic: Traffic, past: list[Stretch], kind: str) -> tuple[Stretch, int | None]:
    """An hour with something unusual in it, and the mover that is; None: their number is."""
    random = traffic.random
    hour = int(random.integers(1, 4) if kind == "at night" else random.integers(9, 17))
    t_s = MIDNIGHT_S + TRAINED_DAYS * DAY_S + hour * HOUR_S
    if kind == "3 times the number":
        return traffic.hour(TRAINED_DAYS, hour, busy=3.0), None
    way, speed_m_s, size_m = SIDE_ROAD, 9.0, 4.5
    if kind == "first in 9 days":
        lately = {one[:2] for stretch in past if stretch.t_end_s > t_s - 9 * DAY_S for one in stretch.passages}
        free = [(r, c) for r in range(CELLS) for c in range(CELLS - 1) if not {(r, c), (r, c + 1)} & lately]
        row, col = free[int(random.integers(len(free)))]
        way, speed_m_s = [(row, col), (row, col + 1)], 6.0
    if kind == "wrong way":
        way = SIDE_ROAD[::-1]
    if kind == "twice as fast":
        way, speed_m_s = ROAD, 26.0
    if kind == "3 times as long":
        size_m = 13.5
    extra = traffic.drive(way, t_s, speed_m_s, size_m, delay_s=float(random.uniform(0, 3000)))
    return road.with_more(traffic.hour(TRAINED_DAYS, hour), extra), extra[0].track_id


KINDS = (
    "first in 9 days",
    "at night",
    "3 times the number",
    "wrong way",
    "twice as fast",
    "3 times as long",
    "as usual",
)


def found_row(name: str, watch: Watch, strays_a_day: float, seeds: range) -> dict:
    hits = {(kind, budget): 0 for kind in KINDS for budget in BUDGETS}
    for seed in seeds:
        traffic = Traffic(seed, strays_a_day)
        past = watch(traffic, range(TRAINED_DAYS))
        models = {budget: usual(past, budget) for budget in BUDGETS}
        for kind in KINDS:
            for _ in range(TRIALS):
                stretch, track = added(traffic, past, kind)
                for budget, model in models.items():
                    told = reported(model, stretch)
                    hit = any(question == "many" if track is None else mover == track for question, mover in told)
                    hits[kind, budget] += hit
    row: dict = {"traffic": name}
    for (kind, budget), count in hits.items():
        row[f"{kind} at {budget:g}"] = round(count / (TRIALS * len(seeds)), 2)
    return row


def cost() -> dict:
    """CPU of the rule: of a frame with ten movers, and of the first frame of a day."""
    traffic = Traffic(FIRST_SEED)
    past = road.all_day(traffic, range(KEEP_DAYS))
    with tempfile.TemporaryDirectory() as folder:
        memory = Memory(Path(folder), rule_id="r", cell_m=100.0, source_id="uav", run_id="", keep_days=KEEP_DAYS)
        for one in past:
            memory.keep(one)
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
        start = time.process_time()
        Memory(Path(folder), rule_id="r", cell_m=100.0, source_id="uav", run_id="", keep_days=KEEP_DAYS)
        load_s = time.process_time() - start
    usual(past[:240], 1.0)  # scikit-learn's own start
    start = time.process_time()
    usual(past, 1.0)
    day_s = time.process_time() - start
    locator = Locator(Locator.Config(ground_alt_m=0.0))
    context = RuleContext("r1", "cam", AgreementMap.nothing(), run_id="run", ground_in_view=locator.footprint)
    rule = RULES["unusual"](RULES["unusual"].Config(memory=quiet_days()), context)
    scenes = film([straight(k, (-400.0 + 80 * k, 0.0), (9.0, 0.0)) for k in range(10)], 60)
    took = []
    for scene in scenes:
        start = time.process_time()
        list(rule.judge(replace(scene)))
        took.append((time.process_time() - start) * 1e3)
    return {
        "frame_p50_ms": round(float(np.median(took[10:])), 3),
        "frame_p99_ms": round(float(np.percentile(took[10:], 99)), 3),
        "day_s": round(day_s, 2),
        "load_s": round(load_s, 2),
        "memory_mb": round(size / 1e6, 1),
        "passages": sum(len(one.passages) for one in past),
    }


def table(rows: list[dict]) -> None:
    names = list(rows[0])
    wide = [max(len(name), *(len(str(row[name])) for row in rows)) for name in names]
    for cells in (names, *([str(row[name]) for name in names] for row in rows)):
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, wide, strict=True)))
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=30, help="simulated days of each run")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each kind of traffic")
    options = parser.parse_args()
    seeds = range(FIRST_SEED, FIRST_SEED + options.seeds)
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    print("False alarms a day, by budget (0.3, 1 and 3 a day)")
    alarms = [
        budget_row("all day", road.all_day, seeds, options.days, always),
        budget_row("4 h a day", road.sorties, seeds, options.days, always),
        budget_row("quiet weekends", road.all_day, seeds, options.days, weekends),
        budget_row("doubled on day 15, the week after", road.all_day, seeds, 22, doubling, since=15),
    ]
    table(alarms)
    print("Share found, by budget")
    found = [
        found_row("all day, 2 strays a day", road.all_day, 2.0, seeds),
        found_row("all day, 1 stray a week", road.all_day, 1 / 7, seeds),
        found_row("4 h a day, 2 strays a day", road.sorties, 2.0, seeds),
        found_row("4 h a day, 1 stray a week", road.sorties, 1 / 7, seeds),
    ]
    table([{name: row[name] for name in ("traffic", *(f"{kind} at 1" for kind in KINDS))} for row in found])
    spent = cost()
    table([spent])
    print(json.dumps({"benchmark": "anomaly", "seeds": options.seeds, "alarms": alarms, "found": found, "cost": spent}))


if __name__ == "__main__":
    main()
