"""YAML and GeoJSON in, a checked configuration out; every complaint at once, as file:line: message."""

from __future__ import annotations

from detector.config.loading import Configuration, Part, Registries, absent_inputs, load
from detector.config.outline import Outline, load_outline
from detector.config.settings import (
    Aircraft,
    CentreSettings,
    ConsoleSettings,
    CoverageSettings,
    EvidenceSettings,
    Feed,
    LiveSettings,
    PathBeside,
    SensorNetwork,
    Settings,
    Source,
    Vehicle,
    beside,
)

__all__ = [
    "Aircraft",
    "CentreSettings",
    "Configuration",
    "ConsoleSettings",
    "CoverageSettings",
    "EvidenceSettings",
    "Feed",
    "LiveSettings",
    "Outline",
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
    "load_outline",
]
