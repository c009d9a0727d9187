"""What every kind of source must keep; a new kind enrols with an example here."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.model import Frame, Gap
from detector.sources import SOURCES, open_source

FEEDS = Path(__file__).parents[2] / "sample_feeds"


def _damaged_twice_over(folder):
    """A feed with a hole, and after it the same feed again: packets are lost and the clock goes back."""
    raw = (FEEDS / "parallax.ts").read_bytes()
    middle = len(raw) // 2 // 188 * 188
    (folder / "a.ts").write_bytes(raw[:middle] + raw[middle + 188 * 30 :] + raw)
    return folder / "a.ts"


def _pictures(folder):
    for i in range(12):
        cv2.imwrite(str(folder / f"frame_{i}.png"), np.full((48, 64), 20 * i, np.uint8))
    (folder / "frame_5.png").write_bytes(b"broken")
    return folder


EXAMPLES = [("video", lambda _: FEEDS / "crossing.ts"), ("video", _damaged_twice_over), ("images", _pictures)]


def test_every_kind_has_an_example():
    assert {kind for kind, _ in EXAMPLES} == set(SOURCES)


@pytest.fixture(params=EXAMPLES, ids=[f"{kind}{i}" for i, (kind, _) in enumerate(EXAMPLES)])
def source(request, tmp_path):
    kind, example = request.param
    opened = open_source(example(tmp_path), source_id="cam")
    assert type(opened) is SOURCES[kind]
    return opened


def content(item):
    if isinstance(item, Gap):
        return item
    return item.index, item.t_ns, item.luma.tobytes(), item.keyframe, item.time_from, item.pose, item.damaged


def test_time_never_goes_back_and_indices_count_from_0(source):
    items = list(source)
    frames = [item for item in items if isinstance(item, Frame)]
    assert all(a.t_ns < b.t_ns for a, b in itertools.pairwise(frames))
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert {item.source_id for item in items} == {"cam"}
    for at, item in enumerate(items):
        if isinstance(item, Gap):
            assert item.t_start_ns < item.t_end_ns
            later = next((one for one in items[at:] if isinstance(one, Frame)), None)
            assert later is None or item.t_start_ns <= later.t_ns


def test_a_second_reading_is_identical(source):
    once = [content(item) for item in source]
    end = source.end
    assert [content(item) for item in source] == once
    assert source.end == end


def test_a_reading_that_was_left_in_the_middle_does_not_change_the_next(source):
    whole = [content(item) for item in source]
    begun = iter(source)
    assert [content(item) for item in itertools.islice(begun, 7)] == whole[:7]
    begun.close()
    assert source.end is None
    assert [content(item) for item in source] == whole


def test_the_end_tells_how_many_frames_there_were_and_from_when_to_when(source):
    assert source.end is None
    frames = [item for item in source if isinstance(item, Frame)]
    assert source.end.frames == len(frames)
    assert source.end.t_start_ns <= frames[0].t_ns
    assert source.end.t_end_ns > frames[-1].t_ns
    assert source.elapsed_s(frames[-1].t_ns) <= source.duration_s + 0.1


def test_luma_is_8_bit_grey_that_cannot_be_written_and_colour_is_of_its_size(source):
    frame = next(item for item in source if isinstance(item, Frame))
    assert (frame.luma.dtype, frame.luma.ndim, frame.luma.flags.writeable) == (np.uint8, 2, False)
    assert frame.colour().shape == (*frame.luma.shape, 3)
