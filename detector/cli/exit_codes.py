"""What the exit code says."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """As documented in `trucewatch --help`."""

    DONE = 0
    FLAGGED = 1
    USAGE = 2
    INCOMPLETE = 3
    LOG_DAMAGED = 4
    INTERRUPTED = 130
