"""Where the camera is and where it looks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Datum(StrEnum):
    """What a height is counted from."""

    ELLIPSOID = "ellipsoid"  # WGS-84
    MSL = "msl"  # mean sea level, whichever geoid the platform used
    TAKEOFF = "takeoff"  # the place where the drone took off


@dataclass(frozen=True, slots=True)
class CameraPose:
    """Position, attitude of the optical axis, and field of view of one frame.

    Heights are in `datum`; the ground's height must be given in the same one, no geoid is guessed.

    lat_deg, lon_deg: WGS-84. [deg]
    alt_m: height of the sensor above `datum`. [m]
    yaw_deg: optical axis, clockwise from true north. [deg]
    pitch_deg: optical axis above the horizon, so -90 looks straight down. [deg]
    roll_deg: about the optical axis; positive: the camera turns clockwise seen from behind it. [deg]
    hfov_deg, vfov_deg: full angles of view. [deg]
    sigma_pos_m: standard deviation of each position component. [m]
    sigma_att_deg: standard deviation of each attitude angle. [deg]
    age_s: distance in time to the nearest telemetry sample used. [s]
    ground_alt_m: height of the ground at the frame's centre as the telemetry says; NaN if it does not. [m in datum]
    """

    lat_deg: float
    lon_deg: float
    alt_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    hfov_deg: float
    vfov_deg: float
    sigma_pos_m: float = 5.0
    sigma_att_deg: float = 1.0
    age_s: float = 0.0
    datum: Datum = Datum.ELLIPSOID
    ground_alt_m: float = float("nan")
