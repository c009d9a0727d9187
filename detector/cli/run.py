"""`trucewatch run`: watch live feeds until told to stop."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from detector.config import Configuration
    from detector.config.settings import ConsoleSettings


def run(
    config: Annotated[Path, typer.Argument(help="Configuration (YAML): the feeds, the agreement's map and rules.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the log, evidence/ and live/.")] = Path("out"),
) -> None:
    """Watch all that CONFIG names, each in a process of its own, until Ctrl-C or SIGTERM.

    Live feeds are connected to again whenever they are lost; recordings are played at their own rate. SIGHUP, a change
    of CONFIG or its map, or an administrator in the console who chooses a version saved there, puts the new
    configuration in force; feeds that did not change are not interrupted. What it does meanwhile it says on stderr, one
    JSON object a line, and in OUT/live (docs/live.md). With `console: {address: ...}` the console is opened beside it,
    on the same log.

    Example: `trucewatch run centre.yaml --out /srv/trucewatch`
    """
    from detector.centre.nursery import warm

    warm()  # first: it imports while this process does
    import structlog

    from detector import pipeline
    from detector.centre.centre import Centre
    from detector.centre.saying import say_as_json
    from detector.config import load
    from detector.config.in_force import file_in_force
    from detector.errors import ConfigError, LogError

    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is a file; a folder is needed, new or of an earlier run", param_hint="--out")
    configuration = pipeline.checked(load(file_in_force(config), pipeline.REGISTRIES))
    say_as_json()
    centre = Centre(configuration, out, console=partial(_console_for, out), given=config)
    centre.on_signals()
    try:
        centre.run()
    except (ConfigError, LogError) as error:  # whoever reads the centre's own log has to find it there, too
        structlog.get_logger().error("nothing is watched any more", why=str(error))
        raise


def _console_for(out: Path, configuration: Configuration) -> Callable[[], None] | None:
    """What opens it; None: nothing is to be. Raises ConfigError: it cannot be opened like this."""
    from detector.console.listening import Listening
    from detector.errors import Complaint, ConfigError

    asked = configuration.settings.console
    try:
        if Listening.asked_for(asked) is None:
            return None
    except ValueError as error:
        raise ConfigError(Complaint(str(configuration.path), None, f"console: {error}")) from None
    return partial(_open_console, out, configuration.path, asked)


def _open_console(out: Path, config: Path, asked: ConsoleSettings) -> None:
    """In a process of its own: `trucewatch console`, which says in the centre's log why it could not."""
    import structlog

    from detector.cli.console import console
    from detector.errors import ConfigError, LogError

    try:
        console(out, config, asked.host, asked.port, asked.certificate, asked.key, asked.idle_min, demo=False)
    except (typer.BadParameter, ConfigError, LogError) as error:
        structlog.get_logger().error("the console cannot be opened", why=str(error))
        raise SystemExit(1) from None
