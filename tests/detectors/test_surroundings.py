"""How far the surroundings of spots have moved."""

import cv2
import numpy as np

from detector.detectors import surroundings
from tests.naive_vision import texture

BOXES = np.array([[100, 80, 112, 90], [3, 2, 9, 8], [220, 150, 250, 170], [380, 250, 398, 268], [50, 60, 140, 120]])


def moved_by(picture, x, y):
    return np.asarray(
        cv2.warpAffine(picture, np.array([[1, 0, x], [0, 1, y]], float), picture.shape[::-1], borderMode=1)
    )


def test_pieces_tell_the_same_as_the_whole_picture(monkeypatch):
    judged = np.ascontiguousarray(texture()[:270, :400])
    others = moved_by(judged, 1.5, -0.5), moved_by(judged, -2, 1)
    in_pieces = surroundings.shifts(judged, others, BOXES.astype(float))
    monkeypatch.setattr(surroundings, "_MOST_CUT_PX", 0)
    whole = surroundings.shifts(judged, others, BOXES.astype(float))
    for one, other in zip(in_pieces, whole, strict=True):
        np.testing.assert_allclose(one[[0, 2, 3, 4]], other[[0, 2, 3, 4]], atol=0.05)  # px
        # In the corner the picture goes on beyond its border at each level of the pyramid by itself, a piece does not.
        np.testing.assert_allclose(one[1], other[1], atol=0.3)


def test_surroundings_that_moved_are_found():
    judged = np.ascontiguousarray(texture()[:270, :400])
    found = surroundings.shifts(judged, (moved_by(judged, 1.5, -0.5),), BOXES.astype(float))[0]
    np.testing.assert_allclose(found[[0, 2, 4]], [[1.5, -0.5]] * 3, atol=0.1)  # px
