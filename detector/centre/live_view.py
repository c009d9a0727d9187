"""What one feed shows of itself while it runs: DIR/live/FEED.live, as docs/live.md has it."""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from detector import pipeline
from detector.addresses import masked
from detector.centre.tally import Tally
from detector.config import Configuration
from detector.feed import Entry, Onlooker
from detector.live_file import VERSION, write_live
from detector.locate import Locator
from detector.model import Frame, Gap
from detector.sources import Source
from detector.sources.live import LiveVideo, Paced
from detector.timebase import NS_PER_S

_EVERY_NS = NS_PER_S // 5
_BEHIND_S = 0.25
_EVERY_WHILE_BEHIND_NS = NS_PER_S // 2
_WIDTH_PX = 640
_JPEG_QUALITY = 75
_PICTURES_HELD = 64


class LiveView(Onlooker):
    """Makes small pictures as frames pass, and shows each with what was found in it once it has been judged.

    run_id: the run that what is judged now belongs to.
    in_force: the newest amendment that is judged by, None before the first.

    A picture is judged a second or two after it came: shown earlier, its boxes would lie beside what they are around.
    While judging is behind there are two pictures a second in place of five: it is the machine that has too much to do.
    """

    def __init__(self, source: LiveVideo | Paced, out: Path, run_id: str) -> None:
        self._source, self._out, self.run_id = source, out, run_id
        self.in_force: tuple[Configuration, str] | None = None
        self._pictures: deque[tuple[int, bytes]] = deque(maxlen=_PICTURES_HELD)
        self._seen: dict[str, Any] = {"t_ns": None, "time_from": None, "lag_s": None, "delay_s": None}
        self._jpeg = b""
        self._pictured_ns = self._written_ns = 0
        self._time_from = ""
        self._frames = 0
        self._taken_ns = 0
        self._tally = Tally()
        self._read_s = self._judge_s = 0.0
        self._lock = threading.Lock()
        self._amendments: deque[tuple[Configuration, str]] = deque()

    def amend(self, configuration: Configuration, run_id: str) -> None:
        """From another thread: these rules from the next judged picture on."""
        self._amendments.append((configuration, run_id))

    def amended(self) -> tuple[Configuration, str] | None:
        """The next of those that came."""
        if not self._amendments:
            return None
        self.in_force = self._amendments.popleft()
        self.run_id = self.in_force[1]
        return self.in_force

    def passing(self, source: Source) -> Iterator[Frame | Gap]:
        """Times reading and judging by the processor time they take, and keeps a small picture now and then."""
        items = iter(source)
        while True:
            begun_s = time.thread_time()
            item = next(items, None)
            read_s = time.thread_time()
            self._read_s += read_s - begun_s
            if item is None:
                return
            if isinstance(item, Frame):
                self._taken_ns = item.t_ns
                self._picture(item)
            yield item
            self._judge_s += time.thread_time() - read_s

    def judged(self, event: pipeline.Judged, locator: Locator) -> None:
        """Show it, if it is one that a picture was kept of."""
        self._frames += 1
        scene = event.scene
        jpeg = b""
        while self._pictures and self._pictures[0][0] <= scene.index:
            index, jpeg = self._pictures.popleft()
            jpeg = jpeg if index == scene.index else b""
        if not jpeg:
            return
        lag_s = self._source.lag_s
        shown = scene.tracks.confirmed
        places = [
            [round(float(lon), 7), round(float(lat), 7)] if math.isfinite(lon) and math.isfinite(lat) else None
            for lon, lat in zip(scene.fixes.lon_deg[shown], scene.fixes.lat_deg[shown], strict=True)
        ]
        outline = locator.footprint(scene.pose, scene.size_px)
        pose = scene.pose
        seen = {
            "t_ns": scene.t_ns,
            "time_from": self._time_from,
            "lag_s": None if lag_s is None else round(lag_s, 3),
            "delay_s": round((self._taken_ns - scene.t_ns) / NS_PER_S, 3),
            "size_px": list(scene.size_px),
            "sight": str(scene.sight),
            "telemetry": {
                "age_s": None if pose is None else round(pose.age_s, 3),
                "why_no_ground": locator.why_no_ground(pose) or "",
            },
            "pose": None
            if pose is None
            else {
                name: _finite(getattr(pose, name))
                for name in ("lon_deg", "lat_deg", "alt_m", "yaw_deg", "pitch_deg", "hfov_deg")
            },
            "footprint": [] if outline is None else np.round(outline, 7).tolist(),
            "tracks": [
                {"track_id": int(track_id), "xyxy_px": [round(float(x), 1) for x in box], "place": place}
                for track_id, box, place in zip(
                    scene.tracks.track_id[shown], scene.tracks.xyxy_px[shown], places, strict=True
                )
            ],
        }
        with self._lock:
            self._seen, self._jpeg = seen, jpeg
        self.write()

    def logged(self, entry: Entry) -> None:
        """Count what goes to the log."""
        self._tally.count(entry)

    def status(self) -> dict[str, Any]:
        """Everything but the picture and what lies on it."""
        source = self._source
        frames = max(self._frames, 1)
        return {
            "version": VERSION,
            "source_id": source.source_id,
            "kind": "pictures",
            "media": masked(source.media),
            "pid": os.getpid(),
            "state": str(source.state),
            "state_why": masked(source.state_why),
            "since_ns": source.since_ns,
            "written_ns": time.time_ns(),
            "alive_ns": source.alive_ns,
            "lag_s": self._seen["lag_s"],
            "delay_s": self._seen["delay_s"],
            "counters": {
                "frames": self._frames,
                "skipped_frames": source.counters.get("skipped_frames", 0),
                "reconnects": source.counters.get("reconnects", 0),
                "violations": self._tally.violations,
                "gaps": dict(self._tally.gaps),
            },
            "stage_ms": {
                "read": round(1000 * self._read_s / frames, 3),
                "judge": round(1000 * self._judge_s / frames, 3),
            },
        }

    def write(self) -> None:
        """Now. This is no evidence: if the disk is full, the next one may succeed."""
        with self._lock, contextlib.suppress(OSError):
            write_live(self._out, self._source.source_id, self.status() | self._seen, self._jpeg)

    def _picture(self, frame: Frame) -> None:
        self._time_from = str(frame.time_from)
        now_ns = time.monotonic_ns()
        behind = (self._source.lag_s or 0.0) > _BEHIND_S
        if now_ns - self._pictured_ns < (_EVERY_WHILE_BEHIND_NS if behind else _EVERY_NS):
            return
        self._pictured_ns = now_ns
        picture = frame.colour()
        while picture.shape[1] >= 2 * _WIDTH_PX:  # a third of the time of one step from 1080p
            picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(
                np.uint8, copy=False
            )
        height, width = picture.shape[:2]
        if width > _WIDTH_PX:
            size = (_WIDTH_PX, max(1, round(height * _WIDTH_PX / width)))
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
        done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        if done:
            self._pictures.append((frame.index, jpeg.tobytes()))


def _finite(value: float) -> float | None:
    return round(value, 7) if math.isfinite(value) else None
