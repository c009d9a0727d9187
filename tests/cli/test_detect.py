"""`trucewatch detect`: the file is as documented, line by line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from detector.cli import run
from tests.cli.media_making import RATE, SIZE, pictures, video

Start = Callable[..., "subprocess.Popen[str]"]
CROSSING = Path(__file__).parents[2] / "sample_feeds" / "crossing.ts"


def refuse(word: str) -> None:
    raise AssertionError(f"{word} is not JSON")


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=refuse) for line in file.read_text("utf-8").splitlines()]


def assert_frame(line: dict[str, Any], source: str, index: int) -> None:
    assert list(line) == ["source", "frame", "t_ns", "sight", "detections", "tracks"]
    assert (line["source"], line["frame"]) == (source, index)
    assert type(line["t_ns"]) is int
    assert line["sight"] in {"seeing", "warming_up", "blind"}
    for one in line["detections"]:
        assert list(one) == ["xyxy", "score", "kind"]
        x0, y0, x1, y1 = one["xyxy"]
        assert x0 < x1
        assert y0 < y1
        assert type(one["score"]) is float
        assert one["kind"] in {"motion", "flash", "smoke", "change"}
    for one in line["tracks"]:
        assert list(one) == ["id", "xyxy", "confirmed", "speed_m_s"]
        assert type(one["id"]) is int
        assert type(one["confirmed"]) is bool
        assert one["speed_m_s"] is None or one["speed_m_s"] >= 0


@pytest.fixture(scope="module")
def found(feed: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], Path]:
    """Lines of the feed with one mover, and the annotated video of it."""
    folder = tmp_path_factory.mktemp("found")
    annotated = folder / "new" / "seen.mp4"
    out = folder / "new" / "found.jsonl"
    start = "2026-03-01T08:30:00.25+02:00"
    assert run(["detect", str(feed), "--out", str(out), "--annotate", str(annotated), "--start", start]) == 0
    return read(out), annotated


def test_there_is_one_line_a_frame_in_order_and_one_for_the_end(found: tuple[list[dict[str, Any]], Path]) -> None:
    *frames, end = found[0]
    assert len(frames) == 80
    for index, line in enumerate(frames):
        assert_frame(line, "gate", index)
    assert {key: end[key] for key in ("end", "frames", "complete")} == {"end": True, "frames": 80, "complete": True}
    assert isinstance(end["gaps"], list)


def test_time_counts_from_the_given_start(found: tuple[list[dict[str, Any]], Path]) -> None:
    times = [line["t_ns"] for line in found[0][:-1]]
    assert times[0] == 1_772_346_600_250_000_000
    assert times[-1] - times[0] == pytest.approx(79 / RATE * 1e9, abs=1e6)


def test_the_mover_is_one_confirmed_track_in_full_size_pixels(found: tuple[list[dict[str, Any]], Path]) -> None:
    late = found[0][60]
    (track,) = [one for one in late["tracks"] if one["confirmed"]]
    x0, y0, x1, y1 = track["xyxy"]
    assert (x0 + x1) / 2 == pytest.approx(8 + 2 * 60 + 7, abs=6)
    assert (y0 + y1) / 2 == pytest.approx(SIZE[1] / 2 + 5, abs=6)
    assert track["speed_m_s"] is None  # no telemetry: no metres


def test_warming_up_is_a_gap_and_absent_telemetry_is_none_as_pixels_need_none(
    found: tuple[list[dict[str, Any]], Path],
) -> None:
    lines, _ = found
    first, gaps = lines[0], lines[-1]["gaps"]
    assert first["sight"] == "warming_up"
    assert [gap["reason"] for gap in gaps] == ["warming_up"]
    assert list(gaps[0]) == ["reason", "t_start_ns", "t_end_ns", "count", "detail"]
    assert gaps[0]["t_start_ns"] == first["t_ns"]
    seeing = next(line for line in lines if line["sight"] == "seeing")
    assert gaps[0]["t_end_ns"] == seeing["t_ns"]


def test_the_annotated_video_has_every_frame_at_its_time_and_size(
    found: tuple[list[dict[str, Any]], Path],
) -> None:
    lines, annotated = found
    with av.open(str(annotated)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", *SIZE)
        times = [float(frame.time) for frame in container.decode(stream) if frame.time is not None]
    expected = [(line["t_ns"] - lines[0]["t_ns"]) / 1e9 for line in lines[:-1]]
    assert times == pytest.approx(expected, abs=1e-3)


def test_with_telemetry_tracks_have_a_speed_on_the_ground(tmp_path: Path) -> None:
    out = tmp_path / "found.jsonl"
    assert run(["detect", str(CROSSING), "--out", str(out)]) == 0
    *frames, end = read(out)
    for index, line in enumerate(frames):
        assert_frame(line, "crossing", index)
    assert end["frames"] == len(frames)
    speeds = [one["speed_m_s"] for line in frames for one in line["tracks"] if one["confirmed"]]
    assert [speed for speed in speeds if speed is not None]


def test_several_recordings_follow_one_another_each_with_its_end(tmp_path: Path, feed: Path) -> None:
    folder, out = pictures(tmp_path / "shots", 12), tmp_path / "found.jsonl"
    assert run(["detect", str(folder), str(feed), str(tmp_path / "lost.ts"), "--out", str(out), "--fps", "5"]) == 3
    lines = read(out)
    ends = [line for line in lines if "end" in line]
    assert [(end["source"], end["frames"], end["complete"]) for end in ends] == [
        ("shots", 12, True),
        ("gate", 80, True),
        ("lost", 0, False),
    ]
    assert "lost.ts" in ends[2]["detail"]
    assert [line["t_ns"] for line in lines[:3]] == [0, 200_000_000, 400_000_000]
    assert lines[12] == ends[0]


def test_the_same_recording_gives_the_same_bytes(tmp_path: Path, feed: Path) -> None:
    for name in ("a", "b"):
        assert run(["detect", str(feed), "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_file_says_so_in_its_last_line(tmp_path: Path, start: Start, number: signal.Signals) -> None:
    media, out = video(tmp_path / "long.ts", 1500, size=(64, 64)), tmp_path / "found.jsonl"
    process = start("detect", media, "--out", out)
    for _ in range(400):
        if out.exists() and out.stat().st_size > 0:
            break
        time.sleep(0.02)
    os.kill(process.pid, number)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told == "interrupted; what was found until then is written\n"
    *frames, end = read(out)
    assert (end["complete"], end["frames"]) == (False, len(frames))
    assert end["detail"] == f"interrupted after {len(frames)} frames"


def test_masks_are_one_black_and_white_picture_a_frame_with_the_mover_white(tmp_path: Path, feed: Path) -> None:
    assert run(["detect", str(feed), "--out", str(tmp_path / "a.jsonl"), "--masks", str(tmp_path / "masks")]) == 0
    files = sorted((tmp_path / "masks" / "gate").iterdir())
    assert [file.name for file in files] == [f"{index:06d}.png" for index in range(80)]
    masks = [cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for file in files]
    assert {(mask.shape, str(mask.dtype)) for mask in masks} == {(SIZE[::-1], "uint8")}
    assert {int(value) for mask in masks for value in np.unique(mask)} == {0, 255}
    seen = [line["sight"] == "seeing" for line in read(tmp_path / "a.jsonl")[:-1]]
    assert not any(mask.any() for mask, sees in zip(masks, seen, strict=True) if not sees)
    y, x = np.nonzero(masks[40])
    assert (x.min(), y.min()) == (pytest.approx(8 + 2 * 40, abs=6), pytest.approx(SIZE[1] / 2, abs=4))
    assert (x.max(), y.max()) == (pytest.approx(8 + 2 * 40 + 14, abs=6), pytest.approx(SIZE[1] / 2 + 10, abs=4))
    assert masks[79].any()  # the last 0.3 s have the last judged mask


def test_masks_are_never_written_into_the_recording(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "shots", 4)
    assert run(["detect", str(folder), "--out", str(tmp_path / "a"), "--masks", str(tmp_path)]) == 2
    assert len(list(folder.iterdir())) == 4


def test_a_frame_rate_is_for_folders_of_pictures(
    feed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["detect", str(feed), "--out", str(tmp_path / "a.jsonl"), "--fps", "5"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "--fps" in said
    assert "folders of pictures" in said
