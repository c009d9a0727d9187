"""How the level detector is set."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from detector.detectors.series.courses import PIECE


class LevelConfig(BaseModel):
    """Settings of the level detector. A sample is one row of the stream, or, of a fast one, the mean of a hop."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alarms_per_day: float = Field(0.4, gt=0, description="So many false alarms a day may a channel give. [1/d]")
    hop_s: float = Field(
        10.0,
        gt=0,
        le=3600,
        description="A stream with two samples or more within so long is judged by their means. [s]",
    )
    history: int = Field(8192, ge=256, le=65536, description="It remembers so much. [samples]")
    mean: int = Field(8, ge=2, le=64, description="The level is the mean of so many. [samples]")
    shape: int = Field(
        32, ge=4, le=256, multiple_of=PIECE, description="The shape is that of the last so many. [samples]"
    )
    listen: int = Field(150, ge=1, description="What is new is not counted before so many were seen. [samples]")
    calibrate: int = Field(100, ge=20, description="It says nothing before so many scores were counted. [samples]")
    tail: int = Field(20, ge=5, description="The tail of the past is fitted to its highest so many scores. [samples]")
    dead: int = Field(64, ge=1, description="No second alarm of a channel for so long. [samples]")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.mean <= self.shape <= self.listen // 2:
            raise ValueError("mean must not be above shape, nor shape above half of listen")
        if self.history < self.listen + self.calibrate:
            raise ValueError("history must not be below listen and calibrate together")
        return self
