"""What a reader hands on: samples as they were found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Samples of some channels as a file or a line has them: times may go back, values may be anything.

    t_ns: shape (T,) int64, UTC
    values: shape (T, C) float64; NaN where there is none
    places: where each row was found, for messages: the n-th `place_word` ("line") of the file, shape (T,) int64
    interval_ns: between two samples, where the file states it. [ns]
    """

    channels: tuple[str, ...]
    t_ns: NDArray[np.int64]
    values: NDArray[np.float64]
    places: NDArray[np.int64]
    place_word: str
    interval_ns: float | None = None

    def __len__(self) -> int:
        return len(self.t_ns)

    def rows(self, which: slice | NDArray[np.bool_] | NDArray[np.intp]) -> Block:
        """Some of the rows."""
        return Block(
            self.channels, self.t_ns[which], self.values[which], self.places[which], self.place_word, self.interval_ns
        )

    def with_channels(self, channels: tuple[str, ...]) -> Block:
        """Of these channels, in this order; NaN where there is none."""
        if channels == self.channels:
            return self
        at = {name: column for column, name in enumerate(self.channels)}
        nothing = np.full(len(self), np.nan)
        columns = [self.values[:, at[name]] if name in at else nothing for name in channels]
        return Block(channels, self.t_ns, np.column_stack(columns), self.places, self.place_word, self.interval_ns)

    def then(self, later: Block) -> Block:
        """These rows, then those."""
        if not len(self):
            return later
        return Block(
            self.channels,
            np.concatenate((self.t_ns, later.t_ns)),
            np.concatenate((self.values, later.values)),
            np.concatenate((self.places, later.places)),
            self.place_word,
            later.interval_ns,
        )
