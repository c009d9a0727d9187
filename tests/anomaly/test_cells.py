from __future__ import annotations

import numpy as np
import pytest

from detector.anomaly.cells import cells_in_view, grid_places
from tests.naive_anomaly import cell_of
from tests.naive_anomaly import cells_in_view as naive_cells_in_view


def outline(lat, lon, points):
    scale = np.array([111_195 * np.cos(np.radians(lat)), 111_195])
    return np.array(points, float) / scale + (lon, lat)


SHAPES = {
    "below": [(-200, -150), (200, -150), (200, 150), (-200, 150)],
    "oblique": [(-50, 100), (50, 100), (2000, 6000), (-2000, 6000)],
    "folded": [(-300, -300), (300, 300), (300, -300), (-300, 300)],
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("place", [(42.3, -99.5), (-33.9, 151.2), (0.0, 0.0), (69.6, 18.9)])
def test_cells_in_view_are_those_asked_for_one_by_one(shape, place):
    view = outline(*place, SHAPES[shape])
    found = cells_in_view(view, place, 1500.0, 100.0)
    assert list(map(tuple, found.tolist())) == naive_cells_in_view(view, place, 1500.0, 100.0)
    assert len(found) > 5


def test_a_view_beyond_reach_holds_no_cell():
    assert (
        cells_in_view(outline(42.3, -99.5, [(9000, 0), (9100, 0), (9100, 99)]), (42.3, -99.5), 1500.0, 100.0).size == 0
    )


def test_a_place_has_the_cell_of_its_row_and_column():
    random = np.random.default_rng(1)
    lat, lon = random.uniform(-80, 80, 50), random.uniform(-180, 180, 50)
    cells = np.floor(grid_places(lat, lon, 50.0)).astype(int)
    assert list(map(tuple, cells.tolist())) == [cell_of(*place, 50.0) for place in zip(lat, lon, strict=True)]


def test_a_place_that_is_not_known_has_no_cell():
    assert np.isnan(grid_places([np.nan], [1.0], 50.0)).all()
