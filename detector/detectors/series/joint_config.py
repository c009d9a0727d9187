"""How the detector of many channels together is set."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class JointConfig(BaseModel):
    """Settings of the detector that looks at all channels of one platform together. A sample is one row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Literal["residual", "forest"] = Field(
        "residual", description="residual: what the usual directions do not explain (PCA); forest: isolation forest."
    )
    mean: int = Field(10, ge=1, le=1000, description="Each channel is averaged over about so many. [samples]")
    learn: int = Field(400, ge=64, le=65536, description="It learns from so many before it judges. [samples]")
    history: int = Field(
        1600, ge=64, le=262144, description="After so many usual ones it learns anew, from these. [samples]"
    )
    explained: float = Field(0.95, gt=0, lt=1, description="Share of the variance that counts as usual directions. [1]")
    on: float | None = Field(
        None,
        gt=0,
        description="Begins at so many times what 99 % of the usual stay below; left out: 5 (forest 1.05). [1]",
    )
    off: float = Field(0.8, gt=0, le=1, description="Ends below this share of `on`. [1]")
    longest: int = Field(60, ge=1, description="It is told at the latest so long after it began. [samples]")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.history < self.learn:
            raise ValueError("history must not be below learn")
        return self
