"""A small recording, a configuration that finds something in it, and the command as its own process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cli.media_making import video, write_config


@pytest.fixture(scope="session")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4 s, 80 frames, one mover."""
    return video(tmp_path_factory.mktemp("media") / "gate.ts")


@pytest.fixture(scope="session")
def feed_mp4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in MP4."""
    return video(tmp_path_factory.mktemp("media") / "gate.mp4")


@pytest.fixture
def config(tmp_path: Path, feed: Path) -> Path:
    """One pixel zone over the right half of the picture; the mover enters it."""
    return write_config(tmp_path, [{"id": "gate", "media": str(feed), "means": "camera"}])


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Start:
    """Starts the real command as its own process."""

    def begin(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "detector", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TERM": "dumb"},
            # As a terminal starts it; a shell's background job, as CI may be, passes on that SIGINT is ignored.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
            **options,
        )

    return begin
