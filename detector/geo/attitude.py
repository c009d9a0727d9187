"""Attitudes: heading, pitch and roll as rotation matrices, and the way back.

One convention everywhere: intrinsic yaw (about down), pitch (about right), roll (about forward), applied in this
order. Yaw is clockwise from true north, pitch positive upwards, roll positive when the right side goes down. It is
that of aircraft (MISB ST 0601 items 5-7) and of the optical axis in `CameraPose`, so one set of functions serves both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Below this horizontal length the optical axis is vertical: its own azimuth is then rounding noise.
_VERTICAL = 1e-9


def matrix_from_ypr(ypr_deg: ArrayLike) -> NDArray[np.float64]:
    """North-east-down from forward-right-down: Rz(yaw) Ry(pitch) Rx(roll).

    Args:
        ypr_deg: yaw, pitch, roll. [deg] shape (..., 3)

    Returns:
        shape (..., 3, 3); column 0 is the forward axis, 1 the right, 2 the downward one. NaN passes through.
    """
    angles = np.radians(np.asarray(ypr_deg, np.float64))
    cy, cp, cr = np.moveaxis(np.cos(angles), -1, 0)
    sy, sp, sr = np.moveaxis(np.sin(angles), -1, 0)
    rows = (
        (cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr),
        (sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr),
        (-sp, cp * sr, cp * cr),
    )
    matrix = np.empty((*np.shape(cy), 3, 3))  # a third of the time of np.stack, and asked for several times a frame
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            matrix[..., i, j] = value
    return matrix


def ypr_from_matrix(ned_from_body: ArrayLike) -> NDArray[np.float64]:
    """Yaw, pitch, roll of a rotation matrix: the inverse of `matrix_from_ypr`.

    Straight up or down, yaw and roll are one rotation; then roll is 0 and yaw is where the picture's top points
    (straight down) or its bottom (straight up).

    Args:
        ned_from_body: shape (..., 3, 3)

    Returns:
        Yaw in [0, 360), pitch in [-90, 90], roll in (-180, 180]. [deg] shape (..., 3)
    """
    m = np.asarray(ned_from_body, np.float64)
    level = np.hypot(m[..., 0, 0], m[..., 1, 0])
    vertical = level < _VERTICAL
    yaw = np.where(vertical, np.arctan2(-m[..., 0, 1], m[..., 1, 1]), np.arctan2(m[..., 1, 0], m[..., 0, 0]))
    pitch = np.arctan2(-m[..., 2, 0], level)
    roll = np.where(vertical, 0.0 * level, np.arctan2(m[..., 2, 1], m[..., 2, 2]))
    yaw_deg = np.degrees(yaw) % 360.0
    return np.stack([np.where(yaw_deg == 360.0, 0.0, yaw_deg), np.degrees(pitch), np.degrees(roll)], -1)


def axis_from_platform(
    platform_ypr_deg: ArrayLike, relative_azimuth_elevation_roll_deg: ArrayLike
) -> NDArray[np.float64]:
    """Attitude of the optical axis from that of the platform and the gimbal's angles relative to it.

    Args:
        platform_ypr_deg: heading, pitch, roll (ST 0601 items 5, 6, 7 or 5, 90, 91). [deg] shape (..., 3)
        relative_azimuth_elevation_roll_deg: clockwise from the nose seen from above, up from the platform's plane,
            clockwise seen from behind the camera (items 18, 19, 20). [deg] shape (..., 3)

    Returns:
        yaw, pitch, roll of the optical axis as in `CameraPose`. [deg] shape (..., 3)

    Source: MISB ST 0601.16, items 18-20; the angles are rotations, so adding them is wrong as soon as the
    platform banks: 20 deg of bank with the camera 90 deg to the side is 20 deg of elevation.
    """
    return ypr_from_matrix(matrix_from_ypr(platform_ypr_deg) @ matrix_from_ypr(relative_azimuth_elevation_roll_deg))


def between(ypr_a_deg: ArrayLike, ypr_b_deg: ArrayLike, share: ArrayLike) -> NDArray[np.float64]:
    """Attitude on the shortest rotation from a to b, at constant rate.

    Interpolating the three angles one by one breaks at north (359 to 1) and straight down, where yaw and roll jump
    though the camera hardly moves.

    Args:
        ypr_a_deg, ypr_b_deg: shape (..., 3)
        share: 0 at a, 1 at b; outside [0, 1] extrapolates. shape (...)

    Returns:
        shape (..., 3). For a and b exactly 180 deg apart the way is not unique; one of them is taken.
    """
    a, b = matrix_from_ypr(ypr_a_deg), matrix_from_ypr(ypr_b_deg)
    vector = rotation_vector(np.swapaxes(a, -1, -2) @ b)
    return ypr_from_matrix(a @ matrix_from_vector(vector * np.asarray(share, np.float64)[..., None]))


def matrix_from_vector(rotation_rad: ArrayLike) -> NDArray[np.float64]:
    """Rotation about the direction of a vector by its length (Rodrigues). [rad] shape (..., 3) -> (..., 3, 3)"""
    v = np.asarray(rotation_rad, np.float64)
    angle = np.linalg.norm(v, axis=-1)[..., None, None]
    k = _cross_matrix(v)
    # sin(x)/x and (1-cos x)/x^2 without dividing by zero; np.sinc is sin(pi x)/(pi x).
    return np.asarray(np.eye(3) + np.sinc(angle / np.pi) * k + 0.5 * np.sinc(angle / (2 * np.pi)) ** 2 * (k @ k))


def rotation_vector(matrix: ArrayLike) -> NDArray[np.float64]:
    """Inverse of `matrix_from_vector`, length in [0, pi]. shape (..., 3, 3) -> (..., 3) [rad]"""
    w, x, y, z = np.moveaxis(_quaternion(np.asarray(matrix, np.float64)), -1, 0)
    axis = np.stack([x, y, z], -1)
    sine = np.linalg.norm(axis, axis=-1)
    angle = 2.0 * np.arctan2(sine, w)
    scale = np.where(sine > 1e-12, angle / np.where(sine > 1e-12, sine, 1.0), 2.0)
    return np.asarray(axis * scale[..., None])


def _quaternion(m: NDArray[np.float64]) -> NDArray[np.float64]:
    """w, x, y, z with w >= 0, from the largest of the four (Shepperd 1978): good at 180 deg too. shape (..., 4)"""
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    a, b, c = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    d, e, f = m[..., 1, 0] + m[..., 0, 1], m[..., 0, 2] + m[..., 2, 0], m[..., 2, 1] + m[..., 1, 2]
    candidates = np.stack(
        [
            np.stack([1 + xx + yy + zz, a, b, c], -1),
            np.stack([a, 1 + xx - yy - zz, d, e], -1),
            np.stack([b, d, 1 - xx + yy - zz, f], -1),
            np.stack([c, e, f, 1 - xx - yy + zz], -1),
        ],
        -2,
    )
    best = np.argmax(np.stack([xx + yy + zz, xx, yy, zz], -1), -1)
    q = np.take_along_axis(candidates, best[..., None, None], -2)[..., 0, :]
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    return np.asarray(np.where(q[..., :1] < 0, -q, q))


def _cross_matrix(v: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrix K with K u = v x u. shape (..., 3) -> (..., 3, 3)"""
    x, y, z = np.moveaxis(v, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([np.stack([zero, -z, y], -1), np.stack([z, zero, -x], -1), np.stack([-y, x, zero], -1)], -2)
