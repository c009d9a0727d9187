"""The vertical alone."""

import numpy as np

from detector.geo import wgs84


def test_up_is_the_last_of_the_local_axes():
    lat_deg, lon_deg = np.array([-89.0, -12.5, 0.0, 47.0, np.nan]), np.array([179.0, -60.0, 0.0, 8.5, 3.0])
    np.testing.assert_array_equal(wgs84.up(lat_deg, lon_deg), wgs84.enu_axes(lat_deg, lon_deg)[:, 2])
    np.testing.assert_array_equal(wgs84.up(47.0, 8.5), wgs84.enu_axes(47.0, 8.5)[2])
