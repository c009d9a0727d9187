"""Which version of a configuration a centre goes by: the file it was given, or one saved beside it and put in force."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from detector.config.outline import load_outline
from detector.errors import ConfigError

_STAMP = re.compile(r"\.\d{8}T\d{6}Z$")


def stamped(file: Path, stamp: str) -> Path:
    """Name of a version, whatever version it is made from."""
    return file.with_name(f"{_STAMP.sub('', file.stem)}.{stamp}{file.suffix}")


def versions_of(given: Path) -> list[Path]:
    """Versions saved beside a configuration, the newest first."""
    stem = _STAMP.sub("", given.stem)
    found = given.parent.glob(f"*{given.suffix}")
    return sorted((one for one in found if _STAMP.search(one.stem) and _STAMP.sub("", one.stem) == stem), reverse=True)


def word_of(given: Path) -> Path:
    """The file that says which version is in force."""
    return given.with_name(f"{given.name}.in-force")


def file_in_force(given: Path) -> Path:
    """What a centre that was given this file goes by."""
    return in_force(given)[0]


def in_force(given: Path) -> tuple[Path, str]:
    """What a centre that was given this file goes by; and why a version that was put in force is not it, or nothing.

    The newest word counts: a file, or map, that was changed by hand after a version was put in force is in force
    itself; so is it where the version, or what was said of it, is not as it was.
    """
    word = word_of(given)
    if not word.exists():
        return given, ""
    try:
        said = json.loads(word.read_bytes())
        name, sha256, instead_of = said["version"], said["sha256"], said["instead_of"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        return given, f"{word.name} cannot be read: {error}"
    version = next((one for one in versions_of(given) if one.name == name), None)
    why = _no_longer(given, instead_of, version, sha256)
    return (given, f"{name} was put in force in the console; {why}") if why or version is None else (version, "")


def _no_longer(given: Path, instead_of: str, version: Path | None, sha256: str) -> str:
    if version is None:
        return "it is no longer there"
    try:
        for file, as_it_was in ((version, sha256), (given, instead_of)):
            if load_outline(file).sha256 != as_it_was:
                return f"{file.name}, or its map, was changed since"
    except ConfigError as error:
        return str(error)
    return ""


def put_in_force(given: Path, version: Path) -> None:
    """From now on, and after every start; `given` itself: as if none had ever been. Raises OSError, ConfigError."""
    word = word_of(given)
    if version == given:
        word.unlink(missing_ok=True)
        return
    said = {
        "version": version.name,
        "sha256": load_outline(version).sha256,
        "instead_of": load_outline(given).sha256,
    }
    beside = word.with_name(f"{word.name}.new")
    with beside.open("w", encoding="utf-8") as out:
        out.write(json.dumps(said, ensure_ascii=False, indent=1) + "\n")
        out.flush()
        os.fsync(out.fileno())
    beside.replace(word)
