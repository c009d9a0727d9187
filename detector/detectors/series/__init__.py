"""Stage 3 for sensor streams: what stands out in samples."""

from __future__ import annotations

from detector.detectors.series.contract import SeriesDetector
from detector.detectors.series.impulse import ImpulseDetector
from detector.detectors.series.impulse_config import PRESETS, ImpulseConfig, preset_for

SERIES_DETECTORS: dict[str, type[ImpulseDetector]] = {"impulse": ImpulseDetector}

__all__ = ["PRESETS", "SERIES_DETECTORS", "ImpulseConfig", "ImpulseDetector", "SeriesDetector", "preset_for"]
