"""How the platform detector is set."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PlatformConfig(BaseModel):
    """Settings of the platform detector. It looks once a second: a look is the last known value of each channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    factor: float = Field(4.0, gt=1, le=100, description="So many times the usual swing stand out. [1]")
    hold: int = Field(3, ge=1, le=60, description="So many looks in a row have to. [looks]")
    history: int = Field(600, ge=60, le=86_400, description="What is usual is learnt from so many. [looks]")
    learn: int = Field(60, ge=20, description="Nothing is judged before so many were seen. [looks]")
    relearn: int = Field(600, ge=60, description="What lasts for so many is usual from then on. [looks]")
    link_s: float = Field(5.0, gt=0, le=3600, description="Without a row for longer, the link was lost. [s]")
