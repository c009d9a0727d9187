"""The ground as a grid of nearly square cells that is the same for every recording."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from detector.geo.wgs84 import wrapped_deg

_M_PER_DEG = 111_195.0  # on a sphere: a cell is a name for a place, not a measure of it


def grid_places(lat_deg: ArrayLike, lon_deg: ArrayLike, cell_m: float) -> NDArray[np.float64]:
    """Row and column as real numbers; their whole parts name the cell. shape (N, 2)

    Rows count from the equator, columns from Greenwich along the middle of the row. NaN stays NaN. A cell at the date
    line is cut there.
    """
    row = np.asarray(lat_deg, np.float64) * (_M_PER_DEG / cell_m)
    middle_deg = (np.floor(row) + 0.5) * (cell_m / _M_PER_DEG)
    col = np.asarray(lon_deg, np.float64) * (_M_PER_DEG / cell_m) * np.cos(np.radians(middle_deg))
    return np.stack([row, col], -1)


def cells_in_view(
    outline: NDArray[np.float64], camera: tuple[float, float], reach_m: float, cell_m: float
) -> NDArray[np.int64]:
    """Cells whose middle lies inside the outline of the ground in view, and not farther off than `reach_m`.

    Args:
        outline: lon, lat. shape (N, 2) [deg]
        camera: lat, lon of the camera. [deg]

    Returns:
        Row and column, ascending. shape (K, 2). Slow twin: tests/naive_anomaly.py.
    """
    lat0, lon0 = camera
    scale = np.array([_M_PER_DEG * np.cos(np.radians(lat0)), _M_PER_DEG])
    metres = np.stack([wrapped_deg(outline[:, 0] - lon0), outline[:, 1] - lat0], -1) * scale
    low, high = np.maximum(metres.min(0), -reach_m), np.minimum(metres.max(0), reach_m)
    if not (low < high).all():
        return np.zeros((0, 2), np.int64)
    steps = [np.arange(low[axis] - cell_m / 2, high[axis] + cell_m / 2, cell_m / 2) for axis in (0, 1)]
    east, north = (axis.ravel() for axis in np.meshgrid(*steps))
    # Points half a cell apart meet every cell; the cell's own middle then decides.
    found = np.floor(grid_places(lat0 + north / scale[1], lon0 + east / scale[0], cell_m)).astype(np.int64)
    cells = np.unique(found, axis=0)
    lat = (cells[:, 0] + 0.5) * (cell_m / _M_PER_DEG)
    lon = (cells[:, 1] + 0.5) * (cell_m / _M_PER_DEG) / np.cos(np.radians(lat))
    x, y = (lon - lon0) * scale[0], (lat - lat0) * scale[1]
    view = shapely.Polygon(metres)
    view = view if view.is_valid else view.buffer(0)
    shapely.prepare(view)
    return np.asarray(cells[(np.hypot(x, y) <= reach_m) & shapely.contains_xy(view, x, y)])
