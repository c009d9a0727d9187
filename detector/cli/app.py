"""All commands, and how an error reaches a person."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from detector import __version__
from detector.cli import check, console, demo, detect, doctor, inspect, log, replay, user
from detector.cli import run as run_
from detector.cli.exit_codes import ExitCode
from detector.cli.screen import Screen
from detector.errors import ConfigError, LogError, SourceError

_HELP = """Watches a ceasefire from a distance: drone video in, a tamper-evident log of possible violations out.

Start with `trucewatch demo`. Then, for footage of your own:

    trucewatch inspect flight.ts                 # good for ground rules?
    trucewatch check agreement.yaml              # is it written right?
    trucewatch replay agreement.yaml flight.ts   # the main job, into ./out
    trucewatch log list out                      # what was found
    trucewatch run centre.yaml                   # live feeds, until Ctrl-C

Exit codes:

- 0: done
- 1: violations flagged (only with --fail-on-violation)
- 2: bad configuration or usage
- 3: input incomplete or unreadable
- 4: log damaged or not writable
- 130: interrupted (Ctrl-C, SIGTERM)
"""

_LOGGED = "; nothing that was logged is lost, and the same command completes the log"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
_SERVERS = frozenset({"run", "console"})
_INTERRUPTED = {"replay": _LOGGED, "demo": _LOGGED, "detect": "; what was found until then is written"}


class _Commands(TyperGroup):
    """Errors of a command become one message and an exit code here; typer itself tells wrong usage."""

    def invoke(self, ctx: Any) -> Any:
        with _told(ctx), _termination_interrupts(ctx):
            return super().invoke(ctx)


app = typer.Typer(
    name="trucewatch",
    cls=_Commands,
    help=_HELP,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo.demo)
app.command()(check.check)
app.command()(inspect.inspect)
app.command()(detect.detect)
app.command()(replay.replay)
app.command()(run_.run)
app.add_typer(log.app, name="log")
app.command()(console.console)
app.add_typer(user.app, name="user")
app.command()(doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trucewatch {__version__}")
        raise typer.Exit


@app.callback()
def _everywhere(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Options of every command."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. No traceback ever reaches a user's screen for what a user can mend."""
    # Our own counters and messages say what was damaged, and where.
    logging.getLogger("libav").setLevel(logging.CRITICAL)
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    try:
        app(list(arguments), prog_name="trucewatch")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.DONE
    return ExitCode.DONE


@contextmanager
def _termination_interrupts(ctx: Any) -> Iterator[None]:
    """SIGTERM (`timeout`, a service that is stopped) ends a command as Ctrl-C does; servers see to it themselves."""
    main = threading.current_thread() is threading.main_thread()
    if ctx.invoked_subcommand in _SERVERS or not main:
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _told(ctx: Any) -> Iterator[None]:
    """Say what went wrong in words, on stderr, and exit with its code."""
    say = Screen(stderr=True, soft_wrap=True, highlight=False, markup=False)
    try:
        yield
    except ConfigError as error:
        for complaint in error.complaints:
            say.print(str(complaint))
        raise typer.Exit(ExitCode.USAGE) from None
    except SourceError as error:
        say.print(str(error))
        raise typer.Exit(ExitCode.INCOMPLETE) from None
    except LogError as error:
        say.print(str(error))
        raise typer.Exit(ExitCode.LOG_DAMAGED) from None
    except KeyboardInterrupt:
        say.print(f"interrupted{_INTERRUPTED.get(ctx.invoked_subcommand, '')}")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): not an error, and nothing more may be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.DONE) from None
    except OSError as error:
        if error.errno not in _FULL:
            raise
        say.print(f"the output cannot be written: {error.strerror}")
        raise typer.Exit(ExitCode.LOG_DAMAGED) from None
