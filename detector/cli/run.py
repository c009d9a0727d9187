"""`trucewatch run`: watch live feeds until told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    config: Annotated[Path, typer.Argument(help="Configuration (YAML): the feeds, the agreement's map and rules.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the log, evidence/ and live/.")] = Path("out"),
) -> None:
    """Watch the feeds and sensors that CONFIG names, each in a process of its own, until Ctrl-C or SIGTERM.

    Live feeds are connected to again whenever they are lost; recordings are played at their own rate. SIGHUP, or a
    change of CONFIG or its map, puts the new configuration in force; feeds that did not change are not interrupted.
    What it does meanwhile it says on stderr, one JSON object a line, and in OUT/live (docs/live.md).

    Example: `trucewatch run centre.yaml --out /srv/trucewatch`
    """
    from detector import pipeline
    from detector.centre import Centre
    from detector.centre.saying import say_as_json
    from detector.config import load

    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"{out} is a file; a folder is needed, new or of an earlier run", param_hint="--out")
    say_as_json()
    centre = Centre(pipeline.checked(load(config, pipeline.REGISTRIES)), out)
    centre.on_signals()
    centre.run()
