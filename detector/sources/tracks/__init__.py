"""Where positions of other aircraft come from: a track is a `Series` with the channels `TRACK_CHANNELS`."""

from __future__ import annotations

from detector.sources.tracks.columns import TRACK_CHANNELS, Assumed
from detector.sources.tracks.inspection import TrackReport, TracksInspection, read_tracks
from detector.sources.tracks.opening import is_track_table
from detector.sources.tracks.recorded import RecordedTracks

__all__ = [
    "TRACK_CHANNELS",
    "Assumed",
    "RecordedTracks",
    "TrackReport",
    "TracksInspection",
    "is_track_table",
    "read_tracks",
]
