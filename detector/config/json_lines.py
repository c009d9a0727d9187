"""JSON with the line of every value, so that a complaint can say where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from detector.config.yaml_lines import Document, Location, read_text
from detector.errors import Complaint, ConfigError

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def parse_json(path: Path) -> Document:
    """The file's data with the line of every value; a key that stands twice in one object is a complaint.

    Raises:
        ConfigError: unreadable, empty, or not JSON.
    """
    text = read_text(path).removeprefix("\ufeff")
    if not text.strip():
        raise ConfigError(Complaint(str(path), None, "the file is empty; a GeoJSON FeatureCollection is needed"))
    try:
        document = Document(str(path), json.loads(text))
    except json.JSONDecodeError as error:
        message = f"not JSON here (column {error.colno}): {error.msg}"
        raise ConfigError(Complaint(str(path), error.lineno, message)) from None
    except (RecursionError, ValueError) as error:  # ValueError: an integer of thousands of digits
        raise ConfigError(Complaint(str(path), None, f"not JSON: {error}")) from None
    _find_lines(text, document)
    return document


def _words(text: str) -> Iterator[tuple[str, int]]:
    line, position = 1, 0
    for match in _WORD.finditer(text):
        line += text.count("\n", position, match.start())
        position = match.start()
        yield match.group(), line


def _find_lines(text: str, document: Document) -> None:
    """Walk over text that is known to be JSON and note where each value begins."""
    path: list[str | int] = []  # keys and list positions that lead to the value that comes next
    awaits_key = False
    document.lines[()] = 1
    for word, line in _words(text):
        if word in "}]":
            path.pop()
            awaits_key = False
        elif word == ",":
            last = path[-1]
            awaits_key = isinstance(last, str)
            path[-1] = last if isinstance(last, str) else last + 1
        elif awaits_key:
            path[-1] = json.loads(word)
            _note_key(tuple(path), line, document)
            awaits_key = False
        elif word != ":":
            if path and isinstance(path[-1], int):
                document.lines[tuple(path)] = line
            if word in "{[":
                path.append("" if word == "{" else 0)
                awaits_key = word == "{"


def _note_key(location: Location, line: int, document: Document) -> None:
    if location in document.lines:
        message = f"key {location[-1]!r} stands twice in one object; the first is on line {document.lines[location]}"
        document.complaints.append(Complaint(document.file, line, message))
        return
    document.lines[location] = line
