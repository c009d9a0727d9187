"""YAML and GeoJSON in, a checked configuration out; every complaint at once, as file:line: message."""

from __future__ import annotations

from detector.config.loading import Configuration, Part, Registries, absent_inputs, load
from detector.config.settings import (
    Aircraft,
    CoverageSettings,
    EvidenceSettings,
    Feed,
    PathBeside,
    SensorNetwork,
    Settings,
    Source,
    Vehicle,
    beside,
)

__all__ = [
    "Aircraft",
    "Configuration",
    "CoverageSettings",
    "EvidenceSettings",
    "Feed",
    "Part",
    "PathBeside",
    "Registries",
    "SensorNetwork",
    "Settings",
    "Source",
    "Vehicle",
    "absent_inputs",
    "beside",
    "load",
]
