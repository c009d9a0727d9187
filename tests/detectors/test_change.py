import cv2
import numpy as np
import pytest

from detector.detectors import ChangeDetector
from detector.detectors.change import _outside
from detector.detectors.patches import contrast_to_ring, likeness, patch
from detector.model import Kind
from tests.naive_flash import naive_contrast_to_ring, naive_likeness, naive_outside
from tests.naive_vision import aligned, frame, texture, view

GROUND = (texture(3, (900, 500)) // 2 + 40).astype(np.uint8)
SIZE = (480, 270)
FPS = 4.0
PLACE = (300, 200)  # on the ground


def with_vehicle(picture, xy, grey=235):
    cv2.rectangle(picture, (xy[0], xy[1]), (xy[0] + 23, xy[1] + 11), grey, -1)
    cv2.rectangle(picture, (xy[0] + 5, xy[1] + 2), (xy[0] + 9, xy[1] + 9), 30, -1)
    return picture


def found(make, seconds=30.0, camera=lambda t: (80.0, 90.0)):
    """Times and centres on the ground of all changes. The registration is off by 1.5 px at worst."""
    detector, out = ChangeDetector(), []
    for index in range(round(seconds * FPS)):
        x, y = camera(index / FPS)
        matrix = np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])
        picture = frame(view(make(index / FPS), matrix, SIZE), index, FPS)
        off = np.array([[1, 0, 1.5 * np.sin(index / 9)], [0, 1, 0], [0, 0, 1]])
        for one in detector.detect(picture, aligned(index, picture.t_ns, off @ matrix)):
            assert set(one.kind) <= {Kind.CHANGE.value}
            place = camera(one.index / FPS)
            out += [
                (one.index / FPS, (x0 + x1 - 1) / 2 + place[0], (y0 + y1 - 1) / 2 + place[1])
                for x0, y0, x1, y1 in one.xyxy_px.tolist()
            ]
    return out


def out_and_back(t_s):
    """Away from the place between 6 and 18 s."""
    return float(np.interp(t_s, [0, 5, 9, 15, 20, 60], [80, 80, 400, 400, 80, 80])), 90.0


@pytest.mark.parametrize("camera", [lambda t: (80.0, 90.0), out_and_back], ids=["still", "back again"])
def test_a_vehicle_that_has_come_to_stand_is_found_where_it_stands(camera):
    """It stands there from 12 s on."""
    hits = found(lambda t: with_vehicle(GROUND.copy(), PLACE) if t >= 12 else GROUND, 30.0, camera)
    assert hits
    assert 15 <= hits[0][0] <= 26
    for _, x, y in hits:
        assert abs(x - (PLACE[0] + 11.5)) < 6
        assert abs(y - (PLACE[1] + 5.5)) < 6


def test_nothing_new_gives_nothing():
    assert found(lambda t: with_vehicle(GROUND.copy(), PLACE), 30.0, out_and_back) == []


def test_what_drives_on_is_no_change():
    assert found(lambda t: with_vehicle(GROUND.copy(), (60 + int(9 * t), 200))) == []


def test_what_has_gone_is_no_change():
    assert found(lambda t: with_vehicle(GROUND.copy(), PLACE) if t < 12 else GROUND) == []


def test_a_change_of_light_is_no_change_of_the_ground():
    def lit(t_s):
        shade = np.ones_like(GROUND, np.float32)
        shade[:, : int(12 * t_s)] = 0.75
        shade = cv2.GaussianBlur(shade, (0, 0), 25)
        return np.clip(GROUND * shade * (1.2 if t_s > 14 else 1.0), 0, 255).astype(np.uint8)

    assert found(lit) == []


def test_outside_is_that_of_the_slow_twin():
    random = np.random.default_rng(1)
    one, other = random.integers(0, 256, (2, 13, 17), np.uint8)
    other = cv2.blur(other, (5, 5))
    np.testing.assert_array_equal(_outside(one, other), naive_outside(one, other))


def test_likeness_is_that_of_the_slow_twin_and_finds_what_was_moved():
    picture = GROUND[:60, :80]
    box = np.array([30.0, 20, 38, 27])
    piece = patch(picture, box + np.array([3, -2, 3, -2]))
    assert likeness(piece, picture, box, 5) == pytest.approx(1.0, abs=1e-4)
    other = GROUND[200:260, 200:280]
    around = patch(other, box + np.array([-4, -4, 4, 4]))
    assert likeness(piece, other, box, 4) == pytest.approx(naive_likeness(piece, around), abs=1e-4)
    assert likeness(np.full((5, 5), 100, np.uint8), np.full((40, 40), 104, np.uint8), box, 2) == 1.0
    assert likeness(np.full((5, 5), 100, np.uint8), np.full((40, 40), 150, np.uint8), box, 2) == -1.0


@pytest.mark.parametrize("box", [(20, 15, 32, 22), (0, 0, 6, 5), (70, 50, 80, 60)])
def test_contrast_to_the_ring_is_that_of_the_slow_twin(box):
    picture = GROUND[:60, :80]
    assert contrast_to_ring(picture, np.array(box, float)) == pytest.approx(naive_contrast_to_ring(picture, box))
