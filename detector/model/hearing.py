"""How faint a sound or a shake a sensor would still have noticed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Hearing:
    """What the noise of [t_start_ns, t_end_ns) left to be noticed.

    least_rms: root mean square of a burst, over the detector's short window and in its band, that would just have been
        noticed over that noise, in the stream's unit; NaN where nothing could be judged. shape (C,)
    """

    source_id: str
    t_start_ns: int
    t_end_ns: int
    channels: tuple[str, ...]
    least_rms: NDArray[np.float64]
