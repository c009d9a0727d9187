"""The operator's own map under the agreement's: MBTiles and PMTiles, pictures and vectors."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely
from fastapi.testclient import TestClient
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

import detector.console
from detector import pipeline
from detector.config import absent_inputs, load
from detector.console.app import make_app
from detector.console.base_map import BaseMap
from detector.console.server import open_desk
from detector.errors import ConfigError
from tests.console.conftest import PASSWORD, TestClock

STATIC = Path(detector.console.__file__).parent / "static"
Tiles = dict[tuple[int, int, int], bytes]
PICTURE = cv2.imencode(".png", np.full((256, 256, 3), (40, 120, 60), np.uint8))[1].tobytes()
NORTH_WEST, SOUTH_EAST = (1, 0, 0), (1, 1, 1)
SOURCE = '<a href="https://example.org">Survey <b>Office</b></a>'


def mbtiles(path: Path, tiles: Tiles, form: str = "png") -> Path:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE metadata (name text, value text)")
        database.execute(
            "CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)"
        )
        said = {"format": form, "minzoom": "0", "maxzoom": "1", "attribution": SOURCE}
        database.executemany("INSERT INTO metadata VALUES (?, ?)", said.items())
        rows = [(z, x, (1 << z) - 1 - y, data) for (z, x, y), data in tiles.items()]  # from the south
        database.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", rows)
    return path


def pmtiles(path: Path, tiles: Tiles, form: str = "png") -> Path:
    with path.open("wb") as file:
        writer = Writer(file)
        for (z, x, y), data in sorted(tiles.items(), key=lambda one: zxy_to_tileid(*one[0])):
            writer.write_tile(zxy_to_tileid(z, x, y), data)
        header = {
            "tile_type": TileType.MVT if form == "pbf" else TileType.PNG,
            "tile_compression": Compression.GZIP if form == "pbf" else Compression.NONE,
            "min_lon_e7": 0, "min_lat_e7": 0, "max_lon_e7": 1, "max_lat_e7": 1,
            "center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0,
        }  # fmt: skip
        writer.finalize(header, {"attribution": SOURCE})
    return path


@pytest.fixture(params=[mbtiles, pmtiles])
def made(request: pytest.FixtureRequest):
    return request.param


def test_a_tile_is_found_by_its_row_from_the_north_in_either_kind_of_file(made, tmp_path: Path) -> None:
    one = BaseMap(made(tmp_path / f"ground.{made.__name__}", {NORTH_WEST: PICTURE, SOUTH_EAST: PICTURE[:-1]}))
    assert one.tile(*NORTH_WEST) == PICTURE
    assert one.tile(*SOUTH_EAST) == PICTURE[:-1]
    assert one.tile(1, 1, 0) is None
    assert one.tile(1, 2, 0) is None, "outside"
    assert one.media_type == "image/png"
    about = one.about()
    assert (about["kind"], about["max_zoom"], about["attribution"]) == ("raster", 1, "Survey Office")


def test_zooms_that_the_file_does_not_name_are_those_of_its_tiles_and_odd_ones_are_refused(tmp_path: Path) -> None:
    path = mbtiles(tmp_path / "ground.mbtiles", {(3, 1, 1): PICTURE, (5, 0, 0): PICTURE})
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM metadata WHERE name = 'maxzoom'")
    about = BaseMap(path).about()
    assert (about["min_zoom"], about["max_zoom"]) == (3, 5)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO metadata VALUES ('maxzoom', 'all')")
    with pytest.raises(ValueError, match=r"no readable map .*'all'"):
        BaseMap(path)


def test_vectors_are_handed_on_unpacked(made, tmp_path: Path) -> None:
    one = BaseMap(made(tmp_path / f"ground.{made.__name__}", {(0, 0, 0): gzip.compress(b"water")}, "pbf"))
    assert one.about()["kind"] == "vector"
    assert one.tile(0, 0, 0) == b"water"


def test_a_tile_that_cannot_be_unpacked_is_none(made, tmp_path: Path) -> None:
    one = BaseMap(made(tmp_path / f"ground.{made.__name__}", {(0, 0, 0): gzip.compress(b"water")[:-9]}, "pbf"))
    assert one.tile(0, 0, 0) is None


@pytest.mark.parametrize("name", ["ground.mbtiles", "ground.pmtiles"])
def test_what_is_no_map_is_refused_with_the_line_that_names_it(name: str, copied: Path) -> None:
    config = copied / "agreement.yaml"
    config.write_text(config.read_text() + f"console: {{base_map: {name}}}\n")
    line = len(config.read_text().splitlines())
    for content in (None, b"", b"not a map at all" * 40):
        if content is not None:
            (copied / name).write_bytes(content)
        with pytest.raises(ConfigError, match=rf"agreement.yaml:{line}: .*{name}: this is no readable map"):
            open_desk(copied / "out", config, TestClock())
    (copied / name).unlink()
    told = [str(one) for one in absent_inputs(load(config, pipeline.REGISTRIES))]
    assert any("there is no file" in one and name in one for one in told)


def test_the_coast_is_lines_that_go_along_no_edge_of_the_map() -> None:
    coast = shapely.from_geojson((STATIC / "vendor/natural-earth/coast.json").read_text())
    assert {line.geom_type for line in coast.geoms} == {"LineString"}
    steps = np.concatenate([np.abs(np.diff(shapely.get_coordinates(line), axis=0)) for line in coast.geoms])
    assert steps.max() < 15
    ends = np.concatenate([shapely.get_coordinates(line)[[0, -1]] for line in coast.geoms])
    assert np.abs(ends[:, 0]).max() <= 180
    gibraltar, ararat = shapely.Point(-5.35, 36.13), shapely.Point(44.3, 39.7)
    assert coast.distance(gibraltar) < 0.2
    assert coast.distance(ararat) > 2


def test_tiles_of_another_kind_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="its tiles are 'tiff'; allowed are png"):
        BaseMap(mbtiles(tmp_path / "ground.mbtiles", {}, "tiff"))


def test_a_console_without_one_says_so_and_one_with_it_hands_out_its_tiles(made, copied: Path, as_) -> None:
    viewer = as_("viewer")
    assert viewer.get("/api/base-map").json() == {"kind": "none"}
    assert viewer.get("/api/base-map/1/0/0").status_code == 204
    made(copied / "ground.tiles", {NORTH_WEST: PICTURE}).rename(copied / f"ground.{made.__name__}")
    config = copied / "agreement.yaml"
    config.write_text(config.read_text() + f"console: {{base_map: ground.{made.__name__}}}\n")
    desk = open_desk(copied / "out", config, TestClock())
    try:
        with TestClient(make_app(desk), base_url="http://127.0.0.1:8443", follow_redirects=False) as one:
            assert one.get("/api/base-map/1/0/0").status_code == 401, "signed in first"
            one.post("/sign-in", data={"name": "viewer", "password": PASSWORD, "to": "/"})
            tile = one.get("/api/base-map/1/0/0")
            assert (tile.status_code, tile.headers["content-type"], tile.content) == (200, "image/png", PICTURE)
            assert one.get("/api/base-map/1/1/1").status_code == 204
            assert one.get("/api/base-map/1/7/7").status_code == 204
            assert one.get("/api/base-map/23/0/0").status_code == 422
            assert one.get("/api/base-map/1/0/..%2f..%2fagreement.yaml").status_code in {404, 422}
    finally:
        desk.close()
