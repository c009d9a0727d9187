"""A folder of pictures as a recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.errors import SourceError
from detector.model import Frame, Gap, GapReason, TimeFrom, read_only
from detector.sources.decoding import Held
from detector.sources.jumps import jumps_gap, without_jumps
from detector.sources.natural import pictures_in, places_of
from detector.sources.packet_ring import PacketRing
from detector.sources.platform_series import series_of_samples
from detector.sources.source import SourceEnd
from detector.sources.telemetry import Sample, Track

_NS = 1_000_000_000


class ImageFolder:
    """Pictures in natural order (frame_2 before frame_10), `fps` a second.

    16-bit pictures are scaled to 8 bits by one window, the 1st to the 99th percentile of the first picture;
    `window` says which. Pictures of another size than the first, and broken ones, are counted and passed over; those
    that the numbers in the names leave out are counted, and a gap that time goes on over.

    counters: what was counted while the sidecar was read; goes into `end`.
    """

    def __init__(
        self,
        path: Path,
        source_id: str,
        *,
        fps: float | Fraction = 10.0,
        start_ns: int | None = None,
        samples: list[Sample] | None = None,
        samples_relative: bool = False,
        telemetry_offset_s: float = 0.0,
        counters: Mapping[str, int] | None = None,
    ) -> None:
        if not fps > 0:
            raise ValueError(f"fps={fps}: must be above 0")
        self.path, self.source_id = path, source_id
        self._beside = Counter(counters or {})
        self.files = pictures_in(path)
        self.fps = Fraction(fps).limit_denominator(100_000)
        if start_ns is None and samples and not samples_relative:
            start_ns = samples[0].t_ns
        self.time_from = TimeFrom.UNKNOWN if start_ns is None else TimeFrom.START_INDEX
        self.start_ns = start_ns if start_ns is not None else 0
        self.ring: PacketRing | None = None
        self.end: SourceEnd | None = None
        self.window: tuple[float, float] | None = None
        self._places = places_of(self.files)
        self.duration_s: float | None = float((self._places[-1] + 1) / self.fps)
        shift_ns = (self.start_ns if samples_relative else 0) + round(telemetry_offset_s * _NS)
        beside = [replace(sample, t_ns=sample.t_ns + shift_ns) for sample in samples or []]
        believed, self._astray = without_jumps(beside)
        self._beside["position_jumps"] += self._astray
        self.track, self.telemetry = Track(believed), series_of_samples(source_id, beside)

    def elapsed_s(self, t_ns: int) -> float:
        """Seconds from the first picture."""
        return (t_ns - self.start_ns) / _NS

    def _t_ns(self, place: int) -> int:
        return self.start_ns + round(place * _NS / self.fps)

    def __iter__(self) -> Iterator[Frame | Gap]:
        """Frames, and a gap for each picture that cannot be read.

        Raises:
            SourceError: none can be read.
        """
        self.end, self.window = None, None
        counters = Counter(self._beside)
        size: tuple[int, ...] | None = None
        frames = 0
        if self.ring is not None:
            self.ring.start(colour=self._colour)
        if self._astray:
            yield jumps_gap(self.source_id, self.start_ns, self._astray)
        due = 0
        for place, file in zip(self._places, self.files, strict=True):
            t_ns = self._t_ns(place)
            if place > due:
                counters["missing_pictures"] += place - due
                yield Gap(self.source_id, self._t_ns(due), t_ns, GapReason.MISSING, _left_out(place - due, file))
            due = place + 1
            raw = _read(file, cv2.IMREAD_GRAYSCALE)
            if raw is None or (size is not None and raw.shape[:2] != size):
                why = "cannot be read" if raw is None else f"is {raw.shape[1]}x{raw.shape[0]}, not as the first"
                counters["damaged_pictures"] += 1
                yield Gap(self.source_id, t_ns, self._t_ns(due), GapReason.DAMAGED, f"{file.name} {why}")
                continue
            size = raw.shape[:2]
            if self.ring is not None:
                self.ring.add(Held(t_ns, True, True, file))
            pose = self.track.pose_at(t_ns, size[1] / size[0])
            colour = partial(self._colour, file)
            grey = read_only(self._eight_bit(raw))
            yield Frame(self.source_id, frames, t_ns, grey, True, self.time_from, pose, colour)
            frames += 1
        if self.ring is not None:
            self.ring.end()
        if not frames:
            raise SourceError(
                f"{self.path}: none of its {len(self.files)} pictures can be read, first {self.files[0].name}"
            )
        self.end = SourceEnd(frames, True, "", self.start_ns, self._t_ns(due), dict(+counters))

    def _eight_bit(self, raw: NDArray[Any]) -> NDArray[np.uint8]:
        if raw.dtype == np.uint8:
            return raw
        if self.window is None:
            low, high = np.nanpercentile(raw.astype(np.float64), (1, 99))
            self.window = (float(low), float(max(high, low + 1)))
        low, high = self.window
        scaled = np.clip((np.nan_to_num(raw.astype(np.float64)) - low) * (255.0 / (high - low)), 0, 255)
        return scaled.round().astype(np.uint8)

    def _colour(self, file: Path) -> NDArray[np.uint8]:
        raw = _read(file, cv2.IMREAD_COLOR)
        if raw is None:
            raise SourceError(f"{file}: cannot be read any more")
        return self._eight_bit(raw)


def _left_out(count: int, before: Path) -> str:
    pictures, are = ("1 picture", "is") if count == 1 else (f"{count} pictures", "are")
    return f"{pictures} before {before.name} {are} not there, by the numbers in the names"


def _read(file: Path, flag: int) -> NDArray[Any] | None:
    """Grey straight from the decoder: of a JPEG only the Y plane is decoded, and never is a colour picture made."""
    try:
        data = np.frombuffer(file.read_bytes(), np.uint8)
        return cv2.imdecode(data, flag | cv2.IMREAD_ANYDEPTH) if data.size else None
    except (OSError, cv2.error):
        return None
