"""Connected spots of evidence."""

import cv2
import numpy as np

from detector.detectors.blobs import spots, trimmed
from tests.naive_vision import naive_trimmed


def plain_spots(strong, weak, close_px):
    """Every outline, then the question whether anything in it is strong."""
    weak = cv2.morphologyEx(weak, cv2.MORPH_CLOSE, np.ones((close_px, close_px), np.uint8))
    outlines, _ = cv2.findContours(weak, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [(x, y, x + w, y + h) for x, y, w, h in map(cv2.boundingRect, outlines) if w * h >= 4]
    return [box for box in boxes if strong[box[1] : box[3], box[0] : box[2]].any()]


def test_noise_without_strong_evidence_is_passed_over_and_nothing_else():
    random = np.random.default_rng(3)
    for share in (0.001, 0.01, 0.2):
        weak = np.where(random.random((150, 213)) < share, 255, 0).astype(np.uint8)
        for x, y in random.integers(0, 140, (6, 2)).tolist():
            weak[y : y + 9, x : x + 20] = 255
        strong = np.where(random.random(weak.shape) < 0.003, weak, 0).astype(np.uint8)
        found = spots(strong, weak, 5).astype(int).tolist()
        assert sorted(map(tuple, found)) == sorted(plain_spots(strong, weak, 5))


def test_no_evidence_is_no_spot():
    assert spots(np.zeros((40, 50), np.uint8), np.zeros((40, 50), np.uint8), 5).shape == (0, 4)


def test_a_box_ends_where_the_evidence_is_weak():
    evidence = np.random.default_rng(8).integers(0, 12, (60, 80)).astype(np.uint8)
    evidence[20:26, 30:38] = 90
    boxes = [[25, 18, 45, 32], [0, 0, 10, 8], [70, 50, 80, 60]]
    found = trimmed(np.array(boxes, float), evidence, 0.15)
    np.testing.assert_array_equal(found, [naive_trimmed(box, evidence, 0.15) for box in boxes])
    assert found[0].tolist() == [30, 20, 38, 26]
    assert trimmed(np.zeros((0, 4)), evidence, 0.15).shape == (0, 4)


def test_a_box_without_evidence_stays():
    assert trimmed(np.array([[2.0, 3, 9, 8]]), np.zeros((20, 20), np.uint8), 0.15).tolist() == [[2, 3, 9, 8]]
