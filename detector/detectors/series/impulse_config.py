"""How the impulse detector is set, and what suits ground and air."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from detector.detectors.series.onset import LEAST
from detector.timebase import NS_PER_S


class ImpulseConfig(BaseModel):
    """Settings of the impulse detector; `PRESETS` has them for ground and air."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low_hz: float = Field(gt=0, description="Lower edge of the band it listens in. [Hz]")
    high_hz: float = Field(gt=0, description="Upper edge, cut to 0.45 of the sampling rate. [Hz]")
    hop_s: float = Field(gt=0, le=1, description="It judges this often. [s]")
    sta_s: float = Field(gt=0, le=10, description="Short window. [s]")
    lta_s: float = Field(gt=0, le=600, description="Long window. [s]")
    warm_up_s: float = Field(gt=0, le=600, description="It says nothing for so long after a start or a long hole. [s]")
    on: float = Field(gt=1, description="An impulse begins where short over long rises to this. [1]")
    off: float = Field(ge=1, description="It ends where the ratio falls below this. [1]")
    min_s: float = Field(ge=0, le=10, description="What is shorter is none. [s]")
    longest_s: float = Field(gt=0, le=60, description="It is reported after so long even if it goes on. [s]")
    dead_s: float = Field(ge=0, le=10, description="None begins so soon after another's end. [s]")
    before_s: float = Field(gt=0, le=10, description="The onset is looked for from so long before it was noticed. [s]")
    after_s: float = Field(gt=0, le=10, description="The onset is looked for until so long after. [s]")
    sigma_s: float = Field(ge=0, le=1, description="Standard deviation of an onset however clear it is. [s]")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for low, high in (("off", "on"), ("sta_s", "lta_s"), ("low_hz", "high_hz"), ("min_s", "longest_s")):
            if getattr(self, low) >= getattr(self, high):
                raise ValueError(f"{low} must be below {high}")
        if self.warm_up_s > self.lta_s:
            raise ValueError("warm_up_s must not be above lta_s")
        return self

    @property
    def deaf_s(self) -> float:
        """No onset lies so soon after a stream's first sample: it is still warming up. [s]"""
        slowest_hz = self.low_hz / 0.45
        return max(self.warm_up_s - max(self.before_s, LEAST / slowest_hz) - 2 * self.hop_s, 0.0)


_AIR_HZ = 1000.0
"""Streams of this rate and more are taken for sound in air, slower ones for the ground."""

PRESETS: dict[str, ImpulseConfig] = {
    "seismic": ImpulseConfig(
        low_hz=2.0, high_hz=45.0, hop_s=0.05, sta_s=0.2, lta_s=8.0, warm_up_s=8.0, on=4.5, off=1.5, min_s=0.1,
        longest_s=2.0, dead_s=0.5, before_s=2.0, after_s=0.4, sigma_s=0.02,
    ),
    "acoustic": ImpulseConfig(
        low_hz=400.0, high_hz=4000.0, hop_s=0.002, sta_s=0.01, lta_s=0.5, warm_up_s=0.2, on=3.0, off=1.5, min_s=0.002,
        longest_s=0.2, dead_s=0.02, before_s=0.03, after_s=0.005, sigma_s=0.001,
    ),
}  # fmt: skip


def preset_for(interval_ns: float) -> str:
    """The preset that a stream's rate suggests."""
    return "acoustic" if NS_PER_S / interval_ns >= _AIR_HZ else "seismic"
