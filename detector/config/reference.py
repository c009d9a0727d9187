"""The page docs/configuration.md, made from the models themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from detector.config.loading import Registries
from detector.config.settings import (
    Aircraft,
    CentreSettings,
    ConsoleSettings,
    CoverageSettings,
    EvidenceSettings,
    Feed,
    LiveSettings,
    SensorNetwork,
    Settings,
    Vehicle,
)

_HEAD = """# Configuration

One YAML file, checked whole by `trucewatch check`. Unknown and repeated keys are mistakes. Units are in the names.
This page is made from the code (detector/config/reference.py); a test keeps it so.
The kinds of `rules:` stand in [rules.md](rules.md)."""


def page(registries: Registries) -> str:
    """The whole page in Markdown."""
    parts = [_HEAD, *_section("The file", Settings), *_section("A feed: `feeds:`", Feed)]
    parts += _section("Sensors that listen together: `sensors:`", SensorNetwork)
    parts += _section("The mission's own vehicles: `telemetry:`", Vehicle)
    parts += _section("Tracks of other aircraft: `aircraft:`", Aircraft)
    parts += _section("Places on the ground: `location:`", registries.location)
    parts += _kinds("registration", registries.registration)
    parts += _kinds("detectors", registries.detectors)
    parts += _kinds("tracking", registries.tracking)
    parts += _section("Evidence: `evidence:`", EvidenceSettings)
    parts += _section("Coverage: `coverage:`", CoverageSettings)
    parts += _section("Live feeds: `live:`", LiveSettings)
    parts += _section("The centre: `centre:`", CentreSettings)
    parts += _section("The console: `console:`", ConsoleSettings)
    parts += _kinds("outbox", registries.outbox)
    return "\n\n".join(parts) + "\n"


def _kinds(section: str, registry: Mapping[str, Any]) -> Iterator[str]:
    for kind, part in registry.items():
        title = f"`{section}:` kind `{kind}`"
        yield from _section(title, part.Config)
        for name, field in part.Config.model_fields.items():
            nested = field.get_default(call_default_factory=True) if not field.is_required() else None
            if isinstance(nested, BaseModel):
                yield from _section(f"{title}, `{name}:`", type(nested))


def _section(title: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"## {title}"
    if not model.model_fields:
        yield "No settings."
        return
    rows = [f"| {name} | {_default(field)} | {field.description or ''} |" for name, field in model.model_fields.items()]
    yield "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "see below"
    return f"`{value}`" if value not in (None, (), {}, "") else "none"
