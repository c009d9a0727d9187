"""Stage 3: what moves, flashes and burns in the picture, and what is new on the ground."""

from __future__ import annotations

from detector.detectors.bank import DetectorBank
from detector.detectors.change import ChangeDetector
from detector.detectors.contract import Detector, Heeding
from detector.detectors.flash import FlashDetector
from detector.detectors.motion import MotionDetector
from detector.detectors.smoke import SmokeDetector

DETECTORS: dict[str, type[MotionDetector] | type[FlashDetector] | type[SmokeDetector] | type[ChangeDetector]] = {
    "motion": MotionDetector,
    "flash": FlashDetector,
    "smoke": SmokeDetector,
    "change": ChangeDetector,
}

__all__ = [
    "DETECTORS",
    "ChangeDetector",
    "Detector",
    "DetectorBank",
    "FlashDetector",
    "Heeding",
    "MotionDetector",
    "SmokeDetector",
]
