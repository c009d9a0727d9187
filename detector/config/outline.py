"""A configuration's names, map and plain settings, without its stages: for what shows it and runs none of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from detector.config.agreement_map import AgreementMap
from detector.config.loading import digest_of, map_of, validated
from detector.config.settings import Settings
from detector.config.yaml_lines import parse
from detector.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Outline:
    """What every reader may know of a file. sha256: as Configuration has it."""

    settings: Settings
    map: AgreementMap
    sha256: str


def load_outline(path: Path) -> Outline:
    """Read a configuration with its map; the settings of its stages are left unread.

    Raises:
        ConfigError: with every complaint about what was read.
    """
    document = parse(path)
    complaints = list(document.complaints)
    if not isinstance(document.data, dict):
        raise ConfigError(document.complaint((), "a mapping of sections is needed"))
    settings = validated(Settings, document.data, (), document, complaints)
    agreement = map_of(path, document, complaints)
    if complaints or settings is None:
        raise ConfigError(*complaints)
    return Outline(settings, agreement, digest_of(path, settings))
