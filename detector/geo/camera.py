"""Pinhole camera: from a pixel to a direction, and from a place to a pixel.

The centre of the top-left pixel is (0, 0), as in OpenCV; so the picture reaches from -0.5 to width - 0.5 and its
principal point is ((width - 1) / 2, (height - 1) / 2). Camera axes: x right, y down, z along the optical axis.
Not modelled: lens distortion, rolling exposure, refraction (docs/location.md says what each costs).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detector.geo import attitude, wgs84
from detector.model import CameraPose, read_only

# Rows: east, north, up in terms of north, east, down.
_ENU_FROM_NED = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
# Columns: camera right, down, forward in terms of body forward, right, down.
_BODY_FROM_CAMERA = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def enu_from_camera(pose: CameraPose) -> NDArray[np.float64]:
    """Rotation whose columns are the camera's right, down and forward axes in ENU at the camera. shape (3, 3)"""
    return _enu_from_camera(pose.yaw_deg, pose.pitch_deg, pose.roll_deg)


@lru_cache(64)
def _enu_from_camera(yaw_deg: float, pitch_deg: float, roll_deg: float) -> NDArray[np.float64]:
    """Asked several times a frame for the same pose."""
    ned_from_body = attitude.matrix_from_ypr((yaw_deg, pitch_deg, roll_deg))
    return read_only(np.asarray(_ENU_FROM_NED @ ned_from_body @ _BODY_FROM_CAMERA))


def focal_px(pose: CameraPose, size_px: tuple[int, int]) -> tuple[float, float]:
    """Focal lengths along x and y. [px]

    Where one angle of view is NaN its pixels are taken as square; with both NaN, or outside (0, 180), NaN.
    """
    fx, fy = (_focal(size, fov) for size, fov in zip(size_px, (pose.hfov_deg, pose.vfov_deg), strict=True))
    return (fy if math.isnan(fx) else fx), (fx if math.isnan(fy) else fy)


def camera_matrix(pose: CameraPose, size_px: tuple[int, int]) -> NDArray[np.float64]:
    """The 3x3 matrix K of OpenCV: pixel = K @ direction in camera axes, over its third component."""
    fx, fy = focal_px(pose, size_px)
    return np.array([[fx, 0.0, (size_px[0] - 1) / 2], [0.0, fy, (size_px[1] - 1) / 2], [0.0, 0.0, 1.0]])


def rays_camera(pose: CameraPose, xy_px: ArrayLike, size_px: tuple[int, int]) -> NDArray[np.float64]:
    """Directions in camera axes with z = 1, so not of unit length. shape (N, 2) -> (N, 3)"""
    fx, fy = focal_px(pose, size_px)
    xy = np.asarray(xy_px, np.float64).reshape(-1, 2)
    x, y = (xy[:, 0] - (size_px[0] - 1) / 2) / fx, (xy[:, 1] - (size_px[1] - 1) / 2) / fy
    return np.stack([x, y, np.ones_like(x)], -1)


def rays_enu(pose: CameraPose, xy_px: ArrayLike, size_px: tuple[int, int]) -> NDArray[np.float64]:
    """Unit directions of pixels in the ENU axes of the camera's place.

    Args:
        pose: NaN in attitude or both angles of view gives NaN.
        xy_px: need not lie inside the picture. [px] shape (N, 2)
        size_px: width and height of the picture the pixels belong to. [px]

    Returns:
        shape (N, 3)
    """
    rays = rays_camera(pose, xy_px, size_px) @ enu_from_camera(pose).T
    return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))


def pixels_from_enu(pose: CameraPose, enu_m: ArrayLike, size_px: tuple[int, int]) -> NDArray[np.float64]:
    """Pixels of places (or directions) given in ENU from the camera; NaN behind the camera. shape (N, 3) -> (N, 2)"""
    fx, fy = focal_px(pose, size_px)
    camera = np.asarray(enu_m, np.float64).reshape(-1, 3) @ enu_from_camera(pose)
    depth = np.where(camera[:, 2] > 0, camera[:, 2], np.nan)
    x, y = fx * camera[:, 0] / depth, fy * camera[:, 1] / depth
    return np.stack([x + (size_px[0] - 1) / 2, y + (size_px[1] - 1) / 2], -1)


def pixels_from_ground(
    pose: CameraPose, lat_deg: ArrayLike, lon_deg: ArrayLike, alt_m: ArrayLike, size_px: tuple[int, int]
) -> NDArray[np.float64]:
    """Pixels where places appear, NaN behind the camera; they may lie outside the picture.

    What hides a place (terrain, the Earth's curve) is not looked at.

    Args:
        lat_deg, lon_deg: shape (N,)
        alt_m: in the pose's datum. [m] shape (N,) or a scalar

    Returns:
        shape (N, 2) [px]
    """
    origin = (pose.lat_deg, pose.lon_deg, pose.alt_m)
    return pixels_from_enu(pose, wgs84.enu_from_geodetic(lat_deg, lon_deg, alt_m, origin), size_px)


def _focal(size: int, fov_deg: float) -> float:
    if not 0 < fov_deg < 180:  # NaN too
        return math.nan
    return size / 2 / math.tan(math.radians(fov_deg) / 2)
