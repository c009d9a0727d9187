"""Stage 3 for sensor streams: what stands out in samples."""

from __future__ import annotations

from detector.detectors.series.choice import CHOICES, choice_for, detector_of
from detector.detectors.series.contract import SeriesDetector
from detector.detectors.series.impulse import ImpulseDetector
from detector.detectors.series.impulse_config import PRESETS, ImpulseConfig, preset_for
from detector.detectors.series.joint import JointDetector
from detector.detectors.series.joint_config import JointConfig
from detector.detectors.series.level import LevelDetector
from detector.detectors.series.level_config import LevelConfig

SERIES_DETECTORS: dict[str, type[ImpulseDetector | LevelDetector | JointDetector]] = {
    "impulse": ImpulseDetector,
    "level": LevelDetector,
    "joint": JointDetector,
}

__all__ = [
    "CHOICES",
    "PRESETS",
    "SERIES_DETECTORS",
    "ImpulseConfig",
    "ImpulseDetector",
    "JointConfig",
    "JointDetector",
    "LevelConfig",
    "LevelDetector",
    "SeriesDetector",
    "choice_for",
    "detector_of",
    "preset_for",
]
