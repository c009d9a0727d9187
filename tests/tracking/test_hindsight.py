"""A track counts from its first frame on, once it has proven itself."""

from dataclasses import replace

import numpy as np
import pytest

from detector.model import Sight, Tracks
from detector.tracking import Hindsight


def tracks(index, confirmed, x_px=None):
    """The tracks of one frame, ten frames a second; confirmed: id -> bool; 10 px wide, 40 px apart if not at `x_px`."""
    count = len(confirmed)
    none = Tracks.none(index, index * 10**8, Sight.SEEING)
    x = np.arange(count) * 40.0 if x_px is None else np.asarray(x_px, float)
    return replace(
        none,
        track_id=np.array(list(confirmed), np.int64),
        confirmed=np.array(list(confirmed.values()), bool),
        xy_px=np.stack([x, np.zeros(count)], axis=1),
        xyxy_px=np.stack([x - 5, np.full(count, -5), x + 5, np.full(count, 5)], axis=1).astype(np.float32),
    )


def unproven(confirmed):
    return {one for one, known in confirmed.items() if not known}


def played(hold_s, sequence):
    hindsight, out = Hindsight(hold_s), []
    for index, confirmed in enumerate(sequence):
        out += hindsight.feed(tracks(index, confirmed), unproven(confirmed))
    return out + hindsight.finish()


def test_every_frame_once_and_in_order_and_as_late_as_asked_while_something_is_open():
    hindsight = Hindsight(0.5)
    given = [len(hindsight.feed(tracks(i, {4: False}), {4})) for i in range(20)]
    assert given == [0] * 5 + [1] * 15
    assert [one.index for one in hindsight.finish()] == [15, 16, 17, 18, 19]


def test_a_track_confirmed_within_the_time_counts_from_its_first_frame_on():
    out = played(1.0, [{7: i >= 8} for i in range(20)])
    assert all(one.confirmed.all() for one in out)


def test_a_track_confirmed_later_counts_from_so_long_before():
    out = played(0.5, [{7: i >= 8} for i in range(20)])
    assert [bool(one.confirmed[0]) for one in out] == [i >= 3 for i in range(20)]


def test_a_track_that_is_never_confirmed_never_counts():
    out = played(1.0, [{1: False, 2: i >= 5} for i in range(12)])
    assert not any(one.confirmed[0] for one in out)
    assert all(one.confirmed[1] for one in out)


def test_nothing_is_held_where_nothing_is_asked():
    hindsight = Hindsight(0.0)
    one = tracks(0, {3: False})
    assert hindsight.feed(one, {3}) == [one]
    assert hindsight.finish() == []


def test_what_was_said_is_not_changed_by_what_comes_after():
    sequence = [{7: i >= 8, 9: i % 3 == 0} for i in range(30)]
    hindsight = Hindsight(0.5)
    early = [one for i, c in enumerate(sequence[:20]) for one in hindsight.feed(tracks(i, c), unproven(c))]
    whole = played(0.5, sequence)
    assert [one.confirmed.tolist() for one in early] == [one.confirmed.tolist() for one in whole[: len(early)]]


@pytest.mark.parametrize("hold_s", [-0.1, float("nan")])
def test_a_time_that_makes_no_sense_is_refused(hold_s):
    with pytest.raises(ValueError, match="hold_s"):
        Hindsight(hold_s)


def test_a_second_track_on_the_same_thing_counts_only_once_the_first_has_ended():
    hindsight, out = Hindsight(1.0), []
    for index in range(20):
        both = {1: True, 2: False} if index < 6 else {2: index >= 8}
        at_px = [3.0 * index, 3.0 * index + 4] if index < 6 else [60.0]
        out += hindsight.feed(tracks(index, both, at_px), unproven(both))
    out += hindsight.finish()
    assert [one.confirmed.tolist() for one in out[:6]] == [[True, False]] * 6
    assert all(one.confirmed.tolist() == [True] for one in out[6:])


def test_a_frame_is_not_held_when_nothing_more_can_be_found_out_of_it():
    hindsight = Hindsight(1.0)
    assert [one.index for one in hindsight.feed(tracks(0, {1: True}), set())] == [0]
    assert hindsight.feed(tracks(1, {1: True, 2: False}), {2}) == []
    assert hindsight.feed(tracks(2, {1: True}), {2}) == [], "not shown just now, but it may come back"
    assert [one.index for one in hindsight.feed(tracks(3, {1: True}), set())] == [1, 2, 3], "2 has ended"
    assert hindsight.feed(tracks(4, {3: False}), {3}) == []
    proven = hindsight.feed(tracks(5, {3: True}), set())
    assert [one.confirmed.tolist() for one in proven] == [[True], [True]]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_let_go_early_is_what_would_have_been_said_later(seed):
    random = np.random.default_rng(seed)
    lives = {}  # id: first frame, when it is confirmed, last frame
    for one in range(60):
        first = int(random.integers(0, 150))
        lives[one] = first, first + int(random.integers(4, 25)), first + int(random.geometric(0.12))
    early, late = Hindsight(1.0), Hindsight(1.0)
    said, twin, held = [], [], 0
    for index in range(200):
        alive = {one: index >= proven for one, (first, proven, last) in lives.items() if first <= index <= last}
        x_px = [7.0 * one for one in alive]  # neighbours are parts of one another
        now = tracks(index, alive, x_px)
        said += early.feed(now, unproven(alive))
        twin += late.feed(now, set(lives))
        assert len(said) >= len(twin)
        held += len(said) > len(twin)
    said, twin = said + early.finish(), twin + late.finish()
    assert held > 20, "or this says nothing"
    assert [one.index for one in said] == [one.index for one in twin] == list(range(200))
    assert [one.confirmed.tolist() for one in said] == [one.confirmed.tolist() for one in twin]


def test_what_was_proved_before_says_nothing_of_what_came_back_later_under_the_same_id():
    out = played(1.0, [{7: i == 0} for i in range(30)])
    assert [bool(one.confirmed[0]) for one in out] == [True] + [False] * 29
