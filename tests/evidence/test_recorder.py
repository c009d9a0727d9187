"""Clips, snapshots and tables of an incident, cut out while the stream passes."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.config import EvidenceSettings
from detector.config.agreement_map import AgreementMap
from detector.errors import LogError
from detector.evidence import EvidenceRecorder
from detector.log import EvidenceStore
from detector.model import EvidenceFile, Means, Place, Scene, State, Violation
from tests.rules.scene_making import FPS, T0, Mover, scene

S = 1_000_000_000
SETTINGS = EvidenceSettings(pre_roll_s=2, post_roll_s=1, max_clip_s=10)
HELD_S = 5.0


def violation(start_s: float, end_s: float, state: State, peak_s: float | None = None, rule_id: str = "r") -> Violation:
    t_peak = T0 + round((start_s if peak_s is None else peak_s) * S)
    return Violation(
        rule_id, "zone_entry", "cam", "movement", "track 1", state, T0 + round(start_s * S), T0 + round(end_s * S),
        t_peak, 1, Place(None, None, None, (960.0, 540.0)), (Means.UAV,), 0.9, (1,),
    )  # fmt: skip


@dataclass
class FakeClip:
    """Writes the times it was asked for."""

    t_start_ns: int
    t_end_ns: int | None = None
    ready: bool = True
    asked_ns: list[int] = field(default_factory=list)
    decodes: bool = True
    broken: bool = False
    grows: Path | None = None
    steps: int = 10**9
    approached_ns: list[int] = field(default_factory=list)

    def grow(self, path: Path) -> None:
        self.grows = path

    def drop(self) -> None:
        self.grows = None

    def release(self, t_end_ns: int) -> None:
        self.t_end_ns = t_end_ns if self.t_end_ns is None else min(self.t_end_ns, t_end_ns)

    def write(self, folder: Path) -> list[tuple[str, Path]]:
        if self.broken:
            raise OSError(28, "No space left on device")
        (folder / "clip.ts").write_text(f"{self.t_start_ns} {self.t_end_ns}")
        return [("clip", folder / "clip.ts")]

    def approach(self, t_ns: int) -> bool:
        self.approached_ns.append(t_ns)
        return len(self.approached_ns) >= self.steps

    def snapshot(self, t_ns: int) -> tuple[NDArray[np.uint8], int] | None:
        self.asked_ns.append(t_ns)
        return (np.full((1080, 1920, 3), 90, np.uint8), t_ns) if self.decodes else None


@dataclass
class FakeRing:
    """Gives one clip."""

    clips: list[FakeClip] = field(default_factory=list)
    ready: bool = True
    decodes: bool = True
    broken: bool = False

    def hold(self, t_start_ns: int) -> FakeClip:
        clip = FakeClip(t_start_ns, ready=self.ready, decodes=self.decodes, broken=self.broken)
        self.clips.append(clip)
        return clip


def at(second: float) -> Scene:
    return scene(round(second * FPS), [Mover(1, lambda t: (10 * t, 0.0), velocity=(10.0, 0.0))])


def watch(recorder: EvidenceRecorder, start_s: float, end_s: float) -> list[tuple[str, list[EvidenceFile]]]:
    written = []
    for index in range(round(start_s * FPS), round(end_s * FPS)):
        recorder.observe(at(index / FPS))
        written += list(recorder.ready())
    return written


@pytest.fixture
def ring() -> FakeRing:
    return FakeRing()


@pytest.fixture
def recorder(ring: FakeRing, tmp_path: Path) -> EvidenceRecorder:
    return EvidenceRecorder(ring, EvidenceStore(tmp_path / "evidence"), SETTINGS, AgreementMap.nothing(), HELD_S)


def rows(folder: Path, files: list[EvidenceFile]) -> list[dict[str, str]]:
    (file,) = [one for one in files if one.role == "telemetry"]
    return list(csv.DictReader(io.StringIO((folder / file.path).read_text())))


@pytest.mark.parametrize("ends", [True, False])
def test_a_clip_grows_on_the_disk_until_it_is_evidence(ends: bool, ring: FakeRing, tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    recorder = EvidenceRecorder(ring, store, SETTINGS, AgreementMap.nothing(), HELD_S, tmp_path / "unfinished")
    watch(recorder, 0, 6)
    opened = violation(5, 5.5, State.OPEN)
    recorder.opened(opened)
    assert ring.clips[0].grows == tmp_path / "unfinished" / f"{opened.violation_id}.ts"
    watch(recorder, 6, 8)
    if ends:
        recorder.closed(violation(5, 7.5, State.CLOSED))
        assert len(watch(recorder, 8, 12)) == 1
    else:
        assert len(list(recorder.finish())) == 1
    assert ring.clips[0].grows is None


def test_a_clip_has_its_pre_roll_and_its_post_roll(ring: FakeRing, recorder: EvidenceRecorder, tmp_path: Path) -> None:
    watch(recorder, 0, 6)
    recorder.opened(violation(5, 5.5, State.OPEN))
    watch(recorder, 6, 8)
    closed = violation(5, 7.5, State.CLOSED)
    recorder.closed(closed)
    assert watch(recorder, 8, 8.5) == []  # the post-roll has not passed
    ((violation_id, files),) = watch(recorder, 8.5, 9)
    assert violation_id == closed.violation_id
    assert (ring.clips[0].t_start_ns, ring.clips[0].t_end_ns) == (T0 + 3 * S, T0 + 8.5 * S)
    assert [file.role for file in files] == ["clip", "overlay", "snapshot", "telemetry", "track"]
    table = rows(tmp_path / "evidence", files)
    assert (table[0]["t_ns"], table[-1]["t_ns"]) == (str(T0 + 3 * S), str(T0 + round(8.5 * S)))
    assert list(recorder.finish()) == []


def test_the_snapshot_is_at_the_peak(ring: FakeRing, recorder: EvidenceRecorder) -> None:
    watch(recorder, 0, 6)
    recorder.opened(violation(5, 5.5, State.OPEN))
    recorder.closed(violation(5, 7, State.CLOSED, peak_s=6.3))
    watch(recorder, 6, 9)
    assert ring.clips[0].asked_ns == [T0 + round(6.3 * S)]


def test_pictures_of_all_that_is_over_are_taken_at_once_in_the_order_of_their_peaks(
    ring: FakeRing, recorder: EvidenceRecorder
) -> None:
    asked: list[int] = []
    watch(recorder, 0, 6)
    for rule_id, end_s, peak_s in (("a", 6.0, 5.5), ("b", 6.4, 5.2), ("c", 6.6, 5.9)):
        recorder.opened(violation(5, 5.5, State.OPEN, rule_id=rule_id))
        ring.clips[-1].asked_ns = asked
        recorder.closed(violation(5, end_s, State.CLOSED, peak_s=peak_s, rule_id=rule_id))
    recorder.opened(violation(5, 5.5, State.OPEN, rule_id="d"))  # it goes on: its peak may still come
    ring.clips[-1].asked_ns = asked
    ((violation_id, files),) = watch(recorder, 6, 7.1)
    assert violation_id == violation(5, 6, State.CLOSED, rule_id="a").violation_id
    assert asked == [T0 + round(peak_s * S) for peak_s in (5.2, 5.5, 5.9)]
    others = watch(recorder, 7.1, 9)
    assert len(others) == 2
    assert len(asked) == 3
    assert all({file.role for file in found} == {file.role for file in files} for _, found in others)


def test_while_the_post_roll_passes_the_picture_is_come_nearer_to_at_each_turn_and_taken_once_reached(
    ring: FakeRing, recorder: EvidenceRecorder
) -> None:
    watch(recorder, 0, 6)
    recorder.opened(violation(5, 5.5, State.OPEN))
    watch(recorder, 6, 6.3)
    assert ring.clips[0].approached_ns == []  # its peak may still come
    ring.clips[0].steps = 4
    recorder.closed(violation(5, 6.2, State.CLOSED, peak_s=5.2))
    watch(recorder, 6.3, 6.6)
    assert ring.clips[0].asked_ns == []
    watch(recorder, 6.6, 7.1)
    peak_ns = T0 + round(5.2 * S)
    assert (ring.clips[0].approached_ns, ring.clips[0].asked_ns) == ([peak_ns] * 4, [peak_ns])
    ((_, files),) = watch(recorder, 7.1, 8)
    assert "snapshot" in {file.role for file in files}
    assert len(ring.clips[0].asked_ns) == 1


def test_a_long_incident_has_a_clip_of_the_longest_length_and_keeps_no_more_in_memory(
    ring: FakeRing, recorder: EvidenceRecorder, tmp_path: Path
) -> None:
    watch(recorder, 0, 6)
    recorder.opened(violation(5, 5.5, State.OPEN))
    watch(recorder, 6, 120)
    assert len(recorder._scenes) <= (2 + 10) * FPS + 1
    assert len(recorder._cases[violation(5, 5, State.OPEN).violation_id].scenes) == 10 * FPS + 1
    recorder.closed(violation(5, 119, State.CLOSED))
    ((_, files),) = watch(recorder, 120, 120.2)
    assert ring.clips[0].t_end_ns == T0 + 13 * S
    table = rows(tmp_path / "evidence", files)
    assert (table[0]["t_ns"], table[-1]["t_ns"]) == (str(T0 + 3 * S), str(T0 + 13 * S))


def test_an_incident_that_is_open_at_the_end_is_written(recorder: EvidenceRecorder) -> None:
    watch(recorder, 0, 6)
    recorder.opened(violation(5, 5.5, State.OPEN))
    watch(recorder, 6, 7)
    ((violation_id, files),) = recorder.finish()
    assert violation_id == violation(5, 5.5, State.OPEN).violation_id
    assert "clip" in {file.role for file in files}
    assert list(recorder.finish()) == []


def test_nothing_is_written_before_the_last_packet_of_the_clip_has_come(
    ring: FakeRing, recorder: EvidenceRecorder
) -> None:
    ring.ready = False
    watch(recorder, 0, 2)
    recorder.opened(violation(1, 1.5, State.OPEN))
    recorder.closed(violation(1, 1.5, State.CLOSED))
    assert watch(recorder, 2, 6) == []
    ring.clips[0].ready = True
    assert len(watch(recorder, 6, 6.1)) == 1


def test_the_clip_of_a_stay_that_opens_late_begins_before_it_where_that_is_still_held(
    ring: FakeRing, tmp_path: Path
) -> None:
    """Longer than the longest clip, and still its beginning is there: 12 s of 14 s held."""
    store = EvidenceStore(tmp_path / "evidence")
    recorder = EvidenceRecorder(ring, store, SETTINGS, AgreementMap.nothing(), 14.0)
    watch(recorder, 0, 14)
    recorder.opened(violation(3, 13.9, State.OPEN))
    recorder.closed(violation(3, 13.9, State.CLOSED))
    ((_, files),) = watch(recorder, 14, 17)
    assert (ring.clips[0].t_start_ns, ring.clips[0].t_end_ns) == (T0 + 1 * S, T0 + 11 * S)
    table = rows(tmp_path / "evidence", files)
    assert (table[0]["t_ns"], table[-1]["t_ns"]) == (str(T0 + 1 * S), str(T0 + 11 * S))


def test_the_clip_of_a_stay_whose_beginning_is_no_longer_held_shows_how_it_came_to_count(
    ring: FakeRing, recorder: EvidenceRecorder, tmp_path: Path
) -> None:
    watch(recorder, 0, 40)
    recorder.opened(violation(3, 39.9, State.OPEN))
    recorder.closed(violation(3, 39.9, State.CLOSED))
    ((_, files),) = watch(recorder, 40, 43)
    last_s = 40 - 1 / FPS
    assert ring.clips[0].t_start_ns == pytest.approx(T0 + (last_s - 9) * S, abs=10)  # 1 s of 10 s is the post-roll
    table = rows(tmp_path / "evidence", files)
    assert int(table[0]["t_ns"]) == pytest.approx(T0 + (last_s - 9) * S, abs=S / FPS + 10)
    assert int(table[-1]["t_ns"]) > T0 + round(39.9 * S)


def test_two_incidents_at_once_have_each_their_own(recorder: EvidenceRecorder) -> None:
    watch(recorder, 0, 2)
    for rule_id in ("a", "b"):
        recorder.opened(violation(1, 1.5, State.OPEN, rule_id=rule_id))
        recorder.closed(violation(1, 1.5, State.CLOSED, rule_id=rule_id))
    assert len({violation_id for violation_id, _ in watch(recorder, 2, 4)}) == 2


def test_without_a_ring_there_are_the_tables(tmp_path: Path) -> None:
    recorder = EvidenceRecorder(None, EvidenceStore(tmp_path), SETTINGS, AgreementMap.nothing(), HELD_S)
    recorder.opened(violation(0, 0.5, State.OPEN))
    recorder.observe(at(0))
    recorder.closed(violation(0, 0.5, State.CLOSED))
    ((_, files),) = watch(recorder, 0.1, 3)
    assert [file.role for file in files] == ["telemetry", "track"]


def test_a_clip_of_which_no_picture_decodes_has_no_snapshot(ring: FakeRing, recorder: EvidenceRecorder) -> None:
    ring.decodes = False
    recorder.opened(violation(0, 0.5, State.OPEN))
    ((_, files),) = recorder.finish()
    assert [file.role for file in files] == ["clip", "telemetry", "track"]


def test_a_snapshot_of_which_no_instant_is_known_has_no_overlay(recorder: EvidenceRecorder) -> None:
    recorder.opened(violation(0, 0.5, State.OPEN))
    ((_, files),) = recorder.finish()
    assert [file.role for file in files] == ["clip", "snapshot", "telemetry", "track"]


def test_a_clip_that_cannot_be_kept_stops_the_feed(ring: FakeRing, recorder: EvidenceRecorder) -> None:
    ring.broken = True
    recorder.opened(violation(0, 0.5, State.OPEN))
    with pytest.raises(LogError, match="No space left"):
        list(recorder.finish())


def test_nothing_seen_yet_is_nothing_ready(recorder: EvidenceRecorder) -> None:
    assert list(recorder.ready()) == []
    assert list(recorder.finish()) == []


def test_the_same_incident_writes_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("a", "b"):
        store = EvidenceStore(tmp_path / name)
        recorder = EvidenceRecorder(FakeRing(), store, SETTINGS, AgreementMap.nothing(), HELD_S)
        watch(recorder, 0, 2)
        recorder.opened(violation(1, 1.5, State.OPEN))
        recorder.closed(replace(violation(1, 1.5, State.CLOSED)))
        digests.append(watch(recorder, 2, 4))
    assert digests[0] == digests[1]
    (_, files) = digests[0][0]
    (track,) = [file for file in files if file.role == "track"]
    assert json.loads((tmp_path / "a" / track.path).read_text())["tracks"][0]["track_id"] == 1
