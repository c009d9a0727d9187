import math
from dataclasses import replace

import numpy as np

from detector.model import Parallax, Ways
from detector.picture.homography import apply
from detector.tracking import KalmanTracker
from detector.tracking.states import Passed, correct, distances2, learn_ways, new_states, predict
from tests.naive_vision import aligned, boxes, flight, naive_correct, naive_distance2, naive_learned, naive_predict

FPS = 15


def some_states(count=5):
    random = np.random.default_rng(1)
    low = random.uniform(0, 500, (count, 2))
    states = new_states(
        np.hstack([low, low + random.uniform(4, 30, (count, 2))]),
        np.ones(count),
        1,
        0,
        sigma_px=random.uniform(1, 3, count),
        sigma_velocity_px_s=80.0,
    )
    states.state[:, 2:] = random.normal(0, 30, (count, 2))
    predict(states, Passed().on(0.1, 50.0))
    return states


def test_predict_agrees_with_its_slow_twin():
    states, twin = some_states(), some_states()
    predict(states, Passed().on(0.04, 60.0).on(0.03, 90.0))
    for row in range(len(twin)):
        state, covariance = naive_predict(twin.state[row], twin.covariance[row], 0.04, 60.0)
        state, covariance = naive_predict(state, covariance, 0.03, 90.0)
        np.testing.assert_allclose(states.state[row], state)
        np.testing.assert_allclose(states.covariance[row], covariance)


def test_correct_and_gate_agree_with_their_slow_twins():
    states, twin = some_states(), some_states()
    centres, sigma = twin.state[:3, :2] + [[2, -1]], np.array([1.0, 2.0, 3.0])
    distance2 = distances2(twin.state, twin.covariance, centres, sigma)
    rows = np.array([4, 0, 2])
    correct(states, rows, centres, sigma)
    for measured, row in enumerate(rows):
        state, covariance = naive_correct(twin.state[row], twin.covariance[row], centres[measured], sigma[measured])
        np.testing.assert_allclose(states.state[row], state)
        np.testing.assert_allclose(states.covariance[row], covariance, atol=1e-9)
        expected = naive_distance2(twin.state[row], twin.covariance[row], centres[measured], sigma[measured])
        assert abs(distance2[row, measured] - expected) < 1e-6 * expected + 1e-9
    np.testing.assert_array_equal(states.state[[1, 3]], twin.state[[1, 3]])


def track(make, count=45, camera=lambda index: np.eye(3)):
    tracker, out = KalmanTracker(), []
    for index in range(count):
        t_ns = round(index * 1e9 / FPS)
        out.append(tracker.update(boxes(index, t_ns, make(index)), aligned(index, t_ns, camera(index))))
    return out


def box(x, y, size=8):
    return [x - size / 2, y - size / 2, x + size / 2, y + size / 2]


def test_a_waving_tree_comes_back_and_is_never_confirmed():
    random = np.random.default_rng(2)
    tracks = track(lambda i: [box(200 + 6 * np.sin(i * 0.7) + random.normal(0, 0.5), 100)], 120)
    assert not any(one.confirmed.any() for one in tracks)


def test_stairs_that_race_along_a_level_line_are_no_vehicle_and_a_lorry_is_one():
    """On the edge of a road 32 x 3 px drove at 80 km/h (scene demo, seed 403); a lorry with trailer is 16.5 x 4 m."""
    for width, height, counts in ((32, 3, False), (18, 4.4, True), (40, 8, True), (3, 12, True)):
        tracks = track(lambda i, w=width, h=height: [[100 + 3 * i, 80, 100 + 3 * i + w, 80 + h]])
        assert tracks[-1].confirmed.any() == counts, (width, height)


def test_a_thing_that_flickers_in_place_is_never_confirmed():
    random = np.random.default_rng(3)
    tracks = track(lambda i: [box(*(random.normal(0, 1.5, 2) + 100))], 120)
    assert not any(one.confirmed.any() for one in tracks)


def test_the_cameras_motion_is_taken_out_exactly_once():
    """A thing at 30 px/s over the ground under a panning, yawing camera: its speed is told, not the camera's."""

    def camera(index):
        return np.linalg.inv(flight(0, 6.0)) @ flight(index, 6.0)

    def make(index):
        on_reference = np.array([[150 + 2.0 * index, 120.0]])
        return [box(*apply(np.linalg.inv(camera(index)), on_reference)[0])]

    last = track(make, 45, camera)[-1]
    assert last.confirmed.tolist() == [True]
    assert abs(np.hypot(*last.velocity_px_s[0]) - 30) < 2  # px/s


def test_a_thing_that_a_fast_camera_follows_is_one_track():
    """A boat of 30 px that stays in the picture while water passes by at 40 px a frame: 600 px/s over the ground."""
    tracks = track(lambda i: [box(300 + i, 150, 30)], 30, lambda i: np.array([[1, 0, 40.0 * i], [0, 1, 0], [0, 0, 1]]))
    assert [one.track_id.tolist() for one in tracks] == [[1]] * 30
    assert tracks[-1].confirmed.all()
    assert abs(tracks[-1].velocity_px_s[0, 0] - 41 * FPS) < 15  # px/s


def test_a_still_thing_under_a_panning_camera_is_never_confirmed():
    def camera(index):
        return np.linalg.inv(flight(0, 6.0)) @ flight(index, 6.0)

    def make(index):
        return [box(*apply(np.linalg.inv(camera(index)), np.array([[200.0, 120.0]]))[0])]

    assert not any(one.confirmed.any() for one in track(make, 60, camera))


def test_identity_is_kept_through_a_short_occlusion():
    tracks = track(lambda i: [] if 25 <= i < 33 else [box(50 + 4 * i, 100)], 60)
    assert tracks[24].track_id.tolist() == tracks[-1].track_id.tolist()
    assert tracks[-1].confirmed.all()


def test_a_thing_long_gone_is_forgotten():
    tracks = track(lambda i: [box(50 + 4 * i, 100)] if i < 25 else [], 50)
    assert len(tracks[-1]) == 0


def test_two_that_cross_keep_their_ids():
    tracks = track(lambda i: [box(50 + 6 * i, 100 + 2 * i), box(320 - 6 * i, 103 + 2 * i)], 45)
    right = {int(i) for one in tracks[12:] for i, v in zip(one.track_id, one.velocity_px_s, strict=True) if v[0] > 30}
    left = {int(i) for one in tracks[12:] for i, v in zip(one.track_id, one.velocity_px_s, strict=True) if v[0] < -30}
    assert len(right) == len(left) == 1
    assert right != left


def test_a_camera_over_the_horizon_of_its_reference_does_no_harm():
    """After a long oblique flight the matrices to the reference grow perspective; steps between frames stay exact."""
    far = np.array([[1.0, 0, 3e4], [0, 1, -2e4], [4e-4, 1e-4, 1.0]])

    tracks = track(lambda i: [box(100 + 3 * i, 80)], 40, lambda index: far)
    assert tracks[-1].confirmed.all()
    assert abs(tracks[-1].velocity_px_s[0, 0] - 45) < 2


def out_of_sight(after):
    """Ids that count, frame by frame: a car drives behind a wood for 0.8 s; `after` is what shows from then on."""
    tracks = track(lambda i: [box(60 + 3 * i, 80, 10)] if i < 25 else after(i) if i >= 37 else [], 60)
    return [set(one.track_id[one.confirmed & (one.missed == 0)].tolist()) for one in tracks]


def test_what_stands_where_a_lost_one_was_due_is_not_that():
    """A tree's crown moves where the car should come out again. It is no car, until it drives like one."""
    assert not any(out_of_sight(lambda i: [box(60 + 3 * 37 + 0.2 * (i % 3), 80, 10)])[42:])


def test_what_drives_on_as_before_it_was_lost_is_that():
    counted = out_of_sight(lambda i: [box(60 + 3 * i, 80, 10)])
    assert counted[24] == counted[41] == counted[-1] != set()


def test_what_is_slow_need_not_prove_itself_again():
    """It could not be told from what stands in a second: that it shows where it was is all one can ask for."""
    slow = track(lambda i: [box(60 + 0.4 * i, 80, 6)] if i < 45 or i >= 54 else [], 70)
    assert slow[44].confirmed.any()
    assert slow[54].confirmed.any()


def told_of_ways(misfit, count=40):
    """Whether a vehicle that drives on is confirmed when the detector has seen so much of its way. misfit: of a look"""
    tracker = KalmanTracker()
    for index in range(count):
        found = boxes(index, round(index * 1e9 / FPS), [box(100 + 4 * index, 80)])
        ways = Ways(np.array([1, 7]), np.array([misfit(index), 0.1]))
        tracks = tracker.update(found, aligned(index, found.t_ns))
        tracker.learn(ways)
    return bool(tracks.confirmed[0])


def test_what_does_not_take_its_pixels_along_does_not_count():
    assert told_of_ways(lambda _: 0.5)
    assert not told_of_ways(lambda _: 1.5)


def counts_on_a_mast(on_one):
    """Whether what goes along with its pixels is confirmed. on_one: whether it is seen to be on a mast in a frame"""
    tracker = KalmanTracker()
    for index in range(40):
        found = boxes(index, round(index * 1e9 / FPS), [box(100 + 4 * index, 80)])
        tracks = tracker.update(found, aligned(index, found.t_ns))
        tracker.learn(Ways(np.array([1, 7]), np.full(2, 0.4), mast=np.array([on_one(index), True])))
    return bool(tracks.confirmed[0])


def test_what_is_on_a_mast_time_and_again_does_not_count():
    assert counts_on_a_mast(lambda _: False)
    assert counts_on_a_mast(lambda index: index % 6 == 0)
    assert not counts_on_a_mast(lambda index: index % 2 == 0)


def counts_before_a_camera_that_flies(places):
    """Whether something is confirmed where structure is known to move to the right at up to 40 px/s."""
    tracker, known = KalmanTracker(), Parallax(np.array([1.0, 0.0, 0.0]), 40.0, 0.0)
    for index, (x, y) in enumerate(places):
        found = boxes(index, round(index * 1e9 / FPS), [box(x, y)])
        tracks = tracker.update(found, replace(aligned(index, found.t_ns), parallax=known))
    return bool(tracks.confirmed.any())


def test_what_moves_as_structure_does_not_count_even_if_it_was_first_seen_elsewhere():
    """The lamp beside it, say: a wide gate lets its place pass for that of the first sighting."""
    along, across = [(100 + 2 * i, 80) for i in range(40)], [(100, 80 + 2 * i) for i in range(40)]
    assert not counts_before_a_camera_that_flies(along)
    assert not counts_before_a_camera_that_flies([(100, 68), *along])
    assert counts_before_a_camera_that_flies(across)
    assert counts_before_a_camera_that_flies([(112, 80), *across])


def frames_until_it_counts(side_px, misfit, *, inlier_ratio=1.0, parallax=None):
    tracker = KalmanTracker()
    for index in range(200):
        found = boxes(index, round(index * 1e9 / FPS), [box(100 + 0.3 * index, 80, side_px)])
        seen = replace(aligned(index, found.t_ns), inlier_ratio=inlier_ratio, parallax=parallax)
        tracks = tracker.update(found, seen)
        tracker.learn(Ways(np.array([1]), np.array([misfit])))
        if tracks.confirmed[0]:
            return index
    return None


def test_who_is_small_and_clearly_takes_its_pixels_along_counts_after_less_of_a_way():
    assert frames_until_it_counts(6, 0.4) < 0.75 * frames_until_it_counts(6, 0.6)
    assert frames_until_it_counts(14, 0.4) == frames_until_it_counts(14, 0.6)
    # What stands above a plane takes its pixels along, too.
    assert frames_until_it_counts(6, 0.4, inlier_ratio=0.8) == frames_until_it_counts(6, 0.6)
    along = Parallax(np.array([0.0, 1.0, 0.0]), 0.01, 0.01)
    assert frames_until_it_counts(6, 0.4, parallax=along) == frames_until_it_counts(6, 0.6, parallax=along)


def counts_in_place(holds, inlier_ratio):
    """Whether something that floats in place is confirmed. holds: whether it is seen to hold together in a frame"""
    tracker = KalmanTracker()
    for index in range(30):
        found = boxes(index, round(index * 1e9 / FPS), [box(100, 80)])
        tracks = tracker.update(found, replace(aligned(index, found.t_ns), inlier_ratio=inlier_ratio))
        tracker.learn(Ways(np.array([1, 7]), np.full(2, np.nan), np.array([holds(index), True])))
    return bool(tracks.confirmed[0])


def test_what_holds_together_on_restless_ground_counts_without_a_way_that_nobody_can_measure():
    assert counts_in_place(lambda _: True, 0.4)
    assert not counts_in_place(lambda _: True, 0.8)
    assert not counts_in_place(lambda index: index % 3 == 0, 0.4)


def test_one_look_among_many_does_not_decide():
    assert told_of_ways(lambda index: 20.0 if index % 8 == 0 else 0.5)
    assert not told_of_ways(lambda index: 0.01 if index % 8 == 0 else 1.5)


def test_what_was_seen_of_ways_agrees_with_the_slow_twin():
    states, random = some_states(), np.random.default_rng(3)
    expected = [math.nan] * len(states)
    for _ in range(12):
        ids = random.permutation(np.arange(1, 9))[:4]
        misfit = random.uniform(0.05, 5, 4)
        learn_ways(states, Ways(ids, misfit))
        for track_id, one in zip(ids.tolist(), misfit.tolist(), strict=True):
            if track_id <= len(states):
                expected[track_id - 1] = naive_learned(expected[track_id - 1], one)
    np.testing.assert_allclose(states.misfit, expected)
