"""Elevation grids from files."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from detector.errors import ConfigError
from detector.geo.elevation import load_grid
from detector.locate import Locator, LocatorConfig
from detector.model import CameraPose, Datum

ASC = """ncols 3
nrows 2
xllcorner 9.5
yllcorner 44.5
cellsize 1.0
NODATA_value -9999
10 20 30
40 50 -9999
"""


def written(folder: Path, text: str, name: str = "dem.asc") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_an_esri_grid_has_its_first_row_in_the_north_and_corners_half_a_cell_out(tmp_path: Path) -> None:
    grid = load_grid(written(tmp_path, ASC), Datum.MSL)
    got = grid.altitude([46.0, 46.0, 45.0, 45.5, 45.0], [10.0, 10.5, 10.0, 10.0, 12.0])
    np.testing.assert_allclose(got, [10, 15, 40, 25, np.nan])
    assert grid.datum == Datum.MSL


def test_centres_instead_of_corners_are_understood(tmp_path: Path) -> None:
    centred = ASC.replace("xllcorner 9.5", "xllcenter 10").replace("yllcorner 44.5", "YLLCENTER 45")
    assert load_grid(written(tmp_path, centred), Datum.MSL).west_deg == 10.0


def test_a_numpy_grid_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "dem.npz", lat_deg=[45.0, 45.1, 45.2], lon_deg=[10.0, 10.1], alt_m=np.arange(6.0).reshape(3, 2))
    assert load_grid(tmp_path / "dem.npz", Datum.ELLIPSOID).altitude(45.1, 10.1) == pytest.approx(3.0)


def test_a_geotiff_is_read(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio", reason="the extra `dem` is not installed")
    heights = np.array([[10.0, 20.0], [30.0, 40.0]], np.float32)
    transform = rasterio.transform.from_origin(9.5, 46.5, 1.0, 1.0)
    with rasterio.open(
        tmp_path / "dem.tif",
        "w",
        driver="GTiff",
        width=2,
        height=2,
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=transform,
    ) as data:
        data.write(heights, 1)
    np.testing.assert_allclose(
        load_grid(tmp_path / "dem.tif", Datum.MSL).altitude([46.0, 45.0], [10.0, 11.0]), [10, 40]
    )


def test_without_rasterio_a_geotiff_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(ConfigError, match=r"trucewatch\[dem\]"):
        load_grid(written(tmp_path, "", "dem.tif"), Datum.MSL)


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("", "dem.asc", "ncols"),
        (ASC.replace("40 50 -9999", "40 50"), "dem.asc", "5 heights"),
        (ASC.replace("44.5", "4500000"), "dem.asc", "not metres"),
        (ASC.replace("20", "high"), "dem.asc", "high"),
        ("not a zip", "dem.npz", "not a usable"),
        ("", "dem.png", "allowed are"),
    ],
)
def test_what_is_no_grid_is_refused_by_name(tmp_path: Path, text: str, name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as error:
        load_grid(written(tmp_path, text, name), Datum.MSL)
    assert name in str(error.value)


def test_a_missing_grid_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.asc.*cannot be read"):
        load_grid(tmp_path / "nowhere.asc", Datum.MSL)


def test_uneven_steps_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "dem.npz", lat_deg=[45.0, 45.1, 45.3], lon_deg=[10.0, 10.1], alt_m=np.zeros((3, 2)))
    with pytest.raises(ConfigError, match="even steps"):
        load_grid(tmp_path / "dem.npz", Datum.MSL)


def test_a_locator_places_things_on_a_grid(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "dem.npz",
        lat_deg=np.linspace(44.9, 45.1, 41),
        lon_deg=np.linspace(9.9, 10.1, 41),
        alt_m=np.full((41, 41), 120.0),
    )
    locator = Locator(LocatorConfig(terrain="grid", grid=tmp_path / "dem.npz", ground_datum=Datum.ELLIPSOID))
    pose = CameraPose(45.0, 10.0, 800.0, 40.0, -50.0, 0.0, 30.0, 17.0)
    boxes = np.array([[600, 300, 640, 330]], np.float32)
    on_grid = locator.locate_points(boxes, pose, (1280, 720))
    on_plane = Locator(LocatorConfig(ground_alt_m=120.0)).locate_points(boxes, pose, (1280, 720))
    np.testing.assert_allclose(on_grid.lat_deg, on_plane.lat_deg, atol=1e-9)
    np.testing.assert_allclose(on_grid.covariance_m2, on_plane.covariance_m2, rtol=1e-6)
    outline = locator.footprint(pose, (1280, 720))
    assert outline is not None
    assert len(outline) == 64
