import cv2
import numpy as np
import pytest

from detector.detectors import clutter, local_light, stillness
from detector.detectors.background import Background
from detector.detectors.cells import cell_means
from detector.detectors.clutter import pulse
from detector.detectors.first_view import empty_view, ordered
from detector.detectors.local_light import evened
from detector.detectors.segments import Clear, small_and_clear
from detector.detectors.split import parts
from detector.detectors.stillness import View
from detector.detectors.tone import Tone
from tests.naive_vision import naive_block_maximum, naive_symmetric, texture, view
from tests.naive_vision_still import (
    naive_block_shift,
    naive_cell_means,
    naive_light,
    naive_second_nearest,
    naive_small_and_clear,
    naive_towards,
)


def test_distance_is_to_the_second_nearest_sample_wherever_it_decides():
    random = np.random.default_rng(0)
    pictures = list(random.integers(90, 160, (10, 40, 50), np.uint8))
    mean = np.full((40, 50), 125, np.uint8)
    background = Background(10, 8.0, 200.0)
    background.begin(pictures, mean, np.full((40, 50), 255, np.uint8))
    picture = random.integers(0, 256, (40, 50), np.uint8)
    threshold = np.full((40, 50), 20, np.uint8)
    fast = background.distance(picture, mean, threshold, threshold // 2)
    to_mean = np.abs(picture.astype(int) - 125)
    expected = np.where(to_mean > 10, naive_second_nearest(picture, pictures), to_mean)
    assert np.array_equal(fast, expected)


def test_learning_takes_empty_pixels_soon_and_others_late():
    background = Background(10, 8.0, 200.0)
    grey = np.full((60, 80), 100, np.uint8)
    background.begin([grey] * 10, grey, np.full((60, 80), 5, np.uint8))
    empty = np.full((60, 80), 255, np.uint8)
    empty[:, 40:] = 0
    new = np.full((60, 80), 130, np.uint8)
    for _ in range(80):
        background.learn(new, empty, 0.1, 1000.0)
    distance = background.distance(new, grey, np.full((60, 80), 5, np.uint8), np.full((60, 80), 2, np.uint8))
    assert (distance[:, :38] == 0).mean() > 0.95
    assert (distance[:, 42:] == 30).mean() > 0.8
    assert np.abs(background.mean[:, :38].astype(int) - 130).max() <= 2


@pytest.mark.parametrize("shape", [(16, 16), (33, 70), (8, 100)])
def test_pulses_and_block_maxima_are_those_of_the_slow_twins(shape):
    random = np.random.default_rng(1)
    before, middle, after = random.integers(0, 256, (3, *shape), np.uint8)
    expected = naive_symmetric(middle, before, after)
    assert np.array_equal(pulse(before, middle, after), expected)
    assert np.array_equal(clutter._block_maximum(middle), naive_block_maximum(middle, 8))


def test_running_quantile_is_that_of_the_slow_twin_and_settles_at_the_quantile():
    random = np.random.default_rng(2)
    level = random.uniform(0, 20, (6, 7)).astype(np.float32)
    seen = random.integers(0, 40, (6, 7), np.uint8)
    expected = naive_towards(level.astype(float), seen, 0.75, 0.05)
    clutter._towards(level, seen, 0.75, 0.05)
    assert np.allclose(level, expected, atol=1e-4)
    for _ in range(4000):
        clutter._towards(level, random.integers(0, 101, (6, 7), np.uint8), 0.75, 0.005)
    assert np.abs(level - 75).max() < 12


def test_shift_of_each_block_is_that_of_the_slow_twin():
    ground = texture(1)
    home = view(ground, np.array([[1, 0, 50.0], [0, 1, 50.0], [0, 0, 1]]), (160, 96))
    now = view(ground, np.array([[1, 0, 50.3], [0, 1, 49.9], [0, 0, 1]]), (160, 96))
    details = stillness._detail(home), stillness._detail(now)
    slow = naive_block_shift(*details, 16)
    fast = stillness._shifts(stillness._home_of(home), details[1])
    assert np.allclose(fast, slow, atol=1e-3)
    assert np.abs(np.median(slow.reshape(-1, 2), axis=0) - [0.3, -0.1]).max() < 0.05


def test_a_view_stays_under_noise_gain_and_passers_by_and_not_under_a_shift_of_a_pixel():
    random, ground = np.random.default_rng(3), texture(2)
    at = np.array([[1, 0, 60.0], [0, 1, 60.0], [0, 0, 1]])
    home = view(ground, at, (480, 270))
    seen = View(0.35, 0.0)
    seen.begin(home, np.eye(3))
    noisy = np.clip(home * 1.2 + random.normal(0, 4, home.shape), 0, 255).astype(np.uint8)
    noisy[100:200, 100:250] = 30
    assert np.array_equal(seen.place(noisy, np.eye(3)), np.eye(3))
    shifted = view(ground, at + np.array([[0, 0, 1.0], [0, 0, 0], [0, 0, 0]]), (480, 270))
    assert seen.place(shifted, np.eye(3)) is None
    assert seen.place(np.full((270, 480), 90, np.uint8), np.eye(3)) is None


def test_a_shake_is_placed_by_the_registration():
    ground = texture(2)
    seen = View(0.35, 4.0)
    seen.begin(view(ground, np.array([[1, 0, 60.0], [0, 1, 60.0], [0, 0, 1]]), (480, 270)), np.eye(3))
    shake = np.array([[1, 0, 1.5], [0, 1, -1.0], [0, 0, 1]])
    shaken = view(ground, np.array([[1, 0, 61.5], [0, 1, 59.0], [0, 0, 1]]), (480, 270))
    assert np.allclose(seen.place(shaken, shake), shake)
    assert seen.place(shaken, np.eye(3)) is None  # the registration says nothing of it


def test_factors_of_light_are_those_of_the_slow_twin():
    mean = texture(5, (64, 48)).astype(np.float32)
    picture = (mean * 0.8).astype(np.float32)
    picture[:16, :16] = np.random.default_rng(0).uniform(0, 255, (16, 16))
    factor, alike = naive_light(picture, mean, 4)
    fast, knows = local_light._factors(picture, mean)
    assert np.allclose(fast, factor, rtol=1e-4)
    structured = np.array(
        [[mean[r * 4 : r * 4 + 4, c * 4 : c * 4 + 4].std() > 3.01 for c in range(16)] for r in range(12)]
    )
    sure = np.abs(alike - 0.85) > 1e-3
    assert np.array_equal((knows > 0)[sure], ((alike > 0.85) & structured)[sure])


def test_a_half_lit_view_is_evened_and_a_thing_keeps_its_contrast():
    mean = texture(6, (480, 270))
    picture = mean.astype(float)
    picture[:, 240:] *= 0.75
    picture[100:160, 300:400] = 230
    out = evened(picture.astype(np.uint8), mean).astype(int) - mean
    apart = np.ones(mean.shape, bool)
    apart[:, 200:280] = apart[80:180, 280:420] = False
    assert np.abs(out[apart]).mean() < 4
    assert out[110:150, 310:390].mean() > 0.8 * (230 - mean[110:150, 310:390].astype(float)).mean()


@pytest.mark.parametrize(("gain", "offset"), [(0.7, 10.0), (1.3, -20.0), (1.0, 0.0)])
def test_tone_finds_gain_and_offset_with_a_third_of_the_picture_covered(gain, offset):
    mean = texture(7, (480, 270))
    picture = np.clip(mean * gain + offset, 0, 255)
    picture[:, :160] = 200
    tone = Tone()
    tone.taken_out(picture.astype(np.uint8), mean)
    assert tone.exposure.gain == pytest.approx(gain, abs=0.05)
    assert tone.exposure.offset == pytest.approx(offset, abs=6)


def test_the_empty_view_is_the_ground_under_a_slow_thing_and_keeps_foliage():
    random, ground = np.random.default_rng(4), np.full((120, 200), 110.0)
    ground[:40] = random.uniform(40, 200, (40, 200))
    pictures = []
    for index in range(30):
        picture = ground + random.normal(0, 1, ground.shape)
        picture[70:90, 20 + 2 * index : 60 + 2 * index] = 220  # 40 px long, 2 px a picture
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    empty = empty_view(np.stack(pictures), 7.0)
    assert np.abs(empty[:40] - ground[:40]).mean() < 2
    assert (np.abs(empty[70:90, :] - 110.0) < 5).mean() > 0.95


@pytest.mark.parametrize("shape", [(16, 16), (33, 70), (1, 1)])
def test_cell_means_are_those_of_the_slow_twin_to_about_a_grey_level(shape):
    picture = np.random.default_rng(8).integers(0, 256, shape, np.uint8)
    assert np.abs(cell_means(picture, 3) - naive_cell_means(picture, 8)).max() <= 1.5


@pytest.mark.parametrize("count", [1, 2, 7, 15])
def test_ordered_is_sorted_at_each_pixel(count):
    pictures = np.random.default_rng(count).integers(0, 256, (count, 9, 11), np.uint8)
    assert np.array_equal(np.stack(ordered(list(pictures))), np.sort(pictures, axis=0))


def test_parts_of_a_mask():
    assert parts(np.full((3, 3), 255, np.uint8)) == [(0, 0, 3, 3)]
    one = np.zeros((60, 60), np.uint8)
    one[10:50, 20:34] = 255
    assert parts(one) == [(20, 10, 34, 50)]
    two = one.copy()
    two[10:50, 38:52] = 255
    two[25:29, 34:38] = 255
    found = sorted(parts(two))
    assert len(found) == 2
    assert np.abs(np.array(found) - [(20, 10, 36, 50), (36, 10, 52, 50)]).max() <= 2
    above = np.zeros((60, 60), np.uint8)  # a head on its neck is no second person
    above[5:15, 23:31] = 255
    above[15:18, 26:28] = 255
    above[18:50, 20:34] = 255
    assert parts(above) == [(20, 5, 34, 50)]


@pytest.mark.parametrize("clear", [Clear(5, 3.0), Clear(8, 2.5)])
@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_what_is_small_and_clear_is_that_of_the_slow_twin(share, clear):
    rng = np.random.default_rng(3)
    mask = np.where(rng.random((60, 80)) < share, 255, 0).astype(np.uint8)
    mask[20:24, 30:34] = mask[40:48, 30:50] = 255
    thick = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    distance, threshold = rng.integers(0, 80, mask.shape, np.uint8), rng.integers(5, 30, mask.shape, np.uint8)
    found = small_and_clear(mask, thick, distance, threshold, 10.0, clear)
    np.testing.assert_array_equal(found, naive_small_and_clear(mask, thick, distance, threshold, 10.0, *clear))
    assert found.any()
    assert not small_and_clear(mask, thick, distance, np.full_like(threshold, 200), 10.0, clear).any()
