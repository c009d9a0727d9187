"""A picture of what is still wrong in our own scenes: objects missed for longest, and confirmed tracks on nothing.

    python benchmarks/contact_sheet.py [--cache DIR] [--out docs/pictures/still_wrong.jpg] [--scene NAME ...]

For each scene the three objects that were missed in most frames and the two longest false tracks, each in the middle
frame of its trouble: green is the truth that was missed, red a confirmed track on nothing, grey what was right.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from score import DEFAULT_CACHE
from scoring import generated
from scoring.objects import judge
from scoring.playing import WARM_UP_FRAMES, play
from scoring.truth import load

from detector.sources import open_source

REPOSITORY = Path(__file__).resolve().parents[1]
TILE_PX, VIEW_PX = 168, 84
MISSED, FALSE = 3, 2
GREEN, RED, GREY, WHITE = (80, 220, 80), (60, 60, 240), (190, 190, 190), (255, 255, 255)


class Trouble(NamedTuple):
    """What to show: a frame, the box in it, and what is wrong with it."""

    frame: int
    box: tuple[float, ...]
    colour: tuple[int, int, int]
    told: str


def troubles(clip: Path) -> list[Trouble]:
    played, truth = play(clip), load(clip)
    missed, false = defaultdict(list), defaultdict(list)
    for judged, frame in zip(played.frames, truth, strict=True):
        scene = judged.scene
        if scene.index < WARM_UP_FRAMES:
            continue
        found = scene.tracks.xyxy_px[scene.tracks.confirmed].astype(float)
        verdicts, taken = judge(found, frame)
        for column in set(np.flatnonzero(frame.must).tolist()) - set(taken.values()):
            what = f"{frame.kinds[column]} {max(np.diff(frame.boxes[column].reshape(2, 2), axis=0)[0]):.0f} px"
            missed[frame.ids[column]].append((scene.index, tuple(frame.boxes[column]), what))
        for row in np.flatnonzero(np.array(verdicts) == "wrong").tolist():
            key = int(scene.tracks.track_id[scene.tracks.confirmed][row])
            false[key].append((scene.index, tuple(found[row]), "false"))
    shown = []
    for cases, colour, count in ((missed, GREEN, MISSED), (false, RED, FALSE)):
        for case in sorted(cases.values(), key=len, reverse=True)[:count]:
            index, box, what = case[len(case) // 2]
            shown.append(Trouble(index, box, colour, f"{what}, {len(case)} frames"))
    return shown


def tile(picture: np.ndarray, trouble: Trouble, name: str) -> np.ndarray:
    """What lies around the box, enlarged. shape (TILE_PX + 16, TILE_PX, 3)"""
    x0, y0, x1, y1 = trouble.box
    side = max(VIEW_PX, 2 * max(x1 - x0, y1 - y0))
    centre, scale = ((x0 + x1) / 2, (y0 + y1) / 2), TILE_PX / side
    matrix = np.array([[scale, 0, TILE_PX / 2 - scale * centre[0]], [0, scale, TILE_PX / 2 - scale * centre[1]]])
    view = cv2.warpAffine(picture, matrix, (TILE_PX, TILE_PX), flags=cv2.INTER_LINEAR, borderValue=GREY)
    corner = [tuple(np.round(matrix @ (x, y, 1)).astype(int).tolist()) for x, y in ((x0 - 2, y0 - 2), (x1 + 2, y1 + 2))]
    cv2.rectangle(view, corner[0], corner[1], trouble.colour, 1)
    legend = np.full((16, TILE_PX, 3), 30, np.uint8)
    cv2.putText(legend, f"{name}: {trouble.told}", (3, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.32, WHITE, 1, cv2.LINE_AA)
    return np.concatenate([view, legend])


def row(clip: Path, name: str) -> np.ndarray:
    """The tiles of one scene, side by side."""
    shown = troubles(clip)
    wanted = {trouble.frame for trouble in shown}
    frames = (item for item in open_source(clip, source_id=name) if hasattr(item, "luma"))
    pictures = {frame.index: frame.colour() for frame in frames if frame.index in wanted}
    tiles = [tile(pictures[trouble.frame], trouble, name) for trouble in shown]
    blank = np.full((TILE_PX + 16, TILE_PX, 3), 30, np.uint8)
    return np.concatenate(tiles + [blank] * (MISSED + FALSE - len(tiles)), axis=1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="keeps the clips made here")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "pictures" / "still_wrong.jpg")
    parser.add_argument("--scene", nargs="*", choices=generated.OBJECTS, default=list(generated.OBJECTS))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows = [row(generated.feed(options.cache, name, 1, generated.OBJECT_SIZE, 25), name) for name in options.scene]
    _, data = cv2.imencode(".jpg", np.concatenate(rows), [cv2.IMWRITE_JPEG_QUALITY, 82])
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(data.tobytes())
    print(json.dumps({"benchmark": "contact_sheet", "out": str(options.out), "bytes": len(data)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
