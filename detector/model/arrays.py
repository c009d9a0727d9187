"""Arrays that cannot be written to by mistake."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


def read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """The same memory, refusing writes: an in-place write then fails at the guilty line."""
    view = array.view()
    view.flags.writeable = False
    return view
