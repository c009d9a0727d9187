"""How the detector of impulses' kinds is set."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class KindConfig(BaseModel):
    """Settings of the detector of impulses' kinds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    told_from: float = Field(
        0.8, gt=0.5, lt=1, description="A kind is told from this probability on, else it is undetermined. [1]"
    )
