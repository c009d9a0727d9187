"""Memory that one picture gives back is kept for the next; what was needed for once goes back to the system."""

from __future__ import annotations

import ctypes
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h
_LARGEST_KEPT_BYTES = 32 << 20  # the most that glibc allows
_SPARE_BYTES = 32 << 20


@cache
def keep_freed_memory() -> bool:
    """Have glibc keep freed pictures instead of giving each back to the system. False where there is no glibc.

    A 720p picture is larger than what malloc keeps by itself, so each of the detector's hundred pictures a second was
    mapped anew and its pages cleared: a quarter of the CPU of the motion detector. Costs 10 MB of resident memory.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    kept = bool(mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT_BYTES))
    return bool(mallopt(_TRIM_THRESHOLD, _SPARE_BYTES)) and kept


def give_back_memory() -> None:
    """Have glibc give the system what is free now: some milliseconds, once much is needed no more.

    Without it a process stays as large as the most that ever came together.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
