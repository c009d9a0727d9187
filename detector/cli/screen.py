"""What the commands write to: a terminal, a file, or another program."""

from __future__ import annotations

import os
import sys

from rich.console import Console


class Screen(Console):
    """A console whose reader may go away (`| head`): the rest is not shown, and the exit code is what it would be."""

    def on_broken_pipe(self) -> None:
        """rich would end the command with 1, which says here that violations were flagged."""
        self.quiet = True
        stream = sys.stderr if self.stderr else sys.stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
