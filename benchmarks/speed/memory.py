"""Resident memory of a process with one, two and three feeds open."""

from __future__ import annotations

import gc
import json
from pathlib import Path

from detector import pipeline
from detector.sources import PacketRing, open_source


def resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status has no VmRSS: this measure is for Linux")


def of_feeds(path: Path, frames: int, feeds: int = 3) -> None:
    """Print, as JSON, resident MB with the first feed, what each further one adds, and what a feed's ring holds."""
    levels, kept, sources = [], [], []
    for number in range(feeds):
        source = open_source(path, source_id=f"feed-{number}")
        source.ring = PacketRing(15.0)
        events = pipeline.run(source, pipeline.default_stages())
        sources.append(source)
        kept.append(events)
        for event in events:
            if isinstance(event, pipeline.Judged) and event.scene.index >= frames:
                break
        gc.collect()
        levels.append(resident_mb())
    ring = sum(len(held.data) for held in sources[0].ring._held if isinstance(held.data, bytes)) / 1e6
    further = (levels[-1] - levels[0]) / (feeds - 1)
    print(json.dumps({"first": levels[0], "further": further, "ring": ring}))
