"""The coastline that lies under the console's maps, from Natural Earth's land (1:50 million) as world-atlas packs it.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python scripts/make_coastline.py package/land-50m.json

Writes detector/console/static/vendor/natural-earth/coast.json: lines only, no country, rounded to 0.01 degrees,
without what is no coast (the antimeridian, the South Pole).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import shapely

OUT = Path(__file__).resolve().parents[1] / "detector/console/static/vendor/natural-earth/coast.json"
TOLERANCE_DEG, EDGE_DEG = 0.05, 0.011


def main(source: Path) -> None:
    """Read arcs that are shared by nothing here, write them as lines."""
    topology = json.loads(source.read_text())
    scale, shift = (np.array(topology["transform"][name]) for name in ("scale", "translate"))
    lines = []
    for arc in topology["arcs"]:
        points = np.cumsum(np.array(arc, np.int64), axis=0) * scale + shift
        at_edge = (np.abs(points[:, 0]) > 180 - EDGE_DEG) | (points[:, 1] < -90 + EDGE_DEG)
        around = np.abs(np.diff(points[:, 0])) > 180
        cut = np.flatnonzero((at_edge[1:] & at_edge[:-1]) | around) + 1
        pieces = [piece for piece in np.split(points, cut) if len(piece) > 1]
        lines += [shapely.LineString(piece).simplify(TOLERANCE_DEG) for piece in pieces]
    coordinates = [np.round(shapely.get_coordinates(line), 2).tolist() for line in lines]
    told = {"type": "Feature", "properties": {}, "geometry": {"type": "MultiLineString", "coordinates": coordinates}}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(told, separators=(",", ":")) + "\n")
    sys.stdout.write(f"{OUT}: {len(coordinates)} lines, {OUT.stat().st_size / 1e3:.0f} kB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
