"""Every bad input: one clear message with file and place, what is allowed, the documented exit code, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from detector.cli import run
from detector.log import open_reader
from tests.cli.media_making import picture, pictures, video, write_config

Start = Callable[..., "subprocess.Popen[str]"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command: exit code, standard output, standard error (of the libraries too)."""

    def once(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run([str(one) for one in arguments])
        shown = capfd.readouterr()
        assert "Traceback" not in shown.out + shown.err
        return int(code), shown.out, shown.err

    return once


def detected(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.read_text().splitlines()]


# Recordings that are none


def empty(folder: Path) -> Path:
    (folder / "empty.ts").touch()
    return folder / "empty.ts"


def words(folder: Path) -> Path:
    (folder / "words.mp4").write_text("The quick brown fox watches the strip.\n" * 50)
    return folder / "words.mp4"


def without_moov(folder: Path) -> Path:
    whole = video(folder / "whole.mp4", 20).read_bytes()
    assert whole.index(b"moov") > whole.index(b"mdat")
    (folder / "cut.mp4").write_bytes(whole[: whole.index(b"moov") - 40])
    return folder / "cut.mp4"


def zero_length(folder: Path) -> Path:
    """A stream is announced, and no picture ever comes."""
    with av.open(str(folder / "silent.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.start_encoding()
    return folder / "silent.mkv"


def wrong_path(folder: Path) -> Path:
    return folder / "nowhere" / "flight.ts"


def no_pictures(folder: Path) -> Path:
    (folder / "shots").mkdir()
    (folder / "shots" / "readme.txt").write_text("none")
    return folder / "shots"


def broken_pictures(folder: Path) -> Path:
    (folder / "broken").mkdir()
    for name in ("a.png", "b.png"):
        (folder / "broken" / name).write_bytes(b"\x89PNG\r\n\x1a\nand no more")
    return folder / "broken"


def noise(folder: Path) -> Path:
    (folder / "noise.ts").write_bytes(np.random.default_rng(3).bytes(40_000))
    return folder / "noise.ts"


UNREADABLE = [empty, words, without_moov, zero_length, wrong_path, no_pictures, noise]


@pytest.mark.parametrize("make", UNREADABLE, ids=lambda make: make.__name__)
def test_a_recording_that_cannot_be_read_is_named_by_every_command_with_code_3(
    make: Callable[[Path], Path], tmp_path: Path, command: Run
) -> None:
    media = make(tmp_path)
    code, _, told = command("inspect", media)
    assert code == 3
    assert len(told.strip().splitlines()) == 1, told
    assert media.name in told

    out = tmp_path / "found.jsonl"
    code, shown, told = command("detect", media, "--out", out)
    assert code == 3
    assert shown.count("INCOMPLETE") == 1
    assert media.name in shown
    assert told == ""
    (end,) = detected(out)
    assert (end["end"], end["frames"], end["complete"]) == (True, 0, False)

    config = write_config(tmp_path, [{"id": "gate", "media": str(media)}])
    code, shown, told = command("replay", config, "--out", tmp_path / "out")
    assert code == 3
    assert (shown + told).count(media.name) >= 1
    assert (shown.count("INCOMPLETE") == 1) != (len(told.strip().splitlines()) == 1)


def test_pictures_that_are_all_broken_are_one_message(tmp_path: Path, start: Start) -> None:
    # In a process of its own: OpenCV decides when it is loaded whether it speaks for itself.
    process = start("inspect", broken_pictures(tmp_path))
    shown, told = process.communicate(timeout=60)
    assert (process.returncode, shown) == (3, "")
    assert len(told.strip().splitlines()) == 1, told
    assert "none of its 2 pictures can be read" in told


def test_a_configuration_whose_recording_is_missing_fails_the_check_before_the_night(
    tmp_path: Path, command: Run
) -> None:
    config = write_config(tmp_path, [{"id": "gate", "media": "nowhere.ts"}])
    code, _, told = command("check", config)
    assert code == 2
    assert str(config) in told
    assert "nowhere.ts" in told


# Recordings that can be read in part


def test_a_truncated_stream_is_read_as_far_as_it_goes(tmp_path: Path, feed: Path, command: Run) -> None:
    whole = feed.read_bytes()
    (tmp_path / "cut.ts").write_bytes(whole[: len(whole) // 2 // 188 * 188 + 100])  # in the middle of a packet
    config = write_config(tmp_path, [{"id": "gate", "media": "cut.ts"}])
    code, shown, _ = command("replay", config, "--out", tmp_path / "out")
    assert code == 3
    assert "INCOMPLETE gate: cut.ts" in shown
    with open_reader(tmp_path / "out") as reader:
        (end,) = reader.runs()[0].ends
        gaps = [str(gap.reason) for gap in reader.gaps()]
    assert not end.complete
    assert 30 < end.frames < 50
    assert "incomplete" in gaps
    assert "last frame" in end.detail
    assert command("log", "verify", tmp_path / "out")[0] == 0


def test_damage_in_the_middle_is_a_gap_and_what_comes_after_is_read(tmp_path: Path, feed: Path, command: Run) -> None:
    data = bytearray(feed.read_bytes())
    start = len(data) // 2 // 188 * 188
    data[start : start + 40 * 188] = np.random.default_rng(4).bytes(40 * 188)
    (tmp_path / "hurt.ts").write_bytes(data)
    out = tmp_path / "found.jsonl"
    code, shown, told = command("detect", tmp_path / "hurt.ts", "--out", out)
    lines = detected(out)
    assert code == 0, shown
    assert told == ""
    assert lines[-1]["complete"] is True
    times = [int(str(line["t_ns"])) for line in lines[:-1]]
    assert times == sorted(times)
    assert times[-1] > 3_800_000_000
    gaps = lines[-1]["gaps"]
    assert isinstance(gaps, list)
    assert {"damaged", "missing"} & {gap["reason"] for gap in gaps}


# Recordings that are odd, and fine


def test_a_video_of_one_frame_is_complete(tmp_path: Path, command: Run) -> None:
    out = tmp_path / "found.jsonl"
    assert command("detect", video(tmp_path / "one.mp4", 1), "--out", out)[0] == 0
    frame, end = detected(out)
    assert frame["sight"] in {"warming_up", "blind"}  # one picture says nothing about motion
    assert (end["frames"], end["complete"]) == (1, True)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "size"),
    [
        ("deep.mkv", "ffv1", "yuv420p16le", (160, 120)),
        ("grey.mkv", "ffv1", "gray16le", (160, 120)),
        ("ten.mkv", "libx264", "yuv420p10le", (160, 120)),
        ("odd.mkv", "ffv1", "yuv444p", (161, 121)),
        ("sliver.mkv", "ffv1", "yuv444p", (160, 17)),
        ("dot.mkv", "ffv1", "yuv444p", (17, 17)),
    ],
)
def test_deep_and_odd_sized_video_is_read_and_annotated(
    name: str, codec: str, pix_fmt: str, size: tuple[int, int], tmp_path: Path, command: Run
) -> None:
    media = tmp_path / name
    with av.open(str(media), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, pix_fmt
        for index in range(6):
            shot = cv2.resize(picture(index), size)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(cv2.cvtColor(shot, cv2.COLOR_GRAY2BGR), "bgr24")))
        container.mux(stream.encode(None))
    out, annotated = tmp_path / "found.jsonl", tmp_path / "seen.mp4"
    code, shown, told = command("detect", media, "--out", out, "--annotate", annotated)
    assert (code, told) == (0, ""), shown
    assert (detected(out)[-1]["frames"], detected(out)[-1]["complete"]) == (6, True)
    with av.open(str(annotated)) as container:
        shots = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert len(shots) == 6
    assert shots[0].shape == (size[1] & ~1, size[0] & ~1, 3)


def test_sixteen_bit_pictures_are_read(tmp_path: Path, command: Run) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    for index in range(5):
        cv2.imwrite(str(folder / f"{index}.png"), picture(index).astype(np.uint16) * 12 + 500)
    out = tmp_path / "found.jsonl"
    assert command("detect", folder, "--out", out)[0] == 0
    assert detected(out)[-1]["frames"] == 5


# Configurations


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("version: 1\nrules: [\n", 3, ["not YAML"]),
        ("version: 1\nnaem: North\n", 2, ["naem", "did you mean 'name'"]),
        ("version: 1\nname: a\nname: b\n", 3, ["'name'", "twice", "line 2"]),
        ("version: 2\n", 1, ["version", "found 2"]),
        ("name: a\n", None, ["version", "needed and missing"]),
        ("version: 1\nrules:\n  - id: a\n    kind: zone_enter\n", 4, ["zone_enter", "did you mean 'zone_entry'"]),
        ("version: 1\nrules:\n  - id: a\n    kind: speed\n    limit_m_s: -3\n", 5, ["limit_m_s", "-3"]),
        ("version: 1\nfeeds:\n  - id: a\n    media: b.ts\n    hfov_deg: 200\n", 5, ["hfov_deg", "180", "200"]),
        ("version: 1\nmap: lost.geojson\n", 2, ["lost.geojson", "no file"]),
        ("- 1\n- 2\n", 1, ["mapping"]),
        ("", None, ["found nothing"]),
        ("version: 1\nname: !!python/object:os.system ls\n", 2, ["python"]),
    ],
)
def test_a_configuration_with_a_mistake_is_told_by_its_line(
    text: str, line: int | None, words: list[str], tmp_path: Path, feed: Path, command: Run
) -> None:
    path = tmp_path / "agreement.yaml"
    path.write_text(text)
    place = f"{path}:{line}: " if line is not None else str(path)
    for arguments in (["check", path], ["replay", path, feed, "--out", tmp_path / "out"]):
        code, shown, told = command(*arguments)
        assert (code, shown) == (2, "")
        assert len(told.strip().splitlines()) == 1, told
        assert told.startswith(place)
        assert all(word in told for word in words), told
    assert not (tmp_path / "out").exists()


def test_all_mistakes_are_told_at_once(tmp_path: Path, command: Run) -> None:
    path = tmp_path / "agreement.yaml"
    path.write_text("version: 1\nnaem: a\nrules:\n  - id: x\n    kind: speeed\n")
    _, _, told = command("check", path)
    assert [line.split(":")[1] for line in told.splitlines()] == ["2", "5"]


CROSSED = [[10.0, 45.0], [10.1, 45.1], [10.1, 45.0], [10.0, 45.1], [10.0, 45.0]]
FAR_NORTH = [[10.0, 123.0], [10.1, 123.0], [10.1, 123.1], [10.0, 123.0]]


@pytest.mark.parametrize(("ring", "words"), [(CROSSED, ["crosses itself"]), (FAR_NORTH, ["latitude 123", "-90 to 90"])])
def test_an_impossible_zone_is_told_by_its_line_in_the_map(
    ring: list[list[float]], words: list[str], tmp_path: Path, command: Run
) -> None:
    points = ",\n".join(f"    [{lon}, {lat}]" for lon, lat in ring)
    (tmp_path / "map.geojson").write_text(
        '{"type": "FeatureCollection", "features": [\n{"type": "Feature",'
        ' "properties": {"id": "strip", "kind": "zone"},\n"geometry": {"type": "Polygon", "coordinates": [[\n'
        f"{points}\n]]}}}}\n]}}\n"
    )
    path = tmp_path / "agreement.yaml"
    path.write_text("version: 1\nmap: map.geojson\n")
    code, _, told = command("check", path)
    assert code == 2
    for line in told.splitlines():
        file, number, message = line.split(":", 2)
        assert file == str(tmp_path / "map.geojson")
        assert 2 <= int(number) <= 8
        assert "strip" in message
    assert all(word in told for word in words), told


# Places that cannot be written


def test_an_output_folder_that_is_a_file_is_refused_and_left_alone(config: Path, tmp_path: Path, command: Run) -> None:
    (tmp_path / "out").write_text("my notes")
    code, _, told = command("replay", config, "--out", tmp_path / "out")
    assert code == 2
    assert "is a file" in " ".join(told.replace("│", " ").split())  # wherever the box breaks a long path's line
    assert (tmp_path / "out").read_text() == "my notes"


def test_a_folder_in_the_place_of_the_log_is_code_4(config: Path, tmp_path: Path, command: Run) -> None:
    (tmp_path / "out" / "violations.sqlite").mkdir(parents=True)
    code, _, told = command("replay", config, "--out", tmp_path / "out")
    assert code == 4
    assert len(told.strip().splitlines()) == 1
    assert "violations.sqlite" in told


def test_a_file_in_the_place_of_the_log_that_is_no_log_is_code_4_and_left_alone(
    config: Path, tmp_path: Path, command: Run
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "violations.sqlite").write_text("my notes " * 100)
    code, _, told = command("replay", config, "--out", tmp_path / "out")
    assert code == 4
    assert len(told.strip().splitlines()) == 1
    assert "violations.sqlite" in told
    assert (tmp_path / "out" / "violations.sqlite").read_text() == "my notes " * 100


def test_detections_into_a_folder_are_code_4(tmp_path: Path, feed: Path, command: Run) -> None:
    code, _, told = command("detect", feed, "--out", tmp_path)
    assert code == 4
    assert str(tmp_path) in told
    assert len(told.strip().splitlines()) == 1


def test_detections_are_not_written_over_the_recording(tmp_path: Path, feed: Path, command: Run) -> None:
    (tmp_path / "mine.ts").write_bytes(feed.read_bytes())
    for option in ("--out", "--annotate"):
        others = ["--out", tmp_path / "x.jsonl"] if option == "--annotate" else []
        code, _, told = command("detect", tmp_path / "mine.ts", option, tmp_path / "mine.ts", *others)
        assert code == 2
        assert "mine.ts" in "".join(told.replace("│", "").split())  # a long path is folded inside the frame
    assert (tmp_path / "mine.ts").read_bytes() == feed.read_bytes()


def test_detections_are_not_written_over_a_log_or_one_another(tmp_path: Path, feed: Path, command: Run) -> None:
    log = tmp_path / "violations.sqlite"
    log.write_bytes(b"SQLite format 3\0 and what both parties have agreed on")
    before, detections = log.read_bytes(), tmp_path / "x.jsonl"
    for out, annotated in ((log, tmp_path / "x.mp4"), (detections, log), (detections, detections)):
        code, _, told = command("detect", feed, "--out", out, "--annotate", annotated)
        assert code == 2
        assert "name another" in " ".join(told.replace("│", "").split())
    assert log.read_bytes() == before


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, command: Run) -> None:
    os.mkfifo(tmp_path / "pipe.ts")
    config = write_config(tmp_path, [], rules=[])
    for arguments in (
        ["inspect"],
        ["detect", "--out", tmp_path / "x.jsonl"],
        ["replay", config, "--out", tmp_path / "o"],
    ):
        code, out, told = command(*arguments, tmp_path / "pipe.ts")
        assert code == 3
        assert "a pipe or a device cannot be read twice; write it to a file first" in out + told


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system of its own, where that is permitted."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", "size=2m") as folder:
        yield folder


def test_a_full_disk_stops_the_feed_and_loses_nothing_that_was_logged(
    config: Path, small_disk: Path, command: Run
) -> None:
    out = small_disk / "out"
    out.mkdir()
    free = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(bytes(free.f_bavail * free.f_bsize - 260_000))  # the log fits, the clip not
    code, shown, told = command("replay", config, "--out", out)
    assert (code, shown) == (4, "")
    assert len(told.strip().splitlines()) == 1, told
    assert "No space left" in told
    assert "evidence" in told
    assert command("log", "verify", out)[0] == 0
    with open_reader(out) as reader:
        assert len(reader.violations()) == 1
    (small_disk / "ballast").unlink()
    assert command("replay", config, "--out", out)[0] == 0  # with room again, the same command finishes it
    assert command("log", "verify", out)[0] == 0
    with open_reader(out) as reader:
        (one,) = reader.violations()
        assert {file.role for file in one.files} >= {"clip", "snapshot", "overlay", "telemetry", "track"}


def test_a_disk_too_full_for_the_log_itself_is_code_4(config: Path, small_disk: Path, command: Run) -> None:
    free = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(bytes(free.f_bavail * free.f_bsize - 20_000))
    code, _, told = command("replay", config, "--out", small_disk / "out")
    assert code == 4
    assert len(told.strip().splitlines()) == 1, told
    assert "violations.sqlite" in told


def test_an_annotated_video_that_fills_the_disk_is_code_4(tmp_path: Path, small_disk: Path, command: Run) -> None:
    rough = tmp_path / "rough"
    rough.mkdir()
    rng = np.random.default_rng(5)
    for index in range(24):
        cv2.imwrite(str(rough / f"{index}.png"), rng.integers(0, 255, (480, 640), np.uint8))
    annotated = small_disk / "seen.mp4"
    code, _, told = command("detect", rough, "--out", tmp_path / "x.jsonl", "--annotate", annotated)
    assert code == 4
    assert str(annotated) in told
    assert len(told.strip().splitlines()) == 1, told


def test_detections_that_fill_the_disk_are_code_4(tmp_path: Path, small_disk: Path, command: Run) -> None:
    free = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(bytes(free.f_bavail * free.f_bsize))
    code, _, told = command("detect", pictures(tmp_path / "shots", 30), "--out", small_disk / "x.jsonl")
    assert code == 4
    assert "x.jsonl" in told
    assert len(told.strip().splitlines()) == 1, told


def test_a_log_on_a_read_only_disk_is_code_4(config: Path, tmp_path: Path, command: Run) -> None:
    with mounted(tmp_path / "disk", "size=1m,ro") as disk:
        code, _, told = command("replay", config, "--out", disk / "out")
        assert code == 4
        assert len(told.strip().splitlines()) == 1
        assert "Read-only" in told
