"""The command line: one file a command. Errors become one message and an exit code here, and nowhere else."""

from __future__ import annotations

from detector.cli.app import run

__all__ = ["run"]
