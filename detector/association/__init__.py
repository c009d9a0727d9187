"""Stage 7: one incident noticed by several sensors is one, with its place, its ellipse and its second."""

from __future__ import annotations

from detector.association.alone import Alone
from detector.association.coincidence import AssociationConfig, Associator
from detector.association.flash_to_bang import FlashPlace, Heard, Seen
from detector.association.fusion import Fused
from detector.association.hypotheses import EvidenceConfig
from detector.association.joining import Joiner
from detector.association.lone import LoneSensor
from detector.association.multilateration import Huber, Outcome, Places, SourceHeight, multilaterate
from detector.association.noticed import Carrier, Noticed, Settled, heard
from detector.association.sensors import Sensors, astray, lon_lat
from detector.association.series import IncidentSeries, SeriesConfig, SeriesKeeper
from detector.association.telling import sentence
from detector.association.travel import Medium, air, ground, sound_speed_m_s
from detector.association.window import WindowAssociator, WindowConfig

__all__ = [
    "Alone",
    "AssociationConfig",
    "Associator",
    "Carrier",
    "EvidenceConfig",
    "FlashPlace",
    "Fused",
    "Heard",
    "Huber",
    "IncidentSeries",
    "Joiner",
    "LoneSensor",
    "Medium",
    "Noticed",
    "Outcome",
    "Places",
    "Seen",
    "Sensors",
    "SeriesConfig",
    "SeriesKeeper",
    "Settled",
    "SourceHeight",
    "WindowAssociator",
    "WindowConfig",
    "air",
    "astray",
    "ground",
    "heard",
    "lon_lat",
    "multilaterate",
    "sentence",
    "sound_speed_m_s",
]
