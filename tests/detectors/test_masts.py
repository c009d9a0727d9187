"""Whether a thing is on an upright bar that goes along with it."""

import cv2
import numpy as np
import pytest

from detector.detectors.masts import bars_beyond, on_a_mast
from tests.naive_vision import naive_bar_beyond

STEP_PX = 3  # to the right, from picture to picture
BRIGHT, DARK, GROUND = 210, 60, 120


def ground(seed=0):
    random = np.random.default_rng(seed)
    return cv2.GaussianBlur(random.uniform(GROUND - 25, GROUND + 25, (140, 160)), (0, 0), 3).astype(np.uint8)


def three_pictures(draw):
    """An earlier, the judged and a later picture. draw: paints into one, so far to the right. [px]"""
    pictures = [ground() for _ in range(3)]
    for picture, right_px in zip(pictures, (-STEP_PX, 0, STEP_PX), strict=True):
        draw(picture, right_px)
    return pictures


def is_on_a_mast(pictures, box, aside_px=2.0 * STEP_PX):
    earlier, judged, later = pictures
    return bool(on_a_mast(np.array([box], float), np.array([aside_px]), judged, earlier, later)[0])


def mast(slant=0.0, grey=BRIGHT, top=30, foot=110):
    """Its top leans by so much, its foot stands: it seems to turn about that."""

    def draw(picture, right_px):
        for y in range(top, foot):
            x = 80 + right_px * (foot - y) / (foot - top) + slant * (foot - y)
            cv2.line(picture, (round(x), y), (round(x) + 1, y), grey)

    return draw


@pytest.mark.parametrize("slant", [0.0, 0.25, -0.25])
def test_a_piece_of_a_mast_is_on_one(slant):
    at = round(80 + slant * 70)
    assert is_on_a_mast(three_pictures(mast(slant)), [at - 1, 36, at + 3, 46])


def test_so_is_the_lamp_at_its_top():
    def lamp(picture, right_px):
        mast()(picture, right_px)
        cv2.rectangle(picture, (76 + right_px, 25), (85 + right_px, 31), 240, -1)

    assert is_on_a_mast(three_pictures(lamp), [75, 24, 87, 33])


def test_and_a_slender_piece_with_nothing_below():
    def hidden(picture, right_px):
        mast(foot=90)(picture, right_px)
        picture[72:] = ground(1)[72:]

    pictures = three_pictures(hidden)
    assert is_on_a_mast(pictures, [79, 60, 83, 72])
    assert not is_on_a_mast(pictures, [75, 60, 87, 72])


def test_not_on_one_that_stands():
    """As a painted line or a kerb does that a vehicle drives across."""

    def line_and_car(picture, right_px):
        cv2.line(picture, (80, 20), (80, 130), BRIGHT, 2)
        cv2.rectangle(picture, (74 + right_px, 50), (86 + right_px, 56), 20, -1)

    assert not is_on_a_mast(three_pictures(line_and_car), [74, 50, 87, 57])


def test_nor_is_a_vehicle_or_a_person_on_bare_ground():
    def person(picture, right_px):
        cv2.rectangle(picture, (79 + right_px, 50), (82 + right_px, 59), BRIGHT, -1)

    assert not is_on_a_mast(three_pictures(person), [79, 50, 83, 60])


def test_nor_is_who_casts_a_long_shadow():
    def person_in_the_sun(picture, right_px):
        cv2.rectangle(picture, (79 + right_px, 50), (82 + right_px, 59), BRIGHT, -1)
        cv2.line(picture, (80 + right_px, 60), (81 + right_px, 90), DARK, 3)

    assert not is_on_a_mast(three_pictures(person_in_the_sun), [79, 50, 83, 60])


def test_what_goes_the_other_way_or_nowhere_does_not_go_along():
    pictures, box = three_pictures(mast()), [79, 36, 83, 46]
    assert is_on_a_mast(pictures, box)
    assert not is_on_a_mast(pictures, box, -2.0 * STEP_PX)
    assert not is_on_a_mast(pictures, box, 0.1)


def test_no_boxes():
    assert on_a_mast(np.zeros((0, 4)), np.zeros(0), *three_pictures(mast())).shape == (0,)


def test_bars_agree_with_the_slow_twin():
    random = np.random.default_rng(2)
    earlier, judged, later = three_pictures(mast(0.1))
    low = random.uniform(-5, 140, (5, 2))
    xyxy = np.hstack([low, low + random.uniform(1, 30, (5, 2))])
    xyxy[0] = [84, 40, 88, 50]
    for above in (False, True):
        found = bars_beyond(xyxy, judged, earlier, later, above=above)
        for row, box in enumerate(xyxy.tolist()):
            share, way_px = naive_bar_beyond(box, judged, earlier, later, above=above)
            assert found.share[row] == pytest.approx(share)
            assert found.way_px[row] == pytest.approx(way_px)
