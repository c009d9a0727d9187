"""The configuration on the disk: whether it is another one than that in force."""

from __future__ import annotations

import time
from pathlib import Path

from detector import pipeline
from detector.config import Configuration, beside, load
from detector.errors import ConfigError

_LOOK_EVERY_S = 1.0


class ConfigurationFile:
    """Looks at the file and its map once a second, and at once when asked.

    problem: why the file as it is now is not used; empty if it is.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._path = configuration.path
        self._in_force = configuration.sha256
        self._map = configuration.settings.map
        self._stamps = self._stamped()
        self._looked_s = time.monotonic()
        self.problem = ""

    def newer(self, *, now: bool = False) -> Configuration | None:
        """Another configuration that can be used, once. A mistake in it keeps the one in force."""
        if not now and time.monotonic() - self._looked_s < _LOOK_EVERY_S:
            return None
        self._looked_s = time.monotonic()
        stamps = self._stamped()
        if stamps == self._stamps and not now:
            return None
        self._stamps = stamps
        try:
            found = pipeline.checked(load(self._path, pipeline.REGISTRIES))
        except (ConfigError, OSError) as error:
            self.problem = str(error)
            return None
        self.problem = ""
        if found.sha256 == self._in_force:
            return None
        self._in_force, self._map = found.sha256, found.settings.map
        self._stamps = self._stamped()
        return found

    def _stamped(self) -> list[tuple[int, int] | None]:
        paths = [self._path] + ([beside(self._path, self._map)] if self._map is not None else [])
        return [_stamp(path) for path in paths]


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
