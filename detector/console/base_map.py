"""What lies under the agreement's zones and lines: the tiles of a map file that the operator has put there."""

from __future__ import annotations

import gzip
import os
import re
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol, cast

from pmtiles.reader import Reader
from pmtiles.tile import Compression, MagicNumberNotFound, SpecVersionUnsupported, TileType

from detector.config.yaml_lines import parse
from detector.errors import ConfigError
from detector.log.database import sqlite_uri

MOST_ZOOM = 22
_MEDIA = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "pbf": "application/vnd.mapbox-vector-tile",
}
_UNREADABLE = (
    OSError, sqlite3.Error, ValueError, KeyError, IndexError, EOFError, zlib.error, MagicNumberNotFound,
    SpecVersionUnsupported,
)  # fmt: skip
_GZIP = b"\x1f\x8b"
_TAG = re.compile(r"<[^>]*>")


class _Tiles(Protocol):
    """One kind of file.

    form: a key of `_MEDIA`.
    zooms: the first and the last of which there are tiles.
    attribution: who made it, as the file has it; perhaps HTML.
    """

    form: str
    zooms: tuple[int, int]
    attribution: str

    def tile(self, z: int, x: int, y: int) -> bytes | None: ...


class BaseMap:
    """A file of map tiles, MBTiles or PMTiles, of pictures (PNG, JPEG, WebP) or of vectors; Web Mercator, y from north.

    Raises:
        ValueError: it cannot be read, or holds something else.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._tiles: _Tiles = _MBTiles(path) if path.suffix.lower() == ".mbtiles" else _PMTiles(path)
        except _UNREADABLE as error:
            why = str(error) or type(error).__name__
            raise ValueError(f"{path}: this is no readable map ({why}); allowed are MBTiles and PMTiles") from error
        if self._tiles.form not in _MEDIA:
            allowed = ", ".join(_MEDIA)
            raise ValueError(f"{path}: its tiles are {self._tiles.form!r}; allowed are {allowed}")
        self.media_type = _MEDIA[self._tiles.form]

    def about(self) -> dict[str, Any]:
        """For the browser: `kind` raster or vector, `min_zoom`, `max_zoom`, `attribution` as plain text."""
        first, last = self._tiles.zooms
        return {
            "kind": "vector" if self._tiles.form == "pbf" else "raster",
            "min_zoom": max(0, first),
            "max_zoom": min(MOST_ZOOM, last),
            "attribution": _TAG.sub("", self._tiles.attribution)[:200],
        }

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """One tile, not compressed; None if the file has none there, or none that can be read: it is no evidence."""
        if not (0 <= z <= MOST_ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z):
            return None
        try:
            data = self._tiles.tile(z, x, y)
            return gzip.decompress(data) if data is not None and data.startswith(_GZIP) else data
        except _UNREADABLE:
            return None


def base_map_of(config: Path, file: Path | None) -> BaseMap | None:
    """The one that a configuration names, None if it names none. Raises ConfigError with the line that names it."""
    if file is None:
        return None
    try:
        return BaseMap(file)
    except ValueError as error:
        raise ConfigError(parse(config).complaint(("console", "base_map"), str(error))) from None


class _MBTiles:
    """SQLite; rows are counted from the south (MBTiles 1.3)."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError("there is no such file")
        self._address = sqlite_uri(path, mode="ro", immutable="1")
        with closing(self._open()) as database:
            about = {str(name): str(value) for name, value in database.execute("SELECT name, value FROM metadata")}
            if {"minzoom", "maxzoom"} <= about.keys():
                self.zooms = int(about["minzoom"]), int(about["maxzoom"])
                database.execute("SELECT tile_data FROM tiles LIMIT 1")
            else:
                first, last = database.execute("SELECT min(zoom_level), max(zoom_level) FROM tiles").fetchone()
                self.zooms = int(first or 0), int(last or 0)
        self.form, self.attribution = about.get("format", "png"), about.get("attribution", "")

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._address, uri=True)

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        query = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
        with closing(self._open()) as database:
            found = database.execute(query, (z, x, (1 << z) - 1 - y)).fetchone()
        return None if found is None else bytes(found[0])


class _PMTiles:
    """Version 3."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError("there is no such file")
        self._reader = cast(Any, Reader)(_bytes_of(path))  # it has no types
        header = self._reader.header()
        if header["tile_compression"] not in {Compression.NONE, Compression.GZIP, Compression.UNKNOWN}:
            raise ValueError(f"tiles are compressed by {header['tile_compression'].name}, allowed are none and gzip")
        kind = {TileType.MVT: "pbf", TileType.PNG: "png", TileType.JPEG: "jpg", TileType.WEBP: "webp"}
        self.form = kind.get(header["tile_type"], header["tile_type"].name.lower())
        said = self._reader.metadata() if header["metadata_length"] else {}
        self.zooms = int(header["min_zoom"]), int(header["max_zoom"])
        self.attribution = str(said.get("attribution") or "")

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        found = self._reader.get(z, x, y)
        return None if found is None else bytes(found)


def _bytes_of(path: Path) -> Callable[[int, int], bytes]:
    """Reads a stretch of a file, from any thread."""

    def read(offset: int, length: int) -> bytes:
        with path.open("rb") as file:
            return os.pread(file.fileno(), length, offset)

    return read
