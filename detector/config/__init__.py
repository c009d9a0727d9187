"""YAML and GeoJSON in, a checked configuration out; every complaint at once, as file:line: message."""

from __future__ import annotations

from detector.config.loading import Configuration, Part, Registries, absent_inputs, load
from detector.config.settings import (
    CentreSettings,
    CoverageSettings,
    EvidenceSettings,
    Feed,
    LiveSettings,
    PathBeside,
    SensorNetwork,
    Settings,
    beside,
)

__all__ = [
    "CentreSettings",
    "Configuration",
    "CoverageSettings",
    "EvidenceSettings",
    "Feed",
    "LiveSettings",
    "Part",
    "PathBeside",
    "Registries",
    "SensorNetwork",
    "Settings",
    "absent_inputs",
    "beside",
    "load",
]
