"""How long to wait before what has ended is started again."""

from __future__ import annotations

import time

_FIRST_WAIT_S = 0.25
_GOOD_AFTER_S = 60.0


class BackOff:
    """Twice as long each time, up to `longest_s`; what stood for a minute was good, and is tried again at once."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s, self._wait_s = longest_s, _FIRST_WAIT_S
        self._due_s = self._begun_s = 0.0

    @property
    def wait_s(self) -> float:
        """Until the next start; not above 0: it is due. [s]"""
        return self._due_s - time.monotonic()

    @property
    def lasts_s(self) -> float:
        """Since it was started. [s]"""
        return time.monotonic() - self._begun_s

    def started(self) -> None:
        """It has been."""
        self._begun_s = time.monotonic()

    def ended(self) -> None:
        """It has, and shall be started again."""
        if self.lasts_s > _GOOD_AFTER_S:
            self._wait_s = _FIRST_WAIT_S
        self._due_s = time.monotonic() + self._wait_s
        self._wait_s = min(2 * self._wait_s, self._longest_s)
