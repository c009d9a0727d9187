"""The map of an agreement: zones and lines, from one GeoJSON file (RFC 7946) beside the YAML."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from detector.config.json_lines import parse_json
from detector.config.settings import IDENTIFIER
from detector.config.yaml_lines import Document, Location
from detector.errors import Complaint, ConfigError

_PROPERTIES = ("id", "name", "kind", "frame", "feed", "note")
_GEOMETRIES = {"zone": ("Polygon", "MultiPolygon"), "line": ("LineString", "MultiLineString")}
_IDENTIFIER = re.compile(IDENTIFIER)
_FAR_DEG = 5.0  # features further apart than this are looked at for swapped coordinates


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A zone or a line of the agreement.

    shape_id, name: the name may be in any script.
    geometry: longitude, latitude [deg], or x right and y down [px] where `feed` is given. Holes are outside.
    feed: the feed whose picture the shape is drawn in; None: it lies on the ground.
    line_no: where it stands in the file.
    """

    shape_id: str
    name: str
    geometry: BaseGeometry
    feed: str | None = None
    line_no: int | None = None

    @property
    def segments(self) -> NDArray[np.float64]:
        """Every straight piece of every ring or of the line: x0, y0, x1, y1. shape (E, 4)"""
        rings = _chains(self.geometry)
        return np.concatenate([np.concatenate([ring[:-1], ring[1:]], axis=1) for ring in rings])


@dataclass(frozen=True, slots=True)
class AgreementMap:
    """What the agreement draws: zones (areas) and lines, by id. An id is used once over both."""

    file: str = ""
    zones: Mapping[str, Shape] = field(default_factory=dict)
    lines: Mapping[str, Shape] = field(default_factory=dict)

    @classmethod
    def nothing(cls) -> AgreementMap:
        """A map with nothing on it."""
        return cls()

    @property
    def ground_zones(self) -> tuple[Shape, ...]:
        """Zones that lie on the ground, in the order of the file."""
        return tuple(zone for zone in self.zones.values() if zone.feed is None)


def load_map(path: Path) -> AgreementMap:
    """Read a GeoJSON FeatureCollection of zones (Polygon, MultiPolygon) and lines (LineString).

    A MultiLineString of one part, as programs export lines, is a line; several parts have no side in common. A third
    coordinate (height) is ignored. A zone across the 180th meridian has to be cut there (RFC 7946, 3.1.9).

    Raises:
        ConfigError: with every complaint, each with the line of what it is about.
    """
    document = parse_json(path)
    reader = _Reader(document)
    shapes = list(reader.shapes())
    reader.complaints += _probably_swapped(document, [shape for _, shape in shapes if shape.feed is None])
    if reader.complaints:
        raise ConfigError(*sorted(reader.complaints, key=lambda complaint: complaint.line or 0))
    zones = {shape.shape_id: shape for kind, shape in shapes if kind == "zone"}
    lines = {shape.shape_id: shape for kind, shape in shapes if kind == "line"}
    return AgreementMap(str(path), zones, lines)


class _Reader:
    """Reads features one by one, gathering complaints."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.complaints = list(document.complaints)
        self.line_of_id: dict[str, int | None] = {}

    def shapes(self) -> Iterator[tuple[str, Shape]]:
        """Kind and shape of each feature that is right as far as it can be told."""
        data = self.document.data
        if not isinstance(data, dict) or data.get("type") != "FeatureCollection":
            self._complain((), 'a GeoJSON object with "type": "FeatureCollection" is needed')
            return
        crs = data.get("crs")
        if crs is not None and not re.search(r"CRS:?:?84\b|\b4326\b", str(crs)):
            self._complain(("crs",), "only WGS 84 longitude and latitude are allowed (RFC 7946); export it as such")
        features = data.get("features")
        if not isinstance(features, list) or not features:
            self._complain(("features",), '"features" has to be a list with at least one feature')
            return
        for i, feature in enumerate(features):
            yield from self._shape(feature, ("features", i))

    def _shape(self, feature: Any, here: Location) -> Iterator[tuple[str, Shape]]:
        before = len(self.complaints)
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict) or feature.get("type") != "Feature":
            self._complain(here, 'a "Feature" with "properties" and "geometry" is needed here')
            return
        shape_id, name, kind, feed = self._properties(properties, (*here, "properties"))
        geometry = self._geometry(feature.get("geometry"), (*here, "geometry"), shape_id, kind, feed is not None)
        if geometry is not None and len(self.complaints) == before:
            yield kind, Shape(shape_id, name, geometry, feed, self.document.line_of(here))

    def _properties(self, properties: dict[str, Any], here: Location) -> tuple[str, str, str, str | None]:
        for key in properties:
            if key not in _PROPERTIES:
                self._complain((*here, key), f"property {key!r} is not known; allowed are {', '.join(_PROPERTIES)}")
        shape_id, kind = properties.get("id"), properties.get("kind")
        if shape_id is None:
            self._complain(here, 'a feature without an id: its "properties" need "id" and "kind"')
        elif not isinstance(shape_id, str) or not _IDENTIFIER.fullmatch(shape_id):
            allowed = "letters, digits, dot, dash and underscore, at most 64"
            self._complain((*here, "id"), f"id {shape_id!r}: every feature needs an id of {allowed}")
        elif shape_id in self.line_of_id:
            first = self.line_of_id[shape_id]
            self._complain((*here, "id"), f"id {shape_id!r} is used twice; the first is on line {first}")
        else:
            self.line_of_id[shape_id] = self.document.line_of((*here, "id"))
        if kind is None and shape_id is not None:
            self._complain(here, f'{shape_id}: its "properties" need "kind": zone or line')
        elif kind is not None and kind not in _GEOMETRIES:
            self._complain((*here, "kind"), f"{shape_id}: kind {kind!r} is not known; allowed are zone, line")
        name = properties.get("name", str(shape_id))
        if not isinstance(name, str) or not name.strip():
            self._complain((*here, "name"), f"{shape_id}: name {name!r} has to be text")
        return str(shape_id), str(name).strip(), str(kind), self._feed(properties, here, str(shape_id))

    def _feed(self, properties: dict[str, Any], here: Location, shape_id: str) -> str | None:
        frame, feed = properties.get("frame", "ground"), properties.get("feed")
        if frame not in ("ground", "pixels"):
            self._complain((*here, "frame"), f"{shape_id}: frame {frame!r} is not known; allowed are ground, pixels")
        elif (frame == "pixels") != (feed is not None):
            message = 'a shape in "frame": "pixels" names the "feed" whose picture it is drawn in, and no other does'
            self._complain(here, f"{shape_id}: {message}")
        elif feed is not None and not isinstance(feed, str):
            self._complain((*here, "feed"), f"{shape_id}: feed {feed!r} has to be text")
        return str(feed) if frame == "pixels" else None

    def _geometry(self, data: Any, here: Location, shape_id: str, kind: str, pixels: bool) -> BaseGeometry | None:
        found = data.get("type") if isinstance(data, dict) else None
        allowed = _GEOMETRIES.get(kind)
        if allowed is None:
            return None
        if found not in allowed:
            self._complain(here, f"{shape_id}: a {kind} needs a {' or '.join(allowed)}, found {found!r}")
            return None
        below = (*here, "coordinates")
        items = data.get("coordinates")
        if found == "MultiLineString":
            parts = self._nested(items, below, shape_id, "line")
            if len(parts) > 1:
                self._complain(
                    here, f"{shape_id}: a line of {len(parts)} parts: make each a line with an id of its own"
                )
            if len(parts) != 1:
                return None
            items, below = parts[0]
        if kind == "line":
            line = self._points(items, below, shape_id, pixels, least=2)
            return None if line is None else self._simple(shapely.LineString(line), here, shape_id)
        polygons = [(items, below)] if found == "Polygon" else self._nested(items, below, shape_id, "polygon")
        drawn = [self._polygon(rings, place, shape_id, pixels) for rings, place in polygons]
        whole = [part for part in drawn if part is not None]
        if not drawn or len(whole) < len(drawn):
            return None
        return self._valid(whole[0] if found == "Polygon" else shapely.MultiPolygon(whole), here, shape_id)

    def _polygon(self, rings: Any, here: Location, shape_id: str, pixels: bool) -> shapely.Polygon | None:
        nested = self._nested(rings, here, shape_id, "ring")
        read = [self._ring(ring, place, shape_id, pixels) for ring, place in nested]
        whole = [ring for ring in read if ring is not None]
        return shapely.Polygon(whole[0], whole[1:]) if read and len(whole) == len(read) else None

    def _nested(self, items: Any, here: Location, shape_id: str, what: str) -> list[tuple[Any, Location]]:
        if not isinstance(items, list) or not items:
            self._complain(here, f"{shape_id}: at least one {what} is needed here")
            return []
        return [(item, (*here, i)) for i, item in enumerate(items)]

    def _ring(self, items: Any, here: Location, shape_id: str, pixels: bool) -> list[tuple[float, float]] | None:
        ring = self._points(items, here, shape_id, pixels, least=4)
        if ring is not None and ring[0] != ring[-1]:
            last = (*here, len(ring) - 1)
            self._complain(last, f"{shape_id}: the ring is not closed; repeat its first point {ring[0]} at its end")
            return None
        return ring

    def _points(
        self, items: Any, here: Location, shape_id: str, pixels: bool, *, least: int
    ) -> list[tuple[float, float]] | None:
        if not isinstance(items, list) or len(items) < least:
            count = len(items) if isinstance(items, list) else 0
            what = "a ring needs 4 points, the last like the first" if least == 4 else "a line needs 2 points"
            self._complain(here, f"{shape_id}: {what}; found {count}")
            return None
        before = len(self.complaints)
        for i, item in enumerate(items):
            message = _wrong_point(item, pixels)
            if not message and not pixels and i and not _wrong_point(items[i - 1], pixels):
                message = _round_the_back(items[i - 1][0], item[0])
            if message:
                self._complain((*here, i), f"{shape_id}: {message}")
        return [(float(item[0]), float(item[1])) for item in items] if len(self.complaints) == before else None

    def _valid(self, geometry: BaseGeometry, here: Location, shape_id: str) -> BaseGeometry | None:
        why = shapely.is_valid_reason(geometry)
        if why != "Valid Geometry":
            what, _, place = str(why).rstrip("]").partition("[")
            at = f" at {', '.join(place.split())}" if place else ""
            told = {"Self-intersection": "its border crosses itself", "Ring Self-intersection": "a ring touches itself"}
            self._complain(here, f"{shape_id}: {told.get(what, what.lower())}{at}")
            return None
        if geometry.area == 0:
            self._complain(here, f"{shape_id}: the zone has no area")
            return None
        return geometry

    def _simple(self, line: BaseGeometry, here: Location, shape_id: str) -> BaseGeometry | None:
        if line.length == 0:
            self._complain(here, f"{shape_id}: all points of the line are the same")
            return None
        if not line.is_simple:
            self._complain(here, f"{shape_id}: the line crosses or touches itself, so it has no sides; cut it in two")
            return None
        return line

    def _complain(self, location: Location, message: str) -> None:
        self.complaints.append(self.document.complaint(location, message))


def _wrong_point(item: Any, pixels: bool) -> str:
    """What is wrong with a coordinate; empty if nothing is."""
    axes = "x, y" if pixels else "longitude, latitude"
    if not isinstance(item, list) or len(item) not in (2, 3) or not all(_is_number(value) for value in item):
        return f"{item!r} is not a point: [{axes}] is needed"
    x, y = item[0], item[1]
    if not (math.isfinite(x) and math.isfinite(y)):
        return f"[{x}, {y}] is not a number"
    if pixels:
        return "" if max(abs(x), abs(y)) <= 100_000 else f"[{x}, {y}] lies outside every picture"
    if abs(y) > 90:
        swapped = "; longitude comes first in GeoJSON: probably swapped" if abs(x) <= 90 and abs(y) <= 180 else ""
        return f"latitude {y} is outside -90 to 90{swapped}"
    return "" if abs(x) <= 180 else f"longitude {x} is outside -180 to 180"


def _round_the_back(last_deg: float, next_deg: float) -> str:
    """A step that is shorter across the 180th meridian would be drawn the long way round the Earth."""
    if abs(next_deg - last_deg) <= 180:
        return ""
    return f"longitude goes from {last_deg} to {next_deg}: cut the shape at the 180th meridian (RFC 7946, 3.1.9)"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _probably_swapped(document: Document, shapes: list[Shape]) -> Iterator[Complaint]:
    """A feature far from the others that would lie among them with its coordinates swapped."""
    centres = [(shape.geometry.centroid.x, shape.geometry.centroid.y) for shape in shapes]
    for i, (shape, (x, y)) in enumerate(zip(shapes, centres, strict=True)):
        others = centres[:i] + centres[i + 1 :]
        if len(others) < 2:
            continue
        x_middle, y_middle = median(x for x, _ in others), median(y for _, y in others)
        distance_deg = math.hypot(x - x_middle, y - y_middle)
        swapped_deg = math.hypot(y - x_middle, x - y_middle)
        if distance_deg > _FAR_DEG and swapped_deg < distance_deg / 4:
            far = f"lies {distance_deg:.0f} degrees from the other features"
            message = f"{shape.shape_id}: {far}; longitude comes first in GeoJSON: probably swapped"
            yield Complaint(document.file, shape.line_no, message)


def _chains(geometry: BaseGeometry) -> list[NDArray[np.float64]]:
    """Coordinates of each ring of a zone, or of a line, without repeated points. shape (n, 2) each"""
    if geometry.geom_type == "LineString":
        chains = [geometry]
    else:
        parts = shapely.get_parts(geometry)
        chains = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return [shapely.get_coordinates(shapely.remove_repeated_points(chain)) for chain in chains]
