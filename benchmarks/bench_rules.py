"""Milliseconds a scene of the zone-entry rule with 500 zones and 200 tracks. Checks the answer, then times it.

python benchmarks/bench_rules.py
"""

from __future__ import annotations

import json
import platform
import time

import numpy as np

from tests.rules.scene_making import rule, scene, square, straight

ZONES, TRACKS, SCENES = 500, 200, 60


def main() -> None:
    zones = [square(f"z{i}", half_m=30.0, east_m=100.0 * i) for i in range(ZONES)]
    movers = [straight(i + 1, (250.0 * i, 0.0), (1.0, 0.0)) for i in range(TRACKS)]
    scenes = [scene(i, movers) for i in range(SCENES)]
    judge = rule("zone_entry", *zones)
    took_ms, opened = [], 0
    for one in scenes:
        start = time.process_time()
        opened += len(list(judge.judge(one)))
        took_ms.append((time.process_time() - start) * 1e3)
    if not opened:
        raise SystemExit("no entry was found: the timing means nothing")
    result = {
        "benchmark": "rules", "zones": ZONES, "tracks": TRACKS, "opened": opened, "machine": platform.processor(),
        "p50_ms": round(float(np.percentile(took_ms[10:], 50)), 3),
        "p99_ms": round(float(np.percentile(took_ms[10:], 99)), 3),
    }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    main()
