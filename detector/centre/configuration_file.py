"""The configuration on the disk: whether it is another one than that in force."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from detector import pipeline
from detector.config import Configuration, beside, load, load_outline
from detector.config.in_force import in_force, word_of
from detector.errors import ConfigError
from detector.file_stamp import stamp_of

_LOOK_EVERY_S = 1.0


class ConfigurationFile:
    """Looks at the file, the version of it that is in force, and their maps once a second, and at once when asked.

    given: the file that the centre was started with; None: the configuration's own.
    check: what else has to be right of a newer one. Raises ConfigError: it is not.
    problem: why the file as it is now is not used; empty if it is.
    set_aside: why a version that was put in force is not; empty if none was, or it is.
    """

    def __init__(
        self,
        configuration: Configuration,
        given: Path | None = None,
        check: Callable[[Configuration], object] = lambda _: None,
    ) -> None:
        self._given, self._path, self._check = given or configuration.path, configuration.path, check
        self._given_map = _map_of(self._given)
        self._in_force = configuration.sha256
        self._map = configuration.settings.map
        self._stamps = self._stamped()
        self._looked_s = time.monotonic()
        self.problem = ""
        self.set_aside = in_force(self._given)[1]

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
            self._given_map = _map_of(self._given)
            file, self.set_aside = in_force(self._given)
            found = pipeline.checked(load(file, pipeline.REGISTRIES))
            self._check(found)
        except (ConfigError, OSError) as error:
            self.problem = str(error)
            return None
        self.problem = ""
        if found.sha256 == self._in_force:
            return None
        self._path, self._in_force, self._map = found.path, found.sha256, found.settings.map
        self._stamps = self._stamped()
        return found

    def _stamped(self) -> list[tuple[int, int] | None]:
        maps = [beside(self._path, one) for one in (self._map, self._given_map) if one is not None]
        paths = [self._given, word_of(self._given), self._path, *maps]
        return [stamp_of(path) for path in paths]


def _map_of(path: Path) -> str | None:
    try:
        return load_outline(path).settings.map
    except ConfigError:
        return None
