"""The movers of a scene as points with an uncertainty, on the ground or in the picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detector.geo.wgs84 import metres_per_degree
from detector.model import Scene


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points in the plane that shapes are drawn in.

    xy: longitude, latitude [deg], or x right, y down [px]. NaN where there is no fix. shape (M, 2)
    scale: metres in one unit of x and of y [m/deg]; 1 in pixels. shape (M, 2)
    covariance: of (east, north) [m2], or of (x, y) [px2]. shape (M, 2, 2)
    velocity: (east, north) [m/s], or (x, y) [px/s]. shape (M, 2)
    mirrored: y points down, so left and right change places.
    """

    xy: NDArray[np.float64]
    scale: NDArray[np.float64]
    covariance: NDArray[np.float64]
    velocity: NDArray[np.float64]
    mirrored: bool = False


@lru_cache(2)
def ground_points(scene: Scene) -> Points:
    """Tracks where they are on the ground. Each rule asks for them."""
    return _on_ground(scene.fixes.lon_deg, scene.fixes.lat_deg, scene.fixes.covariance_m2, scene.fixes.velocity_m_s)


def picture_points(scene: Scene) -> Points:
    """Tracks at their centres in the picture."""
    tracks = scene.tracks
    return Points(
        tracks.xy_px, np.ones_like(tracks.xy_px), tracks.covariance[:, :2, :2], tracks.velocity_px_s, mirrored=True
    )


def detection_ground_points(scene: Scene) -> Points:
    """Detections where they are on the ground. They have no velocity: NaN."""
    fixes = scene.detection_fixes
    return _on_ground(fixes.lon_deg, fixes.lat_deg, fixes.covariance_m2, fixes.velocity_m_s)


def detection_picture_points(scene: Scene) -> Points:
    """Detections at the centres of their boxes; a quarter of the box's sides is their standard deviation."""
    boxes = np.asarray(scene.detections.xyxy_px, np.float64)
    centre = (boxes[:, :2] + boxes[:, 2:] - 1) / 2
    sigma = (boxes[:, 2:] - boxes[:, :2]) / 4
    covariance = sigma[:, :, None] ** 2 * np.eye(2)
    return Points(centre, np.ones_like(centre), covariance, np.full_like(centre, np.nan), mirrored=True)


def _on_ground(
    lon_deg: NDArray[np.float64],
    lat_deg: NDArray[np.float64],
    covariance_m2: NDArray[np.float64],
    velocity_m_s: NDArray[np.float64],
) -> Points:
    scale = np.stack(metres_per_degree(lat_deg), axis=1)
    return Points(np.stack([lon_deg, lat_deg], axis=1), scale, covariance_m2, velocity_m_s)
