"""What running feeds show of themselves, without the feeds: pictures of a flight with what moves in them, made once.

Each feed is at another place of the same round. What is shown is what `docs/live.md` says; nothing is detected.
"""

from __future__ import annotations

import json
import time
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from patrol import ROUND_S, patrol

from detector.live_file import VERSION, write_live
from detector.synthetic import render
from detector.synthetic.render import Rendered
from detector.timebase import NS_PER_S

PICTURES_S = 5
SIZE_PX = (640, 360)


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture (JPEG), and of what is in it: boxes [px], places and the outline of the ground [lon, lat]."""

    jpeg: bytes
    boxes: list[list[float]]
    places: list[list[float]]
    outline: list[list[float]]


def recorded(folder: Path) -> list[Shown]:
    """The round, PICTURES_S a second, as it was made the first time (1 minute)."""
    path = folder / "shown.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = [asdict(_shown(one)) for one in render(patrol(), SIZE_PX, (PICTURES_S, 1), ROUND_S)]
        path.write_text(json.dumps([one | {"jpeg": b64encode(one["jpeg"]).decode()} for one in made]))
    return [Shown(**one | {"jpeg": b64decode(one["jpeg"])}) for one in json.loads(path.read_text())]


def _shown(frame: Rendered) -> Shown:
    jpeg = cv2.imencode(".jpg", frame.bgr, [cv2.IMWRITE_JPEG_QUALITY, 75])[1].tobytes()
    moving = [one for one in frame.objects if one.moving and one.visible > 0.5]
    lon, lat = frame.pose.lon_deg, frame.pose.lat_deg
    around = 0.0012 * np.array([(-1, 0.5), (1, 0.5), (2, 2), (-2, 2)])
    return Shown(
        jpeg,
        [[float(value) for value in one.xyxy] for one in moving],
        [[one.lon_deg, one.lat_deg] for one in moving],
        (around + np.array((lon, lat))).tolist(),
    )


class Feeds:
    """They write their files when it is time to. since_s: monotonic."""

    def __init__(self, shown: list[Shown], out: Path, count: int) -> None:
        self._shown, self._out = shown, out
        self.names = [f"feed{k + 1}" for k in range(count)]
        self._begun_s = time.monotonic()
        self._written = [-1] * count

    def write(self) -> None:
        """Those of which a new picture is due; each at another moment of the fifth of a second."""
        for k, name in enumerate(self.names):
            turn = int((time.monotonic() - self._begun_s) * PICTURES_S + k / len(self.names))
            if turn != self._written[k]:
                self._written[k] = turn
                one = self._shown[(turn + k * len(self._shown) // len(self.names)) % len(self._shown)]
                write_live(self._out, name, self._said(name, turn, one), one.jpeg)

    def _said(self, name: str, turn: int, one: Shown) -> dict[str, Any]:
        now_ns = time.time_ns()
        return {
            "version": VERSION, "source_id": name, "kind": "pictures", "media": "recorded", "pid": 1,
            "state": "running", "state_why": "", "since_ns": 0, "written_ns": now_ns, "alive_ns": now_ns,
            "t_ns": now_ns - int(1.6 * NS_PER_S), "time_from": "telemetry", "lag_s": 0.03, "delay_s": 1.6,
            "counters": {"frames": 6 * turn, "skipped_frames": 0, "reconnects": 0, "violations": 0, "gaps": {}},
            "stage_ms": {"read": 5.0, "judge": 7.0}, "size_px": list(SIZE_PX), "sight": "seeing",
            "telemetry": {"age_s": 0.05, "why_no_ground": ""}, "pose": None, "footprint": one.outline,
            "tracks": [
                {"track_id": k, "xyxy_px": box, "place": place}
                for k, (box, place) in enumerate(zip(one.boxes, one.places, strict=True))
            ],
        }  # fmt: skip
