"""One feed as the entries of the log, when reading goes wrong; and feeds in processes of their own."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import signal
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from detector import feed, pipeline, replay
from detector.config import load
from detector.config.settings import IDENTIFIER
from detector.errors import SourceError
from detector.feed import Job, play
from detector.log import open_reader
from detector.model import CoverageSlot, Frame, Gap, RunEnd, State, Violation
from tests.cli.media_making import RATE, SIZE, video, write_config


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


class Amending(feed.Onlooker):
    """Another configuration, again and again: while pictures pass, two between two pictures, and after the last."""

    def __init__(self, configuration: Any, after: dict[int, list[str]]) -> None:
        self._configuration, self._after = configuration, after
        self._count = 0
        self._waiting: list[str] = []

    def judged(self, event: Any, locator: Any) -> None:
        self._count += 1
        self._waiting += self._after.get(self._count, [])

    def amended(self) -> Any:
        return (self._configuration, self._waiting.pop(0)) if self._waiting else None


def test_each_run_of_a_feed_that_is_judged_by_another_configuration_has_its_end(jobs: list[Job]) -> None:
    """Without one it would be told as cut off for ever."""
    configuration, job = configuration_of(jobs), jobs[0]
    onlooker = Amending(configuration, {40: ["second"], 70: ["third", "fourth"], 100: ["last"]})
    source = feed.open_recording(job)
    entries = list(feed.watch(configuration, job.feed, source, job.out, "first", onlooker=onlooker))
    ends = [one for one in entries if isinstance(one, RunEnd)]
    assert [(one.run_id, one.frames, one.complete) for one in ends] == [
        ("first", 40, True),
        ("second", 30, True),
        ("third", 0, True),
        ("fourth", 30, True),
        ("last", 0, True),
    ]
    assert ends[0].t_end_ns < ends[1].t_start_ns <= ends[1].t_end_ns < ends[3].t_start_ns < ends[3].t_end_ns
    assert ends[-1] == entries[-1]


def test_a_stay_that_counts_only_after_12_s_has_a_clip_of_its_beginning(tmp_path: Path) -> None:
    size = (800, 144)
    media = video(tmp_path / "gate.ts", 15 * RATE, size=size)
    path = write_config(tmp_path, [{"id": "gate", "media": str(media)}])
    everywhere = [[0, 0], [799, 0], [799, 143], [0, 143], [0, 0]]
    agreement = json.loads((tmp_path / "map.geojson").read_text())
    agreement["features"][0]["geometry"]["coordinates"] = [everywhere]
    (tmp_path / "map.geojson").write_text(json.dumps(agreement))
    settings = json.loads(path.read_text())
    settings["rules"] = [{"id": "stay", "kind": "dwell", "zones": ["gate"], "limit_s": 12}]
    path.write_text(json.dumps(settings))
    configuration = load(path, pipeline.REGISTRIES)
    (job,) = replay.jobs_of(configuration, [], tmp_path / "out", annotate=False)
    entries = list(play(configuration, job, "run"))
    stay = next(entry for entry in entries if isinstance(entry, Violation))
    (kept,) = [entry for entry in entries if isinstance(entry, feed.Kept)]
    assert [file.role for file in kept.files] == ["clip", "clip_browser", "overlay", "snapshot", "telemetry", "track"]
    files = {file.role: tmp_path / "out" / "evidence" / file.path for file in kept.files}
    (track,) = json.loads(files["track"].read_text())["tracks"]
    assert track["points"][0]["t_ns"] <= stay.t_start_ns
    with av.open(str(files["clip"])) as clip:
        assert sum(1 for _ in clip.decode(video=0)) >= 12 * RATE


def test_the_annotated_video_of_a_replay_has_every_frame(jobs: list[Job]) -> None:
    seen: list[feed.Progress] = []
    outcome = replay.replay(configuration_of(jobs), jobs[:1], on_progress=seen.append)
    assert outcome.complete
    assert [at.frames for at in seen] == [1, 26, 51, 76]
    assert seen[-1].total_s == pytest.approx(5.0, abs=0.1)
    with av.open(str(jobs[0].out / "gate.mp4")) as container:
        shapes = [(frame.width, frame.height) for frame in container.decode(video=0)]
    assert shapes == [SIZE] * 100


def test_a_recording_that_grows_while_it_is_played_is_incomplete_for_its_hash_is_of_less(jobs: list[Job]) -> None:
    size = jobs[0].media.stat().st_size

    def grow(_at: feed.Progress) -> None:
        with jobs[0].media.open("ab") as file:
            file.truncate(size + 188)

    outcome = replay.replay(configuration_of(jobs), jobs, on_progress=grow)
    told = f"gate.ts was changed while it was played: {size} bytes when it was hashed, {size + 188} now"
    assert [(end.complete, end.detail.endswith(told)) for end in outcome.ends] == [(False, True), (True, False)]


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
        "día 1 (north).ts": "dia-1--north-",
        "x" * 90 + "я.ts": "x" * 57 + "-255099",
        "..hidden.ts": "hidden",
        "___.mp4": "feed",
        "x" * 90 + ".ts": "x" * 64,
    }
    for file, source_id in names.items():
        assert replay.source_id_of(tmp_path / file) == source_id
    (tmp_path / "2026.03.01").mkdir()
    assert replay.source_id_of(tmp_path / "2026.03.01") == "2026.03.01"  # a folder's name has no ending


def test_names_in_other_letters_become_ids_that_differ_and_stay(tmp_path: Path) -> None:
    """They all became "feed", and two were refused."""
    names = ["Полёт.ts", "Полет.ts", "Вылет 2.ts", "Полёт 2.ts", "թռիչք.ts", "uçuş–2.ts", "\udcff.ts"]
    ids = [replay.source_id_of(tmp_path / name) for name in names]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(IDENTIFIER, one) for one in ids)
    assert ids[0] == "feed-" + hashlib.sha256("Полёт".encode()).hexdigest()[:6]
    assert ids[2].startswith("2-")
    assert ids[5].startswith("ucus-2-")
    assert replay.source_id_of(tmp_path / unicodedata.normalize("NFD", names[0])) == ids[0]
