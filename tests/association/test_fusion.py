"""Seen, heard, felt: one event, several means, a smaller ellipse."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from detector.association.fusion import alone, paired, product, together
from detector.association.noticed import Noticed
from detector.model import Means
from tests.association.noticing import AIR, START_NS, axes, bang, direction, due_s, felt, in_plane, on_map, seen

HERE = (100.0, 200.0)
FAR = (700.0, 400.0)


def event(*noticed):
    """The first, with each of the others; None where one does not agree."""
    whole = alone(noticed[0])
    for one in noticed[1:]:
        whole = None if whole is None else together(whole, one)
    return whole


def size(covariance):
    return float(np.linalg.det(axes(covariance)))


def test_what_agrees_is_one_event_between_both_with_a_smaller_ellipse():
    both = event(bang(5.0, HERE, (100.0, 0.0, 100.0)), seen(5.02, (110.0, 205.0), (400.0, 0.0, 100.0)))
    # 400 and 100 m2 east: weights 1 to 4; 100 and 100 north: the middle.
    assert in_plane(both.place) == pytest.approx((102.0, 202.5), abs=0.01)
    assert both.covariance_m2 == pytest.approx((80.0, 0.0, 50.0))
    # 40 ms against 10 ms: nearly the sound's time.
    assert both.t_ns - START_NS == pytest.approx(5e9 + 0.02e9 / 17, abs=1e3)
    assert both.t_sigma_s == pytest.approx(1 / np.hypot(1 / 0.01, 1 / 0.04))
    assert both.misfit == pytest.approx(0.02**2 / (0.01**2 + 0.04**2) + 100 / 500 + 25 / 200, rel=1e-3)


@pytest.mark.parametrize(
    "other",
    [
        seen(5.0 + 3 * np.hypot(0.04, 0.01), HERE),  # 3 standard deviations late
        seen(5.0 - 3 * np.hypot(0.04, 0.01), HERE),
        seen(5.0, (HERE[0] + 40.0, HERE[1])),  # 4 standard deviations away
        bang(5.0, HERE),  # of the same source
        seen(5.0, HERE, sigma_s=1.5),  # a time that tells nothing
    ],
)
def test_what_is_apart_in_time_or_place_stays_two(other):
    assert event(bang(5.0, HERE), other) is None


def test_what_has_no_place_no_ellipse_or_no_time_is_no_event():
    assert alone(felt(5.0, FAR)) is None
    assert alone(Noticed("mics", Means.ACOUSTIC, None, 0, 0.01, (on_map(HERE), on_map(FAR)))) is None
    assert alone(seen(5.0, HERE, sigma_s=1.5)) is None


def test_a_camera_tells_which_of_two_places_and_keeps_its_ellipse():
    either = Noticed("pair", Means.ACOUSTIC, None, START_NS + 5 * 10**9, 0.01, (on_map((0, 150)), on_map((0, -150))))
    both = event(seen(5.0, (8.0, -145.0)), either)
    assert in_plane(both.place) == pytest.approx((8.0, -145.0), abs=0.01)
    assert both.covariance_m2 == (49.0, 0.0, 25.0)
    assert event(seen(5.0, (80.0, 0.0)), either) is None


def test_a_direction_makes_the_ellipse_narrower_across_it():
    # Heard at the origin when sound is due from 1,020 m to the north-east, within 2 deg.
    place = (1020.0 * np.sin(np.radians(41.0)), 1020.0 * np.cos(np.radians(41.0)))
    wide, due = (3000.0, 0.0, 3000.0), due_s(place, (0.0, 0.0), AIR)
    for bearings in ((40.0,), (140.0, 40.0)):
        both = event(seen(0.0, place, wide), direction(due, (0.0, 0.0), bearings))
        across, along = np.linalg.eigvalsh(axes(both.covariance_m2))
        assert along == pytest.approx(3000.0)
        assert across == pytest.approx(1 / (1 / 3000 + 1 / (1020 * np.radians(2.0)) ** 2), rel=1e-4)
    assert event(seen(0.0, place, wide), direction(due, (0.0, 0.0), (220.0,))) is None
    assert event(seen(0.0, place, wide), direction(due - 2.0, (0.0, 0.0), (40.0,))) is None


def test_an_onset_when_the_wave_was_due_supports_and_narrows_nothing():
    due = due_s(HERE, FAR)
    placed = bang(5.0, HERE)
    both = event(placed, felt(5.0 + due, FAR))
    assert both.covariance_m2 == placed.covariance_m2
    assert (both.place, both.t_ns) == (placed.places[0], placed.t_ns)
    assert [one.means for one in both.noticed] == [Means.ACOUSTIC, Means.SEISMIC]


@pytest.mark.parametrize("late", [-3.0, 3.0])
def test_an_onset_three_standard_deviations_off_does_not(late):
    due = due_s(HERE, FAR)
    along = np.subtract(FAR, HERE) / np.hypot(*np.subtract(FAR, HERE))
    range_s = np.sqrt(along @ axes((36.0, 5.0, 64.0)) @ along) / 1800.0
    sigma = np.sqrt(0.01**2 + 0.02**2 + range_s**2 + (0.1 * due) ** 2)
    assert event(bang(5.0, HERE), felt(5.0 + due + late * sigma, FAR)) is None
    assert event(bang(5.0, HERE), felt(5.0 + due + late * 0.8 * sigma, FAR)) is not None


def test_an_onset_from_so_far_that_its_time_tells_nothing_does_not_support():
    far = (20_000.0, 200.0)
    assert event(bang(5.0, HERE), felt(5.0 + due_s(HERE, far), far)) is None


def test_a_sensor_at_the_very_place_feels_it_at_once():
    assert event(bang(5.0, HERE), felt(5.0, HERE)) is not None
    assert event(bang(5.0, HERE), direction(5.0, HERE, (0.0,))) is not None


def test_three_that_agree_are_one_whatever_their_order():
    whole = [bang(5.0, HERE), seen(5.01, (104.0, 203.0)), seen(4.99, (97.0, 199.0), source_id="second drone")]
    found = [event(*order) for order in itertools.permutations(whole)]
    for one in found:
        assert in_plane(one.place) == pytest.approx(in_plane(found[0].place), abs=1e-4)
        assert one.covariance_m2 == pytest.approx(found[0].covariance_m2)
        assert one.t_ns == pytest.approx(found[0].t_ns, abs=5)
        assert size(one.covariance_m2) < min(size(each.covariance_m2) for each in whole)


def test_pairs_are_those_of_every_pairing_tried():
    random = np.random.default_rng(6)
    joined = 0
    for _ in range(30):
        flashes = [seen(float(t), random.uniform(0, 60, 2)) for t in random.uniform(0, 0.2, 3)]
        bangs = [bang(float(t), random.uniform(0, 60, 2)) for t in random.uniform(0, 0.2, 4)]
        events = [alone(one) for one in flashes]
        whole, left = paired(events, bangs)
        best = (0, 0.0)
        for chosen in itertools.permutations(range(4), 3):
            pairs = [together(events[s], bangs[h]) for s, h in enumerate(chosen)]
            misfits = [one.misfit for one in pairs if one is not None]
            best = min(best, (-len(misfits), sum(misfits)))
        found = [one for one in whole if len(one.noticed) == 2]
        assert (-len(found), sum(one.misfit for one in found)) == pytest.approx(best)
        assert len(left) == 4 - len(found)
        joined += len(found)
    assert joined > 20


def test_nothing_pairs_with_nothing():
    one = bang(5.0, HERE)
    assert paired([], [one]) == ([], [one])
    assert paired([alone(one)], []) == ([alone(one)], [])
    assert paired([], []) == ([], [])


def test_the_product_is_the_information_of_both():
    random = np.random.default_rng(7)
    roots = random.normal(size=(2, 2, 2))
    a, b = (root @ root.T + np.eye(2) for root in roots)
    one, other = random.normal(size=(2, 2)) * 10
    place, covariance = product(one, a, other, b)
    information = np.linalg.inv(a) + np.linalg.inv(b)
    assert covariance == pytest.approx(np.linalg.inv(information))
    assert place == pytest.approx(np.linalg.solve(information, np.linalg.inv(a) @ one + np.linalg.inv(b) @ other))
