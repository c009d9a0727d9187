"""Pictures laid over a common base."""

import numpy as np

from detector.detectors.lagged import Kept, small_from_small
from detector.detectors.laying import Laid, Laying, outline
from detector.picture import full_from_shrunk, halved
from tests.naive_vision import aligned, flight, frame, texture, view

SIZE = (320, 180)


def kept(index, pan_px=3.0):
    picture = frame(view(texture(), flight(index, pan_px), SIZE), index)
    return Kept.of(picture, aligned(index, picture.t_ns, np.linalg.inv(flight(0, pan_px)) @ flight(index, pan_px)), 0)


def test_what_is_laid_over_the_base_looks_like_it():
    laying = Laying(0.1)
    base, other = kept(0), kept(4)
    laying.begin(base)
    laid = laying.over(other)
    seen = laid.valid > 0
    assert 0.85 < seen.mean() < 1
    off = np.abs(laid.picture.astype(int) - base.picture)[seen]
    assert np.percentile(off, 99) <= 3  # grey levels: twice interpolated


def test_nothing_is_valid_that_the_frame_does_not_show():
    laying = Laying(0.1)
    laying.begin(kept(0))
    valid = laying.over(kept(10)).valid  # 30 px to the right
    assert valid[:, :27].max() == 0
    assert valid[60:120, 40:280].min() == 255


def test_the_base_stays_while_the_view_does_and_is_replaced_after():
    laying, frames = Laying(0.05), [kept(i) for i in range(12)]  # 16 px
    assert np.array_equal(laying.begin(frames[0]), np.eye(3))
    assert np.array_equal(laying.begin(frames[3]), np.eye(3))
    assert laying.over(frames[3]) is laying.over(frames[3])
    moved = laying.begin(frames[9])
    np.testing.assert_allclose(moved, small_from_small(frames[9], frames[0]))
    assert laying.over(frames[9]).valid is None
    np.testing.assert_array_equal(laying.frame_from_base(frames[9]), np.eye(3))


def test_at_half_size_the_same_is_laid():
    laying, small = Laying(0.1), Laying(0.1, halved=True)
    for one in (laying, small):
        one.begin(kept(0))
    large, laid = laying.over(kept(4)), small.over(kept(4))
    assert laid.picture.shape == (90, 160)
    off = np.abs(halved(large.picture).astype(int) - laid.picture)[laid.valid > 0]
    assert np.percentile(off, 99) <= 6  # grey levels: interpolation blurs the small picture more
    expected = np.linalg.inv(full_from_shrunk(1)) @ laying.frame_from_base(kept(4)) @ full_from_shrunk(1)
    np.testing.assert_allclose(small.frame_from_base(kept(4)), expected, atol=1e-9)


def test_what_is_blanked_is_what_the_mask_leaves_out():
    random, off = np.random.default_rng(1), 0
    for _ in range(40):
        spread = [[0.05, 0.05, 40], [0.05, 0.05, 40], [1e-4, 1e-4, 0]]
        corners = outline(np.eye(3) + random.normal(size=(3, 3)) * spread, (97, 143))
        laid = Laid(np.zeros((97, 143), np.uint8), np.zeros((1, 1), np.uint8), corners, None)
        picture = np.full((97, 143), 7, np.uint8)
        laid.blank_outside(picture)
        off += np.count_nonzero((picture > 0) != (laid.valid > 0))
    assert off < 40  # a pixel a picture, where an edge is drawn otherwise


def test_all_is_blanked_where_nothing_has_a_place():
    laid = Laid(np.zeros((9, 9), np.uint8), np.zeros((1, 1), np.uint8), outline(np.full((3, 3), np.nan), (9, 9)), None)
    picture = np.ones((9, 9), np.uint8)
    laid.blank_outside(picture)
    assert not picture.any()
    assert not laid.valid.any()
