"""A network of four seismic stations: the three known events and nothing else.

python benchmarks/bench_network.py [--data ../shared/data]

Data: `sensors/network`, BW.UH1 to UH4, vertical components, 2010-05-27 16:24:03 to 16:27:54 Z. The places of the
stations are not with the data, so that coincidence is in time only. Events are known to the second: 16:24:33, 16:27:02,
16:27:30; found if an incident begins within 3 s. The impulse detector (preset `seismic`) and the associator are as
shipped (first line); the other lines show what window and number of stations do. Three events are too few to choose by.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from detector.association.window import WindowAssociator, WindowConfig
from detector.detectors.series import PRESETS, ImpulseDetector
from detector.model import Incident, Series, Triggers
from detector.sources.series import open_series
from detector.timebase import NS_PER_S, iso_from_ns, ns_from_iso

EVENTS_NS = [ns_from_iso(f"2010-05-27T16:{one}Z") for one in ("24:33", "27:02", "27:30")]
NEAR_NS = 3 * NS_PER_S


def picked(folder: Path) -> list[Triggers]:
    parts = []
    for file in sorted(folder.glob("BW.UH?._.?HZ.*.slist.gz")):
        detector = ImpulseDetector(PRESETS["seismic"])
        series = [one for one in open_series(file, source_id=file.name) if isinstance(one, Series)]
        parts += [one for block in series for one in [detector.detect(block)]] + detector.finish()
    return parts


def together(parts: list[Triggers], config: WindowConfig) -> list[Incident]:
    associator = WindowAssociator(config)
    return [one for part in parts for one in associator.push(part, 0)] + associator.finish()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    folder = parser.parse_args().data / "sensors" / "network"
    parts = picked(folder)
    if not parts:
        sys.exit(f"{folder}: no network data here")
    channels = np.concatenate([one.channel for one in parts])
    print("triggers:", {str(name): int((channels == name).sum()) for name in np.unique(channels)})
    shipped = WindowConfig()
    result = {}
    for window_s, stations in ((5.0, 3), (2.0, 3), (3.0, 3), (8.0, 3), (5.0, 4), (5.0, 2)):
        config = WindowConfig(window_s=window_s, min_sensors=stations)
        incidents = together(parts, config)
        hits = sum(any(abs(one.t_ns - event) <= NEAR_NS for one in incidents) for event in EVENTS_NS)
        print(f"window {window_s:g} s, {stations} stations: {hits} of 3 events, {len(incidents) - hits} others; "
              + ", ".join(f"{iso_from_ns(one.t_ns, 1)[11:]} ({len(one.sensors)})" for one in incidents))  # fmt: skip
        if config == shipped:
            result = {"events": hits, "others": len(incidents) - hits}
    print(json.dumps({"benchmark": "network", **result, "goals": {"events": 3, "others": 0}}))


if __name__ == "__main__":
    main()
