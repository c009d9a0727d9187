"""YAML and GeoJSON in, a checked configuration out; every complaint at once, as file:line: message."""

from __future__ import annotations

from detector.config.loading import Configuration, Part, Registries, absent_inputs, load
from detector.config.outline import Outline, load_outline
from detector.config.settings import (
    CoverageSettings,
    EvidenceSettings,
    Feed,
    PathBeside,
    SensorNetwork,
    Settings,
    beside,
)

__all__ = [
    "Configuration",
    "CoverageSettings",
    "EvidenceSettings",
    "Feed",
    "Outline",
    "Part",
    "PathBeside",
    "Registries",
    "SensorNetwork",
    "Settings",
    "absent_inputs",
    "beside",
    "load",
    "load_outline",
]
