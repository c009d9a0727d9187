import cv2
import numpy as np
import pytest

from detector.model import Sight
from detector.picture.homography import apply
from detector.registration import FlowRegistrar
from detector.registration.flow import Agreement, agreement, stretches
from tests.naive_vision import flight, frame, texture, view

SIZE = (480, 270)
GRID = np.stack(np.meshgrid(np.linspace(20, 460, 8), np.linspace(20, 250, 5)), axis=-1).reshape(-1, 2)


def error_px(alignment, index, pan_px=3.0):
    truth = np.linalg.inv(flight(0, pan_px)) @ flight(index, pan_px)
    return np.hypot(*(apply(alignment.reference_from_frame, GRID) - apply(truth, GRID)).T)


@pytest.mark.parametrize("pan_px", [0.3, 3.0, 9.0])
def test_known_flight_is_followed_to_a_tenth_of_a_pixel(pan_px):
    ground, registrar, errors = texture(), FlowRegistrar(), []
    random = np.random.default_rng(7)
    for index in range(30):
        picture = view(ground, flight(index, pan_px), SIZE)
        noisy = np.clip(picture + random.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
        alignment = registrar.align(frame(noisy, index))
        errors.append(np.median(error_px(alignment, index, pan_px)))
    assert np.median(errors) < 0.1  # px at 480 wide, against the exact homography


def test_a_static_camera_gives_exactly_the_same_matrix_and_says_so():
    picture, registrar = texture()[:270, :480], FlowRegistrar()
    random = np.random.default_rng(8)
    for index in range(40):
        noisy = np.clip(picture + random.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
        alignment = registrar.align(frame(noisy, index))
        np.testing.assert_array_equal(alignment.reference_from_frame, np.eye(3))
    assert alignment.static


def test_repeated_frames_do_no_harm():
    ground, registrar = texture(), FlowRegistrar()
    for index in range(30):
        moved = index - index % 3
        alignment = registrar.align(frame(view(ground, flight(moved), SIZE), index))
    assert np.median(error_px(alignment, 27)) < 0.1


def test_a_scene_cut_is_blind_at_once_with_a_new_reference_and_over_within_ten_frames():
    registrar, sights, ids = FlowRegistrar(), [], []
    for index in range(30):
        alignment = registrar.align(frame(view(texture(index // 15), flight(index), SIZE), index))
        sights.append(alignment.sight)
        ids.append(alignment.reference_id)
    assert sights[15] is Sight.BLIND
    assert all(sight is Sight.SEEING for sight in sights[1:15] + sights[25:])
    assert ids[14] != ids[29]


def test_blind_says_why_and_has_no_matrix():
    registrar = FlowRegistrar()
    registrar.align(frame(view(texture(), flight(0), SIZE), 0))
    alignment = registrar.align(frame(np.full(SIZE[::-1], 128, np.uint8), 1))
    assert alignment.sight is Sight.BLIND
    assert alignment.reason
    assert np.isnan(alignment.reference_from_frame).all()


def test_fresh_noise_every_frame_is_blind():
    random, registrar = np.random.default_rng(9), FlowRegistrar()
    sights = [registrar.align(frame(random.integers(0, 256, SIZE[::-1], np.uint8), index)).sight for index in range(6)]
    assert set(sights[1:]) == {Sight.BLIND}


def test_a_changed_picture_size_is_blind():
    registrar = FlowRegistrar()
    registrar.align(frame(texture()[:270, :480], 0))
    assert registrar.align(frame(texture()[:300, :480], 1)).sight is Sight.BLIND
    assert registrar.align(frame(texture()[:300, :480], 2)).sight is Sight.SEEING


def test_a_change_of_light_is_no_motion():
    picture, registrar = texture()[:270, :480].astype(float), FlowRegistrar()
    for index in range(20):
        alignment = registrar.align(frame(np.clip(picture * (1 + 0.01 * index), 0, 255).astype(np.uint8), index))
        assert alignment.sight is not Sight.BLIND
    assert np.median(np.hypot(*(apply(alignment.reference_from_frame, GRID) - GRID).T)) < 0.1


def test_stretches_are_the_singular_values_of_the_linear_part():
    random = np.random.default_rng(5)
    for _ in range(50):
        matrix = np.eye(3) + random.normal(0, 0.8, (3, 3))
        mirrors, least, most = stretches(matrix)
        assert mirrors == (np.linalg.det(matrix[:2, :2]) <= 0)
        np.testing.assert_allclose([most, least], np.linalg.svd(matrix[:2, :2], compute_uv=False), atol=1e-9)


def swaying(ground, index, side=45):
    """The ground, three in five patches of which sway by up to 2.5 px, each in its own time."""
    height, width = ground.shape
    random = np.random.default_rng(3)
    count = height // side + 1, width // side + 1
    phase, pace, way = (random.uniform(low, high, count) for low, high in ((0, 6.28), (0.6, 1.6), (0, 6.28)))
    off_px = 2.5 * np.sin(phase + pace * index) * (random.random(count) < 0.6)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    across, down = (
        np.kron(off_px * part, np.ones((side, side)))[:height, :width].astype(np.float32)
        for part in (np.cos(way), np.sin(way))
    )
    return cv2.remap(ground, x + across, y + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def test_where_half_of_the_ground_sways_errors_do_not_add_up_with_every_frame():
    errors, agreement = [], []
    for seed in (0, 1):
        ground, registrar = texture(seed), FlowRegistrar()
        for index in range(21):
            picture = view(swaying(ground, index), flight(index), SIZE)
            alignment = registrar.align(frame(picture, index, 10.0))
            errors.append(np.median(error_px(alignment, index)))
            agreement.append(alignment.inlier_ratio)
    assert 0.45 < np.mean(agreement) < 0.6
    assert np.mean(errors) < 0.13  # px; .10 measured, .16 with an anchor renewed with every frame


def night(ground, index, random, side=90):
    """Every second patch of the ground shows nothing but what coding has left there: it stands still in the picture."""
    height, width = ground.shape
    y, x = np.mgrid[:height, :width]
    gain = np.where((y // side + x // side) % 2, 0.35, 0)
    seen = view(np.clip(40 + gain * (ground - 128.0), 0, 255).astype(np.uint8), flight(index), SIZE)
    left = cv2.GaussianBlur(np.random.default_rng(5).normal(0, 1, seen.shape), (0, 0), 1.5)
    noise = 2 * left / left.std() + random.normal(0, 1, seen.shape)
    return np.clip(seen + noise, 0, 255).astype(np.uint8)


def test_what_coding_has_left_at_night_does_not_make_water_of_the_ground():
    random, ground, registrar = np.random.default_rng(6), texture(), FlowRegistrar()
    errors, ratio = [], []
    for index in range(20):
        alignment = registrar.align(frame(night(ground, index, random), index, 10.0))
        errors.append(np.median(error_px(alignment, index)))
        ratio.append(alignment.inlier_ratio)
    assert np.mean(ratio[5:]) > 0.7  # .78 measured; .54 of all points
    assert np.mean(errors[5:]) < 0.31  # px; .30 measured, .33 with all points alike


@pytest.mark.parametrize(
    ("weak", "clear", "as_ground", "scatter", "still"),
    [
        (0.3, 0.9, 0.9, True, True),  # night
        (0.9, 0.6, 0.75, False, False),  # grass and near bushes
        (0.8, 0.8, 0.8, False, False),
        (0.3, 0.4, 0.4, False, True),  # water, or night that showed more a moment ago
        (0.3, 0.3, 0.3, False, False),
    ],
)
def test_whether_faint_corners_tell_nothing(weak, clear, as_ground, scatter, still):
    strength = np.random.default_rng(0).permutation(200).astype(np.float32)
    share = np.where(strength < 100, weak, clear)
    inlier = (strength % 100) < 100 * share
    found = agreement(inlier, strength)
    assert found.as_ground == pytest.approx(as_ground)
    assert found.weak_scatter(before=False) == scatter
    assert found.weak_scatter(before=True) == still


@pytest.mark.parametrize("inlier", [True, False])
def test_one_point_or_points_alike_agree_or_not(inlier):
    for count in (1, 3):
        found = agreement(np.full(count, inlier), np.ones(count, np.float32))
        assert found == Agreement(float(inlier), float(inlier))
