"""What a process that was killed leaves: closed, kept as far as it is there, said, and joined where it can be told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from detector.centre.broken_off import close_broken_off, unfinished_folder
from detector.centre.continued import Continued
from detector.evidence import jpeg_of
from detector.log import EvidenceStore, LogWriter, open_reader, verify_log
from detector.model import Gap, GapReason, Place, State
from tests.live.rig import FEEDS
from tests.log.conftest import CLOSED, OPENED, RUN, T0, S

WHY = "its process was killed"

# A process that holds a clip of the recording, tells what it has put there, and is killed: nothing of it is closed.
GROWS = """
import os, signal, sys
from pathlib import Path
from detector.model import Frame
from detector.sources import PacketRing, open_source
source = open_source(Path(sys.argv[1]), source_id="north")
source.ring, clip = PacketRing(keep_s=100.0), None
for frames, item in enumerate(one for one in source if isinstance(one, Frame)):
    if frames == 70:
        peak_ns = item.t_ns
    if frames == 60:
        clip = source.ring.hold(item.t_ns - 1_000_000_000)
        clip.grow(Path(sys.argv[2]))
    if frames == 110:
        print(len([one for one in clip.packets if one.video]), len(clip.packets), peak_ns, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_while_it_grew(clip: Path) -> tuple[int, int, int]:
    """Video packets, and all, that its process had been given; the time of the picture 70. [ns UTC]"""
    command = [sys.executable, "-c", GROWS, str(FEEDS / "crossing.ts"), str(clip)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL, done.stderr
    video, packets, peak_ns = done.stdout.split()
    return int(video), int(packets), int(peak_ns)


def picture(path: Path, index: int) -> np.ndarray:
    """A picture of a recording, by its number. BGR"""
    with av.open(str(path)) as container:
        return next(islice(container.decode(video=0), index, None)).to_ndarray(format="bgr24")


def test_the_clip_of_what_was_open_when_its_process_was_killed_is_kept_and_what_is_missing_said(tmp_path: Path) -> None:
    clip = unfinished_folder(tmp_path, "north") / f"{OPENED.violation_id}.ts"
    video, packets, peak_ns = killed_while_it_grew(clip)
    opened = replace(OPENED, t_peak_ns=peak_ns)
    with LogWriter(tmp_path) as log:
        log.begin(RUN)
        log.opened(opened)
        closed, _ = close_broken_off(log, tmp_path, "north", WHY)
        assert close_broken_off(log, tmp_path, "north", WHY) == ([], None), "once"
    assert closed == [opened]
    assert not clip.parent.exists()
    with open_reader(tmp_path) as reader:
        one = reader.violation(OPENED.violation_id)
    assert one.violation == replace(opened, state=State.CLOSED)
    assert one.lacks == (f"{WHY} while it went on: how long it lasted is not known; the clip ends there",)
    assert [file.role for file in one.files] == ["clip", "clip_browser", "snapshot"]
    report = verify_log(tmp_path)
    assert (report.damage, report.warnings) == ((), ())
    kept, shown, snapshot = (tmp_path / "evidence" / file.path for file in one.files)
    assert snapshot.read_bytes() == jpeg_of(picture(FEEDS / "crossing.ts", 70))
    with av.open(str(kept)) as container:
        found = [packet for packet in container.demux() if packet.size]
    assert packets - len(found) <= 4, "what libav held back for a tenth of a second"
    with av.open(str(shown)) as container:
        pictures = sum(1 for _ in container.decode(video=0))
    assert video - pictures <= 3
    assert pictures > 50


def test_what_its_process_had_put_on_the_disk_is_kept_and_hashed(tmp_path: Path) -> None:
    with LogWriter(tmp_path) as log:
        log.begin(RUN)
        log.opened(OPENED)
        log.closed(CLOSED)
        put = EvidenceStore(tmp_path / "evidence").put(OPENED.violation_id, "telemetry", ".csv", b"t\n")
        (tmp_path / "evidence" / OPENED.violation_id / "clip.ts.part").write_bytes(b"half")
        assert close_broken_off(log, tmp_path, "north", WHY)[0] == [], "it had been closed"
    with open_reader(tmp_path) as reader:
        one = reader.violation(OPENED.violation_id)
    assert one.files == (put,)
    assert one.lacks == (f"{WHY} before its evidence was complete; no clip was kept",)
    assert one.violation == CLOSED


def test_evidence_that_is_whole_is_not_touched_and_what_comes_later_makes_it_whole(tmp_path: Path) -> None:
    with LogWriter(tmp_path) as log:
        log.begin(RUN)
        log.opened(OPENED)
        log.evidence(OPENED.violation_id, [], "its process was killed")
        log.evidence(
            OPENED.violation_id, [EvidenceStore(tmp_path / "evidence").put(OPENED.violation_id, "a", ".b", b"")]
        )
        other = replace(OPENED, source_id="south")
        log.opened(other)
        log.closed(CLOSED)
        assert close_broken_off(log, tmp_path, "north", WHY)[0] == []
    with open_reader(tmp_path) as reader:
        assert reader.violation(OPENED.violation_id).lacks == ()
        assert reader.violation(other.violation_id).violation.state is State.OPEN, "another feed's goes on"


BACK_NS = OPENED.t_end_ns + 5 * S
GAP = Gap("north", T0, BACK_NS, GapReason.NOT_RUNNING)
AGAIN = replace(OPENED, t_start_ns=BACK_NS + S, t_end_ns=BACK_NS + 2 * S, subject="track 1, zone strip")


def moved(north_m: float) -> Place:
    return replace(OPENED.place, lat_deg=(OPENED.place.lat_deg or 0.0) + north_m / 111_000)


@pytest.mark.parametrize(
    ("after", "joined"),
    [
        (AGAIN, True),
        (replace(AGAIN, place=moved(4)), True),
        (replace(AGAIN, place=moved(12)), False),  # 2.8 m standard deviation north of both: 95 % are 7 m
        (replace(AGAIN, rule_id="other"), False),
        (replace(AGAIN, zone_id="other"), False),
        (replace(AGAIN, source_id="south"), False),
        (replace(AGAIN, t_start_ns=BACK_NS + 4 * S), False),  # it came while the feed was watched
        (replace(AGAIN, place=Place(None, None, None, (1.0, 2.0))), False),
        (replace(AGAIN, state=State.CLOSED), False),
    ],
)
def test_only_what_is_there_again_at_the_same_place_is_the_same(after: object, joined: bool) -> None:
    continued = Continued()
    continued.broke_off([OPENED])
    continued.gap(GAP)
    found = continued.opened(after)  # type: ignore[arg-type]
    assert (found is not None) == joined
    if found is not None:
        assert (found.violation_id, found.joined) == (OPENED.violation_id, (AGAIN.violation_id,))
        assert continued.opened(AGAIN) is None, "each is continued once"


def test_nothing_is_the_same_while_the_feed_has_not_been_seen_again_or_after_a_minute() -> None:
    continued = Continued()
    continued.broke_off([OPENED])
    assert continued.opened(AGAIN) is None
    late_ns = OPENED.t_end_ns + 61 * S
    continued.gap(replace(GAP, t_end_ns=late_ns))
    assert continued.opened(replace(AGAIN, t_start_ns=late_ns, t_end_ns=late_ns + S)) is None


def test_a_silence_has_no_place_and_is_known_by_its_subject() -> None:
    nowhere = Place(None, None, None, None)
    silent = replace(OPENED, rule_kind="sensor_silent", subject="sensor north", place=nowhere, zone_id=None)
    continued = Continued()
    continued.broke_off([silent])
    again = replace(silent, t_start_ns=silent.t_end_ns + 4 * S, t_end_ns=silent.t_end_ns + 9 * S)
    assert continued.opened(replace(again, subject="sensor south")) is None
    found = continued.opened(again)
    assert found is not None
    with_log = found.joined == (again.violation_id,) and found.misfit == 0.0
    assert with_log
