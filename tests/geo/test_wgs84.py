"""WGS-84 against pyproj."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Geod, Transformer

from detector.geo import wgs84

TO_ECEF = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


def random_places(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-90, 90, count), rng.uniform(-180, 180, count), rng.uniform(-500, 20_000, count)


def test_earth_centred_coordinates_are_pyprojs() -> None:
    lat, lon, alt = random_places(2_000)
    expected = np.stack(TO_ECEF.transform(lon, lat, alt), -1)
    np.testing.assert_allclose(wgs84.ecef_from_geodetic(lat, lon, alt), expected, atol=1e-8)


def test_the_way_back_is_pyprojs_to_a_nanometre_of_height() -> None:
    lat, lon, alt = random_places(2_000, seed=2)
    got = wgs84.geodetic_from_ecef(np.stack(TO_ECEF.transform(lon, lat, alt), -1))
    np.testing.assert_allclose(got[0], lat, atol=1e-12)
    np.testing.assert_allclose(got[1], lon, atol=1e-12)
    np.testing.assert_allclose(got[2], alt, atol=1e-8)


@pytest.mark.parametrize("lat", [90.0, -90.0, 0.0])
def test_poles_and_equator_come_back(lat: float) -> None:
    back = wgs84.geodetic_from_ecef(wgs84.ecef_from_geodetic(lat, 0.0, 123.0))
    assert back[0] == pytest.approx(lat, abs=1e-12)
    assert back[2] == pytest.approx(123.0, abs=1e-8)


def test_local_axes_are_pyprojs_topocentric_ones() -> None:
    origin = (48.3, 37.1, 210.0)
    pipeline = Transformer.from_pipeline(
        f"+proj=pipeline +step +proj=cart +ellps=WGS84 "
        f"+step +proj=topocentric +ellps=WGS84 +lat_0={origin[0]} +lon_0={origin[1]} +h_0={origin[2]}"
    )
    rng = np.random.default_rng(3)
    lat, lon, alt = origin[0] + rng.normal(0, 0.2, 300), origin[1] + rng.normal(0, 0.2, 300), rng.uniform(0, 5e3, 300)
    expected = np.stack(pipeline.transform(lon, lat, alt), -1)
    np.testing.assert_allclose(wgs84.enu_from_geodetic(lat, lon, alt, origin), expected, atol=1e-7)


def test_local_coordinates_survive_the_way_there_and_back() -> None:
    origin = (-33.9, 179.99, 1_500.0)  # across the antimeridian
    enu = np.random.default_rng(4).normal(0, 10_000, (300, 3))
    lat, lon, alt = wgs84.geodetic_from_enu(enu, origin)
    assert lon.min() < -179
    np.testing.assert_allclose(wgs84.enu_from_geodetic(lat, lon, alt, origin), enu, atol=1e-7)


def test_ten_kilometres_away_the_curve_of_the_earth_is_eight_metres() -> None:
    lon, lat, _ = Geod(ellps="WGS84").fwd(10.0, 45.0, 90.0, 10_000.0)
    assert wgs84.enu_from_geodetic(lat, lon, 0.0, (45.0, 10.0, 0.0))[2] == pytest.approx(-7.83, abs=0.02)


def test_a_degree_is_as_long_as_pyproj_says() -> None:
    geod = Geod(ellps="WGS84")
    lat = np.linspace(-89, 89, 60)
    step = 1e-5
    _, _, east = geod.inv(0 * lat, lat, 0 * lat + step, lat)
    _, _, north = geod.inv(0 * lat, lat - step / 2, 0 * lat, lat + step / 2)
    got = wgs84.metres_per_degree(lat)
    np.testing.assert_allclose(got[0], east / step, rtol=1e-7)
    np.testing.assert_allclose(got[1], north / step, rtol=1e-7)


def test_nan_and_nothing_pass_through() -> None:
    assert np.isnan(wgs84.ecef_from_geodetic(np.nan, 0.0, 0.0)).any()
    assert np.isnan(wgs84.geodetic_from_ecef((np.nan, 0.0, 0.0))).any()
    assert wgs84.ecef_from_geodetic([], [], []).shape == (0, 3)
    assert wgs84.geodetic_from_ecef(np.zeros((0, 3)))[0].shape == (0,)


def test_differences_of_longitude_go_the_short_way_round() -> None:
    np.testing.assert_array_equal(wgs84.wrapped_deg([359.0, -359.0, 180.0, -180.0, 0.0]), [-1, 1, -180, -180, 0])
