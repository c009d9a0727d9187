"""How far the course of the last samples is from any course in the past."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.detectors.series.strides import STRIDE, whole_strides

Float = NDArray[np.float64]

PIECE = 4
"""A course is told by the means of so many samples each, and so often one is remembered. [samples]"""

_AT_ONCE = 8
# Rows of one product: always as many, for its last bit depends on that. So few that BLAS takes one thread while the
# past is as long as by default (above 2^18 multiplications it takes more).


class Courses:
    """Least Euclidean distance of the means of PIECE over the last `shape` samples to those of remembered courses.

    Remembered are the courses that ended every PIECE samples within `history`, in whole strides, and `shape` or more
    before the stride. The nearest is found by |w|^2 - 2 q w, a matrix product; its distance is then taken anew, without
    what cancels.

    Args:
        first: values of the first sample, shape (C,); taken to have been there before.
        shape: a multiple of PIECE; history. [samples]
    """

    def __init__(self, first: Float, shape: int, history: int) -> None:
        channels, pieces = len(first), shape // PIECE
        self._shape, self._strides = shape, whole_strides(history)
        self._first = first[:, None]
        self._raw = np.zeros((channels, 2 * shape + STRIDE))  # less the first: it would cancel badly
        self._kept = np.zeros((channels, pieces + 1, self._strides * STRIDE // PIECE))
        self._kept[:, pieces] = np.inf
        back = PIECE * np.arange(pieces)
        self._rows = 2 * shape + np.arange(STRIDE)[:, None] - back
        ends = shape + PIECE * np.arange(1, STRIDE // PIECE + 1) - 1  # `shape` before each one of the stride
        self._ended = ends[None, :] - back[:, None]
        self._seen = 0

    def distances(self, values: Float, row: int) -> Float:
        """Of the samples from `row` of the stride on, shape (C, n); infinite where there is no past."""
        begin, end = 2 * self._shape + row, 2 * self._shape + row + values.shape[1]
        np.subtract(values, self._first, out=self._raw[:, begin:end])
        courses = self._means()[:, self._rows]
        channels, _, pieces = courses.shape
        asked = np.empty((channels, STRIDE, pieces + 1))
        np.multiply(courses, -2.0, out=asked[:, :, :pieces])
        asked[:, :, pieces] = 1.0
        nearest = np.zeros((channels, STRIDE), np.intp)
        for at in range(row // _AT_ONCE * _AT_ONCE, row + values.shape[1], _AT_ONCE):
            some = slice(at, at + _AT_ONCE)
            nearest[:, some] = (asked[:, some] @ self._kept).argmin(axis=2)
        rows = slice(row, row + values.shape[1])
        which = np.arange(channels)[:, None]
        kept = self._kept[which, :, nearest[:, rows]]  # (C, n, pieces + 1)
        kept[:, :, :pieces] -= courses[:, rows]
        squares: Float = np.square(kept[:, :, :pieces], out=kept[:, :, :pieces]).sum(axis=2)
        return np.where(np.isinf(kept[:, :, pieces]), np.inf, np.sqrt(squares))

    def end(self) -> None:
        """The stride has ended."""
        over = self._means()[:, self._ended]
        pieces, slots = over.shape[1:]
        number = self._seen // STRIDE % self._strides
        into = self._kept[:, :, number * slots : (number + 1) * slots]
        into[:, :pieces] = over
        ends = self._seen - self._shape + PIECE * np.arange(1, slots + 1)
        into[:, pieces] = np.where(ends >= self._shape, np.square(over).sum(axis=1), np.inf)
        self._raw[:, : 2 * self._shape] = self._raw[:, STRIDE:].copy()
        self._seen += STRIDE

    def _means(self) -> Float:
        """Of PIECE samples, up to each of `_raw`; of the first three there is none."""
        means = np.zeros_like(self._raw)
        newest = means[:, PIECE - 1 :]
        for back in range(PIECE):
            newest += self._raw[:, PIECE - 1 - back : means.shape[1] - back]
        newest /= PIECE
        return means
