"""What is kept for each possible violation: clip, snapshots, telemetry and track, so that a person can judge it."""

from __future__ import annotations

from detector.evidence.annotated_video import AnnotatedVideo
from detector.evidence.mask_folder import MaskFolder, MaskMaker
from detector.evidence.passage_picture import passage_picture
from detector.evidence.record_section import Trace, record_section_picture
from detector.evidence.recorder import Clip, EvidenceRecorder, Ring, jpeg_of
from detector.evidence.samples import SampleRecorder
from detector.evidence.silence_picture import silence_picture
from detector.evidence.spectrogram import spectrogram_picture
from detector.evidence.stretch import StretchRecorder
from detector.evidence.telemetry_picture import telemetry_picture

__all__ = [
    "AnnotatedVideo",
    "Clip",
    "EvidenceRecorder",
    "MaskFolder",
    "MaskMaker",
    "Ring",
    "SampleRecorder",
    "StretchRecorder",
    "Trace",
    "jpeg_of",
    "passage_picture",
    "record_section_picture",
    "silence_picture",
    "spectrogram_picture",
    "telemetry_picture",
]
