"""Small recordings, and a configuration that finds something in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (192, 144)
SECONDS = 4
RATE = 20


def picture(index: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """Grey, a still textured ground with one bright box that drives from left to right."""
    width, height = size
    noise = np.random.default_rng(1).integers(60, 140, (height // 4 + 1, width // 4 + 1), np.uint8)
    ground = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    x = 8 + 2 * index
    ground[height // 2 : height // 2 + 10, x : x + 14] = 235
    return np.asarray(ground, np.uint8)


def video(
    path: Path,
    frames: int = SECONDS * RATE,
    *,
    size: tuple[int, int] = SIZE,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    form: str | None = None,
) -> Path:
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        if codec == "libx264":
            stream.options = {"crf": "18", "g": "10", "bf": "0", "preset": "veryfast"}
        for index in range(frames):
            shot = av.VideoFrame.from_ndarray(cv2.cvtColor(picture(index, size), cv2.COLOR_GRAY2BGR), format="bgr24")
            container.mux(stream.encode(shot))
        container.mux(stream.encode(None))
    return path


def pictures(folder: Path, frames: int = 8) -> Path:
    folder.mkdir()
    for index in range(frames):
        cv2.imwrite(str(folder / f"shot_{index}.png"), picture(index))
    return folder


def write_config(folder: Path, feeds: list[dict[str, Any]], **more: Any) -> Path:
    right_half = [[70, 20], [190, 20], [190, 140], [70, 140], [70, 20]]
    zone = {
        "type": "Feature",
        "properties": {"id": "gate", "kind": "zone", "frame": "pixels", "feed": "gate"},
        "geometry": {"type": "Polygon", "coordinates": [right_half]},
    }
    (folder / "map.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [zone]}))
    rule = {"id": "closed", "kind": "zone_entry", "zones": ["gate"], "min_hits": 2, "min_time_s": 0.1}
    evidence = {"pre_roll_s": 1, "post_roll_s": 1}
    whole = {"version": 1, "map": "map.geojson", "feeds": feeds, "rules": [rule], "evidence": evidence, **more}
    path = folder / "agreement.yaml"
    path.write_text(json.dumps(whole, indent=1))  # JSON is YAML
    return path
