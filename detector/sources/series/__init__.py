"""Where samples come from: sensor streams of every kind, recorded and live, tidied by one code."""

from __future__ import annotations

from detector.sources.series.block import Block
from detector.sources.series.contract import Reader, SeriesEnd, SeriesSource
from detector.sources.series.joined import joined
from detector.sources.series.live import LiveSeries
from detector.sources.series.merged import merged
from detector.sources.series.mqtt import MqttArrivals
from detector.sources.series.opening import SERIES_SOURCES, open_series, series_kind
from detector.sources.series.recorded import Extent, RecordedSeries
from detector.sources.series.station import Station, find_station, read_station
from detector.sources.series.tidy import Origin, Tidy

__all__ = [
    "SERIES_SOURCES",
    "Block",
    "Extent",
    "LiveSeries",
    "MqttArrivals",
    "Origin",
    "Reader",
    "RecordedSeries",
    "SeriesEnd",
    "SeriesSource",
    "Station",
    "Tidy",
    "find_station",
    "joined",
    "merged",
    "open_series",
    "read_station",
    "series_kind",
]
