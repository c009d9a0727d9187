"""Stage 3 for sensor streams: what stands out in samples."""

from __future__ import annotations

from detector.detectors.series.choice import CHOICES, choice_for, detector_of
from detector.detectors.series.contract import SeriesDetector
from detector.detectors.series.impulse import ImpulseDetector
from detector.detectors.series.impulse_config import PRESETS, ImpulseConfig, preset_for
from detector.detectors.series.joint import JointDetector
from detector.detectors.series.joint_config import JointConfig
from detector.detectors.series.kind import KindDetector
from detector.detectors.series.kind_config import KindConfig
from detector.detectors.series.level import LevelDetector
from detector.detectors.series.level_config import LevelConfig
from detector.detectors.series.platform import PlatformDetector
from detector.detectors.series.platform_config import PlatformConfig
from detector.detectors.series.platform_features import quantities_of
from detector.detectors.series.tone import ToneDetector
from detector.detectors.series.tone_config import ToneConfig

SERIES_DETECTORS: dict[
    str, type[ImpulseDetector | LevelDetector | JointDetector | PlatformDetector | ToneDetector | KindDetector]
] = {
    "impulse": ImpulseDetector,
    "kind": KindDetector,
    "level": LevelDetector,
    "joint": JointDetector,
    "platform": PlatformDetector,
    "tone": ToneDetector,
}

__all__ = [
    "CHOICES",
    "PRESETS",
    "SERIES_DETECTORS",
    "ImpulseConfig",
    "ImpulseDetector",
    "JointConfig",
    "JointDetector",
    "KindConfig",
    "KindDetector",
    "LevelConfig",
    "LevelDetector",
    "PlatformConfig",
    "PlatformDetector",
    "SeriesDetector",
    "ToneConfig",
    "ToneDetector",
    "choice_for",
    "detector_of",
    "preset_for",
    "quantities_of",
]
