"""Where sensors stand: in a plane, or on Earth, and back."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer

from detector.association.sensors import Sensors, astray, lon_lat
from detector.model import Series

LONLAT = np.array([[12.31, 45.02, 30.0], [12.35, 45.05, 10.0]])
PLANE = Transformer.from_pipeline(
    "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart +ellps=WGS84 "
    "+step +proj=topocentric +ellps=WGS84 +lon_0=12.3 +lat_0=45 +h_0=0"
)


def series(name, position, *, local):
    return Series("s", np.zeros(0, np.int64), np.zeros((0, 1)), (name,), ("1",), np.array([position]), local=local)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sensors(("a", "a"), np.zeros((2, 3))),
        lambda: Sensors(("a",), np.zeros((2, 3))),
        lambda: Sensors(("a",), np.full((1, 3), np.nan)),
        lambda: Sensors.of([]),
        lambda: Sensors.of([series("a", (0.0, 0.0, 0.0), local=True), series("b", (12.0, 45.0, 0.0), local=False)]),
        lambda: Sensors.of([series("a", (np.nan, 45.0, 0.0), local=False)]),
    ],
)
def test_sensors_that_cannot_be_are_refused(make):
    with pytest.raises(ValueError, match=r"twice|allowed|not known"):
        make()


def test_who_stands_beyond_the_others_is_astray_and_a_long_line_is_not():
    line = {f"s{k:02d}": (30.0 + 0.1 * k, 48.0, np.nan) for k in range(40)}  # 7 km from one to the next, 290 km long
    assert astray(line, 50_000.0) == {}
    assert list(astray(line | {"x": (-30.0, 48.0, 0.0), "y": (48.0, 30.0, 0.0)}, 50_000.0)) == ["x", "y"]
    assert astray({"a": (0.0, 0.0, 0.0), "b": (60_000.0, 0.0, 0.0)}, 50_000.0, local=True) == {}
    apart = {name: (60_000.0 * k, 0.0, 0.0) for k, name in enumerate("abcd")}
    assert astray(apart, 50_000.0, local=True) == {}  # nobody stands with another
    assert list(astray(apart | {"e": (1.0, 0.0, 0.0)}, 50_000.0, local=True)) == ["b", "c", "d"]
    assert astray(dict.fromkeys("abcd", (np.nan, np.nan, np.nan)), 50_000.0) == {}


def test_sensors_given_by_degrees_stand_where_pyproj_puts_them():
    found = Sensors.on_earth(("a", "b"), LONLAT, (12.3, 45.0))
    x, y, _ = PLANE.transform(LONLAT[:, 0], LONLAT[:, 1], np.zeros(2))
    assert found.position_m[:, :2] == pytest.approx(np.column_stack([x, y]), abs=0.01)
    assert found.position_m[:, 2] == pytest.approx([30.0, 10.0])


def test_places_in_the_plane_come_back_to_degrees():
    x, y, _ = PLANE.transform(LONLAT[:, 0], LONLAT[:, 1], np.zeros(2))
    # 1e-6 deg is 0.1 m: what the plane's curvature leaves at 7 km.
    assert lon_lat(np.column_stack([x, y]), (12.3, 45.0)) == pytest.approx(LONLAT[:, :2], abs=1e-6)


def test_sensors_of_streams_are_sorted_by_name_each_once():
    local = [series("b", (1.0, 2.0, 3.0), local=True), series("a", (4.0, 5.0, 6.0), local=True)]
    found, origin = Sensors.of([*local, local[0]])
    assert (found.channels, origin) == (("a", "b"), None)
    assert found.position_m.tolist() == [[4.0, 5.0, 6.0], [1.0, 2.0, 3.0]]
    earth, origin = Sensors.of([series(name, where, local=False) for name, where in zip("ab", LONLAT, strict=True)])
    assert origin == pytest.approx((12.33, 45.035))
    assert earth.position_m[:, :2].sum(0) == pytest.approx([0.0, 0.0], abs=3.0)
