"""What a scene is made of: data only."""

from __future__ import annotations

from dataclasses import dataclass

from detector.synthetic.camera_path import CameraPath
from detector.synthetic.movers import Mover
from detector.synthetic.place import VALE, Place


@dataclass(frozen=True, slots=True)
class Light:
    """gain: mean brightness. swing: share by which it wanders, over swing_s. cloud: depth of drifting cloud shadow.
    steps: (time [s], factor) of sudden exposure changes. noise: standard deviation of sensor noise [grey levels].
    fog: (start [s], end [s]) of dense fog. tint: BGR factors.
    """

    gain: float = 1.0
    swing: float = 0.0
    swing_s: float = 6.0
    cloud: float = 0.0
    steps: tuple[tuple[float, float], ...] = ()
    noise: float = 2.2
    fog: tuple[float, float] | None = None
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Flash:
    """A flash at a place and height from t_s for duration_s; smoke: rises afterwards."""

    key: int
    t_s: float
    east_m: float
    north_m: float
    up_m: float = 1.2
    radius_m: float = 1.3
    duration_s: float = 0.07
    smoke: bool = False


@dataclass(frozen=True, slots=True)
class TelemetryStyle:
    """How truthful and how frequent the muxed telemetry is: rate [Hz], slow errors in position [m] and angle [deg]."""

    rate_hz: float = 10.0
    error_m: float = 1.0
    error_deg: float = 0.15


@dataclass(frozen=True)
class Scene:
    """A named scene with everything decided.

    cut_s: from here on the camera is somewhere else, `cut_m` east: a scene cut.
    wind_m_s: drives trees, water, smoke and clouds.
    trees_factor: height of everything that stands, 1 natural; more makes more parallax.
    """

    name: str
    about: str
    seconds: float
    path: CameraPath
    seed: int
    movers: tuple[Mover, ...] = ()
    light: Light = Light()
    flashes: tuple[Flash, ...] = ()
    telemetry: TelemetryStyle = TelemetryStyle()
    start: str = "2026-03-01T09:30:00Z"
    wind_m_s: float = 3.0
    cut_s: float | None = None
    cut_m: float = 260.0
    place: Place = VALE
