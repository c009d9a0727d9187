"""Places that are worked out when they are asked for, and rows put into others."""

import numpy as np
import pytest

from detector.model import FixesOnDemand, GroundFixes


def some(count, lat_deg=47.0):
    def of(*shape):
        return np.full(shape, lat_deg)

    ids = np.arange(count)
    return GroundFixes(ids, of(count), of(count), of(count), of(count, 2, 2), of(count, 2), of(count, 2, 2))


def test_they_are_worked_out_once_and_only_when_looked_at():
    asked = []
    fixes = FixesOnDemand(lambda: asked.append(1) or some(3))
    assert isinstance(fixes, GroundFixes)
    assert asked == []
    assert len(fixes) == 3
    np.testing.assert_array_equal(fixes.lat_deg, [47.0] * 3)
    np.testing.assert_allclose(fixes.speed_m_s, np.full(3, 47.0 * np.sqrt(2)))
    assert asked == [1]


def test_what_is_no_field_is_not_there():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = FixesOnDemand(lambda: some(1)).nonsense


def test_rows_of_others_are_put_in_where_they_belong():
    fixes = GroundFixes.nowhere(np.full(4, -1)).with_rows(np.array([1, 3]), some(2))
    np.testing.assert_array_equal(fixes.lat_deg, [np.nan, 47.0, np.nan, 47.0])
    np.testing.assert_array_equal(fixes.track_id, [-1, 0, -1, 1])
