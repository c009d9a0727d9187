"""The clock's line and the poses between samples, against their slow twins."""

from __future__ import annotations

import numpy as np
import pytest

from detector.geo.wgs84 import wrapped_deg
from detector.model import CameraPose
from detector.sources.telemetry import Sample, Track
from detector.sources.time_line import through
from tests.naive_sources import naive_line, naive_pose_at

T0_NS = 1_750_000_000_000_000_000


@pytest.mark.parametrize("drift", [0.0, 2e-5, -3e-4])
@pytest.mark.parametrize(("count", "jitter_s"), [(12, 0.0), (90, 0.005), (300, 0.02)])
def test_the_line_is_that_of_all_pairs(drift, count, jitter_s):
    random = np.random.default_rng(count)
    pts_s = (1.4 + np.arange(count) * 1.0).tolist()
    noise = random.normal(0, jitter_s, count)
    t_ns = [T0_NS + round((p * (1 + drift) + n) * 1e9) for p, n in zip(pts_s, noise, strict=True)]
    for bad in random.choice(np.arange(1, count), count // 10, replace=False):
        t_ns[bad] += int(random.choice([-1, 1])) * 3_600_000_000_000
    line = through(pts_s, t_ns)
    _, slope = naive_line(pts_s, t_ns)
    span_s = pts_s[-1] - pts_s[0]
    # Medians over thirds spread somewhat more than those over all pairs: 3 sigma of the mean of a third.
    assert line.drift == pytest.approx(slope, abs=1e-9 + 6 * jitter_s / span_s / np.sqrt(count / 3))
    assert len(line.outliers) == count // 10
    if span_s >= 60 or drift == 0:
        for p in (pts_s[0], pts_s[count // 2], pts_s[-1]):
            assert line.t_ns(p) == pytest.approx(T0_NS + p * (1 + drift) * 1e9, abs=1e3 + 2e9 * jitter_s)


def test_one_stamp_is_a_line():
    assert through([2.0], [T0_NS]).t_ns(3.0) == T0_NS + 1_000_000_000


def stamps(*stretches):
    """Ten stamps a second, of so many seconds each, so much off what presentation times say. [s, s]"""
    off_s = [off for seconds, off in stretches for _ in range(round(10 * seconds))]
    pts_s = [i / 10 for i in range(len(off_s))]
    return pts_s, [T0_NS + round((p + off) * 1e9) for p, off in zip(pts_s, off_s, strict=True)]


@pytest.mark.parametrize("seconds", [(4, 30), (30, 4)])
def test_a_recorder_that_paused_is_a_step_and_each_side_has_its_own_time(seconds):
    pts_s, t_ns = stamps((seconds[0], 0.0), (seconds[1], 600.0))
    line = through(pts_s, t_ns)
    assert line.outliers == ()
    assert [line.t_ns(p) for p in pts_s] == pytest.approx(t_ns, abs=2e3)


@pytest.mark.parametrize(
    ("stretches", "outliers"),
    [
        (((20, 0.0), (2, 600.0), (20, 0.0)), 20),  # a jump that comes back
        (((20, 0.0), (5, 600.0), (20, 0.0)), 50),
        (((20, 600.0), (30, 0.0)), 200),  # the clock was set back: nobody can be seen twice
        (((5, -4.0), (30, 0.0)), 50),  # telemetry that waited in the multiplexer at first
        (((30, 0.0), (1, 600.0)), 10),  # too short to be believed
        (((5, 1000 - T0_NS / 1e9), (30, 0.0)), 50),  # no fix yet: it counts from 1970
    ],
)
def test_stamps_that_only_jump_are_no_step(stretches, outliers):
    line = through(*stamps(*stretches))
    assert (line.steps, len(line.outliers)) == ((), outliers)


def pose(random):
    return CameraPose(
        float(random.uniform(-89, 89)), float(random.uniform(-180, 180)), float(random.uniform(0, 9000)),
        float(random.uniform(0, 360)), float(random.uniform(-79, 79)), float(random.uniform(-180, 180)),
        float(random.uniform(1, 120)), 30.0,
    )  # fmt: skip


def test_poses_between_samples_are_those_of_the_slow_twin():
    random = np.random.default_rng(5)
    times = np.cumsum(random.choice([0.1, 0.5, 1.0, 3.9, 4.1, 9.0], 60) * 1e9).astype(np.int64).tolist()
    samples = [Sample(t_ns, pose(random) if random.random() < 0.9 else None) for t_ns in times]
    track = Track([samples[i] for i in random.permutation(len(samples))])
    asked = [*times, *random.integers(times[0] - 3_000_000_000, times[-1] + 3_000_000_000, 500).tolist()]
    for t_ns in asked:
        found, expected = track.pose_at(t_ns, 16 / 9), naive_pose_at(samples, t_ns)
        assert (found is None) == (expected is None)
        if found is None or expected is None:
            continue
        for name, value in expected.items():
            off = getattr(found, name) - value
            off = float(wrapped_deg(off)) if name in ("lon_deg", "yaw_deg", "roll_deg") else off
            assert off == pytest.approx(0.0, abs=1e-7), name


def test_no_samples_no_pose():
    assert Track([]).pose_at(0, 1.0) is None
    assert Track([Sample(0, None)]).pose_at(0, 1.0) is None
