"""What stands on the ground now and did not when it was last seen."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.config import PathBeside
from detector.detectors.blobs import NO_BLOBS, Blobs, find_blobs, strongest
from detector.detectors.patches import contrast_to_ring, likeness, patch
from detector.detectors.residual import block_means, edges, in_the_light_of
from detector.detectors.views import MIN_OVERLAP, Ground, Past, View, ground_of, height_by_telemetry, refined
from detector.model import Alignment, CameraPose, Detections, Frame, Kind, Sight, read_only
from detector.picture import full_from_shrunk, level_at_most, shrunk
from detector.picture.homography import Float, apply

U8 = NDArray[np.uint8]

_TOLERANCE_PX = 2  # what lies this near in the other picture explains a pixel
_SEARCH_PX = 6  # roofs and crowns are displaced by up to this when seen from elsewhere
_SAME = 0.6  # correlation from which a patch is as it was
_SAME_THING = 0.49  # and from which two patches show the same thing from two sides
_SAME_THING_CLEAR = 0.65  # where it stands out by far more than what was there: furrows are like many things
_CLEAR_FACTOR, _CLEAR_GREY = 2.0, 10.0
_PLAIN_GREY = 8.0  # a patch with a smaller standard deviation shows nothing in particular
_KEEP_PX = 3


class ChangeConfig(BaseModel):
    """Settings of the change detector."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    side_px: int = Field(
        default=480, ge=64, description="It works on a picture whose longer side is at most this. [px]"
    )
    look_every_s: float = Field(default=1.0, gt=0, le=60, description="It looks this often. [s]")
    gap_s: float = Field(default=10.0, gt=0, description="It compares with what is at least this old. [s]")
    stable_s: float = Field(default=3.0, ge=0, description="What is new has to have stood still for so long. [s]")
    looks: int = Field(default=3, ge=1, description="It has to be found at so many looks in a row. [1]")
    warm_up_s: float = Field(default=0.3, ge=0, le=10, description="It says WARMING_UP for so long. [s]")
    min_grey: float = Field(default=25.0, gt=0, description="Least difference. [grey levels]")
    min_px: float = Field(default=5.0, gt=0, description="Least length of what is new. [px of that picture]")
    max_views: int = Field(default=60, ge=4, description="So many earlier views are remembered. [1]")
    memory: PathBeside | None = Field(
        default=None, description="Folder for views of earlier recordings, relative to this file; without, none are."
    )
    max_detections: int = Field(default=20, ge=1, description="The strongest so many in a view are looked at. [1]")


class ChangeDetector:
    """Holds the ground, once a second, against the most alike earlier view of it that is at least 10 s old.

    The two are laid over one another anew. A place has changed where it is brighter or darker than everything within
    2 px in the other view, what is seen in one is not to be found nearby in the other (a roof seen from elsewhere is),
    it has stood still for 3 s now, and the place looked the same in a second earlier view: what moves is no change.
    What has gone is none. It needs no telemetry, but a reference that has lasted: after BLIND
    everything is forgotten. With `memory` and telemetry the views of earlier recordings, and those from before BLIND,
    are earlier views too, as soon as one of them is found to show the same ground.
    """

    Config = ChangeConfig

    def __init__(self, config: ChangeConfig | None = None) -> None:
        self._config = config if config is not None else ChangeConfig()
        self._run_id = ""
        self._height_m: Callable[[CameraPose], float] = height_by_telemetry
        self.reset()

    def place(self, run_id: str, height_m: Callable[[CameraPose], float]) -> None:
        """Say where it works, for the views that it remembers.

        Args:
            run_id: what other feeds of the same run keep is not looked at.
            height_m: of the camera above the ground; without, the telemetry's own.
        """
        self._run_id, self._height_m = run_id, height_m

    def reset(self) -> None:
        """Forget everything, as if newly made; what the memory keeps is on the disk."""
        self._views: list[View] = []  # in order of time
        self._earlier: list[View] = []  # of other recordings, on this reference; in order of time within each
        self._past: Past | None = None
        self._found: Float = np.zeros((0, 2))  # on the reference, at the last look
        self._looks: NDArray[np.int64] = np.zeros(0, np.int64)  # in how many in a row
        self._start_ns: int | None = None
        self._reference_id = -1
        self._size_px = (0, 0)

    def detect(self, frame: Frame, alignment: Alignment) -> list[Detections]:
        """Take one frame and answer for it."""
        if alignment.sight is Sight.BLIND or not np.isfinite(alignment.reference_from_frame).all():
            self._leave()
            return [Detections.none(frame.index, frame.t_ns, Sight.BLIND)]
        went_back = bool(self._views) and frame.t_ns < self._views[-1].t_ns
        if alignment.reference_id != self._reference_id or frame.size_px != self._size_px or went_back:
            self._leave()
            self._reference_id, self._size_px, self._start_ns = alignment.reference_id, frame.size_px, frame.t_ns
            if self._config.memory is not None:
                self._past = Past(self._config.memory, frame.source_id, self._run_id, frame.t_ns)
        assert self._start_ns is not None
        found = self._look(frame, alignment)
        if frame.t_ns - self._start_ns < self._config.warm_up_s * 0.99e9:
            return [Detections.none(frame.index, frame.t_ns, Sight.WARMING_UP, judged=False)]
        return [found if found is not None else Detections.none(frame.index, frame.t_ns, Sight.SEEING)]

    def finish(self) -> list[Detections]:
        """The stream has ended: nothing is left to say."""
        self._leave()
        return []

    def _leave(self) -> None:
        """This reference is over."""
        if self._past is not None:
            self._past.keep()
        self.reset()

    def _look(self, frame: Frame, alignment: Alignment) -> Detections | None:
        every_ns = self._config.look_every_s * 0.99e9
        if frame.damaged or (self._views and frame.t_ns - self._views[-1].t_ns < every_ns):
            return None
        level = level_at_most(frame.size_px, self._config.side_px)
        picture = shrunk(frame, level)
        if min(picture.shape) < 4 * _SEARCH_PX:
            return None
        reference_from_small = alignment.reference_from_frame @ full_from_shrunk(level)
        now = View(
            frame.t_ns,
            picture,
            reference_from_small,
            np.asarray(np.linalg.inv(reference_from_small)),
            self._ground(frame, level) if self._past is not None else None,
        )
        if self._past is not None:
            self._earlier = self._past.joined(now) + self._earlier
        boxes = self._seen_before(now, self._changed(now))
        self._remember(now)
        if not len(boxes.peak):
            return None
        return Detections(
            frame.index,
            frame.t_ns,
            read_only((boxes.xyxy * (1 << level)).astype(np.float32)),
            read_only(boxes.peak),
            read_only(np.full(len(boxes.peak), Kind.CHANGE.value, "<U8")),
            Sight.SEEING,
        )

    def _ground(self, frame: Frame, level: int) -> Ground | None:
        if frame.pose is None:
            return None
        return ground_of(frame.pose, self._height_m(frame.pose), full_from_shrunk(level), frame.size_px)

    def _seen_before(self, now: View, boxes: Blobs) -> Blobs:
        """Only what was found at the last looks, too, at the same ground."""
        centre = (boxes.xyxy[:, :2] + boxes.xyxy[:, 2:] - 1) / 2
        half = (boxes.xyxy[:, 2:] - boxes.xyxy[:, :2]) / 2
        looks = np.ones(len(centre), np.int64)
        if len(self._looks) and len(centre):
            off = np.abs(centre[:, None] - apply(now.small_from_reference, self._found)[None])
            same = np.asarray((off <= half[:, None] + _KEEP_PX).all(axis=2))
            looks += np.where(same, self._looks[None], 0).max(axis=1)
        self._found, self._looks = apply(now.reference_from_small, centre), looks
        again = looks >= self._config.looks
        return Blobs(boxes.xyxy[again], boxes.peak[again])

    def _remember(self, now: View) -> None:
        """Thin the older half out once there are too many."""
        if self._past is not None:
            self._past.see(now)
        self._views.append(now)
        if len(self._views) > self._config.max_views:
            half = len(self._views) // 2
            self._views = self._views[:half:2] + self._views[half:]

    def _changed(self, now: View) -> Blobs:
        old = self._most_alike(now)
        if old is None:
            return NO_BLOBS
        old_from_now = refined(old, now, old.from_other(now))
        if old_from_now is None:
            return NO_BLOBS
        laid, seen = _laid(old, now, old_from_now)
        candidates = self._different(now.picture, laid, seen)
        keep = [
            _is_new(now.picture, laid, box) and self._is_stable(now, old, old_from_now, box) for box in candidates.xyxy
        ]
        return Blobs(candidates.xyxy[keep], candidates.peak[keep])

    def _most_alike(self, now: View) -> View | None:
        """The earlier view that shares the most ground; of equally good ones the youngest."""
        best, most = None, MIN_OVERLAP
        for view in (*self._earlier, *self._views):
            if now.t_ns - view.t_ns < self._config.gap_s * 0.99e9:
                break
            overlap = view.overlap(now, view.from_other(now))
            if overlap >= most - 0.05:
                best, most = view, max(overlap, most)
        return best

    def _different(self, now: U8, laid: U8, seen: U8) -> Blobs:
        """Spots where one picture is outside the range of the other's near pixels."""
        level = in_the_light_of(now, block_means(now), laid, block_means(laid))
        evidence = cv2.min(cv2.max(_outside(now, level), _outside(level, now)), seen)
        ratio = cv2.convertScaleAbs(evidence, alpha=16 / self._config.min_grey)
        blobs = find_blobs(np.asarray(ratio, np.uint8), 16, 8, 5)
        size = (blobs.xyxy[:, 2:] - blobs.xyxy[:, :2]).max(axis=1, initial=0)
        large = size >= self._config.min_px
        return strongest(Blobs(blobs.xyxy[large], blobs.peak[large]), self._config.max_detections)

    def _is_stable(self, now: View, old: View, old_from_now: Float, box: Float) -> bool:
        """It stands still now, and what was there before had stood still, too."""
        config = self._config
        here = patch(now.picture, box)
        centre = ((box[:2] + box[2:] - 1) / 2)[None]
        since_ns = now.t_ns - config.stable_s * 1e9
        recent = [view for view in self._views if view.t_ns >= since_ns - config.look_every_s * 1e9]
        if not recent or recent[0].t_ns > since_ns:
            return False
        for view in recent:
            moved = apply(view.from_other(now), centre)[0] - centre[0]
            if likeness(here, view.picture, box + np.tile(moved, 2), _KEEP_PX) < _SAME:
                return False
        was = box + np.tile(apply(old_from_now, centre)[0] - centre[0], 2)
        before = patch(old.picture, was)
        known = (*self._earlier, *self._views)
        others = [view for view in known if 0 < abs(view.t_ns - old.t_ns) <= 4e9 and view.t_ns <= old.t_ns + 4e9]
        for view in others:
            moved = apply(view.from_other(old), apply(old_from_now, centre))[0] - centre[0]
            if likeness(before, view.picture, box + np.tile(moved, 2), _KEEP_PX) >= _SAME:
                return True
        return False


def _laid(old: View, now: View, old_from_now: Float) -> tuple[U8, U8]:
    """The old picture as seen now, and where it shows anything (255). shapes as now's"""
    height, width = now.picture.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpPerspective(
        old.picture,
        old_from_now,
        (width, height),
        dst=now.picture.copy(),
        flags=flags,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    inside = np.full(old.picture.shape, 255, np.uint8)
    seen = cv2.warpPerspective(inside, old_from_now, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
    seen = cv2.erode(seen, np.ones((9, 9), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(laid, np.uint8), np.asarray(seen, np.uint8)


def _outside(picture: U8, other: U8) -> U8:
    """How far each pixel lies outside the range of the other picture's pixels within 2 px. shape as given [grey]"""
    kernel = np.ones((2 * _TOLERANCE_PX + 1,) * 2, np.uint8)
    return np.asarray(
        cv2.max(cv2.subtract(picture, cv2.dilate(other, kernel)), cv2.subtract(cv2.erode(other, kernel), picture)),
        np.uint8,
    )


def _is_new(now: U8, laid: U8, box: Float) -> bool:
    """What is seen there now is nowhere near in the other picture (roofs and crowns are, seen from elsewhere), and
    stands out from the ground around it, with more edges, than what was there before: what has gone leaves ground."""
    here, there = patch(now, box), patch(laid, box)
    stands_out = contrast_to_ring(now, box) + float(edges(here).mean())
    stood_out = contrast_to_ring(laid, box) + float(edges(there).mean())
    if here.std() < _PLAIN_GREY or stands_out <= stood_out:
        return False
    clearly = stands_out >= _CLEAR_FACTOR * stood_out + _CLEAR_GREY
    return likeness(here, laid, box, _SEARCH_PX) < (_SAME_THING_CLEAR if clearly else _SAME_THING)
