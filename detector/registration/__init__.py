"""Stage 2: takes the drone's own motion out."""

from __future__ import annotations

from typing import Protocol

from detector.model import Alignment, Frame
from detector.registration.flow import FlowRegistrar


class Registrar(Protocol):
    """Relates each frame to the ground seen before. Causal: one alignment a frame, at once."""

    def align(self, frame: Frame) -> Alignment:
        """How this frame lies over the reference; BLIND where that cannot be told."""
        ...

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        ...


REGISTRARS: dict[str, type[FlowRegistrar]] = {"flow": FlowRegistrar}

__all__ = ["REGISTRARS", "FlowRegistrar", "Registrar"]
