"""A track counts from its first frame on, once it has proven itself."""

from dataclasses import replace

import numpy as np
import pytest

from detector.model import Sight, Tracks
from detector.tracking import Hindsight


def tracks(index, confirmed):
    """The tracks of one frame, ten frames a second; confirmed: id -> bool."""
    count = len(confirmed)
    none = Tracks.none(index, index * 10**8, Sight.SEEING)
    return replace(
        none,
        track_id=np.array(list(confirmed), np.int64),
        confirmed=np.array(list(confirmed.values()), bool),
        xyxy_px=np.zeros((count, 4), np.float32),
    )


def played(hold_s, sequence):
    hindsight, out = Hindsight(hold_s), []
    for index, confirmed in enumerate(sequence):
        out += hindsight.feed(tracks(index, confirmed))
    return out + hindsight.finish()


def test_every_frame_once_and_in_order_and_as_late_as_asked():
    hindsight = Hindsight(0.5)
    given = [len(hindsight.feed(tracks(i, {}))) for i in range(20)]
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
    assert hindsight.feed(one) == [one]
    assert hindsight.finish() == []


def test_what_was_said_is_not_changed_by_what_comes_after():
    sequence = [{7: i >= 8, 9: i % 3 == 0} for i in range(30)]
    hindsight = Hindsight(0.5)
    early = [one for i, c in enumerate(sequence[:20]) for one in hindsight.feed(tracks(i, c))]
    whole = played(0.5, sequence)
    assert [one.confirmed.tolist() for one in early] == [one.confirmed.tolist() for one in whole[: len(early)]]


@pytest.mark.parametrize("hold_s", [-0.1, float("nan")])
def test_a_time_that_makes_no_sense_is_refused(hold_s):
    with pytest.raises(ValueError, match="hold_s"):
        Hindsight(hold_s)
