"""miniSEED and its like, read by obspy."""

from __future__ import annotations

import heapq
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from detector.errors import SourceError
from detector.model import Gap
from detector.sources.series.block import Block
from detector.timebase import NS_PER_S

FORMATS = ("MSEED", "SLIST", "TSPAIR", "SAC", "GSE2")
_SAMPLES = 1 << 14


class SeismicFile:
    """Records of several channels, in the order of time; channels are named network.station.location.channel.

    Values are counts as the digitiser wrote them. The whole file is held in memory.
    """

    def __init__(self, path: Path, source_id: str) -> None:
        self._path, self._source_id = path, source_id
        self.shortfall, self.share = "", 0.0
        self.passed_over: tuple[str, ...] = ()
        self.counters: Counter[str] = Counter()
        self.units: Mapping[str, str] = {}

    def blocks(self) -> Iterator[Block | Gap]:
        """Pieces of 16,384 samples of one channel, by their starts.

        Raises:
            SourceError: obspy is absent, or finds none of its formats in the file.
        """
        self.shortfall, self.share, self.counters = "", 0.0, Counter()
        traces = self._traces()
        total, done = max(sum(len(trace.data) for trace in traces), 1), 0
        self.units = {trace.id: "counts" for trace in traces}
        pieces = [_pieces(trace) for trace in traces]
        for block in heapq.merge(*pieces, key=lambda one: (int(one.t_ns[0]), one.channels)):
            done += len(block)
            self.share = done / total
            yield block
        self.shortfall = self._cut_record()

    def _traces(self) -> list[Any]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what it imports is not the user's concern
                obspy = import_module("obspy")
        except ImportError:
            raise SourceError(
                f"{self._path}: seismic files need the extra: pip install 'trucewatch[seismic]'"
            ) from None
        errors: list[str] = []
        for form in FORMATS:
            try:
                with warnings.catch_warnings(record=True) as said:
                    warnings.simplefilter("always")
                    stream = obspy.read(str(self._path), format=form)
            except Exception as error:  # obspy's readers raise what they like on foreign bytes
                if isinstance(error, OSError) and error.errno is not None:
                    raise SourceError(f"{self._path}: cannot be read: {error.strerror}") from error
                errors.append(f"{form}: {error}")
                continue
            self.counters["reader_warnings"] += len(said)
            stream.sort(keys=["starttime"])
            return [trace for trace in stream if len(trace.data)]
        size = self._path.stat().st_size
        with self._path.open("rb") as raw:
            if is_miniseed(raw.read(8)) and "Cannot open" in errors[0]:
                raise SourceError(f"{self._path}: it ends at byte {size}, inside its first record")
        raise SourceError(f"{self._path}: none of {', '.join(FORMATS)} ({errors[0][:200]})")

    def _cut_record(self) -> str:
        """miniSEED is whole records of one length; a file that ends inside one was cut off."""
        with self._path.open("rb") as raw:
            if not is_miniseed(raw.read(8)):
                return ""
        information = import_module("obspy.io.mseed.util").get_record_information(str(self._path))
        length = information.get("record_length", 0)
        size = self._path.stat().st_size
        if length and size % length:
            whole = size - size % length
            return f"{self._path}: it ends inside a record, at byte {size} (the last whole one ends at {whole})"
        return ""


def is_miniseed(head: bytes) -> bool:
    """Whether a file begins with a miniSEED 2 record: a sequence number, its quality, and a space."""
    return len(head) >= 8 and head[:6].isdigit() and head[6:7] in b"DRQM" and head[7:8] in b" \0"


def _pieces(trace: Any) -> Iterator[Block]:
    interval_ns = NS_PER_S / float(trace.stats.sampling_rate)
    start_ns = int(trace.stats.starttime.ns)
    masked = np.ma.getmaskarray(trace.data) if np.ma.isMaskedArray(trace.data) else None
    for begin in range(0, len(trace.data), _SAMPLES):
        rows = np.arange(begin, min(begin + _SAMPLES, len(trace.data)))
        values = np.asarray(trace.data[begin : begin + _SAMPLES], np.float64)[:, None]
        if masked is not None:
            values[masked[rows]] = np.nan
        t_ns = start_ns + np.rint(rows * interval_ns).astype(np.int64)
        yield Block((trace.id,), t_ns, values, rows, "sample", interval_ns)
