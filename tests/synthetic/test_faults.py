"""Each fault that can be asked for, as the reading side meets it: counted, flagged or shown, never silent."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from detector.model import Frame, Gap, GapReason
from detector.report.against_truth import load_truth
from detector.sources import open_source
from detector.synthetic import SCENES, encode, render
from detector.synthetic.encode import write_feed
from detector.synthetic.faults import Fault, damaged

SHORT = {"size_px": (128, 72), "fps": (10, 1), "seconds": 4.0, "bitrate_mbit_s": 0.5}
SPARSE = {"size_px": (128, 72), "fps": (2, 1), "seconds": 28.0, "bitrate_mbit_s": 0.5}


class Read:
    """What comes out of a feed, beside its truth by time."""

    def __init__(self, path: Path, truth: Path) -> None:
        self.source = open_source(path, source_id="made")
        items = list(self.source)
        self.frames = [item for item in items if isinstance(item, Frame)]
        self.gaps = [item for item in items if isinstance(item, Gap)]
        self.counters, self.complete = self.source.end.counters, self.source.end.complete
        self.truth = load_truth(truth)["frames"]

    def wrong_m(self, frame: Frame, late_s: float = 0.0) -> float:
        """How far the stated camera is from the true one, over ground."""
        true = next(t["pose"] for t in self.truth if t["t_ns"] == frame.t_ns - round(late_s * 1e9))
        north = (frame.pose.lat_deg - true["lat_deg"]) * 111_200
        east = (frame.pose.lon_deg - true["lon_deg"]) * 111_200 * np.cos(np.radians(true["lat_deg"]))
        return float(np.hypot(east, north))


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Reads a feed with the given telemetry faults, made once each."""
    folder = tmp_path_factory.mktemp("faults")

    @cache
    def pictures(name: str, *form):
        return list(render(SCENES[name](1), *form))

    # A fault changes telemetry or bytes, never a picture: each scene is rendered once.
    patch = pytest.MonkeyPatch()
    patch.setattr(encode, "render", lambda scene, *form: pictures(scene.name, *form))

    @cache
    def reading(*faults: Fault, sparse: bool = False) -> Read:
        path = folder / f"{'-'.join(faults) or 'plain'}{'-sparse' * sparse}.ts"
        scene = SCENES["demo" if sparse else "crossing"](1)
        return Read(path, write_feed(scene, path, faults=faults, **(SPARSE if sparse else SHORT)))

    @cache
    def spoilt(fault: Fault) -> Read:
        plain, path = reading().source.path, folder / f"{fault}.ts"
        path.write_bytes(damaged(plain.read_bytes(), [fault], 1))
        return Read(path, plain.with_suffix(".truth.json.gz"))

    yield (
        lambda *faults, sparse=False, file_fault=None: (
            reading(*faults, sparse=sparse) if file_fault is None else spoilt(file_fault)
        )
    )
    patch.undo()


def test_a_whole_feed_has_every_pose_and_nothing_to_complain_of(read):
    plain = read()
    assert (len(plain.frames), plain.gaps, plain.complete) == (40, [], True)
    assert plain.counters == {"klv_sets": 40}
    assert max(plain.wrong_m(frame) for frame in plain.frames) < 3 * 1.5  # m, three times the stated standard deviation


def test_wrong_checksums_are_counted_and_the_poses_kept(read):
    found = read(Fault.BAD_CHECKSUM)
    assert found.counters["klv_checksum_wrong"] == 10  # every fourth of 40
    assert all(frame.pose is not None for frame in found.frames)


def test_a_pose_over_missing_items_is_at_most_a_set_old(read):
    """Items that a set lacks are carried on from the last set that had them: 0.1 s, 1 m at the drone's speed."""
    found, plain = read(Fault.MISSING_TAGS), read()
    assert all(frame.pose is not None for frame in found.frames)
    apart = [abs(found.wrong_m(a) - plain.wrong_m(b)) for a, b in zip(found.frames, plain.frames, strict=True)]
    assert 0 < max(apart) < 1.0  # m


def test_late_time_stamps_move_pictures_and_poses_together(read):
    """The stamp is the only clock of a feed: all of it is 1.5 s late, and each pose still belongs to its picture."""
    found = read(Fault.TIME_OFFSET)
    assert found.frames[0].t_ns - found.truth[0]["t_ns"] == 1_500_000_000
    inside = [frame for frame in found.frames if any(t["t_ns"] == frame.t_ns - 1_500_000_000 for t in found.truth)]
    assert len(inside) == len(found.frames)
    assert max(found.wrong_m(frame, late_s=1.5) for frame in inside) < 4.5  # m


def test_a_gap_in_the_telemetry_shows_in_the_age_and_then_in_the_want_of_a_pose(read):
    found = read(Fault.TELEMETRY_GAP, sparse=True)
    ages = [frame.pose.age_s for frame in found.frames if frame.pose is not None]
    bare = [frame.t_ns for frame in found.frames if frame.pose is None]
    assert max(ages) == pytest.approx(2.0, abs=0.51)  # two pictures a second
    middle_ns = found.truth[0]["t_ns"] + round(0.7 * 27.5e9)
    assert len(bare) >= 2
    assert bare[0] - 0.5e9 <= middle_ns <= bare[-1] + 0.5e9


def test_a_gnss_jump_does_not_move_a_fix_without_a_word(read):
    found = read(Fault.GNSS_JUMP)
    moved = [frame for frame in found.frames if frame.pose is not None and found.wrong_m(frame) > 20]
    told = [
        frame
        for frame in moved
        if (frame.pose.sigma_pos_m or 0.0) > 20 or any(g.t_start_ns <= frame.t_ns < g.t_end_ns for g in found.gaps)
    ]
    assert told == moved


def test_a_gnss_jump_is_in_the_feed_that_asks_for_it_and_is_counted(read):
    found = read(Fault.GNSS_JUMP)
    lat_deg = np.array([one.found.values[13] for one in found.source.survey.sets])
    jumped = np.flatnonzero(np.abs(np.diff(lat_deg)) * 111_200 > 70)  # m
    assert len(jumped) == 2  # there and back
    astray = int(jumped[1] - jumped[0])
    assert found.counters["position_jumps"] == astray
    assert [gap.count for gap in found.gaps] == [astray]
    assert "positions" in found.gaps[0].detail


@pytest.mark.parametrize("fault", [Fault.DROPPED_PACKETS, Fault.CORRUPT_BYTES])
def test_damage_in_the_middle_is_a_gap_and_the_end_is_reached(read, fault):
    found = read(file_fault=fault)
    assert {gap.reason for gap in found.gaps} == {GapReason.DAMAGED}
    assert sum(gap.count for gap in found.gaps) > 0
    assert found.complete
    assert found.frames[-1].t_ns == found.truth[-1]["t_ns"]


def test_a_feed_that_breaks_off_is_incomplete_and_says_where(read):
    found = read(file_fault=Fault.TRUNCATED)
    assert not found.complete
    assert found.gaps[-1].reason is GapReason.INCOMPLETE
    assert "byte" in found.source.end.detail
    assert 0.5 * 40 < len(found.frames) < 40
