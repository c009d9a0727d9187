"""WAV and FLAC recordings."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import soundfile

from detector.errors import SourceError
from detector.model import Gap
from detector.sources.series.block import Block
from detector.sources.series.station import Station
from detector.timebase import NS_PER_S

_FRAMES = 1 << 16


class SoundFile:
    """Samples as shares of full scale, their times counted from the start that the station's file or the caller states.

    Such files carry no time: without a start, it counts from 1970, and `no_start` is counted. A channel is named after
    the sensor, or the file; of several, /1, /2 and so on are added.
    """

    def __init__(self, path: Path, source_id: str, station: Station) -> None:
        self._path, self._source_id, self._station = path, source_id, station
        self.shortfall, self.share = "", 0.0
        self.counters: Counter[str] = Counter()
        self.units: Mapping[str, str] = {}

    def blocks(self) -> Iterator[Block | Gap]:
        """Pieces of 65,536 instants.

        Raises:
            SourceError: it cannot be opened, or is no sound.
        """
        self.shortfall, self.share, self.counters = "", 0.0, Counter()
        try:
            file = soundfile.SoundFile(str(self._path))
        except soundfile.LibsndfileError as error:
            raise SourceError(f"{self._path}: cannot be read as sound: {error.error_string}") from error
        with file:
            channels = self._names(file.channels)
            self.units = dict.fromkeys(channels, "1")
            start_ns = self._station.start_ns
            self.counters["no_start"] += start_ns is None
            interval_ns = NS_PER_S / file.samplerate
            done = 0
            while True:
                try:
                    values = file.read(_FRAMES, dtype="float64", always_2d=True)
                except soundfile.LibsndfileError as error:
                    self.shortfall = f"{self._path}: cannot be decoded after sample {done}: {error.error_string}"
                    break
                if not len(values):
                    break
                rows = np.arange(done, done + len(values))
                t_ns = (start_ns or 0) + np.rint(rows * interval_ns).astype(np.int64)
                done += len(values)
                self.share = min(done / max(file.frames, 1), 1.0)
                yield Block(channels, t_ns, values, rows, "sample", interval_ns)
            self.shortfall = self.shortfall or self._missing_end(done, file.frames, file.format)

    def _names(self, count: int) -> tuple[str, ...]:
        name = self._station.sensor or self._path.stem
        return (name,) if count == 1 else tuple(f"{name}/{one}" for one in range(1, count + 1))

    def _missing_end(self, done: int, promised: int, form: str) -> str:
        size = self._path.stat().st_size
        if done < promised:
            return f"{self._path}: its header promises {promised} samples, {done} are in its {size} bytes"
        stated = _stated_bytes(self._path) if form in {"WAV", "WAVEX"} else None
        if stated is not None and stated > size:
            return f"{self._path}: its header promises {stated} bytes, there are {size}"
        return ""


def _stated_bytes(path: Path) -> int | None:
    """Where the header of a WAV file says that its samples end; None: it does not say (a stream's 0 or 2^32 - 1)."""
    with path.open("rb") as raw:
        raw.seek(12)
        while len(head := raw.read(8)) == 8:
            name, size = struct.unpack("<4sI", head)
            if name == b"data":
                return None if size in {0, 0xFFFFFFFF} else raw.tell() + size
            raw.seek(size + size % 2, 1)
    return None
