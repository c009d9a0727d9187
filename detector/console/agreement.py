"""The agreement that the console shows: its zones, lines and limits, and which entries were judged by it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import shapely

from detector.config import Outline, load_outline
from detector.config.agreement_map import Shape
from detector.console.base_map import base_map_of
from detector.console.versions import named


class Agreement:
    """Drawn and named from one configuration file; nothing where none was given.

    base_map: what lies under it, None if the file names none.

    Raises:
        ConfigError: the file or one of its maps cannot be read.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._outline: Outline | None = load_outline(path) if path is not None else None
        outline = self._outline
        self.base_map = (
            None if path is None or outline is None else base_map_of(path, outline.settings.console.base_map)
        )
        self.name = outline.settings.name if outline is not None else ""
        self.sha256 = outline.sha256 if outline is not None else ""
        self.zone = ZoneInfo(outline.settings.time_zone if outline is not None else "UTC")
        self._rules = {str(rule.get("id")): rule for rule in outline.settings.rules} if outline is not None else {}

    def judged(self, config_sha256: str) -> bool:
        """Whether it is the very file that a violation was judged by."""
        return bool(self.sha256) and self.sha256 == config_sha256

    def settings_of(self, rule_id: str) -> Mapping[str, Any]:
        """What the file sets for a rule; empty if it has none of this id."""
        return self._rules.get(rule_id, {})

    def zone_name(self, shape_id: str | None) -> str:
        """Its name, or its id where the file does not have it."""
        shape = _shapes(self._outline).get(shape_id or "")
        return shape.name if shape is not None else shape_id or ""

    def shape(self, shape_id: str) -> Shape | None:
        """The zone or line of this id; None if there is none."""
        return _shapes(self._outline).get(shape_id)

    def outline(self, version: str = "") -> Outline | None:
        """What was opened, or the version of this name that was saved beside it; None where no file was given.

        Raises:
            LookupError: there is none of this name.
            ConfigError: it cannot be read.
        """
        if self.path is None or version in {"", self.path.name}:
            return self._outline
        return load_outline(named(self.path, version))

    def geojson(self, version: str = "") -> dict[str, Any]:
        """Zones and lines that lie on the ground, as a FeatureCollection. Raises as `outline`."""
        features = [
            {
                "type": "Feature",
                "geometry": shapely.geometry.mapping(shape.geometry),
                "properties": {
                    "id": shape.shape_id,
                    "name": shape.name,
                    "kind": "line" if shape.geometry.geom_type == "LineString" else "zone",
                },
            }
            for shape in _shapes(self.outline(version)).values()
            if shape.feed is None
        ]
        return {"type": "FeatureCollection", "features": features}


def _shapes(outline: Outline | None) -> dict[str, Shape]:
    return {**outline.map.zones, **outline.map.lines} if outline is not None else {}
