"""Overflights of generated traffic around a closed zone against its truth, and rows a CPU-second.

python benchmarks/bench_overflight.py [--aircraft 600]

Straight ways in all directions at 150 to 6000 m, positions every 1 to 20 s, wrong by what their NACp says (5 to 11, or
nothing told). Truth is the true way: inside if it crosses the zone between floor and ceiling for a second and more.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from shapely.geometry import LineString, Polygon

sys.path.insert(0, str(Path(__file__).parents[1]))

from detector.config.agreement_map import load_map
from detector.model import Series, Undecided, Violation
from detector.rules import AIR_RULES, RuleContext
from detector.sources.tracks import RecordedTracks
from detector.synthetic.overflights import Leg, Sky, write_positions, write_zone

FLOOR_M, CEILING_M, LEAST_S = 800.0, 3000.0, 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--aircraft", type=int, default=600)
    sky = traffic(parser.parse_args().aircraft)
    with TemporaryDirectory() as folder:
        file, zones = write_positions(sky, Path(folder) / "adsb.csv"), write_zone(sky, Path(folder) / "map.geojson")
        begin = time.process_time()
        tracks = [item for item in RecordedTracks(file, "adsb") if isinstance(item, Series)]
        read_s = time.process_time() - begin
        made = AIR_RULES["overflight"]
        config = made.Config(zones=("strip",), floor_m=FLOOR_M, ceiling_m=CEILING_M)
        rule = made(config, RuleContext("air", "adsb", load_map(zones)))
        begin = time.process_time()
        entries = [entry for one in tracks for entry in rule.judge(one)] + list(rule.finish())
        judge_s = time.process_time() - begin
    inside = {leg.aircraft for leg in sky.legs if is_inside(leg, sky)}
    found = {name(entry) for entry in entries if isinstance(entry, Violation)}
    undecided = {name(entry) for entry in entries if isinstance(entry, Undecided)} - found
    rows = sum(len(one) for one in tracks)
    result = {
        "aircraft": len(sky.legs),
        "inside": len(inside),
        "found": len(inside & found),
        "undecided_inside": len(inside & undecided),
        "missed": len(inside - found - undecided),
        "false": len(found - inside),
        "undecided_outside": len(undecided - inside),
        "rows_read_per_s": round(rows / read_s),
        "rows_judged_per_s": round(rows / judge_s),
    }
    print("\n".join(f"{key:>18} {value}" for key, value in result.items()))
    print(json.dumps(result))


def traffic(count: int) -> Sky:
    random = np.random.default_rng(11)
    legs = []
    for number in range(count):
        angle, off_m = random.uniform(0, 2 * np.pi), random.uniform(-6000, 6000)
        along, across = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
        ends = [tuple((across * off_m + along * far).tolist()) for far in (-15_000, 15_000)]
        nacp = [None, 5, 7, 8, 9, 10, 11][random.integers(7)]
        height_m, speed_m_s = float(random.uniform(150, 6000)), float(random.uniform(40, 250))
        step_s = float(random.choice([1, 2, 5, 10, 20]))
        legs.append(
            Leg(f"{number:06x}", random.uniform(0, 3000), *ends, height_m, speed_m_s, step_s, nacp)  # type: ignore[arg-type]
        )
    return Sky(tuple(legs))


def is_inside(leg: Leg, sky: Sky) -> bool:
    inside_m = LineString([leg.start_m, leg.end_m]).intersection(Polygon(sky.zone_m)).length
    return FLOOR_M < leg.height_m < CEILING_M and inside_m / leg.speed_m_s >= LEAST_S


def name(entry: Violation | Undecided) -> str:
    return entry.subject.split()[1].rstrip(",")


if __name__ == "__main__":
    main()
