"""What was watched, kept from one recording to the next: RULE/FEED.jsonl in a folder, one line of JSON a stretch.

Lines are only ever added, so a crash costs at most the last one; what stands in a file is the same, byte for byte, when
the same recordings are played in the same order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from detector.anomaly.stretch import Passage, Stretch
from detector.errors import LogError

_DAY_S = 86_400
_FORMAT = "trucewatch memory 1"


class Memory:
    """All stretches of one rule, by every feed.

    Args of the constructor:
        folder: made when the first stretch is kept.
        rule_id, cell_m: whose memory it is, and how the ground is divided; one that is divided otherwise is refused.
        source_id, run_id: the feed that learns now. What other feeds of the same run have kept is passed over: how
            much of it there is would depend on which was faster.
        keep_days: what is older is not looked at.

    Raises:
        ValueError: a file that is not such a memory, with its line.
    """

    def __init__(
        self, folder: Path, *, rule_id: str, cell_m: float, source_id: str, run_id: str, keep_days: float
    ) -> None:
        folder = folder / quote(rule_id, safe="")  # an id may be any text
        self._header = {"format": _FORMAT, "cell_m": cell_m}
        self._file = folder / f"{source_id}.jsonl"
        self._keep_s = round(keep_days * _DAY_S)
        self._sound_bytes = 0
        self._written: set[tuple[str, int]] = set()
        self._stretches: dict[tuple[str, int], Stretch] = {}
        for path in sorted(folder.glob("*.jsonl")):
            for stretch in self._read(path):
                if path == self._file:
                    self._written.add(stretch.key)
                if path == self._file or stretch.run_id != run_id:
                    self._stretches[stretch.key] = stretch

    def before(self, t_s: int) -> list[Stretch]:
        """Stretches that were over by then and are not too old, in the order of time: never what came later."""
        wanted = (one for one in self._stretches.values() if one.t_end_s <= t_s and one.t_start_s >= t_s - self._keep_s)
        return sorted(wanted, key=lambda one: (one.t_start_s, one.source_id))

    def keep(self, stretch: Stretch) -> None:
        """Add a stretch; one that is known already (the same recording again) is not written twice.

        Raises:
            LogError: it cannot be written.
        """
        self._stretches[stretch.key] = stretch
        # Twice as long is kept as is looked at, so that the last recordings can be played again with the same result.
        oldest_s = stretch.t_start_s - 2 * self._keep_s
        self._stretches = {key: one for key, one in self._stretches.items() if one.t_start_s >= oldest_s}
        if stretch.key in self._written:
            return
        self._written.add(stretch.key)
        try:
            self._append(_line(stretch))
        except OSError as error:
            raise LogError(f"{self._file}: what was watched cannot be kept: {error.strerror}") from error

    def _append(self, line: bytes) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("r+b" if self._file.exists() else "xb") as file:
            file.truncate(self._sound_bytes)  # a line that a crash cut short
            file.seek(self._sound_bytes)
            if self._sound_bytes == 0:
                file.write(_json(self._header))
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
            self._sound_bytes = file.tell()

    def _read(self, path: Path) -> Iterator[Stretch]:
        data = path.read_bytes()
        lines = data.split(b"\n")[:-1]  # the last one is empty, or was cut short by a crash
        if path == self._file:
            self._sound_bytes = sum(len(line) + 1 for line in lines)
        for number, line in enumerate(lines, 1):
            try:
                entry = dict(json.loads(line)) if number == 1 else _stretch(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}:{number}: this is no line of a memory ({error!r})") from None
            if isinstance(entry, Stretch):
                yield entry
            else:
                self._check(entry, path)

    def _check(self, header: dict[str, Any], path: Path) -> None:
        for name, wanted in self._header.items():
            found = header.get(name)
            if found != wanted:
                raise ValueError(f"{path}: this memory has {name} {found!r}, needed is {wanted!r}; name another folder")


def _line(stretch: Stretch) -> bytes:
    seen = [[*cell, seconds] for cell, seconds in stretch.seen_s.items()]
    entry = {
        "source": stretch.source_id,
        "run": stretch.run_id,
        "t_start_s": stretch.t_start_s,
        "t_end_s": stretch.t_end_s,
        "seen_s": seen,
        "passages": stretch.passages,
    }
    return _json(entry)


def _json(entry: Any) -> bytes:
    return json.dumps(entry, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _stretch(entry: Any) -> Stretch:
    return Stretch(
        entry["source"],
        entry["run"],
        entry["t_start_s"],
        entry["t_end_s"],
        {(row, col): seconds for row, col, seconds in entry["seen_s"]},
        [Passage(*values) for values in entry["passages"]],
    )
