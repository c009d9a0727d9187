"""The centre that runs beside the console, as its files tell it, and the versions that it could go by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from detector.config import load_outline
from detector.config.in_force import versions_of
from detector.errors import ConfigError
from detector.live_file import read_centre
from detector.timebase import NS_PER_S

_FRESH_NS = 10 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Choice:
    """A file that the centre could go by. sha256: what violations judged by it carry."""

    file: Path
    sha256: str
    in_force: bool


@dataclass(frozen=True, slots=True)
class Running:
    """given: the configuration that the centre was started with. sha256: of what is in force."""

    given: Path
    sha256: str

    def choices(self, most: int) -> list[Choice]:
        """The file itself, and the newest versions beside it that can be read."""
        found = []
        for file in [self.given, *versions_of(self.given)[:most]]:
            try:
                sha256 = load_outline(file).sha256
            except ConfigError:
                continue
            found.append(Choice(file, sha256, sha256 == self.sha256))
        return found

    def choice(self, name: str) -> Choice | None:
        """The file of this name; None if there is none to choose."""
        return next((one for one in self.choices(len(versions_of(self.given))) if one.file.name == name), None)


def running(out: Path, now_ns: int) -> Running | None:
    """None: no centre runs on this log, or it has not said so for 10 s."""
    said = read_centre(out)
    if said is None or abs(now_ns - int(said.get("written_ns") or 0)) > _FRESH_NS:
        return None
    given = said.get("config_given")
    return Running(Path(given), str(said.get("config_sha256"))) if isinstance(given, str) else None
