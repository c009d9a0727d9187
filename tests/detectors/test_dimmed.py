"""By how much shadows dim the ground, and boxes without them."""

import numpy as np
import pytest

from detector.detectors.dimmed import Dimming, commonest, greys_in, parted, without_shadows
from tests.naive_vision import naive_greys_in, naive_parted, texture

FACTOR = 0.45
LEAST = np.array([6.0])
SAME = np.eye(2)[None]


def walker(ground, x, y, direction_deg=0.0, factor=FACTOR, paint=None):
    """Somebody in stripes of 16x40 px at (x, y), and his shadow of the same size to one side. Picture and both boxes.

    paint: grey level of it, in place of the dimmed ground.
    """
    picture = ground.copy()
    dx, dy = np.rint([22 * np.cos(np.radians(direction_deg)), 42 * np.sin(np.radians(direction_deg))]).astype(int)
    below = slice(y + dy, y + dy + 40), slice(x + dx, x + dx + 16)
    picture[below] = factor * picture[below] if paint is None else paint
    for row in range(y, y + 40, 8):
        picture[row : row + 4, x : x + 16] = 230
        picture[row + 4 : row + 8, x : x + 16] = 25
    thing = np.array([x, y, x + 16, y + 40])
    shadow = thing + np.array([dx, dy, dx, dy])
    both = np.concatenate([np.minimum(thing, shadow)[:2], np.maximum(thing, shadow)[2:]])
    return picture, thing, both[None].astype(np.float64)


def seen(ground, *place, **how):
    picture, thing, box = walker(ground, *place, **how)
    return thing, box, greys_in(box, picture, [(ground, 1)] * 4, LEAST)


def learned(directions_deg=(0,) * 12, turn=SAME, **how):
    dimming, ground = Dimming(), texture(3)
    for index, direction_deg in enumerate(directions_deg):
        _, box, greys = seen(ground, 100 + 40 * (index % 12), 300, direction_deg, **how)
        dimming.learn(greys, parted(box, greys, commonest(greys)), turn, index * 100_000_000)
    return dimming


def test_it_is_known_after_a_while_by_how_much_shadows_dim_and_where_they_lie():
    assert learned((0,) * 3).known is None
    factor, direction = learned().known
    assert np.exp(factor) == pytest.approx(FACTOR, abs=0.02)
    assert direction == pytest.approx([1, 0], abs=0.1)


def test_a_dark_half_of_a_lorry_is_as_dark_on_any_ground_and_no_shadow():
    assert learned(paint=50).known is None


def test_once_it_is_known_it_is_learned_less_often():
    few, enough = learned((0,) * 3), learned()
    assert [few.is_due(200_000_000 + ms * 1_000_000) for ms in (0, 100, 200, 1000)] == [False, False, True, True]
    assert [enough.is_due(1_100_000_000 + ms * 1_000_000) for ms in (0, 200, 1000)] == [False, False, True]
    assert few.is_due(0)


def test_what_lies_on_every_side_is_no_shadow():
    assert learned(range(0, 360, 15)).known is None


def test_a_camera_that_turns_learns_the_same_direction():
    quarter = np.array([[[0.0, -1.0], [1.0, 0.0]]])
    assert learned(turn=quarter).known[1] == pytest.approx([0, 1], abs=0.1)


def test_where_there_is_no_turn_nothing_is_learned():
    assert learned(turn=np.full((1, 2, 2), np.nan)).known is None


def test_what_was_seen_long_ago_is_forgotten():
    dimming = learned()
    _, box, greys = seen(np.full((700, 900), 120, np.uint8), 100, 300)
    dimming.learn(greys, parted(box, greys, commonest(greys)), SAME, 600_000_000_000)
    assert dimming.known is None


@pytest.mark.parametrize("direction_deg", [0, 90, 180, 270])
def test_a_box_loses_its_shadow(direction_deg):
    thing, box, greys = seen(texture(5), 300, 300, direction_deg)
    direction = np.array([np.cos(np.radians(direction_deg)), np.sin(np.radians(direction_deg))])
    cut, which = without_shadows(box, greys, (np.log(FACTOR), direction), SAME)
    assert which.all()
    assert cut[0] == pytest.approx(thing, abs=4)


@pytest.mark.parametrize(
    ("direction", "factor"), [((-1.0, 0.0), FACTOR), ((1.0, 0.0), 0.7)], ids=["other side", "other factor"]
)
def test_what_is_dark_otherwise_stays_in_the_box(direction, factor):
    _, box, greys = seen(texture(5), 300, 300)
    cut, which = without_shadows(box, greys, (np.log(factor), np.array(direction)), SAME)
    assert not which.any()
    assert np.array_equal(cut, box)


def test_a_thing_that_is_dimmed_all_over_keeps_its_box():
    ground = texture(5)
    picture = ground.copy()
    picture[300:340, 300:340] = FACTOR * picture[300:340, 300:340]
    box = np.array([[300.0, 300, 340, 340]])
    greys = greys_in(box, picture, [(ground, 1)] * 4, LEAST)
    assert not without_shadows(box, greys, (np.log(FACTOR), np.array([1.0, 0.0])), SAME)[1].any()


def test_no_boxes_lose_nothing():
    ground, none = texture(5), np.zeros((0, 4))
    greys = greys_in(none, ground, [(ground, 1)] * 2, np.zeros(0))
    Dimming().learn(greys, parted(none, greys, commonest(greys)), np.zeros((0, 2, 2)), 0)
    assert without_shadows(none, greys, (np.log(FACTOR), np.array([1.0, 0.0])), np.zeros((0, 2, 2)))[0].shape == (0, 4)


def test_each_is_as_its_slow_twin():
    random, ground = np.random.default_rng(4), texture(6)
    picture, _, box = walker(ground, 200, 200, 30)
    noisy = [np.clip(one + random.normal(0, 5, one.shape), 0, 255).astype(np.uint8) for one in (picture, *[ground] * 3)]
    half = np.ascontiguousarray(ground[::2, ::2])
    boxes, least = np.concatenate([box, [[400, 300, 431, 327]]]), np.array([6.0, 9.0])
    for others in ([(noisy[1], 1), (noisy[2], 1)], [(noisy[1], 1), (noisy[2], 1), (half, 2), (half, 2)]):
        greys = greys_in(boxes, noisy[0], others, least)
        parts = parted(boxes, greys, np.log([FACTOR, 0.6]))
        for row, one in enumerate(boxes.tolist()):
            points = np.array(naive_greys_in(one, noisy[0], others, least[row]))
            fast = np.stack([part[row].ravel() for part in greys], axis=1)
            assert fast == pytest.approx(points)
            rows = greys.dimmed[row].tolist(), greys.differs[row].tolist()
            beyond, thing, xyxy, away = naive_parted(one, *rows, float(np.log([FACTOR, 0.6])[row]))
            assert parts.beyond[row] == pytest.approx(beyond)
            assert parts.thing[row] == pytest.approx(thing)
            assert parts.xyxy[row] == pytest.approx(xyxy)
            assert parts.away[row] == pytest.approx(away)
