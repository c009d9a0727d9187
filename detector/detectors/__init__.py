"""Stage 3: what moves, what flashes and what burns in the picture."""

from __future__ import annotations

from detector.detectors.bank import DetectorBank
from detector.detectors.contract import Detector
from detector.detectors.flash import FlashDetector
from detector.detectors.motion import MotionDetector
from detector.detectors.smoke import SmokeDetector

DETECTORS: dict[str, type[MotionDetector] | type[FlashDetector] | type[SmokeDetector]] = {
    "motion": MotionDetector,
    "flash": FlashDetector,
    "smoke": SmokeDetector,
}

__all__ = ["DETECTORS", "Detector", "DetectorBank", "FlashDetector", "MotionDetector", "SmokeDetector"]
