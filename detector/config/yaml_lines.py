"""YAML with the line of every value, so that a complaint can say where."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from detector.errors import Complaint, ConfigError

Location = tuple[str | int, ...]

_MOST_VALUES = 100_000  # a few lines of nested aliases would otherwise fill the memory


@dataclass(slots=True)
class Document:
    """A parsed file. `lines` maps the path to a value (keys and list positions) to its line, from 1."""

    file: str
    data: Any
    lines: dict[Location, int] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def line_of(self, location: Location) -> int | None:
        """Line of the value, or of the nearest enclosing one that has a line."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location)

    def complaint(self, location: Location, message: str) -> Complaint:
        """`message` about the value at `location`."""
        return Complaint(self.file, self.line_of(location), message)


def read_text(path: Path) -> str:
    """Text of a configuration file.

    Raises:
        ConfigError: absent, a folder, unreadable, or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(Complaint(str(path), None, "there is no such file")) from None
    except IsADirectoryError:
        raise ConfigError(Complaint(str(path), None, "this is a folder; a file is needed")) from None
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8 text; is this a configuration file?"
        raise ConfigError(Complaint(str(path), None, message)) from None
    except OSError as error:
        raise ConfigError(Complaint(str(path), None, f"cannot be read: {error.strerror}")) from None


def parse(path: Path) -> Document:
    """The file's data with the line of every value; duplicate keys are complaints, kept for one report.

    Raises:
        ConfigError: unreadable, or not YAML.
    """
    text = read_text(path)
    document = Document(str(path), None)
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        document.data = None if node is None else _construct(loader, node, (), document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "cannot be understood"
        line = None if mark is None else mark.line + 1
        raise ConfigError(Complaint(str(path), line, f"not YAML here: {what}")) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(Complaint(str(path), None, f"not YAML: {error}")) from None
    finally:
        loader.dispose()
    return document


def _construct(loader: yaml.SafeLoader, node: yaml.Node, location: Location, document: Document) -> Any:
    document.lines[location] = node.start_mark.line + 1
    if len(document.lines) > _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES} values: aliases that repeat one another?")
    if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
        return loader.construct_object(node)  # which refuses every tag that is not plain data
    if isinstance(node, yaml.MappingNode):
        return _construct_mapping(loader, node, location, document)
    if isinstance(node, yaml.SequenceNode):
        return [_construct(loader, item, (*location, i), document) for i, item in enumerate(node.value)]
    return loader.construct_object(node, deep=True)


def _construct_mapping(
    loader: yaml.SafeLoader, node: yaml.MappingNode, location: Location, document: Document
) -> dict[Hashable, Any]:
    loader.flatten_mapping(node)
    mapping: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, Hashable):
            document.complaints.append(Complaint(document.file, line, f"{key!r} cannot be a key"))
            continue
        if key in mapping:
            first = document.lines[(*location, str(key))]
            message = f"key {key!r} stands twice in one place; the first is on line {first}"
            document.complaints.append(Complaint(document.file, line, message))
            continue
        here = (*location, str(key))
        mapping[key] = _construct(loader, value_node, here, document)
        document.lines[here] = line
    return mapping
