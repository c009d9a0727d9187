"""What holds together where the ground does not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from detector.detectors.contrast import apart, contrasts
from detector.detectors.joined import JoinedDetector, joined
from detector.detectors.moving import MovingDetector
from detector.detectors.restless import (
    Held,
    RestlessDetector,
    centred_in,
    connected,
    grouped,
    slenderness,
)
from detector.detectors.stand_out import levels, outline
from detector.detectors.standing import most_alike, points_in
from detector.detectors.steady_points import off_parabola, patches
from detector.detectors.two_motions import Beside, filled, misfit
from detector.model import Sight, Tracks
from tests.naive_restless import (
    naive_apart,
    naive_centred_in,
    naive_levels,
    naive_misfit,
    naive_off_parabola,
    naive_patch,
    naive_points_in,
)
from tests.naive_vision import aligned, boxes, frame, texture

SIZE = (320, 180)
BUOY_PX = 24


def water(index):
    """Another surface in each frame."""
    random = np.random.default_rng(1000 + index)
    coarse = random.normal(size=(45, 80)).astype(np.float32)
    return np.clip(110 + 9 * cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def buoy_at(index):
    return 60 + 2 * index, 80 + round(5 * np.sin(index / 3))


def afloat(index, buoy=True):
    picture = water(index)
    if buoy:
        x, y = buoy_at(index)
        marks = np.random.default_rng(5).integers(170, 250, (6, 6), np.uint8)
        disc = cv2.resize(marks, (BUOY_PX, BUOY_PX), interpolation=cv2.INTER_NEAREST)
        picture[y : y + BUOY_PX, x : x + BUOY_PX] = disc
    return picture


def stream(count, agreement=0.4, sight=Sight.SEEING, picture=afloat, fps=10.0):
    for index in range(count):
        one = frame(picture(index), index, fps)
        matrix = np.full((3, 3), np.nan) if sight is Sight.BLIND else None
        reference = index if sight is Sight.BLIND else 0
        yield one, replace(aligned(index, one.t_ns, matrix, reference, sight), inlier_ratio=agreement)


def answers(detector, pairs):
    found = [one for pair in pairs for one in detector.detect(*pair)]
    return found + detector.finish()


def holds_buoy(box, index):
    x, y = buoy_at(index)
    return bool(np.abs(box - [x, y, x + BUOY_PX, y + BUOY_PX]).max() <= 5)


@pytest.mark.parametrize("sight", [Sight.SEEING, Sight.BLIND])
def test_a_buoy_on_water_is_found_though_nothing_can_be_registered(sight):
    found = answers(RestlessDetector(masks=True), stream(25, sight=sight))
    judged = [one for one in found if one.judged]
    assert len(judged) >= 17
    assert all(one.sight is sight for one in judged)
    hits = [any(holds_buoy(box, one.index) for box in one.xyxy_px) for one in judged]
    assert np.mean(hits) >= 0.9
    for one in judged:
        if one.mask is not None:
            x, y = buoy_at(one.index)
            inside = one.mask[y : y + BUOY_PX, x : x + BUOY_PX] > 0
            assert inside.mean() > 0.7
            assert np.count_nonzero(one.mask) - np.count_nonzero(inside) < 150  # px of a buoy of 576


def tracks_on(index, xyxy, *, confirmed=False, missed=0):
    """Tracks of one frame, with ids from 4 on."""
    boxes_px, count = np.array(xyxy, np.float32), len(xyxy)
    zero = np.zeros((count, 2))
    return Tracks(
        index=index,
        t_ns=round(index * 1e8),
        track_id=np.arange(4, 4 + count),
        xyxy_px=boxes_px,
        xy_px=zero,
        velocity_px_s=zero,
        covariance=np.zeros((count, 4, 4)),
        confirmed=np.full(count, confirmed),
        age_frames=np.full(count, 9),
        missed=np.full(count, missed),
        sight=Sight.SEEING,
    )


def told_of(pictures, **what):
    """What is said of tracks on the buoy, on a part and on all around it, and on water, in the last frames judged."""
    detector = RestlessDetector()
    told = []
    for pair in stream(25, picture=pictures):
        for one in detector.detect(*pair):
            if one.judged and one.index >= 12:
                x, y = buoy_at(one.index)
                on_buoy = [[x, y, x + 24, y + 24], [x, y, x + 8, y + 8], [x - 40, y - 60, x + 24, y + 24]]
                told.append(detector.heed(tracks_on(one.index, [*on_buoy, [5, 5, 25, 25]], **what)))
    assert len(told) >= 8
    return told


def test_a_spot_around_a_thing_is_not_told_beside_it(monkeypatch):
    around, elsewhere = [50.0, 60, 150, 125], [250.0, 20, 262, 32]
    spots = np.array([around, elsewhere]), np.array([9.0, 8.0])
    monkeypatch.setattr("detector.detectors.restless.contrasts", lambda picture, count: spots)
    judged = [one for one in answers(RestlessDetector(), stream(25)) if one.judged]
    with_thing = [one for one in judged if any(holds_buoy(box, one.index) for box in one.xyxy_px)]
    assert len(with_thing) >= 15
    for one in judged:
        told = one.xyxy_px.tolist()
        assert elsewhere in told
        assert (around in told) == (one not in with_thing)


def test_of_a_track_on_a_buoy_it_is_said_that_it_holds_together_and_of_none_on_a_part_of_it_or_on_water():
    told = [ways for ways in told_of(afloat) if ways is not None]
    assert len(told) >= 7
    for ways in told:
        assert ways.track_id.tolist() == [4, 5, 6, 7]
        assert ways.holds.tolist() == [True, False, False, False]
        assert ways.misfit[0] < 1  # what speaks against its way in another frame is outweighed
        assert np.isnan(ways.misfit[1:]).all()


def test_nothing_is_said_of_tracks_on_water_alone_or_that_count_or_were_not_seen():
    assert not any(told_of(lambda index: afloat(index, buoy=False)))
    assert not any(told_of(afloat, confirmed=True))
    assert not any(told_of(afloat, missed=1))


BUOYS = [(20 + 55 * column, 15 + 55 * row) for column in range(6) for row in range(3)]


def moored(index):
    """Eighteen small buoys that keep still in the picture while another one drifts between them."""
    picture = afloat(index)
    random = np.random.default_rng(6)
    for x, y in BUOYS:
        marks = cv2.resize(random.integers(170, 250, (4, 4), np.uint8), (12, 12), interpolation=cv2.INTER_NEAREST)
        picture[y : y + 12, x : x + 12] = marks
    return picture


def test_what_goes_as_most_steady_points_do_stands_whatever_the_registration_follows():
    detector = RestlessDetector()
    stands, drifts = [], []
    for pair in stream(25, picture=moored):
        for one in detector.detect(*pair):
            if not one.judged:
                continue
            x, y = buoy_at(one.index)
            boxes_px = [[u - 2, v - 2, u + 14, v + 14] for u, v in BUOYS] + [[x, y, x + 24, y + 24]]
            ways = detector.heed(tracks_on(one.index, boxes_px))
            if ways is not None:
                stands.append(np.mean(ways.misfit[:-1] > 1))
                drifts.append(ways.misfit[-1] > 1)
    assert len(stands) >= 10
    assert np.mean(stands) > 0.7
    assert np.mean(drifts) < 0.2


def test_what_several_steady_points_go_along_with_against_all_that_stands_holds_together():
    detector = RestlessDetector()
    standing, going = np.array([[15.0, 15], [75, 15]]), np.array([[45.0, 15], [47, 18], [75, 18], [78, 15], [105, 15]])
    detector._held.append(Held(9, 0, np.zeros((0, 4)), standing, going))
    boxes_px = [[x, 10, x + 20, 30] for x in (10, 40, 70, 100)]
    assert detector.heed(tracks_on(9, boxes_px)).holds.tolist() == [False, True, True, False]
    misfit = detector.heed(tracks_on(9, boxes_px)).misfit
    assert (misfit > 1).tolist() == [True, False, False, False]
    assert (misfit < 1).tolist() == [False, True, True, False]


def test_steady_points_of_one_boat_or_too_few_or_of_all_kinds_of_ways_are_no_ground():
    random = np.random.default_rng(8)
    xy, shape = random.uniform(10, 170, (30, 2)), SIZE[::-1]
    alike = np.tile([5.0, -2.0], (30, 1))
    mixed = np.where(np.arange(30)[:, None] < 20, alike, random.uniform(-30, 30, (30, 2)))
    standing, going = most_alike(xy, mixed, shape)
    assert len(standing) >= 20
    assert len(standing) + len(going) == 30
    for points, moved in (
        (xy / 10, alike),
        (xy[:7], alike[:7]),
        (xy, random.uniform(-60, 60, (30, 2))),
        (xy[:0], xy[:0]),
    ):
        assert [len(part) for part in most_alike(points, moved, shape)] == [0, 0]


def test_what_holds_together_is_told_by_both_detectors_as_one():
    detector = JoinedDetector(MovingDetector(), RestlessDetector())
    told = []
    for pair in stream(25):
        for one in detector.detect(*pair):
            x, y = buoy_at(one.index)
            told.append(detector.heed(tracks_on(one.index, [[x, y, x + 24, y + 24]])))
    assert sum(ways is not None and ways.holds is not None and ways.holds.all() for ways in told) >= 7


def test_water_alone_holds_nothing_together():
    found = answers(RestlessDetector(masks=True), stream(25, picture=lambda index: afloat(index, buoy=False)))
    assert any(one.judged for one in found)
    assert all(one.mask is None for one in found)


def test_ground_that_keeps_still_is_left_to_the_other_detector():
    ground = texture(size_px=SIZE)
    for picture, agreement in ((afloat, 1.0), (lambda index: ground, 0.4)):
        found = answers(RestlessDetector(), stream(25, agreement, picture=picture))
        assert not any(one.judged or len(one) for one in found)


def test_a_picture_without_any_point_says_nothing():
    def blank(index):
        return np.full(SIZE[::-1], 90, np.uint8)

    assert not any(one.judged for one in answers(RestlessDetector(), stream(15, sight=Sight.BLIND, picture=blank)))


def test_every_frame_is_answered_once_and_again_the_same_after_reset():
    detector = RestlessDetector()
    first = answers(detector, stream(25))
    assert [one.index for one in first] == list(range(25))
    for pair in stream(12):
        detector.detect(*pair)
    detector.reset()
    again = answers(detector, stream(25))
    assert [(one.xyxy_px.tolist(), one.score.tolist()) for one in again] == [
        (one.xyxy_px.tolist(), one.score.tolist()) for one in first
    ]


def test_a_change_of_size_and_time_that_goes_back_are_survived():
    detector = RestlessDetector()
    pairs = list(stream(12))
    small = list(stream(12, picture=lambda index: afloat(index)[:90, :160]))
    assert len(answers(detector, pairs + small + pairs)) == 36


def test_on_ground_that_keeps_still_both_say_what_the_comparison_says():
    pairs = list(stream(20, agreement=1.0))
    alone = answers(MovingDetector(), pairs)
    both = answers(JoinedDetector(MovingDetector(), RestlessDetector()), pairs)
    assert [one.xyxy_px.tolist() for one in both] == [one.xyxy_px.tolist() for one in alone]
    assert [one.judged for one in both] == [one.judged for one in alone]


def test_for_what_the_one_has_judged_the_other_looks_for_no_spots_and_the_answers_are_the_same(monkeypatch):
    pairs = list(stream(25))
    looked = []
    find = MovingDetector._blobs
    monkeypatch.setattr(MovingDetector, "_blobs", lambda self, *what: looked.append(1) or find(self, *what))
    moving, restless = (answers(one, pairs) for one in (MovingDetector(), RestlessDetector()))
    alone = len(looked)
    both = answers(JoinedDetector(MovingDetector(), RestlessDetector()), pairs)
    for one, a, b in zip(both, moving, restless, strict=True):
        expected = joined(a, b)
        assert (one.xyxy_px.tolist(), one.sight, one.judged) == (
            expected.xyxy_px.tolist(),
            expected.sight,
            expected.judged,
        )
    assert sum(one.judged for one in restless) >= 17
    assert len(looked) - alone <= alone - 10


def test_on_restless_ground_what_holds_together_counts_alone():
    waves, thing = boxes(3, 0, [[0, 0, 9, 9]], judged=False, sight=Sight.BLIND), boxes(3, 0, [[40, 40, 50, 50]])
    both = joined(waves, thing)
    assert both.xyxy_px.tolist() == [[40, 40, 50, 50]]
    assert both.judged
    assert both.sight is Sight.BLIND
    assert joined(waves, replace(thing, judged=False)) is waves


def test_a_lorry_is_filled_and_so_is_one_behind_it_that_is_only_partly_in_view():
    ground = texture(size_px=SIZE)
    lorry = texture(seed=3, size_px=(900, 700))[:40, :50]

    def at(x):
        picture = ground.copy()
        for left in (x, x + 90):
            width = min(50, SIZE[0] - left)
            picture[90:130, left : left + width] = lorry[:, :width]
        return picture

    box = np.array([[192, 92, 236, 128]], np.float64)
    mask, known = filled(at(190), [(Beside(at(182), None), Beside(at(198), None))], box)
    assert known.tolist() == [True]
    wanted = np.zeros(mask.shape, bool)
    wanted[90:130, 190:240] = wanted[90:130, 280:] = True
    inside = np.count_nonzero(mask[wanted])
    assert inside > 0.85 * np.count_nonzero(wanted)
    assert np.count_nonzero(mask) - inside < 0.35 * np.count_nonzero(wanted)


def test_what_stands_still_and_what_is_small_is_not_filled():
    ground = texture(size_px=SIZE)
    pair = (Beside(ground, None), Beside(ground, None))
    mask, known = filled(ground, [pair], np.array([[100, 60, 140, 100], [20, 20, 25, 25]], np.float64))
    assert not known.any()
    assert not mask.any()


def test_spots_of_contrast_are_compact():
    picture = water(0)
    picture[60:70, 50:58] = 240
    picture[100:130, 200:206] = 10
    picture[30:33, 5:300] = 255  # a crest
    xyxy, contrast = contrasts(picture, 10)
    assert len(xyxy) == len(contrast)
    assert (xyxy[:, 2:] - xyxy[:, :2]).max() < 100
    for wanted in ([50, 60, 58, 70],):
        assert any(np.abs(box - wanted).max() <= 3 for box in xyxy)
    for size in ((1, 1), (20, 14), (31, 30)):
        assert len(contrasts(np.zeros(size, np.uint8), 10)[0]) == 0


def test_a_surfer_and_the_foam_at_his_feet_are_two_spots():
    picture = np.full((360, 640), 140, np.uint8)
    picture[176:188, 300:334] = 230
    picture[150:182, 311:323] = 20
    xyxy, _ = contrasts(picture, 10)
    for wanted in ([311, 150, 323, 182], [300, 176, 334, 188]):
        assert any(np.abs(box - wanted).max() <= 6 for box in xyxy)


def test_of_a_coarse_spot_and_a_fainter_fine_one_in_it_the_coarse_one_is_kept():
    xyxy = np.array([[0, 0, 40, 40], [10, 10, 26, 26]], np.float64)
    both, order = np.array([True, True]), np.array([0, 1])
    assert apart(xyxy, np.array([6.0, 4.0]), both, order, 9) == [0]
    assert apart(xyxy, np.array([4.0, 6.0]), both, order, 9) == [1]
    assert apart(xyxy, np.array([4.0, 6.0]), np.array([True, False]), order, 9) == [0]


def test_a_dark_spot_and_the_bright_one_at_its_feet_are_two():
    xyxy = np.array([[10, 0, 20, 30], [0, 25, 30, 35]], np.float64)
    peak, order = np.array([6.0, 4.0]), np.array([0, 1])
    assert apart(xyxy, peak, np.array([True, False]), order, 9) == [0, 1]
    assert apart(xyxy, peak, np.array([True, True]), order, 9) == [0]


def test_an_outline_is_what_differs_from_its_surroundings():
    picture = water(3)
    picture[60:90, 100:150] = 230
    corners = np.array([[101, 61], [148, 61], [101, 88], [148, 88], [125, 61]], np.float64)
    found = outline(picture, corners)
    assert found is not None
    assert np.abs(np.array(found.xyxy) - [100, 60, 150, 90]).max() <= 2
    assert found.overlap < 0.3
    nothing = outline(water(4), corners)
    assert nothing is None or nothing.overlap > 0.93


def test_points_group_by_place_and_motion():
    xy = np.array([[0, 0], [3, 0], [6, 0], [50, 50], [3, 2]], np.float64)
    moved = np.array([[5, 0], [5, 1], [5, 0], [5, 0], [-5, 0]], np.float64)
    assert [one.tolist() for one in grouped(xy, moved, 4.0, 1.5)] == [[0, 1, 2], [3], [4]]
    assert grouped(np.zeros((0, 2)), np.zeros((0, 2)), 4.0, 1.5) == []
    assert slenderness(xy[:3]) < 1e-3
    assert slenderness(np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.float64)) > 0.99


def test_the_fast_routines_do_what_their_slow_twins_do():
    random = np.random.default_rng(2)
    t_s = np.array([-0.3, -0.2, -0.1, 0.0, 0.12, 0.2, 0.31])
    way = random.normal(0, 5, (7, 6, 2))
    np.testing.assert_allclose(off_parabola(way, t_s), naive_off_parabola(way, t_s), rtol=1e-9)
    picture = random.integers(0, 256, (30, 40), np.uint8)
    xy = np.array([[10.25, 12.5], [0.5, 0.25], [39.0, 29.0]])
    for patch, (x, y) in zip(patches(picture, xy, 9), xy, strict=True):
        # Remap interpolates at 1/32 px and rounds to whole grey levels.
        np.testing.assert_allclose(patch, naive_patch(picture, x, y, 9), atol=0.51)
    np.testing.assert_allclose(levels(picture), naive_levels(picture))
    other, valid = random.integers(0, 256, (30, 40), np.uint8), np.full((30, 40), 255, np.uint8)
    valid[:, :5] = 0
    for shown in (None, valid):
        np.testing.assert_allclose(
            misfit(picture, other, shown, (4, -3)), naive_misfit(picture, other, shown, (4, -3)), rtol=1e-5
        )
    xyxy = random.integers(0, 60, (40, 2)).repeat(2, axis=1)[:, [0, 2, 1, 3]].astype(np.float64)
    xyxy[:, 2:] = xyxy[:, :2] + random.integers(1, 15, (40, 2))
    order = random.permutation(40)
    peak, dark = random.uniform(3, 9, 40), random.random(40) < 0.5
    chosen = apart(xyxy, peak, dark, order, 12)
    assert chosen == naive_apart(xyxy.tolist(), peak.tolist(), dark.tolist(), order.tolist(), 12)
    assert centred_in(xyxy[:20], xyxy[20:]).tolist() == naive_centred_in(xyxy[:20].tolist(), xyxy[20:].tolist())
    assert centred_in(xyxy[:3], np.zeros((0, 4))).tolist() == [False] * 3
    points = xyxy[:, :2]
    assert points_in(xyxy[:20], points).tolist() == naive_points_in(xyxy[:20].tolist(), points.tolist())
    assert points_in(xyxy[:3], np.zeros((0, 2))).tolist() == [0] * 3


def test_what_hangs_together_is_what_scipy_finds():
    random = np.random.default_rng(5)
    for count, links in ((1, 0), (2, 1), (50, 30), (200, 190), (200, 400)):
        one, other = random.integers(0, count, (2, links))
        graph = coo_array((np.ones(links), (one, other)), shape=(count, count))
        _, label = connected_components(graph, directed=False)
        first = np.array([np.flatnonzero(label == of).min() for of in label])
        np.testing.assert_array_equal(connected(count, one, other), first)
    chain = np.arange(99)
    assert (connected(100, chain[::-1], chain[::-1] + 1) == 0).all()
