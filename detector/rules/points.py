"""The movers of a scene as points with an uncertainty, on the ground or in the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detector.geo.wgs84 import metres_per_degree
from detector.model import GroundFixes, Scene
from detector.timebase import NS_PER_S


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points in the plane that shapes are drawn in.

    xy: longitude, latitude [deg], or x right, y down [px]. NaN where there is no fix. shape (M, 2)
    scale: metres in one unit of x and of y [m/deg]; 1 in pixels. shape (M, 2)
    covariance: of (east, north) [m2], or of (x, y) [px2]. shape (M, 2, 2)
    velocity: (east, north) [m/s], or (x, y) [px/s]. shape (M, 2)
    mirrored: y points down, so left and right change places.
    velocity_covariance: of (east, north) [m2/s2], or of (x, y) [px2/s2]. shape (M, 2, 2); None: not known
    """

    xy: NDArray[np.float64]
    scale: NDArray[np.float64]
    covariance: NDArray[np.float64]
    velocity: NDArray[np.float64]
    mirrored: bool = False
    velocity_covariance: NDArray[np.float64] | None = None

    def at(self, row: int, t_ns: int) -> Sighted:
        """One of them by itself."""
        return Sighted(self, row, t_ns)

    def way(self, start_xy: ArrayLike, end_xy: ArrayLike) -> NDArray[np.float64]:
        """From one place of this plane to another, on the ground the short way round the Earth. (..., 2) [deg or px]"""
        way = np.subtract(end_xy, start_xy, dtype=np.float64)
        way[..., 0] += self.turn(way[..., 0])
        return way

    def turn(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """What makes a difference of two x the short way round the Earth: 0, or 360 deg where one lies between them."""
        round_the_back = (np.abs(x) > 180.0) & (not self.mirrored)
        return np.where(round_the_back, -np.copysign(360.0, x), 0.0)


@dataclass(slots=True, eq=False)
class Sighted:
    """Where one mover was, and how fast, when it was seen; in the units of `Points`. Never changed once made."""

    of: Points
    row: int
    t_ns: int

    @property
    def xy(self) -> NDArray[np.float64]:
        """Its place. shape (2,)"""
        return np.asarray(self.of.xy[self.row])

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Of its place. shape (2, 2)"""
        return np.asarray(self.of.covariance[self.row])

    @property
    def velocity(self) -> NDArray[np.float64]:
        """NaN where it is not known. shape (2,)"""
        return np.asarray(self.of.velocity[self.row])

    @property
    def velocity_covariance(self) -> NDArray[np.float64]:
        """NaN where it is not known. shape (2, 2)"""
        known = self.of.velocity_covariance
        return np.full((2, 2), np.nan) if known is None else np.asarray(known[self.row])

    def offset(self, before: Sighted) -> NDArray[np.float64]:
        """The way from there to here. shape (2,) [m or px]"""
        return np.asarray(self.of.way(before.xy, self.xy) * self.of.scale[self.row])

    def apart(self, before: Sighted) -> float:
        """How far this is from there, or from where that mover would be by now, whichever is nearer. [m or px]

        Number by number: numpy takes five times as long for two. A complex number is as long as numpy's hypot says, to
        the last digit; Python's own is not.
        """
        (x, y), (from_x, from_y) = self.xy.tolist(), before.xy.tolist()
        scale_x, scale_y = self.of.scale[self.row].tolist()
        across = x - from_x
        if abs(across) > 180.0 and not self.of.mirrored:
            across -= math.copysign(360.0, across)
        across, down = across * scale_x, (y - from_y) * scale_y
        since_s = (self.t_ns - before.t_ns) / NS_PER_S
        on_x, on_y = (0.0 if math.isnan(one) else one * since_s for one in before.velocity.tolist())
        return min(abs(complex(across, down)), abs(complex(across - on_x, down - on_y)))


@lru_cache(2)
def ground_points(scene: Scene) -> Points:
    """Tracks where they are on the ground. Each rule asks for the same ones."""
    return _on_ground(scene.fixes)


@lru_cache(2)
def picture_points(scene: Scene) -> Points:
    """Tracks at their centres in the picture."""
    tracks = scene.tracks
    return Points(
        tracks.xy_px,
        np.ones_like(tracks.xy_px),
        tracks.covariance[:, :2, :2],
        tracks.velocity_px_s,
        mirrored=True,
        velocity_covariance=tracks.covariance[:, 2:, 2:],
    )


def detection_ground_points(scene: Scene) -> Points:
    """Detections where they are on the ground. They have no velocity: NaN."""
    return _on_ground(scene.detection_fixes)


def detection_picture_points(scene: Scene) -> Points:
    """Detections at the centres of their boxes; a quarter of the box's sides is their standard deviation."""
    boxes = np.asarray(scene.detections.xyxy_px, np.float64)
    centre = (boxes[:, :2] + boxes[:, 2:] - 1) / 2
    sigma = (boxes[:, 2:] - boxes[:, :2]) / 4
    covariance = sigma[:, :, None] ** 2 * np.eye(2)
    return Points(centre, np.ones_like(centre), covariance, np.full_like(centre, np.nan), mirrored=True)


def _on_ground(fixes: GroundFixes) -> Points:
    scale = np.stack(metres_per_degree(fixes.lat_deg), axis=1)
    place = np.stack([fixes.lon_deg, fixes.lat_deg], axis=1)
    return Points(place, scale, fixes.covariance_m2, fixes.velocity_m_s, velocity_covariance=fixes.velocity_covariance)
