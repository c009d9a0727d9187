"""One feed as the entries of the log, when reading goes wrong; and feeds in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from detector import feed, pipeline, replay
from detector.config import load
from detector.errors import SourceError
from detector.feed import Job, play
from detector.log import open_reader
from detector.model import CoverageSlot, Frame, Gap, RunEnd, State, Violation
from tests.cli.media_making import SIZE, video, write_config


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    """Two feeds of 5 s, under the first's rule."""
    feeds = [{"id": name, "media": str(video(tmp_path / f"{name}.ts", 100))} for name in ("gate", "other")]
    configuration = load(write_config(tmp_path, feeds), pipeline.REGISTRIES)
    return replay.jobs_of(configuration, [], tmp_path / "out", annotate=True)


def configuration_of(jobs: list[Job]) -> Any:
    return load(jobs[0].out.parent / "agreement.yaml", pipeline.REGISTRIES)


class Failing:
    """A source that fails after so many frames."""

    def __init__(self, source: Any, frames: int) -> None:
        self._source, self._frames = source, frames

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            object.__setattr__(self, name, value)
        else:
            setattr(self._source, name, value)

    def __iter__(self) -> Iterator[Frame | Gap]:
        for item in self._source:
            if self._frames == 0:
                raise SourceError("gate.ts: the disk it lay on has gone")
            self._frames -= isinstance(item, Frame)
            yield item


@pytest.mark.parametrize("frames", [0, 1, 60])
def test_a_recording_that_fails_while_it_is_read_is_incomplete_with_all_that_was_seen(
    frames: int, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = feed.open_source
    monkeypatch.setattr(feed, "open_source", lambda *args, **more: Failing(opened(*args, **more), frames))
    entries = list(play(configuration_of(jobs), jobs[0], "run"))
    end = entries[-1]
    assert isinstance(end, RunEnd)
    assert (end.complete, end.detail) == (False, "gate.ts: the disk it lay on has gone")
    assert end.frames == frames  # though the detector and the tracker look ahead
    assert end.t_start_ns <= end.t_end_ns
    violations = [entry for entry in entries if isinstance(entry, Violation)]
    assert [one.state for one in violations] == ([State.OPEN, State.CLOSED] if frames == 60 else [])
    kept = [entry for entry in entries if isinstance(entry, feed.Kept)]
    assert {one.violation_id for one in kept} == {one.violation_id for one in violations}  # what was open is kept
    assert any(isinstance(entry, CoverageSlot) for entry in entries) == (frames == 60)


def test_the_annotated_video_of_a_replay_has_every_frame(jobs: list[Job]) -> None:
    seen: list[feed.Progress] = []
    outcome = replay.replay(configuration_of(jobs), jobs[:1], on_progress=seen.append)
    assert outcome.complete
    assert [at.frames for at in seen] == [1, 26, 51, 76]
    assert seen[-1].total_s == pytest.approx(5.0, abs=0.1)
    with av.open(str(jobs[0].out / "gate.mp4")) as container:
        shapes = [(frame.width, frame.height) for frame in container.decode(video=0)]
    assert shapes == [SIZE] * 100


def test_a_feed_whose_process_is_killed_is_named_and_what_was_logged_stays(jobs: list[Job]) -> None:
    def kill(_at: feed.Progress) -> None:
        for child in multiprocessing.active_children():
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(SourceError, match=r"(gate|other)\.ts: its process was killed"):
        replay.replay(configuration_of(jobs), jobs, processes=2, on_progress=kill)
    with open_reader(jobs[0].out) as reader:
        assert not reader.runs()[0].complete


def test_feeds_without_a_name_get_one_that_an_id_may_be(tmp_path: Path) -> None:
    names = {
        "día 1 (north).ts": "d-a-1--north-",
        "..hidden.ts": "hidden",
        "___.mp4": "feed",
        "x" * 90 + ".ts": "x" * 64,
    }
    for file, source_id in names.items():
        assert replay.source_id_of(tmp_path / file) == source_id
