"""Keeps what each sensor heard around every possible violation: original samples, record section, spectrogram."""

from __future__ import annotations

import io
import json
import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import soundfile
from numpy.typing import NDArray

from detector.association import Sensors
from detector.config import EvidenceSettings
from detector.evidence.plot_area import Picture
from detector.evidence.readings import readings_picture
from detector.evidence.record_section import Trace, record_section_picture
from detector.evidence.spectrogram import spectrogram_picture
from detector.log.evidence import EvidenceStore
from detector.model import EvidenceFile, Incident, Series, Violation
from detector.timebase import NS_PER_S, iso_from_ns, ns_from_seconds

_LEAST_SAMPLES = 16
# Of readings, however short the pre-roll and the post-roll are in samples of a slow sensor.
_LEAST_BEFORE, _LEAST_AFTER = 96, 8
_HIGHEST_FLAC_HZ = 655_350
# Of a live network, cases that may wait for the disk before listening waits with them.
_MOST_WAITING = 8
# Full scale of the sample formats that FLAC holds without loss.
_FORMS = (("PCM_16", 2**15, "<i2"), ("PCM_24", 2**23, "<i4"))


@dataclass(frozen=True, slots=True)
class _Case:
    violation: Violation
    incident: Incident
    t_from_ns: int
    t_until_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """Samples of one channel around an incident. position: as the stream states it."""

    channel: str
    t_ns: NDArray[np.int64]
    values: NDArray[np.float64]
    interval_ns: float | None
    unit: str
    position: tuple[float, float, float]
    local: bool
    clock_sigma_ns: float

    @property
    def whole(self) -> bool:
        """Nothing is missing, and no hole is inside."""
        if self.interval_ns is None:
            return False
        span = (int(self.t_ns[-1]) - int(self.t_ns[0])) / self.interval_ns
        return abs(span - (len(self.t_ns) - 1)) < 0.5 and bool(np.isfinite(self.values).all())


class SampleRecorder:
    """Holds the newest samples of all sensors, and writes those around the incident that opened a violation.

    Writing takes .1 to 2 s: each file is on the disk before it is told. Listening to recordings waits for it, so that
    the order of a log is the same every time; a live network listens on meanwhile.

    Args:
        store: where the files go.
        settings: pre-roll before the first arrival, post-roll after the last, longest cut.
        held_s: how far back samples are held; as long as it takes to decide that there was an incident. [s]
        sensors: where they stand; None where that is not known.
        speed_m_s: of the waves, for the picture; None where that is not known.
        live: nobody waits for what is written.
    """

    def __init__(
        self,
        store: EvidenceStore,
        settings: EvidenceSettings,
        held_s: float,
        sensors: Sensors | None,
        speed_m_s: float | None,
        *,
        live: bool = False,
    ) -> None:
        self._store, self._sensors, self._speed_m_s = store, sensors, speed_m_s
        self._pre_ns, self._post_ns = ns_from_seconds(settings.pre_roll_s), ns_from_seconds(settings.post_roll_s)
        self._longest_ns = ns_from_seconds(settings.max_clip_s)
        self._held_ns = ns_from_seconds(held_s)
        self._slowest_ns = 0.0
        self._blocks: deque[Series] = deque()
        self._cases: list[_Case] = []
        self._most_waiting = _MOST_WAITING if live else 0
        self._writer = ThreadPoolExecutor(1, "evidence")
        self._writing: deque[tuple[str, Future[list[EvidenceFile]]]] = deque()

    def observe(self, series: Series) -> None:
        """Hold a block."""
        self._blocks.append(series)
        self._slowest_ns = max(self._slowest_ns, _spacing_ns(series))

    def opened(self, violation: Violation, incident: Incident) -> None:
        """Keep the samples around the incident."""
        of_it = (one for one in self._blocks if not set(incident.sensors).isdisjoint(one.channels))
        spacing_ns = max(map(_spacing_ns, of_it), default=0.0) if incident.kind == "level" else 0.0
        before_ns, after_ns = round(_LEAST_BEFORE * spacing_ns), round(_LEAST_AFTER * spacing_ns)
        t_from_ns = min(incident.arrivals_ns) - max(self._pre_ns, before_ns)
        longest_ns = max(self._longest_ns, before_ns + after_ns)
        t_until_ns = min(max(incident.arrivals_ns) + max(self._post_ns, after_ns), t_from_ns + longest_ns)
        self._cases.append(_Case(violation, incident, t_from_ns, t_until_ns))

    def reached(self, t_ns: int) -> Iterator[tuple[str, list[EvidenceFile]]]:
        """All sensors have been read until then: write what is complete, forget what nothing needs.

        Yields:
            As `written`.

        Raises:
            LogError: a file cannot be written.
        """
        self._begin([case for case in self._cases if case.t_until_ns <= t_ns])
        self._cases = [case for case in self._cases if case.t_until_ns > t_ns]
        held_ns = self._held_ns + max(self._pre_ns, round(_LEAST_BEFORE * self._slowest_ns))
        keep_ns = min([t_ns - held_ns, *(case.t_from_ns for case in self._cases)])
        while self._blocks and int(self._blocks[0].t_ns[-1]) < keep_ns:
            self._blocks.popleft()
        yield from self.written()

    def written(self) -> Iterator[tuple[str, list[EvidenceFile]]]:
        """What has been written since.

        Yields:
            The violation's id and its files, all on the disk.

        Raises:
            LogError: a file could not be written.
        """
        while self._writing and (len(self._writing) > self._most_waiting or self._writing[0][1].done()):
            violation_id, files = self._writing.popleft()
            yield violation_id, files.result()

    def finish(self) -> Iterator[tuple[str, list[EvidenceFile]]]:
        """The streams have ended: write what is left."""
        self._begin(self._cases)
        self._cases = []
        self._most_waiting = 0
        yield from self.written()
        self._writer.shutdown()

    def _begin(self, cases: Sequence[_Case]) -> None:
        for case in cases:
            written = self._writer.submit(self._write, case, tuple(self._blocks))
            self._writing.append((case.violation.violation_id, written))

    def _write(self, case: _Case, blocks: Sequence[Series]) -> list[EvidenceFile]:
        violation_id, incident = case.violation.violation_id, case.incident
        cuts = [cut for name in incident.sensors if (cut := _cut(name, case, blocks)) is not None]
        files = []
        for number, cut in enumerate(cuts, 1):
            role = _role(number, cut.channel)
            suffix, data = _samples(cut)
            files.append(self._store.put(violation_id, role, suffix, data))
            files.append(self._store.put(violation_id, role, ".json", _station(cut)))
        files += [
            self._store.put(violation_id, role, ".png", _png(picture)) for role, picture in self._pictures(case, cuts)
        ]
        return sorted(files, key=lambda file: file.path)

    def _pictures(self, case: _Case, cuts: list[_Cut]) -> Iterator[tuple[str, Picture]]:
        if not cuts:
            return
        incident = case.incident
        if incident.kind == "level":
            for cut in cuts:
                words = case.violation.observation
                yield "readings", readings_picture(cut.t_ns, cut.values, incident.t_ns, words, cut.unit)
            return
        onsets = dict(zip(incident.sensors, incident.arrivals_ns, strict=True))
        traces = [
            Trace(cut.channel, cut.t_ns, cut.values, onsets[cut.channel], self._distance_m(cut.channel, incident))
            for cut in cuts
        ]
        timed = incident.t_sigma_ns is not None
        speed_m_s = self._speed_m_s if timed and incident.position_m is not None else None
        yield "record-section", record_section_picture(traces, incident.t_ns, case.violation.observation, speed_m_s)
        first = cuts[0]
        if first.whole and first.interval_ns is not None:
            yield (
                "spectrogram",
                spectrogram_picture(first.t_ns, first.values, first.interval_ns, onsets[first.channel], first.channel),
            )

    def _distance_m(self, channel: str, incident: Incident) -> float | None:
        if incident.position_m is None or self._sensors is None:
            return None
        place = self._sensors.position_m[self._sensors.channels.index(channel), :2]
        return float(np.hypot(*(place - incident.position_m)))


def _cut(channel: str, case: _Case, blocks: Sequence[Series]) -> _Cut | None:
    """What a channel heard around it; None where that is next to nothing."""
    pieces = [one for one in blocks if channel in one.channels]
    pieces = [one for one in pieces if one.t_ns[-1] >= case.t_from_ns and one.t_ns[0] < case.t_until_ns]
    if not pieces:
        return None
    t_ns = np.concatenate([one.t_ns for one in pieces])
    values = np.concatenate([one.values[:, one.channels.index(channel)] for one in pieces])
    inside = (t_ns >= case.t_from_ns) & (t_ns < case.t_until_ns)
    first = pieces[0]
    if inside.sum() < _LEAST_SAMPLES:
        return None
    at = first.channels.index(channel)
    x, y, z = first.positions[at].tolist()
    return _Cut(
        channel, t_ns[inside], values[inside], first.interval_ns, first.units[at], (x, y, z), first.local,
        first.clock_sigma_ns,
    )  # fmt: skip


def _spacing_ns(series: Series) -> float:
    """Of its samples; of an irregular stream on average in the block, 0 where it has one."""
    if series.interval_ns is not None:
        return series.interval_ns
    return (int(series.t_ns[-1]) - int(series.t_ns[0])) / max(len(series) - 1, 1)


def _samples(cut: _Cut) -> tuple[str, bytes]:
    """FLAC where that holds the very samples, else a table that does."""
    rate_hz = 0.0 if cut.interval_ns is None else NS_PER_S / cut.interval_ns
    whole_hz = round(rate_hz)
    fits = cut.unit == "1" and abs(rate_hz - whole_hz) < 1e-6 * rate_hz and 1 <= whole_hz <= _HIGHEST_FLAC_HZ
    if fits and cut.whole and np.abs(cut.values).max() <= 1.0:
        for form, scale, kind in _FORMS:
            counts = cut.values * scale
            if (counts == np.rint(counts)).all() and counts.max() < scale:
                whole = counts.astype(np.int64) * (1 if form == "PCM_16" else 256)
                file = io.BytesIO()
                soundfile.write(file, whole.astype(kind), whole_hz, form, format="FLAC")
                return ".flac", file.getvalue()
    name = f"{cut.channel} [{cut.unit}]" if cut.unit not in {"", "1"} else cut.channel
    quoted = '"' + name.replace('"', '""') + '"'
    rows = [
        f"{t},{'' if np.isnan(v) else repr(v)}" for t, v in zip(cut.t_ns.tolist(), cut.values.tolist(), strict=True)
    ]
    return ".csv", "\n".join([f"t_ns,{quoted}", *rows, ""]).encode()


def _station(cut: _Cut) -> bytes:
    """What the samples' own file does not say, as `trucewatch` reads it beside a sensor file."""
    names = ("x_m", "y_m", "z_m") if cut.local else ("lon_deg", "lat_deg", "alt_m")
    position = {name: value for name, value in zip(names, cut.position, strict=True) if np.isfinite(value)}
    station = {
        "start": iso_from_ns(int(cut.t_ns[0]), 9),
        "sensor": cut.channel,
        "position": position,
        "clock_sigma_s": cut.clock_sigma_ns / NS_PER_S,
    }
    return (json.dumps(station, ensure_ascii=False, indent=1) + "\n").encode()


def _role(number: int, channel: str) -> str:
    """A role that no other sensor has, with what may stand in one of its name."""
    slug = re.sub("[^a-z0-9]+", "-", channel.lower()).strip("-")
    return f"sensor-{number:02d}-{slug}"[:32].rstrip("-")


def _png(picture: Picture) -> bytes:
    _, data = cv2.imencode(".png", picture)
    return data.tobytes()
