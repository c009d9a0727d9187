"""Ellipses of places."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detector.geo.ellipse import SIGMAS_95, ellipse_95


def test_the_95_percent_radius_is_that_of_chi_squared() -> None:
    assert pytest.approx(2.447746830680816, abs=1e-12) == SIGMAS_95


def test_axes_and_bearing_of_an_ellipse_drawn_by_hand() -> None:
    bearing = math.radians(30)
    along = np.array([math.sin(bearing), math.cos(bearing)])
    across = np.array([math.cos(bearing), -math.sin(bearing)])
    covariance = 100 * np.outer(along, along) + 4 * np.outer(across, across)
    got = ellipse_95([covariance])
    assert got.semi_major_m[0] == pytest.approx(10 * SIGMAS_95)
    assert got.semi_minor_m[0] == pytest.approx(2 * SIGMAS_95)
    assert got.bearing_deg[0] == pytest.approx(30)


def test_the_ellipse_holds_95_percent_of_samples() -> None:
    covariance = np.array([[400.0, 150.0], [150.0, 100.0]])
    drawn = np.random.default_rng(1).multivariate_normal((0, 0), covariance, 200_000)
    axes = ellipse_95(covariance)
    bearing = math.radians(axes.bearing_deg[0])
    along = drawn @ [math.sin(bearing), math.cos(bearing)] / axes.semi_major_m[0]
    across = drawn @ [math.cos(bearing), -math.sin(bearing)] / axes.semi_minor_m[0]
    assert (along**2 + across**2 <= 1).mean() == pytest.approx(0.95, abs=0.002)  # 4 sigma of 200,000 samples


def test_no_covariances_and_nan_covariances_have_no_ellipse() -> None:
    assert ellipse_95(np.zeros((0, 2, 2))).bearing_deg.shape == (0,)
    assert np.isnan(ellipse_95(np.full((1, 2, 2), np.nan)).semi_major_m).all()
