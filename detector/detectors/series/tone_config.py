"""How the tone detector is set."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ToneConfig(BaseModel):
    """Settings of the tone detector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: float = Field(0.8, gt=0.5, lt=1, description="A kind is told from this probability on. [1]")
    off: float = Field(0.5, gt=0, lt=1, description="It ends where the probability falls below this. [1]")
    over_s: float = Field(5.0, ge=2, le=60, description="Each judgement is the mean over so long. [s]")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.off >= self.on:
            raise ValueError("off must be below on")
        return self
