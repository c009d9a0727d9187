"""Explosions, shots and other short loud sounds or shocks."""

from __future__ import annotations

from detector.rules.heard import Heard, HeardSettings


class Impulse(Heard):
    """Several sensors hear (or feel) an impulse, inside a zone or, without zones, anywhere it can be placed.

    Impulses of one place that follow within `pause_s` are one incident, which counts them. The border of a zone belongs
    to the outside; an impulse whose 95 % ellipse straddles it is undecidable, and so is one without a place. One sensor
    alone raises nothing.

    A flash seen there and then, or a shock at a sensor alone when it was due, is joined to it.

    Hit: an explosion that five microphones hear, its ellipse inside the zone.   Miss: a door that one of them hears;
    thunder from outside.
    """

    kind = "impulse"

    class Config(HeardSettings):
        """Settings of impulses."""

    @property
    def least(self) -> int:
        """One is enough. [1]"""
        return 1
