"""Elevation grids from files: ESRI ASCII (.asc), NumPy (.npz), GeoTIFF (.tif, with the extra `dem`)."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.errors import Complaint, ConfigError
from detector.geo.terrain import Grid
from detector.model import Datum

_ASC_KEYS = frozenset(
    {"ncols", "nrows", "xllcorner", "xllcenter", "yllcorner", "yllcenter", "cellsize", "nodata_value"}
)
_EVEN = 1e-6  # largest departure from an even step, as a share of the step


def load_grid(path: Path, datum: Datum) -> Grid:
    """Read an elevation grid in longitude and latitude (WGS-84).

    .asc: header ncols, nrows, xllcorner or xllcenter, yllcorner or yllcenter, cellsize [deg], NODATA_value; then rows
        from the north. .npz: lat_deg (rows,), lon_deg (columns,), both even and ascending, alt_m (rows, columns).
    .tif: geographic coordinates, north up; needs `pip install trucewatch[dem]`.

    Args:
        datum: what the file's heights are counted from; files seldom say so.

    Raises:
        ConfigError: not there, not readable, another format, or not in degrees.
    """
    readers = {".asc": _from_asc, ".npz": _from_npz, ".tif": _from_tif, ".tiff": _from_tif}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise _wrong(path, f"elevation grid {path.suffix or 'without a suffix'}: allowed are .asc, .npz, .tif")
    try:
        return reader(path, datum)
    except OSError as error:
        raise _wrong(path, f"cannot be read: {error.strerror or error}") from error
    except (ValueError, LookupError, OverflowError, zipfile.BadZipFile) as error:
        raise _wrong(path, f"not a usable elevation grid: {error}") from error


def _wrong(path: Path, message: str, line: int | None = None) -> ConfigError:
    return ConfigError(Complaint(str(path), line, message))


def _from_asc(path: Path, datum: Datum) -> Grid:
    lines = path.read_text(encoding="ascii").splitlines()
    header: dict[str, float] = {}
    while len(header) < len(lines) and (parts := lines[len(header)].split()) and parts[0].lower() in _ASC_KEYS:
        header[parts[0].lower()] = float(parts[1])
    first = len(header)
    lacking = [name for name in ("ncols", "nrows", "cellsize", "xllcorner", "yllcorner") if not _tells(header, name)]
    if lacking:
        raise _wrong(path, f"no elevation grid of ESRI: its header lacks {', '.join(lacking)}", first + 1)
    columns, rows, step = int(header["ncols"]), int(header["nrows"]), header["cellsize"]
    heights = np.array(" ".join(lines[first:]).split(), np.float64)
    if heights.size != rows * columns:
        raise _wrong(path, f"{heights.size} heights: {rows} rows of {columns} are {rows * columns}", first + 1)
    heights = heights.reshape(rows, columns)[::-1].copy()
    heights[heights == header.get("nodata_value", -9999.0)] = np.nan
    west = header["xllcenter"] if "xllcenter" in header else header["xllcorner"] + step / 2
    south = header["yllcenter"] if "yllcenter" in header else header["yllcorner"] + step / 2
    return _checked(path, Grid(south, west, step, step, heights, datum))


def _tells(header: dict[str, float], name: str) -> bool:
    return name in header or name.replace("corner", "center") in header


def _from_npz(path: Path, datum: Datum) -> Grid:
    with np.load(path, allow_pickle=False) as data:
        lat, lon, alt = (np.asarray(data[name], np.float64) for name in ("lat_deg", "lon_deg", "alt_m"))
    if alt.shape != (len(lat), len(lon)):
        raise ValueError(f"alt_m of shape {alt.shape} for {len(lat)} latitudes and {len(lon)} longitudes")
    return _checked(path, Grid(float(lat[0]), float(lon[0]), _step(lat), _step(lon), alt, datum))


def _from_tif(path: Path, datum: Datum) -> Grid:
    try:
        import rasterio  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise _wrong(path, "GeoTIFF needs rasterio: pip install 'trucewatch[dem]', or convert to .asc") from error
    try:
        with rasterio.open(path) as data:
            if data.crs is None or not data.crs.is_geographic:
                raise ValueError(f"coordinates {data.crs}: degrees are needed, gdalwarp -t_srs EPSG:4326 makes them")
            t = data.transform
            if t.b or t.d or t.a <= 0 or t.e >= 0:
                raise ValueError("the grid is turned: north up is needed, gdalwarp -t_srs EPSG:4326 makes it")
            heights = data.read(1, masked=True).astype(np.float64).filled(np.nan)[::-1].copy()
    except rasterio.errors.RasterioError as error:
        raise _wrong(path, f"cannot be read: {error}") from error
    south = t.f + t.e * (len(heights) - 0.5)
    return _checked(path, Grid(south, t.c + t.a / 2, -t.e, t.a, heights, datum))


def _step(axis_deg: NDArray[np.float64]) -> float:
    if len(axis_deg) < 2:
        raise ValueError("at least 2 latitudes and 2 longitudes are needed")
    step = float(axis_deg[-1] - axis_deg[0]) / (len(axis_deg) - 1)
    if step <= 0 or (np.abs(np.diff(axis_deg) - step) > _EVEN * step).any():
        raise ValueError("latitudes and longitudes must ascend in even steps")
    return step


def _checked(path: Path, grid: Grid) -> Grid:
    north = grid.south_deg + (len(grid.heights_m) - 1) * grid.step_lat_deg
    if grid.south_deg < -90 or north > 90 or abs(grid.west_deg) > 360:
        raise _wrong(path, f"reaches from latitude {grid.south_deg:g} to {north:g}: degrees are needed, not metres")
    return grid
