"""The video with what was found drawn in."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from detector.errors import LogError
from detector.evidence import AnnotatedVideo


def grey(height: int, width: int, level: int = 120) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


@pytest.mark.parametrize(("height", "width"), [(48, 64), (49, 65), (3, 5), (2, 2)])
def test_odd_sizes_lose_their_last_row_and_column(height: int, width: int, tmp_path: Path) -> None:
    with AnnotatedVideo(tmp_path / "a.mp4") as video:
        for index in range(4):
            video.write(grey(height, width, 60 * index), index * 40_000_000)
    with av.open(str(tmp_path / "a.mp4")) as container:
        shots = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert [shot.shape for shot in shots] == [(height & ~1, width & ~1)] * 4
    assert [round(float(shot.mean())) for shot in shots] == pytest.approx([0, 60, 120, 180], abs=6)


def test_pictures_keep_their_own_times_and_never_go_back(tmp_path: Path) -> None:
    start = 1_772_346_600_000_000_000
    times = [0, 40_000_000, 1_000_000_000, 1_000_000_000, 900_000_000, 2_000_000_000]
    with AnnotatedVideo(tmp_path / "a.mp4") as video:
        for t_ns in times:
            video.write(grey(32, 32), start + t_ns)
    with av.open(str(tmp_path / "a.mp4")) as container:
        seen = [float(frame.time) for frame in container.decode(video=0) if frame.time is not None]
    assert seen == pytest.approx([0, 0.04, 1, 1, 1, 2], abs=1e-3)
    assert all(before < after for before, after in pairwise(seen))


def test_a_picture_without_an_even_row_is_left_out(tmp_path: Path) -> None:
    with AnnotatedVideo(tmp_path / "a.mp4") as video:
        video.write(grey(1, 40), 0)
        video.write(grey(40, 1), 1)
        video.write(grey(40, 40), 2)


def test_a_change_of_size_in_the_middle_is_no_end(tmp_path: Path) -> None:
    with AnnotatedVideo(tmp_path / "a.mp4") as video:
        video.write(grey(40, 40), 0)
        video.write(grey(60, 80), 40_000_000)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert [(frame.width, frame.height) for frame in container.decode(video=0)] == [(40, 40)] * 2


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    video = AnnotatedVideo(tmp_path / "a.mp4")
    video.write(grey(32, 32), 0)
    video.close()
    video.close()
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert len(list(container.decode(video=0))) == 1


def test_a_video_without_a_picture_leaves_no_broken_file(tmp_path: Path) -> None:
    with AnnotatedVideo(tmp_path / "a.mp4"):
        pass
    assert not (tmp_path / "a.mp4").exists()


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LogError, match=r"file/a\.mp4"):
        AnnotatedVideo(tmp_path / "file" / "a.mp4")
    with pytest.raises(LogError, match=f"{tmp_path}: the annotated"), AnnotatedVideo(tmp_path) as video:
        video.write(grey(32, 32), 0)


def test_a_disk_that_is_full_when_the_file_is_finished_is_told(tmp_path: Path) -> None:
    # /dev/full takes no byte; a short video reaches the disk only when it is closed.
    (tmp_path / "full.mp4").symlink_to("/dev/full")
    with pytest.raises(LogError, match=r"full\.mp4: .*No space left"), AnnotatedVideo(tmp_path / "full.mp4") as video:
        video.write(grey(32, 32), 0)


def test_a_full_disk_does_not_hide_what_went_wrong_first(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    (tmp_path / "full.mp4").symlink_to("/dev/full")

    def fail() -> None:
        with AnnotatedVideo(tmp_path / "full.mp4") as video:
            video.write(grey(48, 64), 0)
            raise KeyError("first")

    with pytest.raises(KeyError, match="first"):
        fail()
