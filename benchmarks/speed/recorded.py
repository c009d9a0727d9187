"""The code as it was when the baselines were recorded, to be timed beside the code as it is."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_TIMED = ("detector", "benchmarks", "configs")


def head() -> str:
    """The commit that is checked out.

    Raises:
        RuntimeError: what is to be timed differs from it: nobody could time it again.
    """
    changed = subprocess.run(
        ["git", "-C", REPOSITORY, "status", "--porcelain", *_TIMED], check=True, capture_output=True, text=True
    )
    if [line for line in changed.stdout.splitlines() if not line.endswith("benchmarks/baselines.json")]:
        raise RuntimeError(f"commit first: a baseline is that of a commit\n{changed.stdout}")
    said = subprocess.run(["git", "-C", REPOSITORY, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return said.stdout.strip()


def unpacked(commit: str, folder: Path) -> Path | None:
    """The tree of a commit in an empty folder; None where this checkout does not hold it (no git, a shallow clone)."""
    try:
        packed = subprocess.run(
            ["git", "-C", REPOSITORY, "archive", commit, *_TIMED], check=True, capture_output=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder
