"""Where this machine's processes come from: one that has imported what a feed needs, and becomes two when asked.

It is started anew with the next process should it have been killed. Nothing heavy is imported here: a command that
will need it can have it warmed while it imports its own.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

_NEEDED = ["detector.centre.worker"]


def nursery() -> ForkServerContext:
    """Starts processes that are clean of the centre's open log, threads and native libraries."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_NEEDED)
    return context


def warm() -> None:
    """Begin now; returns at once."""
    nursery()
    forkserver.ensure_running()
