"""Which detector suits a stream."""

from __future__ import annotations

from collections.abc import Sequence

from detector.detectors.series.contract import SeriesDetector
from detector.detectors.series.impulse import ImpulseDetector
from detector.detectors.series.impulse_config import PRESETS, preset_for
from detector.detectors.series.joint import JointDetector
from detector.detectors.series.joint_config import JointConfig
from detector.detectors.series.kind import KindDetector
from detector.detectors.series.kind_config import KindConfig
from detector.detectors.series.level import LevelDetector
from detector.detectors.series.level_config import LevelConfig
from detector.detectors.series.platform import PlatformDetector
from detector.detectors.series.platform_config import PlatformConfig
from detector.detectors.series.platform_roles import roles_of
from detector.detectors.series.tone import ToneDetector
from detector.detectors.series.tone_config import ToneConfig
from detector.timebase import NS_PER_S

CHOICES = (*PRESETS, "level", "joint", "platform", "tone", "kind")

_SLOW_HZ = 20.0
"""Streams of fewer samples a second, and irregular ones, are readings: a temperature, a battery, a count."""


def choice_for(interval_ns: float | None, channels: Sequence[str] = ()) -> str:
    """The one of `CHOICES` that a stream's channels (a position is a vehicle's) and rate suggest; None: irregular."""
    if roles_of(channels).placed:
        return "platform"
    if interval_ns is None or NS_PER_S / interval_ns < _SLOW_HZ:
        return "level"
    return preset_for(interval_ns)


def detector_of(choice: str, alarms_per_day: float) -> SeriesDetector:
    """A new detector. alarms_per_day: of each channel, where the detector calibrates itself ("level")."""
    if choice == "level":
        return LevelDetector(LevelConfig(alarms_per_day=alarms_per_day))
    if choice == "joint":
        return JointDetector(JointConfig())
    if choice == "tone":
        return ToneDetector(ToneConfig())
    if choice == "kind":
        return KindDetector(KindConfig())
    return PlatformDetector(PlatformConfig()) if choice == "platform" else ImpulseDetector(PRESETS[choice])
