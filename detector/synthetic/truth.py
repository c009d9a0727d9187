"""The truth of a scene, as JSON: frames with objects and homographies; events follow from the ways and the map."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.synthetic.agreement import feature_collection
from detector.synthetic.events import PARAMETERS, EventFinder
from detector.synthetic.movers import CLASS_OF
from detector.synthetic.render import Rendered, SeenObject
from detector.synthetic.scene import Scene
from detector.timebase import ns_from_iso


class TruthBook:
    """Collects the truth frame by frame.

    A box is [x0, y0, x1, y1] with x1, y1 exclusive; xy_px and homographies count pixel centres as whole numbers, as
    `detector.geo.camera` does. `picture_from_pinhole` is the row skew of the rolling exposure: the pose gives the
    pinhole picture, this takes it to the recorded one.
    """

    def __init__(self, scene: Scene, size_px: tuple[int, int], fps: tuple[int, int]) -> None:
        self._scene, self._size_px, self._fps = scene, size_px, fps
        self._frames: list[dict[str, Any]] = []
        self._events = EventFinder(scene)
        self._first: NDArray[np.float64] | None = None

    def add(self, frame: Rendered) -> None:
        """Take note of the next frame."""
        ground = frame.view.pixel_from_ground
        if self._first is None:
            self._first = ground
        reference = self._first @ np.linalg.inv(ground)
        self._events.add(frame)
        pose = asdict(frame.pose) | {"datum": str(frame.pose.datum)}
        self._frames.append(
            {
                "t_ns": frame.t_ns,
                "pose": pose,
                "reference_from_frame": (reference / reference[2, 2]).tolist(),
                "pixel_from_ground": (ground / ground[2, 2]).tolist(),
                "picture_from_pinhole": np.round(frame.view.skew, 12).tolist(),
                "objects": [_object(o) for o in frame.objects],
                "flashes": [
                    {
                        "id": f.key,
                        "xy_px": [round(v, 3) for v in f.xy_px],
                        "radius_px": round(f.radius_px, 2),
                        "new": f.new,
                    }
                    for f in frame.flashes
                ],
            }
        )

    def as_json(self) -> dict[str, Any]:
        """Everything, as the contract of the truth file has it."""
        place = self._scene.place
        return {
            "scene": self._scene.name,
            "about": self._scene.about,
            "seed": self._scene.seed,
            "width": self._size_px[0],
            "height": self._size_px[1],
            "fps": list(self._fps),
            "start_ns": ns_from_iso(self._scene.start),
            "origin": {
                "lat_deg": place.lat_deg,
                "lon_deg": place.lon_deg,
                "ground_m": place.ground_m,
                "geoid_m": place.geoid_m,
            },
            "rule_parameters": PARAMETERS,
            "frames": self._frames,
            "events": self._events.events(),
            "map": feature_collection(place),
        }


def _object(seen: SeenObject) -> dict[str, Any]:
    return {
        "id": seen.key,
        "class": CLASS_OF[seen.kind],
        "kind": seen.kind,
        "xyxy": [round(v, 2) for v in seen.xyxy],
        "xy_px": [round(v, 4) for v in seen.foot_px],
        "visible": seen.visible,
        "moving": seen.moving,
        "inside": seen.inside,
        "lat_deg": round(seen.lat_deg, 9),
        "lon_deg": round(seen.lon_deg, 9),
        "alt_m": round(seen.alt_m, 4),
        "speed_m_s": round(seen.speed_m_s, 3),
    }
