"""The rounds that `bench_live.py` sends: without a seam, telemetry with this moment's time and still whole."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest

from detector.klv.stream import decode
from tests.live.rig import FEEDS, free_port
from tests.live.sender import Unit, program, units

pytest.importorskip("tstrans", reason="the RTSP server of the rig is tstrans'")

from process_watch import Watched, descendants
from round_sender import Round, stamped, turned
from tstrans.rtp import RtspServer, RtspServerConfig

LENGTH_S = 9.0
T_US = 1_800_000_000_123_456


@pytest.fixture(scope="module")
def recording() -> list[Unit]:
    return list(units(str(FEEDS / "crossing.ts")))


def test_telemetry_gets_another_time_and_the_checksum_that_belongs_to_it(recording: list[Unit]) -> None:
    sets = [one.data for one in recording if not one.video]
    assert len(sets) > 80
    for data in sets:
        before, after = decode(data), decode(stamped(data, T_US))
        assert before is not None
        assert after is not None
        assert after.checksum_ok
        assert after.values == {**before.values, 1: after.values[1], 2: T_US}


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5])
def test_a_round_is_the_whole_recording_from_a_whole_picture_on(recording: list[Unit], share: float) -> None:
    found = turned(recording, share, LENGTH_S)
    assert sorted(one.data for one in found) == sorted(one.data for one in recording)
    pictures = [one for one in found if one.video]
    assert pictures[0].key
    steps = [after.t_s - before.t_s for before, after in pairwise(pictures)]
    assert steps == pytest.approx([0.04] * len(steps), abs=1e-4)
    assert found[-1].t_s < LENGTH_S


def test_after_a_round_comes_the_next_without_a_seam(recording: list[Unit]) -> None:
    with RtspServer.start(RtspServerConfig(bind_addr=f"127.0.0.1:{free_port()}")) as server:
        mount = server.add_unicast_mount("/feed1", program())
        one = Round(mount, turned(recording, 0.5, LENGTH_S), LENGTH_S)
        one.begin(0.0)
        times = []
        for _ in range(2 * len(recording)):
            if one.units[one.at].video:
                times.append(one.t_s)
            one.send()
    steps = [after - before for before, after in pairwise(times)]
    assert steps == pytest.approx([0.04] * len(steps), abs=1e-4)
    assert (one.rounds, one.sent) == (2, len(times))


def test_growth_is_told_from_when_it_counts() -> None:
    one = Watched("feed", [])
    one.samples = [(float(t), 0.5 * t, 300.0 if t < 180 else 200.0 + 0.1 * (t - 180)) for t in range(600)]
    one.samples[-1] = (600.0, 300.0, 900.0)  # a clip is being written
    line_mb, ends_mb = one.growth_mb(3) or (0.0, 0.0)
    assert line_mb == pytest.approx(6 * 6.0, abs=0.1)
    assert ends_mb == pytest.approx(6 * 6.0, abs=0.1)
    assert one.cpu_share(0.0) == pytest.approx(0.5)
    assert one.growth_mb(8) is None
    assert len(one.minutes_mb()) == 10


def test_a_process_and_its_own_are_seen() -> None:
    assert os.getpid() in descendants(os.getpid())
    one = Watched("this", [os.getpid()])
    sum(range(2_000_000))
    one.look(0.0)
    assert one.samples[0][1] > 0
    assert 10 < one.samples[0][2] < 10_000
