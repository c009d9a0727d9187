"""Precision against recall while the least score that counts is raised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_COLOURS = ("#1f6f8b", "#c1502e", "#6a8f3c", "#7b5aa6", "#a8842c", "#3d3d3d", "#b0477a", "#4a7fd6")
_POINTS = 60


@dataclass
class Curve:
    """What was said, with its score and whether it was right; needed: how much there was to find."""

    score: np.ndarray
    right: np.ndarray
    needed: int

    @classmethod
    def of(cls, said: Iterable[tuple[float, str]], needed: int) -> Curve:
        """From (score, "right" / "wrong" / "free"); what is free is neither."""
        counted = [(score, verdict == "right") for score, verdict in said if verdict != "free"]
        score, right = (np.array(column) for column in zip(*counted, strict=True)) if counted else (np.zeros(0),) * 2
        return cls(score.astype(float), right.astype(bool), needed)

    @classmethod
    def joined(cls, curves: Sequence[Curve]) -> Curve:
        """All clips of a set together."""
        return cls(
            np.concatenate([c.score for c in curves]),
            np.concatenate([c.right for c in curves]),
            sum(c.needed for c in curves),
        )

    def points(self) -> list[tuple[float, float, float]]:
        """(least score, precision, recall), from the lowest score up; at most 60 of them."""
        if not len(self.score) or not self.needed:
            return []
        order = np.argsort(-self.score, kind="stable")
        score, right = self.score[order], np.cumsum(self.right[order])
        last = np.flatnonzero(np.append(np.diff(score) != 0, True))  # the last of each run of equal scores
        last = last[np.unique(np.linspace(0, len(last) - 1, _POINTS).round().astype(int))][::-1]
        said = last + 1
        return [
            (round(float(s), 3), round(float(p), 4), round(float(r), 4))
            for s, p, r in zip(score[last], right[last] / said, right[last] / self.needed, strict=True)
        ]


def write_svg(
    path: Path, title: str, curves: dict[str, list[tuple[float, float]]], across: str, up: str, most: float = 1.0
) -> None:
    """One line a name, of points (across, up); the dot is the first: where everything counts, as it does by default.

    most: where the axis across ends; the one upwards ends at 1.
    """
    width, height, left, top, side = 580, 430, 52, 34, 340

    def at(x: float, y: float) -> str:
        return f"{left + side * x / most:.1f},{top + side * (1 - y):.1f}"

    across_as = ".1f" if most < 10 else ".0f"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12" fill="#222">',
        f'<rect width="{width}" height="{height}" fill="#fff"/><text x="{left}" y="20" font-size="14">{title}</text>',
    ]
    for tick in range(0, 11, 2):
        x, y = left + side * tick / 10, top + side * (1 - tick / 10)
        parts.append(f'<path d="M{left} {y:.1f}H{left + side}M{x:.1f} {top}V{top + side}" stroke="#ddd" fill="none"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{tick / 10:.1f}</text>')
        parts.append(
            f'<text x="{x:.1f}" y="{top + side + 18}" text-anchor="middle">{most * tick / 10:{across_as}}</text>'
        )
    parts.append(f'<text x="{left + side / 2}" y="{top + side + 38}" text-anchor="middle">{across}</text>')
    parts.append(f'<text transform="translate(14 {top + side / 2}) rotate(-90)" text-anchor="middle">{up}</text>')
    for number, (name, points) in enumerate(curves.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        if points:
            line = " ".join(at(*point) for point in points)
            x, y = at(*points[0]).split(",")
            parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
            parts.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>')
        row = top + 14 + 20 * number
        parts.append(f'<path d="M{left + side + 14} {row - 4}h18" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="{left + side + 38}" y="{row}">{name}</text>')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")
