"""Impulses that go on: firing, shelling."""

from __future__ import annotations

from pydantic import Field

from detector.rules.heard import Heard, HeardSettings


class Series(Heard):
    """`min_count` impulses or more from one place, each within `pause_s` of the one before, are one counted series.

    It has a first, a last, a count and a rate; one that came too fast to be counted says so, and its count is a lower
    bound. Zones, places and borders as with `impulse`.

    Hit: forty impacts within ten minutes: one series of forty.   Miss: a single shot; four shots from four places.
    """

    kind = "series"

    class Config(HeardSettings):
        """Settings of series."""

        pause_s: float = Field(120.0, gt=0, le=86_400, description="After a longer pause it is another series [s].")
        min_count: int = Field(5, ge=2, le=10_000, description="So many are a series [1].")

    @property
    def least(self) -> int:
        """As the settings say. [1]"""
        return int(self.config.min_count)
