"""What files of JSON Lines have in common, whatever was found: how a line is written, and how a recording ends."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from detector.model import Gap


def write_line(file: TextIO, line: dict[str, Any]) -> None:
    """One object, compact; NaN is an error."""
    file.write(json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n")


def gap_lines(gaps: Sequence[Gap]) -> list[dict[str, Any]]:
    """Gaps for the last line of a recording, by their starts."""
    return [
        {
            "reason": str(gap.reason),
            "t_start_ns": gap.t_start_ns,
            "t_end_ns": gap.t_end_ns,
            "count": gap.count,
            "detail": gap.detail,
        }
        for gap in sorted(gaps, key=lambda gap: (gap.t_start_ns, gap.reason))
    ]


@contextmanager
def interrupts_wait() -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM are noted in the list that this gives, so that no line is left unfinished or uncounted."""
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    both = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda signum, _: noted.append(signum)) for number in both]
    try:
        yield noted
    finally:
        for number, handler in zip(both, before, strict=True):
            signal.signal(number, handler)
