"""Masks of what moves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.errors import LogError
from detector.evidence import MaskFolder, MaskMaker
from detector.evidence.mask_folder import enlarged, halvings
from detector.model import Alignment, Detections, Sight
from tests import naive_vision

SIZE = (64, 48)
STEP_NS = 40_000_000


def lying(index: int, x_px: float = 0.0, reference: int = 0, sight: Sight = Sight.SEEING) -> Alignment:
    """A frame whose picture lies `x_px` to the right of the reference's."""
    matrix = np.array([[1, 0, x_px], [0, 1, 0], [0, 0, 1.0]])
    return Alignment(index, index * STEP_NS, matrix, reference, 1.0, 0.0, sight)


def seen(index: int, mask: np.ndarray | None, *, judged: bool = True, sight: Sight = Sight.SEEING) -> Detections:
    return replace(Detections.none(index, index * STEP_NS, sight, judged=judged), mask=mask)


def spot(x: int, y: int) -> np.ndarray:
    mask = np.zeros((24, 32), np.uint8)
    mask[y : y + 2, x : x + 3] = 255
    return mask


@pytest.mark.parametrize(("width", "height", "level"), [(64, 48, 0), (64, 48, 1), (65, 49, 1), (67, 51, 2), (3, 5, 1)])
def test_a_mask_is_enlarged_to_the_size_of_the_frame_as_the_slow_twin_does(width: int, height: int, level: int) -> None:
    small = np.random.default_rng(1).choice([0, 255], (height >> level, width >> level)).astype(np.uint8)
    assert halvings((width, height), small.shape) == level
    large = enlarged(small, (width, height))
    np.testing.assert_array_equal(large, naive_vision.naive_enlarged(small, level, (width, height)))


def test_a_mask_of_no_halving_is_refused() -> None:
    with pytest.raises(ValueError, match="33x24 px for a picture of 64x48"):
        halvings(SIZE, (24, 33))


def test_a_frame_passed_over_has_the_last_mask_carried_along_with_the_ground() -> None:
    masks = MaskMaker()
    masks.mask(seen(0, spot(10, 8)), lying(0), SIZE)
    # The camera moved right by 8 px, so the ground lies 8 px further left in the picture: 4 px of the mask's.
    carried = masks.mask(seen(1, None, judged=False), lying(1, 8.0), SIZE)
    np.testing.assert_array_equal(carried, enlarged(spot(6, 8), SIZE))
    assert not carried.flags.writeable


def test_a_standing_camera_repeats_the_last_mask_for_half_a_second() -> None:
    masks = MaskMaker()
    masks.mask(seen(0, spot(10, 8)), lying(0), SIZE)
    shown = [masks.mask(seen(i, None, judged=False), lying(i), SIZE).any() for i in range(1, 20)]
    assert shown == [i * STEP_NS <= 500_000_000 for i in range(1, 20)]


@pytest.mark.parametrize(
    ("detections", "alignment"),
    [
        (seen(1, None, judged=False), lying(1, reference=1)),
        (seen(1, None, judged=False), lying(1, float("nan"))),
        (seen(1, None, sight=Sight.BLIND), lying(1, sight=Sight.BLIND)),
        (seen(1, None, judged=False, sight=Sight.WARMING_UP), lying(1)),
        (seen(1, np.zeros((24, 32), np.uint8)), lying(1)),
    ],
)
def test_nothing_is_carried_where_nothing_is_known(detections: Detections, alignment: Alignment) -> None:
    masks = MaskMaker()
    masks.mask(seen(0, spot(10, 8)), lying(0), SIZE)
    assert not masks.mask(detections, alignment, SIZE).any()


def test_nothing_is_carried_into_a_picture_of_another_size() -> None:
    masks = MaskMaker()
    masks.mask(seen(0, spot(10, 8)), lying(0), SIZE)
    assert masks.mask(seen(1, None, judged=False), lying(1), (32, 24)).shape == (24, 32)


def test_an_earlier_runs_masks_are_replaced_and_anything_else_stays(tmp_path: Path) -> None:
    folder = MaskFolder(tmp_path / "masks" / "gate")
    folder.write(7, enlarged(spot(3, 3), SIZE))
    MaskFolder(folder.path).write(0, enlarged(spot(4, 4), SIZE))
    assert [file.name for file in folder.path.iterdir()] == ["000000.png"]
    written = cv2.imread(str(folder.path / "000000.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(written, enlarged(spot(4, 4), SIZE))


@pytest.mark.parametrize("name", ["notes.txt", "000001.png"])
def test_a_folder_that_holds_something_else_is_refused(name: str, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((4, 4), 100, np.uint8))
    (tmp_path / "grey.png").rename(tmp_path / name)
    with pytest.raises(LogError, match=f"holds {name}"):
        MaskFolder(tmp_path)
    assert (tmp_path / name).exists()


def test_a_folder_that_cannot_be_made_is_a_log_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match="masks cannot be written"):
        MaskFolder(tmp_path / "file" / "gate")
