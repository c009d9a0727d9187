"""Which of two sets go together at the least total cost."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from detector.tracking.assignment import least_cost_pairs


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (6, 1), (5, 5), (4, 9), (12, 7), (40, 45)])
@pytest.mark.parametrize("share", [0.05, 0.3, 1.0])
def test_as_many_pairs_and_as_cheap_as_scipy_finds(shape, share):
    random = np.random.default_rng(shape[0] * 100 + shape[1])
    for _ in range(15):
        cost, allowed = random.random(shape) * 30, random.random(shape) < share
        rows, columns = least_cost_pairs(cost, allowed)
        expected = linear_sum_assignment(np.where(allowed, cost, 1e6))
        good = allowed[expected]
        assert allowed[rows, columns].all()
        assert len(set(rows.tolist())) == len(set(columns.tolist())) == len(rows) == good.sum()
        assert list(rows) == sorted(rows)
        assert cost[rows, columns].sum() == pytest.approx(cost[expected][good].sum())


def test_nothing_goes_with_nothing():
    for shape in ((0, 0), (0, 3), (3, 0), (3, 3)):
        rows, columns = least_cost_pairs(np.ones(shape), np.zeros(shape, bool))
        assert len(rows) == len(columns) == 0
