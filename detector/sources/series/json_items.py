"""The items of a JSON file: one a line, or those of one array."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

_SPACE = " \t\r\n"
_BEGINS = re.compile(r"\n\s*\{")


@dataclass(frozen=True, slots=True)
class Item:
    """data: what stands there; wrong: why it cannot be read, in place of it. line: where it begins."""

    line: int
    data: Any = None
    wrong: str = ""


class JsonItems:
    """Of a file, from its start.

    Valid once all have been given:
    cut_at: the line in which the file ends before its array does; 0: it does not.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.share, self.cut_at, self.is_array = 0.0, 0, False

    def __iter__(self) -> Iterator[Item]:
        """Items in the order of the file.

        Raises:
            OSError: it cannot be read.
        """
        self.share, self.cut_at, self.is_array = 0.0, 0, False
        size = max(self._path.stat().st_size, 1)
        with self._path.open("rb") as raw:
            lines = self._lines(raw, size)
            first = next(lines, None)
            if first is None:
                return
            if first[1].lstrip().startswith("["):
                second = next(lines, None)
                if second is None or _read(*first).wrong:
                    raw.seek(0)
                    yield from self._array(raw.read().decode("utf-8-sig", "replace"))
                    return
                lines = chain([second], lines)
            yield _read(*first)
            for line in lines:
                yield _read(*line)

    def _lines(self, raw: BinaryIO, size: int) -> Iterator[tuple[int, str]]:
        """Those that are not blank, with their numbers."""
        for number, text in enumerate(raw, 1):
            self.share = min(raw.tell() / size, 1.0)
            if text.strip():
                yield number, text.decode("utf-8-sig" if number == 1 else "utf-8", "replace")

    def _array(self, text: str) -> Iterator[Item]:
        """After an item that cannot be read it goes on at the next line that begins one."""
        self.is_array = True
        decoder, at, line = json.JSONDecoder(), text.index("[") + 1, 1
        line += text.count("\n", 0, at)
        while True:
            before, at = at, _behind(text, at, _SPACE + ",")
            line += text.count("\n", before, at)
            if at >= len(text):
                self.cut_at = line
                return
            if text[at] == "]":
                rest = _behind(text, at + 1, _SPACE)
                if rest < len(text):
                    yield Item(line + text.count("\n", at, rest), wrong="text follows the array's end")
                return
            try:
                data, end = decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                following = _BEGINS.search(text, at)
                whole = text.rstrip().endswith("]")
                if following is None and not whole and not isinstance(error, RecursionError):
                    self.cut_at = line
                    return
                yield Item(line, wrong=_why(error))
                if following is None:
                    return
                line, at = line + text.count("\n", at, following.end()), following.end() - 1
                continue
            yield Item(line, data)
            line, at = line + text.count("\n", at, end), end
            self.share = at / len(text)


def _behind(text: str, at: int, passed: str) -> int:
    while at < len(text) and text[at] in passed:
        at += 1
    return at


def _read(number: int, text: str) -> Item:
    try:
        return Item(number, json.loads(text))
    except (ValueError, RecursionError) as error:
        return Item(number, wrong=_why(error))


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} (column {error.colno})"
    return "not JSON: it is nested too deeply" if isinstance(error, RecursionError) else str(error)
