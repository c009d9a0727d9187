"""What is kept for each possible violation: clip, snapshots, telemetry and track, so that a person can judge it."""

from __future__ import annotations

from detector.evidence.annotated_video import AnnotatedVideo
from detector.evidence.mask_folder import MaskFolder, MaskMaker
from detector.evidence.record_section import Trace, record_section_picture
from detector.evidence.recorder import Clip, EvidenceRecorder, Ring
from detector.evidence.samples import SampleRecorder
from detector.evidence.spectrogram import spectrogram_picture

__all__ = [
    "AnnotatedVideo",
    "Clip",
    "EvidenceRecorder",
    "MaskFolder",
    "MaskMaker",
    "Ring",
    "SampleRecorder",
    "Trace",
    "record_section_picture",
    "spectrogram_picture",
]
