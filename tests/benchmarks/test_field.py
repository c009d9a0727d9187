"""The gate's scene: its truth is what its pictures show."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from scoring import field
from scoring.masks import score_masks
from scoring.truth import TruthFrame
from speed.feed import decode_floor

Clip = tuple[list[np.ndarray], list[TruthFrame]]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clip, Clip]:
    """The same field with things that move and with the same things standing."""
    folder = tmp_path_factory.mktemp("field")
    made = []
    for movers in (True, False):
        path = folder / f"{movers}.ts"
        truth = field.make(path, 1, movers=movers)
        made.append(([plane[:, : field.SIZE[0]].copy() for plane in decode_floor(path)], truth))
    return made[0], made[1]


def test_every_frame_has_its_truth_and_every_size_is_in_it(clips: tuple[Clip, Clip]) -> None:
    pictures, truth = clips[0]
    assert len(pictures) == len(truth) == field.FRAMES
    sides = (truth[75].boxes[:, 2:] - truth[75].boxes[:, :2]).max(axis=1)
    assert (sides[truth[75].must] <= 8).sum() >= 4
    assert not any(frame.must.any() for frame in clips[1][1])


def test_the_ground_is_carried_by_the_true_homography(clips: tuple[Clip, Clip]) -> None:
    pictures, truth = clips[1]
    a, b = 60, 66
    matrix = truth[b].pixel_from_ground @ np.linalg.inv(truth[a].pixel_from_ground)
    laid = cv2.warpPerspective(pictures[a], matrix, field.SIZE)
    inner = (slice(40, -40), slice(40, -40))
    there = np.abs(laid[inner].astype(float) - pictures[b][inner]).mean()
    unmoved = np.abs(pictures[a][inner].astype(float) - pictures[b][inner]).mean()
    shifted = np.abs(np.roll(laid, 1, axis=1)[inner].astype(float) - pictures[b][inner]).mean()
    assert there < 3.5  # grey levels: the noise of two frames
    assert min(unmoved, shifted) > there + 0.5


def test_what_moves_lies_in_its_boxes(clips: tuple[Clip, Clip]) -> None:
    """Things that stand in one clip have left their places in the other: the pictures differ there and nowhere else."""
    moved, still = clips
    index = 100
    different = cv2.blur(cv2.absdiff(moved[0][index], still[0][index]), (3, 3)) > 12
    explained = np.zeros(different.shape, bool)
    for frame in (moved[1][index], still[1][index]):
        for x0, y0, x1, y1 in np.round(frame.boxes).astype(int).tolist():
            explained[max(y0 - 3, 0) : max(y1 + 3, 0), max(x0 - 3, 0) : max(x1 + 3, 0)] = True
    assert different.any()
    assert (different & ~explained).mean() < 1e-3
    inside = [different[y0:y1, x0:x1].mean() for x0, y0, x1, y1 in _large(moved[1][index])]
    assert min(inside) > 0.2


def _large(frame: TruthFrame) -> list[list[int]]:
    """Movers of 16 px and more, which no blur hides."""
    boxes = np.round(frame.boxes[frame.must]).astype(int)
    return boxes[(boxes[:, 2:] - boxes[:, :2]).max(axis=1) >= 16].tolist()


def test_a_folder_with_masks_of_truth_is_scored(clips: tuple[Clip, Clip], tmp_path: Path) -> None:
    pictures, truth = clips[0]
    (tmp_path / "in").mkdir()
    (tmp_path / "groundtruth").mkdir()
    for number, index in enumerate(range(0, field.FRAMES, 3), 1):  # natural order: 10 comes after 9
        mask = np.zeros(pictures[0].shape, np.uint8)
        for x0, y0, x1, y1 in np.round(truth[index].boxes[truth[index].must]).astype(int).tolist():
            mask[y0:y1, x0:x1] = 255
        cv2.imwrite(str(tmp_path / "in" / f"frame_{number}.png"), pictures[index])
        cv2.imwrite(str(tmp_path / "groundtruth" / f"gt{number:04d}.png"), mask)
    result, curves = score_masks(tmp_path)
    assert result["f"] > 0.3
    _, precision, recall = curves["pixels, others"].points()[0]
    assert (precision, recall) == pytest.approx((result["precision"], result["recall"]), abs=1e-4)
    (tmp_path / "groundtruth" / "gt0001.png").unlink()
    with pytest.raises(ValueError, match="49 masks of truth for 50 pictures"):
        score_masks(tmp_path)
