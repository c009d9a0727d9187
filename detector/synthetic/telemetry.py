"""The telemetry a drone would send for a view: MISB ST 0601 values, with slow errors of position and attitude."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.geo import attitude
from detector.synthetic.render import view_at
from detector.synthetic.scene import Scene
from detector.synthetic.view import View, look
from detector.timebase import NS_PER_S, NS_PER_US, ns_from_iso

Array = NDArray[np.float64]
# ST 0102: unclassified; classifying and object country "XXZ", which is no country; version 12.
_SECURITY = (
    bytes.fromhex("01010102010e03052f2f58585a0c010e0d06") + "XXZ".encode("utf-16-be") + bytes.fromhex("1602000c")
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One telemetry set before it is encoded."""

    t_s: float
    values: dict[int, float | int | str | bytes]


def readings(scene: Scene, size_px: tuple[int, int], seconds: float) -> list[Reading]:
    """Sets at the scene's telemetry rate from 0 s to the end inclusive."""
    count = int(np.floor(seconds * scene.telemetry.rate_hz)) + 1
    times = (np.arange(count) / scene.telemetry.rate_hz).tolist()
    waves = np.random.default_rng([scene.seed, 9]).uniform(0, 2 * np.pi, (6, 2))
    return [Reading(t, _values(scene, t, size_px, waves)) for t in times]


def _values(scene: Scene, t_s: float, size_px: tuple[int, int], waves: Array) -> dict[int, float | int | str | bytes]:
    true = view_at(scene, t_s, size_px)
    stated = _with_errors(scene, true, t_s, waves)
    pose = stated.pose
    platform = _platform(scene, t_s)
    turn = attitude.matrix_from_ypr(platform).T @ attitude.matrix_from_ypr(
        (pose.yaw_deg, pose.pitch_deg, pose.roll_deg)
    )
    azimuth, elevation, roll = attitude.ypr_from_matrix(turn).tolist()
    width, height = size_px
    corners = stated.ground(
        np.array([[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]])
    )
    centre = np.append(stated.ground(np.array([[(width - 1) / 2, (height - 1) / 2]]))[0], 0.0)
    slant = float(np.linalg.norm(centre - stated.position_m))
    place = scene.place
    start_ns = ns_from_iso(scene.start)
    values: dict[int, float | int | str | bytes] = {
        2: (start_ns + round(t_s * NS_PER_S)) // NS_PER_US,
        3: f"ORRIN-{scene.name.upper()}",
        5: float(platform[0]) % 360.0,
        6: float(platform[1]),
        7: float(platform[2]),
        10: "SYNTHETIC QUADROTOR",
        11: "EO",
        12: "WGS-84",
        13: pose.lat_deg,
        14: pose.lon_deg,
        15: pose.alt_m - place.geoid_m,
        16: pose.hfov_deg,
        17: pose.vfov_deg,
        18: azimuth % 360.0,
        19: elevation,
        20: roll % 360.0,
        48: _SECURITY,
        65: 19,
        75: pose.alt_m,
        90: float(platform[1]),
        91: float(platform[2]),
        104: pose.alt_m,
    }
    if np.isfinite(centre).all() and np.isfinite(corners).all():
        lat, lon, alt = place.geodetic(centre)
        values |= {
            21: slant,
            22: min(2 * slant * float(np.tan(np.radians(pose.hfov_deg) / 2)), 10_000.0),
            23: float(lat),
            24: float(lon),
            25: float(alt) - place.geoid_m,
            78: float(alt),
        }
        for tag, (corner_lon, corner_lat) in zip((82, 84, 86, 88), place.lon_lat(corners).tolist(), strict=True):
            values |= {tag: corner_lat, tag + 1: corner_lon}
    return values


def _platform(scene: Scene, t_s: float) -> Array:
    """Heading along the flight, nose down with speed, rocking a little. [deg]"""
    velocity = scene.path.velocity_m_s(t_s)
    speed = float(np.hypot(velocity[0], velocity[1]))
    heading = float(np.degrees(np.arctan2(velocity[0], velocity[1]))) if speed > 0.5 else 0.0
    return np.array([heading, -0.35 * min(speed, 25.0) + 0.8 * np.sin(2.1 * t_s), 1.5 * np.sin(1.3 * t_s + 1)])


def _with_errors(scene: Scene, true: View, t_s: float, waves: Array) -> View:
    """The view as the drone believes it: errors wander over tens of seconds, as those of GNSS and gimbals do."""
    style = scene.telemetry
    error = (np.sin(2 * np.pi * t_s / 37 + waves[:, 0]) + 0.5 * np.sin(2 * np.pi * t_s / 13 + waves[:, 1])) / 0.79
    pose = true.pose
    # 0.79 is the standard deviation of the sum, so `error_m` and `error_deg` are standard deviations.
    angles = np.array([pose.yaw_deg, pose.pitch_deg, pose.roll_deg]) + style.error_deg * error[3:]
    position = true.position_m + style.error_m * error[:3]
    return look(
        scene.place, position, (float(angles[0]), float(angles[1]), float(angles[2])), pose.hfov_deg, true.size_px
    )
