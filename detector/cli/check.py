"""`trucewatch check`: is the configuration right?"""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from detector.cli.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from detector.config import Configuration
    from detector.errors import Complaint

_SELDOM = ("network", "vehicle", "source of tracks")
_PLURALS = {"source of tracks": "sources of tracks"}


def check(
    config: Annotated[Path, typer.Argument(help="Configuration (YAML) to be checked, with its map and recordings.")],
) -> None:
    """Check a configuration: every mistake at once, each with its file and line.

    Example: `trucewatch check configs/demo.yaml`
    """
    from detector import pipeline
    from detector.cli.stations import far_off, wrong_stations
    from detector.config import absent_inputs, load
    from detector.config.in_force import in_force
    from detector.errors import ConfigError
    from detector.model import Means

    configuration = load(config, pipeline.REGISTRIES)
    complaints = [
        *absent_inputs(configuration),
        *_wrong_telemetry(configuration),
        *wrong_stations(configuration),
        *_wrong_console(configuration),
    ]
    try:
        pipeline.checked(configuration)
    except ConfigError as error:
        complaints = [*error.complaints, *complaints]
    if complaints:
        raise ConfigError(*complaints)
    table = Table("rule", "kind", "feeds", "settings", title=escape(configuration.settings.name or config.name))
    for rule in configuration.rules:
        settings = [f"{key}: {_words(value)}" for key, value in rule.config.model_dump(exclude_unset=True).items()]
        cells = (rule.part_id, rule.kind, ", ".join(rule.feeds or ("all",)), "\n".join(settings))
        table.add_row(*map(escape, cells))
    console = Screen(highlight=False, soft_wrap=True)
    console.print(table)
    counts = {
        "feed": len(configuration.settings.feeds),
        "network": len(configuration.settings.sensors),
        "vehicle": len(configuration.settings.telemetry),
        "source of tracks": len(configuration.settings.aircraft),
        "zone": len(configuration.map.zones),
        "line": len(configuration.map.lines),
        "rule": len(configuration.rules),
    }
    told = [(name, count) for name, count in counts.items() if count or name not in _SELDOM]
    counted = ", ".join(f"{count} {name if count == 1 else _PLURALS.get(name, name + 's')}" for name, count in told)
    for network in configuration.settings.sensors:
        if len(network.media) == 1 and not network.live and network.means is not Means.TELEMETRY:
            witness = "a sensor alone is a witness: it supports what others have placed and raises nothing"
            console.print(f"sensors {network.id}: one recording; if it has one sensor only, {witness}.", markup=False)
    for remark in far_off(configuration):
        console.print(remark, markup=False)
    idle = pipeline.idle_rules(configuration, configuration.settings) if configuration.settings.sources else ()
    if idle:
        console.print(f"Rules that judge none of the sources named here: {', '.join(idle)}.", markup=False)
    goes_by, why_not = in_force(config)
    if goes_by != config:
        console.print(f"`run` goes by {goes_by.name}, which was put in force in the console.", markup=False)
    elif why_not:
        console.print(f"{why_not}: `run` goes by {config.name} itself.", markup=False)
    console.print(f"{config}: right. {counted}.", markup=False)
    console.print(f"config_sha256 {configuration.sha256}")


def _wrong_telemetry(configuration: Configuration) -> Iterator[Complaint]:
    """Telemetry of recordings, named or found beside them, that cannot be read, each with the line that leads to it."""
    from detector.config import beside
    from detector.config.yaml_lines import parse
    from detector.errors import SourceError
    from detector.sources.sidecar import find_sidecar, read_sidecar

    document = parse(configuration.path)
    for i, feed in enumerate(configuration.settings.feeds):
        if feed.telemetry is None:
            key, file = "media", find_sidecar(beside(configuration.path, feed.media))
        else:
            key, file = "telemetry", beside(configuration.path, feed.telemetry)
        if file is None or not file.exists():
            continue
        try:
            read_sidecar(file, feed.hfov_deg)
        except SourceError as error:
            first, *more = str(error).splitlines()
            rest = f" (and {len(more)} more)" if more else ""
            yield document.complaint(("feeds", i, key), f"feed {feed.id!r}: {first}{rest}")


def _wrong_console(configuration: Configuration) -> Iterator[Complaint]:
    """What `run` would refuse to open it with."""
    from detector.config.yaml_lines import parse
    from detector.console.listening import Listening

    try:
        Listening.asked_for(configuration.settings.console)
    except ValueError as error:
        yield parse(configuration.path).complaint(("console",), f"console: {error}")


def _words(value: object) -> str:
    """A setting as the file has it, not as Python has it."""
    if isinstance(value, dict):
        return " ".join(f"{key} {_words(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value))
    if isinstance(value, time):
        return value.isoformat("seconds" if value.second else "minutes")
    return f"{value:g}" if isinstance(value, float) else str(value)
