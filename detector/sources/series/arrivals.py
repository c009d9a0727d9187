"""Messages of a live stream as they arrive, whatever brings them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message. retained: it was sent before anybody listened, and kept."""

    topic: str
    payload: bytes
    retained: bool = False


class Arrivals(Protocol):
    """Brings messages, by a thread of its own; whatever breaks is mended by itself.

    lost: messages that were given up because they were not taken fast enough.
    """

    lost: int

    @property
    def connected_s(self) -> float | None:
        """`time.monotonic` when the connection was made; None while there is none."""
        ...

    @property
    def trouble(self) -> str:
        """Why there is none, in one sentence without credentials; empty while all is well."""
        ...

    def __iter__(self) -> Iterator[Arrival | None]:
        """Messages in the order in which they came; None when none came for a moment. Ends after `stop`."""
        ...

    def stop(self) -> None:
        """End the iteration once what has arrived is given. From any thread, also from a signal's handler."""
        ...
