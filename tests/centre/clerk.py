"""What a companion does in the tests. It imports little: each of its processes does so again."""

from __future__ import annotations

import os
import time
from pathlib import Path


def say_and_wait(file: Path, word: str) -> None:
    """Write down who it is, then do nothing."""
    with file.open("a") as said:
        said.write(f"{word} {os.getpid()}\n")
    time.sleep(600)
