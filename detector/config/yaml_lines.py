"""YAML with the line of every value, so that a complaint can say where."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from detector.errors import Complaint, ConfigError

Location = tuple[str | int, ...]

_MOST_VALUES = 100_000  # a few lines of nested aliases would otherwise fill the memory
_TOO_MANY = f"more than {_MOST_VALUES} values: aliases that repeat one another?"
_MERGE = "tag:yaml.org,2002:merge"
_NUMBERS = {
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(?:0|[1-9][0-9_]*|0b[01_]+|0x[0-9a-fA-F_]+)$"),
    "tag:yaml.org,2002:float": re.compile(
        r"(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
}


class _Loader(yaml.SafeLoader):
    """YAML 1.1 reads 22:00 as 1320 (base 60) and 060 as 48 (base 8); here both are text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.yaml_implicit_resolvers = {
            first: [(tag, _NUMBERS.get(tag, pattern)) for tag, pattern in resolvers]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }


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
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        told = f"not YAML here: character {error.character:#06x} is not allowed"
        raise ConfigError(Complaint(str(path), text[: error.position].count("\n") + 1, told)) from None
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
        raise ValueError(_TOO_MANY)
    if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
        return loader.construct_object(node)  # which refuses every tag that is not plain data
    if isinstance(node, yaml.MappingNode):
        return _construct_mapping(loader, node, location, document)
    if isinstance(node, yaml.SequenceNode):
        return [_construct(loader, item, (*location, i), document) for i, item in enumerate(node.value)]
    try:
        return loader.construct_object(node, deep=True)
    except ValueError:  # looks like a date or a number and is none: whoever wants one says so, with its line
        loader.recursive_objects.pop(node, None)
        return node.value


def _construct_mapping(
    loader: yaml.SafeLoader, node: yaml.MappingNode, location: Location, document: Document
) -> dict[Hashable, Any]:
    mapping: dict[Hashable, Any] = {}
    written: set[Hashable] = set()
    merged = list(islice(_merged(node), _MOST_VALUES + 1))
    if len(merged) > _MOST_VALUES:
        raise ValueError(_TOO_MANY)
    for key_node, value_node, own in [*((*pair, False) for pair in merged), *((*pair, True) for pair in _own(node))]:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, Hashable):
            document.complaints.append(Complaint(document.file, line, f"{key!r} cannot be a key"))
            continue
        here = (*location, str(key))
        if own and key in written:
            message = f"key {key!r} stands twice in one place; the first is on line {document.lines[here]}"
            document.complaints.append(Complaint(document.file, line, message))
            continue
        if own:
            written.add(key)
        mapping[key] = _construct(loader, value_node, here, document)
        document.lines[here] = line
    return mapping


Pair = tuple[yaml.Node, yaml.Node]


def _own(node: yaml.MappingNode) -> Iterator[Pair]:
    """Keys and values that stand in the mapping itself."""
    return (pair for pair in node.value if pair[0].tag != _MERGE)


def _merged(node: yaml.MappingNode) -> Iterator[Pair]:
    """Keys and values that `<<: *alias` brings in, the strongest last; the mapping itself overrides them.

    PyYAML's own way of it loses which are which, so that an override looks like a key that stands twice.
    """
    for value in (value for key, value in node.value if key.tag == _MERGE):
        for other in reversed(value.value) if isinstance(value, yaml.SequenceNode) else [value]:
            if not isinstance(other, yaml.MappingNode):
                what = "`<<:` needs an alias of a mapping, or a list of them"
                raise yaml.constructor.ConstructorError(None, None, what, other.start_mark)
            yield from _merged(other)
            yield from _own(other)
