"""How far telemetry is out of step with the picture: the picture's motion, correlated with what the poses predict."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.geo import camera
from detector.geo.terrain import Plane
from detector.model import CameraPose, Frame
from detector.sources.telemetry import Track

_WATCHED_NS = 60_000_000_000
_STEP_S = 0.2
_GRID_S = 0.1
_LAGS_S = 10.0
_LEAST_PAIRS = 20
_LEAST_CHANGE_PX = 0.5  # full-size pixels a step: steadier flight than this cannot be told from noise
_LEAST_CORRELATION = 0.6
_LEAST_LEAD = 0.05  # over the best lag that is more than a second away
_NEAR_S = 1.0


@dataclass(frozen=True, slots=True)
class Offset:
    """What has to be added to the telemetry's time so that it fits the picture.

    seconds: None where it cannot be measured. [s]
    confidence: correlation of both motions at that offset, 1 = they are the same. [1]
    why_not: one sentence where it cannot be measured.
    """

    seconds: float | None
    confidence: float = 0.0
    why_not: str = ""


@dataclass(slots=True)
class PictureMotion:
    """Motion of the whole picture over its first minute, by phase correlation of pictures shrunk to an eighth.

    steps: begin and end [ns UTC], velocity to the right and down [px/s].
    """

    size_px: tuple[int, int] = (0, 0)
    steps: list[tuple[int, int, float, float]] = field(default_factory=list)
    _first_ns: int | None = None
    _last: tuple[int, NDArray[np.float32]] | None = None
    _window: NDArray[np.float32] | None = None

    def see(self, frame: Frame) -> None:
        """The next frame; most are passed over."""
        if self._first_ns is None:
            self._first_ns, self.size_px = frame.t_ns, frame.size_px
        if frame.t_ns - self._first_ns > _WATCHED_NS or frame.size_px != self.size_px:
            return
        if self._last is not None and frame.t_ns - self._last[0] < 0.9 * _STEP_S * 1e9:
            return
        shrink = max(1, min(8, self.size_px[0] // 80))
        size = (max(8, self.size_px[0] // shrink), max(8, self.size_px[1] // shrink))
        small = np.asarray(cv2.resize(frame.luma, size, interpolation=cv2.INTER_AREA), np.float32)
        if self._last is not None and frame.t_ns - self._last[0] < 3 * _STEP_S * 1e9:
            if self._window is None:
                self._window = np.asarray(cv2.createHanningWindow(size, cv2.CV_32F), np.float32)
            (x_px, y_px), _ = cv2.phaseCorrelate(self._last[1], small, self._window)
            if math.isfinite(x_px) and math.isfinite(y_px):
                scale = shrink * 1e9 / (frame.t_ns - self._last[0])
                self.steps.append((self._last[0], frame.t_ns, x_px * scale, y_px * scale))
        self._last = (frame.t_ns, small)

    def offset(self, track: Track) -> Offset:
        """The lag, within 10 s either way, at which the poses explain the picture's motion best."""
        if len(self.steps) < _LEAST_PAIRS or len(track) < _LEAST_PAIRS:
            return Offset(None, why_not="the recording is too short")
        middle_s = np.asarray([(a + b) / 2 for a, b, _, _ in self.steps])
        begin_ns = self.steps[0][0]
        middle_s = (middle_s - begin_ns) / 1e9
        seen = np.asarray([step[2:] for step in self.steps])
        grid_s = np.arange(middle_s[0] - _LAGS_S, middle_s[-1] + _LAGS_S, _GRID_S)
        told = _predicted(track, begin_ns + (grid_s * 1e9).astype(np.int64), self.size_px)
        if np.isfinite(told[:, 0]).sum() * _GRID_S < _LEAST_PAIRS * _STEP_S:
            return Offset(None, why_not="the poses do not tell what the picture's centre looks at")
        if np.nanstd(told, axis=0).max() * _STEP_S < _LEAST_CHANGE_PX:
            return Offset(None, why_not="the drone flies and looks too steadily")
        lags_s = np.arange(-_LAGS_S, _LAGS_S + _GRID_S / 2, _GRID_S)
        scores = np.asarray([_likeness(seen, told, middle_s + lag_s, grid_s) for lag_s in lags_s])
        return _best(lags_s, scores)


def _predicted(track: Track, times_ns: NDArray[np.int64], size_px: tuple[int, int]) -> NDArray[np.float64]:
    """Velocity of what is at the picture's centre, by the poses. shape (N, 2) [px/s] NaN where they do not tell"""
    half_ns = round(_STEP_S / 2 * 1e9)
    aspect = size_px[0] / size_px[1]
    moved = np.full((len(times_ns), 2), np.nan)
    for i, t_ns in enumerate(times_ns):
        before, after = track.pose_at(int(t_ns) - half_ns, aspect), track.pose_at(int(t_ns) + half_ns, aspect)
        if before is not None and after is not None:
            moved[i] = _shift(before, after, size_px) / _STEP_S
    return moved


def _shift(before: CameraPose, after: CameraPose, size_px: tuple[int, int]) -> NDArray[np.float64]:
    """Where what was at the centre has gone. [px]"""
    if math.isnan(before.ground_alt_m):
        return np.full(2, np.nan)
    centre = np.asarray([[(size_px[0] - 1) / 2, (size_px[1] - 1) / 2]])
    ground = Plane(before.ground_alt_m, before.datum)
    hits = ground.intersect((before.lat_deg, before.lon_deg, before.alt_m), camera.rays_enu(before, centre, size_px))
    there = camera.pixels_from_ground(after, hits.lat_deg, hits.lon_deg, hits.alt_m, size_px)
    return np.asarray(there[0] - centre[0], np.float64)


def _likeness(
    seen: NDArray[np.float64], told: NDArray[np.float64], at_s: NDArray[np.float64], grid_s: NDArray[np.float64]
) -> float:
    """Correlation of two motions, both components together; NaN where less than half of one lies over the other."""
    moved = np.stack([np.interp(at_s, grid_s, told[:, k], left=np.nan, right=np.nan) for k in (0, 1)], 1)
    both = np.isfinite(moved).all(1)
    if both.sum() < max(_LEAST_PAIRS, len(seen) / 2):
        return math.nan
    a, b = seen[both] - seen[both].mean(0), moved[both] - moved[both].mean(0)
    scale = math.sqrt(float((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else math.nan


def _best(lags_s: NDArray[np.float64], scores: NDArray[np.float64]) -> Offset:
    if not np.isfinite(scores).any():
        return Offset(None, why_not="too little of the picture has telemetry")
    top = int(np.nanargmax(scores))
    far = scores[(np.abs(lags_s - lags_s[top]) > _NEAR_S) & np.isfinite(scores)]
    if scores[top] < _LEAST_CORRELATION:
        return Offset(None, float(scores[top]), "the picture's motion does not look like what the poses predict")
    if len(far) and scores[top] - far.max() < _LEAST_LEAD:
        return Offset(None, float(scores[top]), "the motion repeats itself, so several offsets fit")
    lag_s = float(lags_s[top])
    if 0 < top < len(scores) - 1 and np.isfinite(scores[top - 1 : top + 2]).all():
        left, mid, right = scores[top - 1 : top + 2]
        bend = left - 2 * mid + right
        lag_s += _GRID_S * float(0.5 * (left - right) / bend) if bend < 0 else 0.0
    return Offset(-lag_s, float(scores[top]))
