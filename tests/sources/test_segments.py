"""Presentation times that begin again."""

from __future__ import annotations

from detector.sources.segments import PictureSegments, Restarts


def test_a_fall_of_more_than_a_second_or_a_rise_of_more_than_a_minute_begins_anew():
    restarts = Restarts()
    assert [restarts.feed(s) for s in (1.0, 1.5, 0.6, None, 40.0, 39.5, 0.0, 0.1, None, -3.0)] == [
        0, 0, 0, 0, 0, 0, 1, 1, 1, 2,
    ]  # fmt: skip
    assert [restarts.feed(s) for s in (-2.5, 57.5, 58.0, 118.1)] == [2, 2, 2, 3]


def test_a_pause_between_two_keyframes_begins_nothing():
    restarts = Restarts()
    assert [restarts.feed(s, key=s in (1.0, 502.0)) for s in (1.0, 2.0, 501.0, 502.0)] == [0, 0, 0, 0]


def test_a_picture_every_few_minutes_begins_nothing():
    restarts = Restarts()
    assert [restarts.feed(100.0 * i) for i in range(5)] == [0] * 5
    assert [restarts.feed(s) for s in (1400.0, 1401.0, 1402.0, 1500.0)] == [0, 0, 0, 1]


def test_pictures_still_in_the_decoder_belong_to_the_segment_before():
    segments = PictureSegments()
    shown: list[int] = []
    waiting: list[float] = []
    for begin_s in (10.0, 1.0, 100.0, 2.0):
        for i in range(40):
            segments.feed(begin_s + i / 25, begin_s + i / 25 + 0.08, key=i % 10 == 0)
            waiting.append(begin_s + i / 25 + 0.08)
            if len(waiting) > 5:
                shown.append(segments.of(waiting.pop(0)))
    assert shown == [0] * 40 + [1] * 40 + [2] * 40 + [3] * 35
