"""Cuts the evidence of each possible violation out of the stream while it passes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.config import EvidenceSettings
from detector.config.agreement_map import AgreementMap
from detector.errors import LogError
from detector.evidence.tables import telemetry_csv, track_json
from detector.log.evidence import EvidenceStore
from detector.model import EvidenceFile, Scene, Violation
from detector.overlay import draw
from detector.timebase import ns_from_seconds

_JPEG_QUALITY = 95


class Clip(Protocol):
    """Original packets or pictures of a stretch of time."""

    @property
    def ready(self) -> bool:
        """Everything up to the released end has arrived, or the stream has ended."""
        ...

    def release(self, t_end_ns: int) -> None:
        """Collect no further than this time."""
        ...

    def grow(self, path: Path) -> None:
        """Keep it beside `path` as it grows, where that can be done. Raises LogError."""
        ...

    def drop(self) -> None:
        """What grew there is needed no more."""
        ...

    def write(self, folder: Path) -> list[tuple[str, Path]]:
        """Write what was collected, without re-encoding: the role and file of each form."""
        ...

    def approach(self, t_ns: int) -> bool:
        """Come a little nearer to that snapshot, which then takes less time; True: it is reached."""
        ...

    def snapshot(self, t_ns: int) -> tuple[NDArray[np.uint8], int] | None:
        """The picture shown at that time, in colour (BGR), and its own time; None if none can be decoded."""
        ...


class Ring(Protocol):
    """The newest stretch of a source's original packets."""

    def hold(self, t_start_ns: int) -> Clip:
        """Begin a clip that starts at or before this time."""
        ...


@dataclass(slots=True)
class _Case:
    """Evidence being gathered for one violation: nothing later than `t_last_ns`, however long the incident lasts.

    pictures: on the disk; None until the incident is over.
    """

    violation: Violation
    clip: Clip | None
    t_from_ns: int
    t_last_ns: int
    scenes: list[Scene]
    t_until_ns: int | None = None
    pictures: list[EvidenceFile] | None = None

    def passed(self, now_ns: int) -> bool:
        """Everything that its evidence shows has been seen and has arrived."""
        seen = self.t_until_ns is not None and now_ns >= self.t_until_ns
        return seen and (self.clip is None or self.clip.ready)


class EvidenceRecorder:
    """Holds the clip of every open violation, and writes its evidence once the post-roll has passed.

    Args:
        ring: the source's packets; None where it keeps none.
        store: where the files go.
        settings: pre-roll, post-roll, longest clip.
        agreement: drawn into the snapshot with overlay.
        held_s: how far back the ring reaches. [s]
        growing: folder of clips that are not finished, for when this process is killed; None: it can begin again.
    """

    def __init__(
        self,
        ring: Ring | None,
        store: EvidenceStore,
        settings: EvidenceSettings,
        agreement: AgreementMap,
        held_s: float,
        growing: Path | None = None,
    ) -> None:
        self._ring = ring
        self._store = store
        self._agreement = agreement
        self._pre_ns = ns_from_seconds(settings.pre_roll_s)
        self._post_ns = ns_from_seconds(settings.post_roll_s)
        self._longest_ns = ns_from_seconds(settings.max_clip_s)
        self._held_ns = ns_from_seconds(held_s)
        self._growing = growing
        self._cases: dict[str, _Case] = {}
        self._scenes: deque[Scene] = deque()

    def draw_on(self, agreement: AgreementMap) -> None:
        """Another map is in force from now on."""
        self._agreement = agreement

    def observe(self, scene: Scene) -> None:
        """Remember one instant; forget those that no clip will need."""
        self._scenes.append(scene)
        for case in self._cases.values():
            if scene.t_ns <= case.t_last_ns:
                case.scenes.append(scene)
        while self._scenes[0].t_ns < scene.t_ns - max(self._held_ns, self._longest_ns):
            self._scenes.popleft()

    def opened(self, violation: Violation) -> None:
        """Begin to keep the packets."""
        t_from_ns = self._beginning_ns(violation)
        clip = None if self._ring is None else self._ring.hold(t_from_ns)
        # A clip of an incident that lasts for an hour ends at its longest; the log still says how long it lasted.
        t_last_ns = t_from_ns + self._longest_ns
        if clip is not None:
            clip.release(t_last_ns)
            if self._growing is not None:
                clip.grow(self._growing / f"{violation.violation_id}.ts")
        scenes = [scene for scene in self._scenes if t_from_ns <= scene.t_ns <= t_last_ns]
        self._cases[violation.violation_id] = _Case(violation, clip, t_from_ns, t_last_ns, scenes)

    def _beginning_ns(self, violation: Violation) -> int:
        """Where its clip begins: before the incident, or, if that is no longer held, so that it shows the opening."""
        wanted_ns = violation.t_start_ns - self._pre_ns
        now_ns = self._scenes[-1].t_ns if self._scenes else wanted_ns
        if wanted_ns >= now_ns - self._held_ns:
            return wanted_ns
        return max(wanted_ns, now_ns - max(self._longest_ns - self._post_ns, 0))

    def closed(self, violation: Violation) -> None:
        """The incident is over: keep the post-roll, then write; unless that was done when the stream broke off."""
        case = self._cases.get(violation.violation_id)
        if case is None:
            return
        case.violation = violation
        case.t_until_ns = min(violation.t_end_ns + self._post_ns, case.t_last_ns)
        if case.clip is not None:
            case.clip.release(case.t_until_ns)

    def ready(self) -> Iterator[tuple[str, list[EvidenceFile]]]:
        """Write every case whose post-roll has passed.

        Yields:
            The violation's id and its files, all on the disk.

        Raises:
            LogError: a file cannot be written. The feed has to stop: it never watches unrecorded.
        """
        now_ns = self._scenes[-1].t_ns if self._scenes else 0
        over = [case for case in self._cases.values() if case.t_until_ns is not None]
        ready = [case for case in over if case.passed(now_ns)]
        if ready:
            self._picture(over)
        else:
            self._work_ahead(over)
        for case in ready:
            violation_id = case.violation.violation_id
            yield violation_id, self._write(case)
            _drop(self._cases.pop(violation_id))

    def finish(self) -> Iterator[tuple[str, list[EvidenceFile]]]:
        """The stream has ended or broken off: write what is left, also of what is still open."""
        self._picture(list(self._cases.values()))
        for violation_id, case in self._cases.items():
            yield violation_id, self._write(case)
            _drop(case)
        self._cases.clear()

    def _write(self, case: _Case) -> list[EvidenceFile]:
        violation = case.violation
        t_until_ns = case.t_last_ns if case.t_until_ns is None else case.t_until_ns
        scenes = [scene for scene in case.scenes if scene.t_ns <= t_until_ns]
        files = [
            self._store.put(violation.violation_id, "telemetry", ".csv", telemetry_csv(scenes)),
            self._store.put(violation.violation_id, "track", ".json", track_json(scenes, violation)),
            *(case.pictures or ()),
        ]
        if case.clip is not None:
            files += self._write_clip(case.clip, violation.violation_id)
        return sorted(files, key=lambda file: file.path)

    def _write_clip(self, clip: Clip, violation_id: str) -> Iterator[EvidenceFile]:
        try:
            with TemporaryDirectory(prefix="trucewatch-", dir=self._store.folder.parent) as folder:
                for role, file in clip.write(Path(folder)):
                    yield self._store.put(violation_id, role, file.suffix, file)
        except OSError as error:
            raise LogError(f"{self._store.folder}: the clip of {violation_id} cannot be kept: {error}") from error

    def _picture(self, cases: list[_Case]) -> None:
        """Put the pictures of these on the disk, in the order of their peaks: decoding goes through each group once."""
        for case in sorted(cases, key=lambda case: case.violation.t_peak_ns):
            if case.pictures is None:
                case.pictures = list(self._write_snapshots(case.clip, case.violation, case.scenes))

    def _work_ahead(self, over: list[_Case]) -> None:
        """A little at each turn while the post-roll passes: done at once, it would hold a live feed up by a second."""
        waiting = [case for case in over if case.pictures is None]
        case = min(waiting, key=lambda case: case.violation.t_peak_ns, default=None)
        if case is not None and case.clip is not None and case.clip.approach(case.violation.t_peak_ns):
            self._picture([case])

    def _write_snapshots(self, clip: Clip | None, violation: Violation, scenes: list[Scene]) -> Iterator[EvidenceFile]:
        shown = None if clip is None else clip.snapshot(violation.t_peak_ns)
        if shown is None:
            return
        picture, t_ns = shown
        yield self._store.put(violation.violation_id, "snapshot", ".jpg", jpeg_of(picture))
        scene = min(scenes, key=lambda scene: abs(scene.t_ns - t_ns), default=None)
        if scene is not None:
            drawn = draw(picture, scene, self._agreement, subject=violation)
            yield self._store.put(violation.violation_id, "overlay", ".jpg", jpeg_of(drawn))


def jpeg_of(picture: NDArray[np.uint8]) -> bytes:
    """A picture (BGR) as evidence keeps it."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return data.tobytes()


def _drop(case: _Case) -> None:
    if case.clip is not None:
        case.clip.drop()
