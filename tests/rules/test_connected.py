"""What hangs together."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from detector.rules.connected import connected


def test_the_same_groups_as_scipy_finds_each_named_by_its_first():
    random = np.random.default_rng(5)
    for count in (1, 2, 9, 30):
        for share in (0.0, 0.05, 0.3):
            half = np.triu(random.random((count, count)) < share)
            together = half | half.T
            label = connected(together)
            _, expected = connected_components(csr_array(together), directed=False)
            assert [int(np.flatnonzero(expected == one)[0]) for one in expected] == label.tolist()
