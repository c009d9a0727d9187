"""The area of a small plot: values to pixels, ticks, frame. Drawn with OpenCV, the same bytes every time."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

INK, GRID, PAPER = (40, 40, 40), (205, 205, 205), (255, 255, 255)
LEFT, RIGHT, TOP, BOTTOM = 84, 16, 30, 40
_FONT, _SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.42


def ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Round values inside [low, high], at most `most` of them, steps of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


class PlotArea:
    """A white picture with a frame in it.

    size_px: (width, height) of the picture. x, y: values at the frame's left and right, bottom and top.
    left_px: room for the words at the left.
    """

    def __init__(
        self,
        size_px: tuple[int, int],
        x: tuple[float, float],
        y: tuple[float, float],
        title: str,
        left_px: int = LEFT,
    ) -> None:
        width, height = size_px
        self.picture: Picture = np.full((height, width, 3), 255, np.uint8)
        self.x0, self.x1, self.y0, self.y1 = left_px, width - RIGHT - 1, TOP, height - BOTTOM - 1
        self._x, self._y = x, y
        self.text(title, left_px, TOP - 10)

    def x_px(self, value: float) -> int:
        """Column of a value."""
        return round(self.x0 + (value - self._x[0]) / (self._x[1] - self._x[0]) * (self.x1 - self.x0))

    def y_px(self, value: float) -> int:
        """Row of a value."""
        return round(self.y1 - (value - self._y[0]) / (self._y[1] - self._y[0]) * (self.y1 - self.y0))

    def text(self, words: str, x_px: int, y_px: int) -> None:
        """Write at a place, its lower left."""
        cv2.putText(self.picture, words, (x_px, y_px), _FONT, _SCALE, INK, 1, cv2.LINE_AA)

    def x_axis(self, label: str) -> None:
        """Ticks below, and what they are."""
        for value in ticks(*self._x):
            at = self.x_px(value)
            cv2.line(self.picture, (at, self.y1), (at, self.y1 + 4), INK, 1)
            words = f"{value:g}"
            self.text(words, at - 4 * len(words), self.y1 + 17)
        self.text(label, (self.x0 + self.x1) // 2 - 4 * len(label), self.y1 + 33)

    def y_axis(self, values: list[tuple[float, str]]) -> None:
        """Ticks at the left, with their words."""
        for value, words in values:
            at = self.y_px(value)
            cv2.line(self.picture, (self.x0 - 4, at), (self.x0, at), INK, 1)
            self.text(words, 4, at + 4)

    def mark(self, value: float, colour: tuple[int, int, int]) -> None:
        """A line from top to bottom at an x value."""
        at = self.x_px(value)
        if self.x0 <= at <= self.x1:
            cv2.line(self.picture, (at, self.y0), (at, self.y1), colour, 1)

    def frame(self) -> None:
        """Around everything; last."""
        cv2.rectangle(self.picture, (self.x0, self.y0), (self.x1, self.y1), INK, 1)
