"""Where frames come from: video files and folders of pictures, with the telemetry in them or beside them."""

from __future__ import annotations

from detector.sources.hashing import media_file
from detector.sources.images import ImageFolder
from detector.sources.opening import SOURCES, open_source
from detector.sources.packet_ring import Clip, PacketRing
from detector.sources.source import Source, SourceEnd
from detector.sources.video import VideoFile

__all__ = [
    "SOURCES",
    "Clip",
    "ImageFolder",
    "PacketRing",
    "Source",
    "SourceEnd",
    "VideoFile",
    "media_file",
    "open_source",
]
