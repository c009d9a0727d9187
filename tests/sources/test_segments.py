"""Presentation times that begin again."""

from __future__ import annotations

from detector.sources.segments import PictureSegments, Restarts


def test_only_a_fall_of_more_than_a_second_begins_anew():
    restarts = Restarts()
    assert [restarts.feed(s) for s in (1.0, 1.5, 0.6, None, 40.0, 39.5, 0.0, 0.1, None, -3.0)] == [
        0, 0, 0, 0, 0, 0, 1, 1, 1, 2,
    ]  # fmt: skip


def test_pictures_still_in_the_decoder_belong_to_the_segment_before():
    segments = PictureSegments()
    shown: list[int] = []
    waiting: list[float] = []
    for begin_s in (10.0, 1.0, 100.0, 2.0):
        for i in range(40):
            segments.feed(begin_s + i / 25, begin_s + i / 25 + 0.08)
            waiting.append(begin_s + i / 25 + 0.08)
            if len(waiting) > 5:
                shown.append(segments.of(waiting.pop(0)))
    assert shown == [0] * 40 + [1] * 80 + [2] * 35  # 1.0 -> 100.0 goes forward: no new segment
