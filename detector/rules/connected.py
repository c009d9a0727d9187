"""What hangs together, over however many others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def connected(together: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Of each thing the first of those that it hangs together with, over however many others.

    Args:
        together: symmetric. shape (M, M)

    Returns:
        shape (M,)
    """
    label = np.arange(len(together))
    together = together | np.eye(len(together), dtype=np.bool_)
    while True:
        nearest = np.where(together, label, len(together)).min(axis=1)
        if (nearest == label).all():
            return np.asarray(label, np.int64)
        label = nearest
