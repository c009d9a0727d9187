import cv2
import numpy as np

from detector.detectors import MotionDetector
from detector.detectors.burnt_in import BurntIn
from detector.model import Sight
from detector.registration import FlowRegistrar
from tests.naive_vision import aligned, boxes, frame, naive_burnt_in_votes, texture, view

SIZE = (480, 270)
FPS = 10.0
CROSS = (np.array([[200, 133, 230, 137], [250, 133, 280, 137], [238, 95, 242, 125], [238, 145, 242, 175]]), 255)


def moving_view(index):
    return np.array([[1, 0, 40 + 4.0 * index], [0, 1, 40 + 0.7 * index], [0, 0, 1]])


def with_cross(picture):
    picture = picture.copy()
    for x0, y0, x1, y1 in CROSS[0].tolist():
        picture[y0:y1, x0:x1] = CROSS[1]
    return picture


def seen(make, count=70):
    """Looks at the pictures that `make(index)` gives, registered exactly."""
    burnt_in = BurntIn()
    for index in range(count):
        burnt_in.see(frame(make(index), index, FPS), aligned(index, round(index * 1e9 / FPS), moving_view(index)))
    return burnt_in


def found_in(burnt_in, xyxy):
    return burnt_in.without(boxes(0, 0, xyxy)).xyxy_px.tolist()


def test_a_cross_hair_over_moving_ground_is_no_mover_and_what_drives_past_is_one():
    random, ground = np.random.default_rng(1), texture(size_px=(1100, 500))
    registrar, detector, found = FlowRegistrar(), MotionDetector(), []
    for index in range(70):
        scene = ground.copy()
        x = 60 + 10 * index
        scene[120:130, x : x + 16] = 255
        picture = with_cross(view(scene, moving_view(index), SIZE))
        noisy = np.clip(picture + random.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)
        taken = frame(noisy, index, FPS)
        found += detector.detect(taken, registrar.align(taken))
    found += detector.finish()

    def on_cross(one):
        centre = (one.xyxy_px[:, None, :2] + one.xyxy_px[:, None, 2:]) / 2
        return bool((np.abs(centre - (CROSS[0][:, :2] + CROSS[0][:, 2:]) / 2).max(axis=2) < 20).any())

    judged = [one for one in found if one.judged and one.sight is Sight.SEEING]
    early = [on_cross(one) for one in judged if one.index < 25]
    late = [one for one in judged if one.index > 40]
    assert np.mean(early) > 0.5  # until it is known
    assert not any(map(on_cross, late))
    hits = []
    for one in late:
        driving = 20 + 6 * one.index + 8, 85 - 0.7 * one.index
        centre = (one.xyxy_px[:, :2] + one.xyxy_px[:, 2:]) / 2
        hits.append(bool((np.abs(centre - driving).max(axis=1) < 8).any()))
    assert np.mean(hits) > 0.8


def test_what_is_burnt_in_is_known_after_twelve_looks_and_forgotten_once_it_is_gone():
    ground = texture(size_px=(1100, 500))

    def plain(index):
        return view(ground, moving_view(index), SIZE)

    assert found_in(seen(lambda index: with_cross(plain(index)), 30), CROSS[0]) == CROSS[0].tolist()
    known = seen(lambda index: with_cross(plain(index)), 50)
    assert found_in(known, CROSS[0]) == []
    elsewhere = [[20, 30, 40, 50], [200, 100, 260, 180]]  # clear of it; a vehicle that passes under it
    assert found_in(known, elsewhere) == elsewhere
    gone = seen(lambda index: with_cross(plain(index)) if index < 50 else plain(index), 80)
    assert found_in(gone, CROSS[0]) == CROSS[0].tolist()


def test_a_vehicle_that_the_camera_follows_is_not_burnt_in():
    random, ground = np.random.default_rng(2), texture(size_px=(1100, 500))
    vehicle = cv2.resize(texture(5, (40, 20)), (60, 30))

    def make(index):
        picture = view(ground, moving_view(index), SIZE)
        x, y = 210 + random.integers(-1, 2), 120 + random.integers(-1, 2)
        picture[y : y + 30, x : x + 60] = vehicle
        return picture

    box = [[208, 118, 272, 152]]
    assert found_in(seen(make), box) == box


def test_before_a_camera_that_stands_nothing_is_taken_for_burnt_in():
    burnt_in, picture = BurntIn(), with_cross(texture(size_px=SIZE))
    for index in range(60):
        burnt_in.see(frame(picture, index, FPS), aligned(index, round(index * 1e9 / FPS)))
    assert found_in(burnt_in, CROSS[0]) == CROSS[0].tolist()


def test_looks_are_counted_as_the_slow_twin_counts_them():
    random, ahead_px = np.random.default_rng(4), 4
    ground = random.integers(0, 256, (24, 200), dtype=np.uint8)
    burnt_in, counts, then = BurntIn(), [[0] * 40 for _ in range(24)], None
    for index in range(32):
        now = ground[:, ahead_px * index : ahead_px * index + 40].copy()
        now[8:12, 10:30] = np.arange(0, 240, 3).reshape(4, 20) + random.integers(0, 6 if index < 20 else 40, (4, 20))
        matrix = np.array([[1, 0, float(ahead_px * index)], [0, 1, 0], [0, 0, 1]])
        burnt_in.see(frame(now, index, 2.0), aligned(index, index * 500_000_000, matrix))
        counts = counts if then is None else naive_burnt_in_votes(now, then, ahead_px, counts)
        then = now
        assert burnt_in._count.tolist() == counts
        most = max(map(max, counts))
        assert most < 24 if index != 19 else most >= 12
