"""The measures of accuracy, on cases small enough to count by hand."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from scoring.boxes import hits, iou, near_event, pair, touches
from scoring.curves import Curve, write_svg
from scoring.events import merged
from scoring.masks import PixelCount, strengths
from scoring.objects import judge, rates, size_name
from scoring.real import on_target, target_curve
from scoring.truth import TruthFrame, moved_boxes
from scoring.variants import VARIANTS


def boxes(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, float).reshape(-1, 4)


def truth(rows: np.ndarray, must: list[bool], events: tuple = ()) -> TruthFrame:
    count = len(rows)
    return TruthFrame(rows, np.array(must, bool), list(range(count)), ["vehicle"] * count, list(events), np.eye(3))


def test_half_a_box_shares_a_third() -> None:
    assert iou(boxes((0, 0, 4, 4)), boxes((0, 2, 4, 6), (9, 9, 10, 10))).tolist() == [[pytest.approx(1 / 3), 0.0]]
    assert iou(boxes(), boxes((0, 0, 1, 1))).shape == (0, 1)


def test_a_small_object_is_hit_by_its_centre_and_a_large_one_is_not() -> None:
    small, large = boxes((10, 10, 14, 14)), boxes((10, 10, 50, 50))
    assert hits(boxes((13, 11, 15, 13)), small)[0, 0] > 0  # 2 px off
    assert hits(boxes((14, 11, 16, 13)), small)[0, 0] == 0
    assert hits(boxes((29, 29, 31, 31)), large)[0, 0] == 0  # dead centre, far too small


def test_one_box_goes_to_one_object_best_first() -> None:
    fit = np.array([[0.9, 0.8], [0.85, 0.0]])
    assert pair(fit, np.array([True, True])) == {0: 0}
    assert pair(fit, np.array([False, True])) == {0: 1}
    assert pair(np.array([[0.5, 0.8], [0.85, 0.0]]), np.array([True, True])) == {1: 0, 0: 1}


def test_a_box_on_what_is_dont_care_or_on_an_event_is_free_and_elsewhere_wrong() -> None:
    found = boxes((0, 0, 20, 20), (100, 0, 120, 20), (200, 0, 220, 20), (300, 0, 320, 20), (1, 0, 21, 20))
    objects = boxes((0, 0, 20, 20), (100, 0, 120, 20))
    verdicts, taken = judge(found, truth(objects, [True, False], (("smoke", 205.0, 5.0, 3.0, True),)))
    assert verdicts == ["right", "free", "free", "wrong", "wrong"]  # the last: its object has been found already
    assert taken == {0: 0}


def test_touching_is_by_the_centre_with_two_pixels_to_spare() -> None:
    others = boxes((0, 0, 10, 10))
    assert touches(boxes((11, 4, 13, 6), (12, 4, 14, 6)), others).tolist() == [True, False]
    assert touches(boxes((0, 0, 1, 1)), boxes()).tolist() == [False]
    assert near_event(boxes((0, 0, 2, 2)), [(12.0, 1.0, 1.0)]).tolist() == [True]
    assert near_event(boxes((0, 0, 2, 2)), []).tolist() == [False]


def test_nothing_to_score_is_not_zero() -> None:
    assert rates(0, 0, 0) == {"precision": None, "recall": None, "f1": None, "needed": 0}
    assert rates(0, 0, 4) == {"precision": None, "recall": 0.0, "f1": 0.0, "needed": 4}
    assert rates(3, 1, 6) == {"precision": 0.75, "recall": 0.5, "f1": pytest.approx(0.6), "needed": 6}


@pytest.mark.parametrize(("side", "name"), [(8, "<=8"), (8.1, "8-16"), (16, "8-16"), (32, "16-32"), (33, ">32")])
def test_a_size_class_holds_its_upper_end(side: float, name: str) -> None:
    assert size_name(side) == name


def test_pixels_count_as_cdnet_counts_them() -> None:
    real = np.array([[0, 50, 85, 170, 255, 255]], np.uint8)
    count = PixelCount()
    count.add(np.full_like(real, 255), real)
    assert (count.tp, count.fp, count.fn) == (2, 2, 0)  # still and shadow are false, 85 and 170 do not count
    count.add(np.zeros_like(real), real)
    assert (count.tp, count.fp, count.fn) == (2, 2, 2)
    assert count.summary() == {"f": 0.5, "precision": 0.5, "recall": 0.5}
    count.add(np.full_like(real, 255), real, np.zeros_like(real))
    assert count.tp == 2


def test_marked_pixels_are_as_strong_as_the_strongest_detection_around_them() -> None:
    strong = strengths(boxes((0, 0, 4, 2), (2.5, 0.5, 9, 3), (-3, 3.2, 1, 9)), np.array([3.0, 5.0, 1.0]), (6, 4))
    assert strong.tolist() == [[3, 3, 5, 5, 5, 5], [3, 3, 5, 5, 5, 5], [0, 0, 5, 5, 5, 5], [1, 0, 0, 0, 0, 0]]
    mask = np.array([[255, 0, 255, 255, 0, 0]] + [[0] * 6] * 3, np.uint8)
    truth = np.array([[255, 0, 0, 255, 0, 255]] + [[0] * 6] * 3, np.uint8)
    count = PixelCount()
    count.add(mask, truth, strength=strong)
    assert count.curve().points() == [(3.0, 0.6667, 0.6667), (5.0, 0.5, 0.3333)]


def test_recall_of_a_target_over_tracks_a_minute_goes_from_everything_to_the_surest() -> None:
    found = target_curve([None, 2.0, 5.0, 5.0], [1.0, 2.0, 5.0, 9.0], minutes=0.5)
    assert found == [(0.0, 8.0, 0.75), (1.0, 8.0, 0.75), (2.0, 6.0, 0.75), (5.0, 4.0, 0.5), (9.0, 2.0, 0.0)]


def test_a_sequence_without_anything_scores_zero_and_divides_by_nothing() -> None:
    assert PixelCount().summary() == {"f": 0.0, "precision": 0.0, "recall": 0.0}
    assert PixelCount().curve().points() == []


def test_a_curve_goes_from_everything_that_was_said_to_the_surest() -> None:
    said = [(5.0, "right"), (4.0, "right"), (3.0, "wrong"), (3.0, "right"), (2.0, "free"), (1.0, "wrong")]
    assert Curve.of(said, 4).points() == [(1.0, 0.6, 0.75), (3.0, 0.75, 0.75), (4.0, 1.0, 0.5), (5.0, 1.0, 0.25)]
    assert Curve.of([], 4).points() == []
    assert Curve.of([(1.0, "free")], 4).points() == []
    both = Curve.joined([Curve.of(said, 4), Curve.of([(9.0, "right")], 1)])
    assert both.points()[-1] == (9.0, 1.0, 0.2)


def test_a_long_curve_keeps_its_ends_in_sixty_points() -> None:
    points = Curve.of([(float(i), "right") for i in range(500)], 500).points()
    assert len(points) == 60
    assert (points[0], points[-1]) == ((0.0, 1.0, 1.0), (499.0, 1.0, 0.002))


def test_the_drawn_curves_are_well_formed(tmp_path: Path) -> None:
    write_svg(
        tmp_path / "new" / "pr.svg", "A title", {"one": [(6.0, 0.75), (5.0, 0.5)], "none": []}, "tracks", "recall", 50
    )
    root = ElementTree.parse(tmp_path / "new" / "pr.svg").getroot()
    assert len(root.findall("{*}polyline")) == 1


def test_detections_that_follow_one_another_in_one_place_are_one_event() -> None:
    spots = [
        (0, 10.0, 10.0, 4.0),
        (3, 12.0, 10.0, 4.0),
        (7, 14.0, 10.0, 4.0),
        (3, 90.0, 9.0, 4.0),
        (20, 14.0, 10.0, 4),
    ]
    assert merged(spots) == [spots[0], spots[3], spots[4]]


def test_a_target_is_hit_by_overlap_or_by_a_centre_within_half_its_size() -> None:
    found = boxes((0, 0, 10, 10), (4, 4, 6, 6), (10, 0, 20, 10), (11, 0, 21, 10))
    assert on_target(found, np.array([0, 0, 10, 10.0])).tolist() == [True, True, False, False]
    assert on_target(boxes(), np.array([0, 0, 10, 10.0])).tolist() == []


@pytest.mark.parametrize("name", VARIANTS)
def test_in_other_footage_a_thing_is_where_its_truth_says(name: str) -> None:
    pictures = [np.full((120, 160), 60, np.uint8) for _ in range(6)]
    for picture in pictures:
        picture[40:70, 50:90] = 200
    variant = VARIANTS[name]
    order = variant.order(len(pictures))
    shown = variant.pictures([pictures[k] for k in order])
    assert len(shown) == len(order)
    box = moved_boxes(boxes((50, 40, 90, 70)), variant.places(160, 120, 2, len(shown)))[0]
    x0, y0, x1, y1 = np.rint(box).astype(int).tolist()
    inside, around = shown[2][y0 + 3 : y1 - 3, x0 + 3 : x1 - 3], shown[2][y0 - 8 : y1 + 8, x0 - 8 : x1 + 8]
    differs = np.abs(around.astype(float) - float(np.median(inside))) > 20
    inner = np.zeros_like(differs)
    inner[8:-8, 8:-8] = True
    assert np.mean(differs == ~inner) > 0.9
