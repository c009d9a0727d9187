"""Flight paths: where the camera is and looks, with the unrest of a real airframe and gimbal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from detector.synthetic.place import Place
from detector.synthetic.view import View, look, row_skew

Array = NDArray[np.float64]

_PROBE_S = 0.01  # half the distance of the two views from which the picture's speed is taken


@dataclass(frozen=True, slots=True)
class Knot:
    """One station of a flight: time [s], east, north, up [m], yaw, pitch, roll [deg] of the axis, hfov [deg].

    Yaw runs on past 360, it is never wrapped, so that a turn has one direction.
    """

    t_s: float
    east_m: float
    north_m: float
    up_m: float
    yaw_deg: float
    pitch_deg: float
    hfov_deg: float
    roll_deg: float = 0.0


@dataclass(frozen=True)
class CameraPath:
    """A smooth curve through knots, plus gimbal drift and vibration.

    drift_deg: amplitude of slow pointing error, 0.2 to 0.9 Hz. [deg]
    vibration_deg: amplitude of fast pointing error, 7 to 13 Hz. [deg]
    sway_m: amplitude of slow movement of the airframe. [m]
    readout_s: time from the first to the last row of a picture. [s]
    exposure_s: how long each row is exposed; blurs the picture along its own movement. [s]
    """

    knots: tuple[Knot, ...]
    drift_deg: float = 0.12
    vibration_deg: float = 0.006
    sway_m: float = 0.4
    readout_s: float = 0.016
    exposure_s: float = 0.0
    seed: int = 0

    @cached_property
    def _spline(self) -> CubicSpline:
        rows = [(k.east_m, k.north_m, k.up_m, k.yaw_deg, k.pitch_deg, k.roll_deg, k.hfov_deg) for k in self.knots]
        times = [k.t_s for k in self.knots]
        return CubicSpline(times, np.array(rows), bc_type="natural" if len(times) > 2 else "not-a-knot")

    @cached_property
    def _unrest(self) -> tuple[Array, Array, Array]:
        """Frequencies [Hz], phases, amplitudes (6 channels, 7 waves): position in metres, angles in degrees."""
        rng = np.random.default_rng([self.seed, 11])
        slow, fast = rng.uniform(0.2, 0.9, (6, 4)), rng.uniform(7.0, 13.0, (6, 3))
        slow[:3] *= 0.5
        scale = np.array([self.sway_m] * 3 + [self.drift_deg] * 3)[:, None]
        # Fast position error is left out: 1 mm at 10 Hz is no pixel.
        shake = np.array([0.0] * 3 + [self.vibration_deg] * 3)[:, None]
        amplitude = np.hstack([scale / 3 * rng.uniform(0.5, 1.0, (6, 4)), shake / 2 * rng.uniform(0.5, 1.0, (6, 3))])
        return np.hstack([slow, fast]), rng.uniform(0, 2 * np.pi, (6, 7)), amplitude

    def state(self, t_s: float) -> tuple[Array, tuple[float, float, float], float]:
        """Position (3,) [m], yaw, pitch, roll [deg], horizontal angle of view [deg]."""
        value = np.asarray(self._spline(t_s))
        frequency, phase, amplitude = self._unrest
        noise = (amplitude * np.sin(2 * np.pi * frequency * t_s + phase)).sum(axis=1)
        yaw, pitch, roll = value[3:6] + noise[3:]
        return value[:3] + noise[:3], (float(yaw), float(pitch), float(roll)), float(value[6])

    def velocity_m_s(self, t_s: float) -> Array:
        """East, north, up without the unrest. shape (3,) [m/s]"""
        return np.asarray(self._spline(t_s, 1))[:3]

    def view(self, place: Place, t_s: float, size_px: tuple[int, int]) -> View:
        """The camera at mid-exposure, with the row skew of its rolling exposure."""
        before, after = (look(place, *self.state(t_s + step), size_px) for step in (-_PROBE_S, _PROBE_S))
        skew = row_skew(before, after, 2 * _PROBE_S, self.readout_s)
        return look(place, *self.state(t_s), size_px, skew)
