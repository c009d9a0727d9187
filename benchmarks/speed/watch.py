"""CPU time of named sections of one loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any


class Watch:
    """CPU time spent in each named section [s], and of each frame [ms]: for its decoding, alone and for use, and after.

    Sections may not lie within one another.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.spent: dict[str, float] = {}
        self.source_ms: list[float] = []
        self.floor_ms: list[float] = []
        self.frame_ms: list[float] = []
        self.frame_without_evidence_ms: list[float] = []

    def add(self, name: str, start: float) -> float:
        """Count the time since `start` and give the time now. [s]"""
        now = time.process_time()
        self.spent[name] = self.spent.get(name, 0.0) + now - start
        return now

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, counted. What it generates is generated at once, or it would be counted elsewhere."""

        def counted(*arguments: Any, **named: Any) -> Any:
            start = time.process_time()
            answer = call(*arguments, **named)
            if isinstance(answer, Iterator):
                answer = list(answer)
            self.add(name, start)
            return answer

        return counted


class Counted:
    """Another object, some of whose methods are counted."""

    def __init__(self, inner: Any, watch: Watch, name: str, *methods: str) -> None:
        self._inner = inner
        for method in methods:
            setattr(self, method, watch.timed(name, getattr(inner, method)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
