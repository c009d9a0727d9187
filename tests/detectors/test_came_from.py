"""Where what is in a box was before, by its own pixels."""

from dataclasses import replace

import numpy as np
import pytest

from detector.detectors.bank import merge
from detector.detectors.came_from import _ALIKE_PX, _ALIKE_SHARE, _NEEDED, came_from, common_way
from detector.detectors.joined import JoinedDetector
from detector.detectors.moving import MovingDetector
from detector.detectors.restless import RestlessDetector
from detector.model import CameFrom, Kind, Sight
from tests.detectors.test_restless import BUOY_PX, buoy_at, stream, tracks_on
from tests.naive_restless import naive_common_way
from tests.naive_vision import boxes, texture

BOXES = np.array([[40.0, 40, 60, 70], [100, 50, 108, 58], [150, 90, 200, 140]])


@pytest.mark.parametrize("way", [(0, 0), (7, -4), (-18, 11)])
def test_what_is_in_a_box_is_found_where_it_was(way):
    ground = texture(3, (320, 240))
    before, now = ground[30:210, 30:290], np.roll(ground, way[::-1], axis=(0, 1))[30:210, 30:290]
    centre = (BOXES[:, :2] + BOXES[:, 2:] - 1) / 2
    found = came_from(np.ascontiguousarray(now), np.ascontiguousarray(before), BOXES)
    np.testing.assert_allclose(found, centre - way, atol=0.2)  # px: Lucas-Kanade on whole shifts


def test_nothing_is_known_across_a_cut_nor_of_a_blank_picture_nor_of_no_box():
    one, other, blank = texture(1, (260, 180)), texture(2, (260, 180)), np.full((180, 260), 90, np.uint8)
    assert np.isnan(came_from(one, other, BOXES)).all()
    assert np.isnan(came_from(blank, blank, BOXES)).all()
    assert came_from(one, one, np.zeros((0, 4))).shape == (0, 2)


def test_the_way_of_most_points_agrees_with_its_slow_twin():
    random = np.random.default_rng(4)
    apart_px, way = random.choice([0.3, 1.5, 8], (200, 1, 1)), random.normal(0, 9, (200, 1, 2))
    moved = way + apart_px * random.normal(0, 1, (200, 9, 2))
    counts = random.random((200, 9)) < random.random((200, 1))
    expected = [naive_common_way(*row, _NEEDED, _ALIKE_PX, _ALIKE_SHARE) for row in zip(moved, counts, strict=True)]
    np.testing.assert_allclose(common_way(moved, counts), expected)
    known = np.isfinite(expected).all(axis=1)
    assert 40 < known.sum() < 160  # or the comparison says little


@pytest.mark.parametrize("sight", [Sight.SEEING, Sight.BLIND])
def test_of_a_buoy_on_water_it_is_told_where_it_was_and_where_it_went(sight):
    detector, off = RestlessDetector(), []
    for pair in stream(25, sight=sight):
        for one in detector.detect(*pair):
            if not one.judged:
                continue
            assert one.came_from.frame_index == one.index - 1
            assert len(one.came_from.xy_px) == len(one)
            (x, y), (x_then, y_then) = buoy_at(one.index), buoy_at(one.index - 1)
            went_to = one.came_from.went_to(np.array([[x_then, y_then, x_then + BUOY_PX, y_then + BUOY_PX]], float))
            off.append(np.abs(went_to[0] - [x + (BUOY_PX - 1) / 2, y + (BUOY_PX - 1) / 2]).max())
    assert len(off) >= 12
    assert np.nanmedian(off) < 0.5
    assert np.mean(np.isfinite(off)) > 0.8


def test_merged_detections_that_nobody_followed_came_from_nowhere_known():
    known = CameFrom(6, np.array([[3.0, 4.0]]), lambda xyxy: xyxy[:, :2])
    spot, flash = boxes(7, 0, [[0, 0, 9, 9]]), boxes(7, 0, [[40, 40, 50, 50]], kind=Kind.FLASH)
    both = merge([replace(spot, came_from=known), flash]).came_from
    assert both.frame_index == 6
    np.testing.assert_array_equal(both.xy_px, [[3, 4], [np.nan, np.nan]])
    assert merge([replace(spot, came_from=known), boxes(7, 0, [])]).came_from.xy_px.tolist() == [[3, 4]]
    assert merge([spot, flash]).came_from is None
    assert known.rows(np.array([False])).xy_px.shape == (0, 2)


def test_on_water_only_what_counts_is_left_out_of_what_is_usual(monkeypatch):
    heeded = []
    monkeypatch.setattr(MovingDetector, "heed", lambda self, tracks: heeded.append(len(tracks)))
    detector = JoinedDetector(MovingDetector(), RestlessDetector())
    judged = [one for pair in stream(25) for one in detector.detect(*pair) if one.judged]
    on_water = judged[-1].index
    detector.heed(tracks_on(on_water, [[0, 0, 9, 9]] * 3))
    detector.heed(tracks_on(on_water, [[0, 0, 9, 9]] * 3, confirmed=True))
    detector.heed(tracks_on(on_water + 100, [[0, 0, 9, 9]] * 3))
    assert heeded == [0, 3, 3]
