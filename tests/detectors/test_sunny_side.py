"""Where a thing in the sun ends and its shadow begins."""

import numpy as np
import pytest

from detector.detectors.sunny_side import SunnySide, looked_at, without_shadow
from tests.naive_vision import naive_looked_at, naive_without_shadow

GROUND, BRIGHT, DARK = 120, 170, 60
LEAST = 6.0


def scene(things, size=(90, 140)):
    """Ground, and on it things of 8x8 px with a shadow of the same size. things: x, y, direction [deg] of the shadow.

    Returns the picture and the boxes around the shadows alone.
    """
    picture, shadows = np.full(size, GROUND, np.uint8), []
    for x, y, direction_deg in things:
        dx, dy = (round(8 * part) for part in (np.cos(np.radians(direction_deg)), np.sin(np.radians(direction_deg))))
        picture[y + dy : y + dy + 8, x + dx : x + dx + 8] = DARK
        picture[y : y + 8, x : x + 8] = BRIGHT
        shadows.append([x + dx, y + dy, x + dx + 8, y + dy + 8])
    return picture, np.array(shadows, np.float64).reshape(-1, 4)


def seen(things):
    picture, boxes = scene(things)
    ground = np.full_like(picture, GROUND)
    return boxes, looked_at(boxes, picture, ground, ground, np.full(len(boxes), LEAST))


def learned(directions_deg, turn=None):
    side, turn = SunnySide(), np.eye(2) if turn is None else turn
    for index, direction_deg in enumerate(directions_deg):
        side.learn(seen([(60, 40, direction_deg)])[1], turn, index * 100_000_000)
    return side


def test_where_all_shadows_lie_is_known_after_a_while():
    assert learned([0] * 3).direction(np.eye(2)) is None
    assert learned([0] * 12).direction(np.eye(2)) == pytest.approx([1, 0], abs=0.05)


def test_a_camera_that_turns_sees_the_same_direction():
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    side = learned([0] * 12, turn=quarter)
    assert side.direction(np.eye(2)) == pytest.approx([0, 1], abs=0.05)
    assert side.direction(quarter.T) == pytest.approx([1, 0], abs=0.05)


@pytest.mark.parametrize("directions", [range(0, 360, 15), [0, 180] * 12], ids=["every way", "one way and the other"])
def test_light_and_dark_on_things_are_no_shadows(directions):
    assert learned(directions).direction(np.eye(2)) is None


def test_what_was_seen_long_ago_is_forgotten():
    side = learned([0] * 12)
    side.learn(seen([])[1], np.eye(2), 120_000_000_000)
    assert side.direction(np.eye(2)) is None


@pytest.mark.parametrize("direction_deg", [0, 90, 180, 270])
def test_a_box_on_the_shadow_is_put_on_the_thing(direction_deg):
    boxes, spots = seen([(60, 40, direction_deg)])
    direction = np.array([np.cos(np.radians(direction_deg)), np.sin(np.radians(direction_deg))])
    assert without_shadow(boxes, spots, direction) == pytest.approx(np.array([[60, 40, 68, 48]]), abs=2)


def test_a_dark_thing_keeps_its_box():
    picture, boxes = scene([(60, 40, 0)])
    picture[picture == BRIGHT] = DARK
    ground = np.full_like(picture, GROUND)
    spots = looked_at(boxes, picture, ground, ground, np.array([LEAST]))
    assert np.array_equal(without_shadow(boxes, spots, np.array([1.0, 0.0])), boxes)


def test_what_is_dark_on_the_other_side_is_no_shadow():
    boxes, spots = seen([(60, 40, 180)])
    assert np.array_equal(without_shadow(boxes, spots, np.array([1.0, 0.0])), boxes)


def test_each_is_as_its_slow_twin():
    random = np.random.default_rng(4)
    things = [(20, 30, 0), (60, 60, 0), (110, 20, 0), (125, 75, 0)]
    picture, boxes = scene(things)
    ground = np.full_like(picture, GROUND)
    picture, earlier, later = (
        np.clip(one + random.normal(0, 4, one.shape), 0, 255).astype(np.uint8) for one in (picture, ground, ground)
    )
    least = np.array([LEAST, 8.0, 10.0, LEAST])
    spots = looked_at(boxes, picture, earlier, later, least)
    direction = np.array([1.0, 0.0])
    cut = without_shadow(boxes, spots, direction)
    for row, box in enumerate(boxes.astype(int).tolist()):
        points = naive_looked_at(box, picture, earlier, later, least[row])
        parts = np.broadcast_arrays(spots.x[row], spots.y[row], spots.brighter[row], spots.darker[row])
        fast = np.stack([part.ravel() for part in parts], axis=1)
        assert np.array_equal(fast, np.array(points))
        assert cut[row].tolist() == naive_without_shadow(box, points, direction)


def test_no_boxes_are_no_spots():
    boxes, spots = seen([])
    assert without_shadow(boxes, spots, np.array([1.0, 0.0])).shape == (0, 4)
