"""Seen and heard: one event, two means, a smaller ellipse."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from detector.association.fusion import Sighting, join, product
from detector.association.travel import Medium
from detector.model import Means
from tests.association.incident_making import START_NS, incident

AIR = Medium(340.0, speed_sigma_m_s=2.0, wind_sigma_m_s=2.0)


def sighting(t_s, place, covariance=(400.0, 0.0, 100.0), sigma_s=0.05):
    return Sighting("cam1", START_NS + round(t_s * 1e9), sigma_s, place, covariance)


def test_what_agrees_is_one_event_by_two_means_with_a_smaller_ellipse():
    joints, alone, unseen = join([sighting(5.02, (110.0, 205.0))], [incident(5.0, (100.0, 200.0))], AIR)
    assert (len(joints), alone, unseen) == (1, [], [])
    joint = joints[0]
    assert joint.means == (Means.UAV, Means.ACOUSTIC)
    xx, xy, yy = joint.covariance_m2
    assert xx * yy - xy**2 < min(400.0 * 100.0, 100.0 * 100.0)
    # 400 and 100 m2 east: weights 1 to 4; 100 and 100 north: the middle.
    assert joint.position_m == pytest.approx((102.0, 202.5))
    assert (xx, xy, yy) == pytest.approx((80.0, 0.0, 50.0))
    # 50 ms against 10 ms: nearly the sound's time.
    assert joint.t_ns == pytest.approx(START_NS + 5.0008e9, abs=1e5)


def test_what_is_apart_in_time_or_place_stays_two():
    for other in (sighting(6.0, (100.0, 200.0)), sighting(5.0, (100.0, 320.0))):
        joints, alone, unseen = join([other], [incident(5.0, (100.0, 200.0))], AIR)
        assert joints == []
        assert len(alone) == len(unseen) == 1


def test_the_camera_tells_which_of_two_places():
    either = ((0.0, 150.0), (0.0, -150.0))
    joints, _, _ = join([sighting(5.0, (8.0, -145.0))], [incident(5.0, either=either)], AIR)
    assert joints[0].position_m == (8.0, -145.0)
    assert joints[0].covariance_m2 == (400.0, 0.0, 100.0)


def test_a_direction_makes_the_ellipse_narrower_across_it():
    # Heard at the origin 3 s after the flash, 1,020 m to the north-east of it, within 2 deg.
    place = (1020.0 * np.sin(np.radians(41.0)), 1020.0 * np.cos(np.radians(41.0)))
    wide = (3000.0, 0.0, 3000.0)
    for heard in (incident(3.0, bearing=40.0), incident(3.0, bearings=(140.0, 40.0))):
        joints, _, _ = join([sighting(0.0, place, wide)], [heard], AIR)
        xx, xy, yy = joints[0].covariance_m2
        across, along = np.linalg.eigvalsh([[xx, xy], [xy, yy]])
        assert along == pytest.approx(3000.0)
        assert across == pytest.approx(1 / (1 / 3000 + 1 / (1020 * np.radians(2.0)) ** 2))
    assert join([sighting(0.0, place, wide)], [incident(3.0, bearing=220.0)], AIR)[0] == []
    assert join([sighting(0.0, place, wide)], [incident(1.0, bearing=40.0)], AIR)[0] == []


def test_pairs_are_those_of_every_pairing_tried():
    random = np.random.default_rng(6)
    for _ in range(30):
        seen = [sighting(float(t), tuple(random.uniform(0, 60, 2))) for t in random.uniform(0, 0.2, 3)]
        heard = [incident(float(t), tuple(random.uniform(0, 60, 2))) for t in random.uniform(0, 0.2, 4)]
        joints, _, _ = join(seen, heard, AIR)
        alone = {(s, h): join([seen[s]], [heard[h]], AIR)[0] for s in range(3) for h in range(4)}
        best = (0, 0.0)
        for chosen in itertools.permutations(range(4), 3):
            pairs = [alone[s, h][0].misfit for s, h in enumerate(chosen) if alone[s, h]]
            best = min(best, (-len(pairs), sum(pairs)))
        assert (-len(joints), sum(one.misfit for one in joints)) == pytest.approx(best)


def test_the_product_is_the_information_of_both():
    random = np.random.default_rng(7)
    roots = random.normal(size=(2, 2, 2))
    a, b = (root @ root.T + np.eye(2) for root in roots)
    one, other = random.normal(size=(2, 2)) * 10
    place, covariance = product(one, a, other, b)
    information = np.linalg.inv(a) + np.linalg.inv(b)
    assert covariance == pytest.approx(np.linalg.inv(information))
    assert place == pytest.approx(np.linalg.solve(information, np.linalg.inv(a) @ one + np.linalg.inv(b) @ other))


def test_nothing_seen_or_nothing_heard_joins_nothing():
    one = incident(5.0, (0.0, 0.0))
    assert join([], [one], AIR) == ([], [], [one])
    assert join([sighting(5.0, (0.0, 0.0))], [], AIR)[0] == []
    nowhere = incident(5.0)
    assert join([sighting(5.0, (0.0, 0.0))], [nowhere], AIR)[2] == [nowhere]
