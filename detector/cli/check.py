"""`trucewatch check`: is the configuration right?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def check(
    config: Annotated[Path, typer.Argument(help="Configuration (YAML) to be checked, with its map and recordings.")],
) -> None:
    """Check a configuration: every mistake at once, each with its file and line.

    Example: `trucewatch check configs/demo.yaml`
    """
    from detector import pipeline
    from detector.config import beside, load
    from detector.errors import Complaint, ConfigError

    configuration = pipeline.checked(load(config, pipeline.REGISTRIES))
    missing = [
        Complaint(str(config), None, f"feed {feed.id!r}: there is no recording {beside(config, feed.media)}")
        for feed in configuration.settings.feeds
        if not beside(config, feed.media).exists()
    ]
    if missing:
        raise ConfigError(*missing)
    table = Table("rule", "kind", "feeds", "settings", title=configuration.settings.name or config.name)
    for rule in configuration.rules:
        settings = ", ".join(f"{key}={value}" for key, value in rule.config.model_dump(exclude_unset=True).items())
        table.add_row(rule.part_id, rule.kind, ", ".join(rule.feeds or ("all",)), settings)
    console = Console()
    console.print(table)
    zones, lines = len(configuration.map.zones), len(configuration.map.lines)
    feeds = len(configuration.settings.feeds)
    console.print(f"{config}: right. {feeds} feeds, {zones} zones, {lines} lines, {len(configuration.rules)} rules.")
    console.print(f"config_sha256 {configuration.sha256}", soft_wrap=True)
