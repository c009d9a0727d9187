"""Stage 3: what moves and what flashes in the picture."""

from __future__ import annotations

from detector.detectors.bank import DetectorBank
from detector.detectors.contract import Detector
from detector.detectors.flash import FlashDetector
from detector.detectors.motion import MotionDetector

DETECTORS: dict[str, type[MotionDetector] | type[FlashDetector]] = {"motion": MotionDetector, "flash": FlashDetector}

__all__ = ["DETECTORS", "Detector", "DetectorBank", "FlashDetector", "MotionDetector"]
