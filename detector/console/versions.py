"""A new version of the configuration: two new files beside the old ones, which stay as they are."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from detector.config import Outline, beside, load_outline
from detector.config.agreement_map import Shape, load_map
from detector.config.in_force import stamped, versions_of
from detector.config.yaml_lines import parse
from detector.errors import ConfigError
from detector.timebase import iso_from_ns

Check = Callable[[Path], object]
"""Reads a configuration whole. Raises ConfigError: what is wrong with it, every complaint at once."""

_MAP_LINE = re.compile(r"(\s*map\s*:\s*)\S.*")
_SAVING = Lock()


class SavedSinceError(ValueError):
    """Somebody has saved a version that the author does not know: it is not in what they have drawn."""


def named(path: Path, name: str) -> Path:
    """The configuration at `path`, or the version beside it, of this name. Raises LookupError: there is none."""
    found = next((one for one in (path, *versions_of(path)) if one.name == name), None)
    if found is None:
        raise LookupError(f"{name!r}: no saved version of {path.name}")
    return found


def newest(path: Path) -> str:
    """Name of the newest version saved beside a configuration; empty if there is none."""
    return next((one.name for one in versions_of(path)), "")


def shape_of(feature: dict[str, Any]) -> Shape:
    """A feature as the configuration's own loader reads it. Raises ValueError: what is wrong with it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "drawn.geojson"
        file.write_text(_text({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
        try:
            read = load_map(file)
        except ConfigError as error:
            raise ValueError("; ".join(complaint.message for complaint in error.complaints)) from None
    return next(iter({**read.zones, **read.lines}.values()))


def save(
    path: Path,
    base_sha256: str,
    known: str,
    changed: Sequence[dict[str, Any]],
    removed: Sequence[str],
    author: str,
    now_ns: int,
    check: Check,
) -> tuple[Path, Outline]:
    """Write the configuration at `path` with these features (by id) put in and those left out, as a new version.

    The names are those of the old files with the time in them; neither depends on what was asked for. Both files are on
    the disk and were read by `check` when this returns; else neither is there.

    known: name of the newest version that the author knows of, empty for none; the one at `path` they do.

    Raises:
        SavedSinceError: there is a newer one.
        ValueError: what is wrong with it; or the file on the disk is not the one with this SHA-256.
        OSError: the files cannot be written.
    """
    with _one_at_a_time(path, known):
        try:
            old = load_outline(path)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        if old.sha256 != base_sha256:
            raise ValueError(f"{path.name} was changed since this page was opened: open the console again on it")
        stamp = iso_from_ns(now_ns, 0).replace("-", "").replace(":", "")
        old_map = old.settings.map or path.with_suffix(".geojson").name
        name = stamped(Path(old_map), stamp)
        new_path, map_path = stamped(path, stamp), beside(path, str(name))
        features = _merged(beside(path, old_map) if old.settings.map else None, changed, removed)
        head = f"# Version of {iso_from_ns(now_ns, 0)} by {author}, drawn in the console from {path.name}.\n"
        written: list[Path] = []
        try:
            for file, text in ((map_path, _text(features)), (new_path, head + _renamed(path, str(name)))):
                with file.open("x", encoding="utf-8") as out:
                    written.append(file)
                    out.write(text)
                    out.flush()
                    os.fsync(out.fileno())
            check(new_path)
            return new_path, load_outline(new_path)
        except BaseException as error:
            for file in written:
                file.unlink()
            if isinstance(error, ConfigError):
                raise ValueError(str(error)) from None
            if isinstance(error, FileExistsError):
                raise ValueError("another version was saved within this second: try again") from None
            raise


@contextmanager
def _one_at_a_time(path: Path, known: str) -> Iterator[None]:
    """Of two who save at once each would find that nobody else has. Raises SavedSinceError: there is a newer one."""
    with _SAVING:
        latest = newest(path)
        if latest not in {"", known, path.name}:
            raise SavedSinceError(f"{latest} was saved since: what is drawn here was not drawn from it")
        yield


def drop(path: Path, outline: Outline) -> None:
    """Take a version back that could not be logged."""
    for file in (path, beside(path, outline.settings.map or "")):
        with suppress(OSError):
            file.unlink()


def _merged(file: Path | None, changed: Sequence[dict[str, Any]], removed: Sequence[str]) -> dict[str, Any]:
    """The map as it is written, pixel shapes and notes too, with these features in the place of those of their ids."""
    whole: dict[str, Any] = {"type": "FeatureCollection", "features": []}
    if file is not None:
        whole = json.loads(file.read_text(encoding="utf-8"))
    features: dict[str, dict[str, Any]] = {str(one["properties"]["id"]): one for one in whole["features"]}
    strange = [name for name in removed if name not in features]
    if strange:
        raise ValueError(f"{', '.join(strange)}: not on the map")
    drawn: set[str] = set()
    for feature in changed:
        shape_id = shape_of(feature).shape_id
        if shape_id in drawn:
            raise ValueError(f"{shape_id}: two shapes have this id")
        drawn.add(shape_id)
        noted = {key: value for key, value in _properties(features.get(shape_id)).items() if key == "note"}
        features[shape_id] = {**feature, "properties": {**noted, **feature["properties"]}}
    return {**whole, "features": [one for name, one in features.items() if name not in set(removed)]}


def _properties(feature: dict[str, Any] | None) -> dict[str, Any]:
    return dict(feature["properties"]) if feature is not None else {}


def _renamed(path: Path, name: str) -> str:
    """The YAML's text with another `map:`; all the rest, comments too, as it was. Raises ValueError: no such line."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    document = parse(path)
    value = json.dumps(name, ensure_ascii=False)
    if "map" not in document.data:
        return "".join(lines).rstrip("\n") + f"\nmap: {value}\n"
    number = (document.line_of(("map",)) or 1) - 1
    found = _MAP_LINE.fullmatch(lines[number].rstrip("\r\n"))
    if found is None:
        raise ValueError(f"{path.name}: map: has to stand on a line of its own for the console to make a version of it")
    lines[number] = f"{found[1]}{value}\n"
    return "".join(lines)


def _text(collection: dict[str, Any]) -> str:
    return json.dumps(collection, ensure_ascii=False, indent=1) + "\n"
