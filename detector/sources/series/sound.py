"""WAV, FLAC, AIFF recordings and their like."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from detector.errors import SourceError
from detector.model import Gap, GapReason
from detector.sources.series.block import Block
from detector.sources.series.station import Station
from detector.timebase import NS_PER_S

_FRAMES = 1 << 16
_FINE = 1 << 12
_LOSSY = frozenset({"VORBIS", "OPUS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"})


class SoundFile:
    """Samples as shares of full scale, their times counted from the start that the station's file or the caller states.

    Such files carry no time: without a start, it counts from 1970, and `no_start` is counted. A channel is named after
    the sensor, or the file; of several, /1, /2 and so on are added.
    """

    def __init__(self, path: Path, source_id: str, station: Station) -> None:
        self._path, self._source_id, self._station = path, source_id, station
        self.shortfall, self.share = "", 0.0
        self.passed_over: tuple[str, ...] = ()
        self.counters: Counter[str] = Counter()
        self.units: Mapping[str, str] = {}

    def blocks(self) -> Iterator[Block | Gap]:
        """Pieces of 65,536 instants at most; a stretch that cannot be decoded is a Gap (damaged).

        Raises:
            SourceError: it cannot be opened, is no sound, or was coded with losses.
        """
        self.shortfall, self.share, self.counters = "", 0.0, Counter()
        with self._open() as file:
            count, per_s, form, promised = file.channels, file.samplerate, file.format, file.frames
        channels = self._names(count)
        self.units = dict.fromkeys(channels, "1")
        self.counters["no_start"] += self._station.start_ns is None
        start_ns, interval_ns, done = self._station.start_ns or 0, NS_PER_S / per_s, 0
        for first, values in self._pieces():
            rows = np.arange(first, first + len(values))
            t_ns = start_ns + np.rint(rows * interval_ns).astype(np.int64)
            if first > done:
                self.counters["damaged_stretches"] += 1
                end_ns = int(t_ns[0])
                lost_ns = start_ns + round(done * interval_ns)
                detail = f"{self._path}: samples {done} to {first} cannot be decoded"
                yield Gap(self._source_id, lost_ns, end_ns, GapReason.DAMAGED, detail, first - done)
            done = first + len(values)
            self.share = min(done / max(promised, 1), 1.0)
            yield Block(channels, t_ns, values, rows, "sample", interval_ns)
        self.shortfall = self._missing_end(done, promised, form)

    def _open(self) -> soundfile.SoundFile:
        try:
            file = soundfile.SoundFile(str(self._path))
        except soundfile.LibsndfileError as error:
            raise SourceError(f"{self._path}: cannot be read as sound: {error.error_string}") from error
        if file.subtype in _LOSSY:
            file.close()
            told = f"{file.subtype_info} changes samples and shifts their times; record FLAC or WAV"
            raise SourceError(f"{self._path}: {told}")
        return file

    def _pieces(self) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Number of the first sample, and samples. What cannot be decoded is passed over, in steps that double."""
        first, size, skip = 0, _FRAMES, 0
        file = self._open()
        promised = file.frames
        while first < promised:
            values = _read(file, first, size)
            if values is None:
                # A decoder that has failed once gives nothing more: begin anew, up to the damage in small pieces.
                file.close()
                file = self._open()
                if size > _FINE:
                    size = _FINE
                    continue
                skip = max(2 * skip, _FINE)
                first += skip
                continue
            if not len(values):
                break
            yield first, values
            first, size, skip = first + len(values), _FRAMES, 0
        file.close()

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


def _read(file: soundfile.SoundFile, first: int, size: int) -> NDArray[np.float64] | None:
    """Samples from `first` on; None where they cannot be decoded."""
    try:
        if file.tell() != first:
            file.seek(first)
        values: NDArray[np.float64] = file.read(size, dtype="float64", always_2d=True)
    except soundfile.LibsndfileError:
        return None
    return values


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
