"""A camera that stands is registered in full a few times a second only."""

import numpy as np
import pytest

from detector.model import Sight
from detector.registration import FlowRegistrar
from detector.registration.glance import Glance
from tests.naive_vision import frame, texture, view

SIZE = (640, 360)


def standing_then_panning(count, pans_from, pan_px=2.0):
    """Ground from frame of each picture, and the pictures, with noise."""
    ground, random = texture(), np.random.default_rng(7)
    for index in range(count):
        place = np.eye(3)
        place[:2, 2] = 60 + pan_px * max(index - pans_from, 0), 60
        noisy = view(ground, place, SIZE).astype(float) + random.normal(0, 2, SIZE[::-1])
        yield place, frame(np.clip(noisy, 0, 255).astype(np.uint8), index)


def test_while_it_stands_most_pictures_are_glanced_at_and_the_matrix_stays_the_same(monkeypatch):
    in_full = []
    against_anchor = FlowRegistrar._against_anchor
    monkeypatch.setattr(
        FlowRegistrar, "_against_anchor", lambda self, *what: in_full.append(1) or against_anchor(self, *what)
    )
    registrar = FlowRegistrar()
    found = [registrar.align(picture) for _, picture in standing_then_panning(60, 60)]
    assert len(in_full) < 12  # of 21 that are not passed over
    # Ten a second are for comparing pixels all the same; the second picture always is.
    assert sum(not one.glanced for one in found) == 21
    assert len({one.reference_from_frame.tobytes() for one in found[6:]}) == 1


def test_when_it_begins_to_move_that_is_seen_at_once():
    registrar = FlowRegistrar()
    for index, (place, picture) in enumerate(standing_then_panning(60, 40)):
        found = registrar.align(picture)
        assert found.sight is not Sight.BLIND
        if index == 0:
            reference = place
        if index > 40:
            assert not found.static
            truth = np.linalg.inv(reference) @ place
            np.testing.assert_allclose(found.reference_from_frame[:2, 2], truth[:2, 2], atol=0.8)  # px


@pytest.mark.parametrize("jolt_at", [39, 40, 41])
def test_a_jolt_in_one_frame_is_seen_although_most_frames_are_only_held_against_the_last_one(monkeypatch, jolt_at):
    followed = []
    now_from_last = Glance.now_from_last
    monkeypatch.setattr(
        Glance, "now_from_last", lambda self, *what: followed.append(index) or now_from_last(self, *what)
    )
    ground, random, registrar, static = texture(), np.random.default_rng(7), FlowRegistrar(), []
    for index in range(45):
        place = np.eye(3)
        place[:2, 2] = 60 + 1.5 * (index == jolt_at)
        noisy = view(ground, place, SIZE).astype(float) + random.normal(0, 2, SIZE[::-1])
        static.append(registrar.align(frame(np.clip(noisy, 0, 255).astype(np.uint8), index)).static)
    assert not static[jolt_at]
    assert all(static[10:jolt_at])
    assert len([at for at in followed if 10 <= at < 39]) < 12  # of 29
