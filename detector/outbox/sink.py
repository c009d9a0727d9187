"""What every sink is."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from detector.log.reader import Entry


class SinkError(Exception):
    """It could not be delivered; it will be tried again. Says why, without secrets."""


class SinkSettings(BaseModel):
    """What every sink's settings have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="Under this name it remembers what it has delivered: another name begins anew.",
    )
    timeout_s: float = Field(10.0, gt=0, le=300, description="An answer that takes longer counts as none [s].")


class Sink(Protocol):
    """Delivers one entry after the other. Used by one thread."""

    config: Any

    def deliver(self, entry: Entry) -> None:
        """Returns once the receiver has said that it has it.

        Raises:
            SinkError: it has not, or has not said so.
        """
        ...

    def state(self, feeds: dict[str, str]) -> None:
        """What each feed is doing, for those who show it. May be lost: the next one tells it again."""
        ...

    def close(self) -> None:
        """No more."""
        ...
