"""What is usual at a place and hour, learnt from what was watched: docs/decisions/018-anomaly.md."""

from __future__ import annotations

from detector.anomaly.memory import Memory
from detector.anomaly.stretch import Mover, Passage, Stretch, Watch
from detector.anomaly.usual import Finding, Usual
from detector.anomaly.words import explain

__all__ = ["Finding", "Memory", "Mover", "Passage", "Stretch", "Usual", "Watch", "explain"]
