"""The camera at one instant: scene metres to pixels.

The same pinhole as detector.geo.camera: pixel centres at whole numbers, principal point ((w - 1) / 2, (h - 1) / 2).
It is written here as one 3x4 matrix on purpose: the truth must not come from the code that is judged by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detector.geo import attitude
from detector.model import CameraPose
from detector.synthetic.place import Place

Array = NDArray[np.float64]

# Camera right, down, forward from body forward, right, down; and north, east, down from east, north, up.
_CAMERA_FROM_BODY = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
_NED_FROM_ENU = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Where each point of the scene appears.

    matrix: pixel (homogeneous) = matrix @ (east, north, up, 1), row skew included. shape (3, 4)
    skew: what the rolling exposure does to the picture of the pinhole at mid-exposure. shape (3, 3)
    position_m: of the camera, east, north, up. shape (3,)
    size_px: width, height
    """

    pose: CameraPose
    matrix: Array
    skew: Array
    position_m: Array
    size_px: tuple[int, int]

    @property
    def pixel_from_ground(self) -> Array:
        """Homography of the ground plane: pixel = H @ (east, north, 1). shape (3, 3)"""
        return self.matrix[:, [0, 1, 3]]

    def project(self, points_m: ArrayLike) -> tuple[Array, Array]:
        """Pixels (..., 2), NaN behind the camera, and depth along the optical axis (...) [m] of points (..., 3)."""
        points = np.asarray(points_m, np.float64)
        homogeneous = points @ self.matrix[:, :3].T + self.matrix[:, 3]
        depth = homogeneous[..., 2]
        safe = np.where(depth > 0.1, depth, np.nan)
        return homogeneous[..., :2] / safe[..., None], depth

    def ground(self, xy_px: ArrayLike) -> Array:
        """Where pixels meet the ground, east and north; NaN above the horizon. shape (N, 2) -> (N, 2) [m]"""
        xy = np.asarray(xy_px, np.float64).reshape(-1, 2)
        inverse = np.linalg.inv(self.pixel_from_ground)
        homogeneous = np.column_stack([xy, np.ones(len(xy))]) @ inverse.T
        # The sign of the depth tells the ground in front from its mirror image above the horizon.
        points = homogeneous[:, :2] / homogeneous[:, 2:]
        depth = points @ self.matrix[2, :2] + self.matrix[2, 3]
        return np.where((depth > 0)[:, None], points, np.nan)


def look(
    place: Place,
    position_m: ArrayLike,
    ypr_deg: tuple[float, float, float],
    hfov_deg: float,
    size_px: tuple[int, int],
    skew: Array | None = None,
) -> View:
    """The view from a place; yaw, pitch and roll as in `CameraPose`, that is, in the ENU axes at the camera."""
    position = np.asarray(position_m, np.float64)
    width, height = size_px
    focal = width / 2 / np.tan(np.radians(hfov_deg) / 2)
    vfov_deg = float(np.degrees(2 * np.arctan(height / 2 / focal)))
    intrinsic = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])
    camera_from_local = _CAMERA_FROM_BODY @ attitude.matrix_from_ypr(ypr_deg).T @ _NED_FROM_ENU
    rotation = camera_from_local @ place.axes_at(position)
    bend = np.eye(3) if skew is None else skew
    projection = bend @ intrinsic @ np.column_stack([rotation, -rotation @ position])
    lat, lon, alt = place.geodetic(position)
    pose = CameraPose(
        lat_deg=float(lat),
        lon_deg=float(lon),
        alt_m=float(alt),
        yaw_deg=ypr_deg[0] % 360.0,
        pitch_deg=ypr_deg[1],
        roll_deg=ypr_deg[2],
        hfov_deg=hfov_deg,
        vfov_deg=vfov_deg,
        sigma_pos_m=0.0,
        sigma_att_deg=0.0,
        ground_alt_m=place.ground_m,
    )
    return View(pose, projection, bend, position, size_px)


def row_skew(before: View, after: View, seconds: float, readout_s: float) -> Array:
    """Affine map from the picture at mid-exposure to the rolling one, from the views `seconds` apart around it.

    A row is exposed later the lower it lies. While the picture moves evenly over one readout the rolled picture of a
    plane is still a homography of it, so the truth stays exact.
    """
    width, height = before.size_px
    centre = np.array([[(width - 1) / 2, (height - 1) / 2]])
    spot = np.column_stack([before.ground(centre), [0.0]])
    if seconds <= 0 or not np.isfinite(spot).all():
        return np.eye(3)
    shift = (after.project(spot)[0] - before.project(spot)[0])[0] / seconds * readout_s / height
    middle = (height - 1) / 2
    return np.array([[1.0, shift[0], -shift[0] * middle], [0.0, 1.0 + shift[1], -shift[1] * middle], [0.0, 0.0, 1.0]])
