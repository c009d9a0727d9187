"""Flashes found, missed and false."""

from __future__ import annotations

import math

from detector.model import Kind

from .playing import WARM_UP_FRAMES, Played
from .truth import FLASHES, TruthFrame

Spot = tuple[int, float, float, float]  # frame, x, y, size [px]


def merged(spots: list[Spot], frames: int = 5, px: float = 20.0) -> list[Spot]:
    """Spots that follow one another within `frames` and `px` are one event, told by its first."""
    firsts: list[Spot] = []
    last: list[Spot] = []
    for spot in spots:
        for number, one in enumerate(last):
            if spot[0] - one[0] <= frames and math.dist(spot[1:3], one[1:3]) <= px + one[3] / 2:
                last[number] = spot
                break
        else:
            firsts.append(spot)
            last.append(spot)
    return firsts


def score_flashes(played: Played, truth: list[TruthFrame]) -> dict:
    """Muzzle flashes and explosions, by their first frame: found within 2 frames and their radius plus 12 px.

    What is within 3 frames of any event's place is not false; what is false in one place at one time is one.
    """
    events = [(t, *event) for t, frame in enumerate(truth) if t >= WARM_UP_FRAMES for event in frame.events]
    spots = [spot for spot in played.detections(Kind.FLASH) if spot[0] >= WARM_UP_FRAMES]

    def near(spot: Spot, event: tuple, frames: int) -> bool:
        t, _, x, y, radius, _ = event
        return abs(spot[0] - t) <= frames and math.dist(spot[1:3], (x, y)) <= 12 + radius

    new = [event for event in events if event[5] and event[1] in FLASHES]
    by_kind: dict[str, list[int]] = {}
    for event in new:
        count = by_kind.setdefault(event[1], [0, 0])
        count[0] += any(near(spot, event, 2) for spot in spots)
        count[1] += 1
    false = merged([spot for spot in spots if not any(near(spot, event, 3) for event in events)])
    return {
        "found": sum(found for found, _ in by_kind.values()),
        "of": len(new),
        "by_kind": by_kind,
        "false": len(false),
        "hours": played.minutes / 60,
        "false_at": [[t, round(x), round(y)] for t, x, y, _ in false][:10],
    }
