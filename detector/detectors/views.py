"""Pictures of the ground that are remembered, and how those of two recordings lie to one another."""

from __future__ import annotations

import math
import os
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.errors import LogError, SourceError
from detector.geo import camera
from detector.geo.wgs84 import metres_per_degree, wrapped_deg
from detector.model import CameraPose
from detector.picture.flow import corners, follow
from detector.picture.homography import Float, apply, fit, normalised

U8 = NDArray[np.uint8]

_GRID = np.stack(np.meshgrid(np.linspace(0.05, 0.95, 7), np.linspace(0.05, 0.95, 5)), axis=-1).reshape(-1, 2)
MIN_OVERLAP = 0.4
_INLIER_PX = 1.0
_MIN_POINTS = 20
_MIN_INLIERS = 0.4
_FILE_NAME = re.compile(r"(?P<source>.+)\.(?P<t_ns>\d{20})\.npz")
_MOST_RECORDINGS = 4
_MOST_PAIRS = 60  # of 480 px pictures: 16 MB
_SHOWN = 0.8
_SMOOTH_PX = 12.0  # what is larger than this is light, not ground


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Where a picture lies on level ground.

    metres_from_small: homography from the picture's pixels to metres east and north of the camera. shape (3, 3)
    """

    lat_deg: float
    lon_deg: float
    metres_from_small: Float

    def from_other(self, other: Ground) -> Float:
        """Homography from the other's pixels to this one's, by telemetry."""
        east, north = (float(scale) for scale in metres_per_degree(self.lat_deg))
        shift = np.eye(3)
        shift[0, 2] = float(wrapped_deg(other.lon_deg - self.lon_deg)) * east
        shift[1, 2] = (other.lat_deg - self.lat_deg) * north
        return normalised(np.linalg.inv(self.metres_from_small) @ shift @ other.metres_from_small)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One picture that is remembered."""

    t_ns: int
    picture: U8
    reference_from_small: Float
    small_from_reference: Float
    ground: Ground | None = None

    def from_other(self, other: View) -> Float:
        """Homography from the other's picture to this one's."""
        return normalised(self.small_from_reference @ other.reference_from_small)

    def holds(self, xy: Float) -> NDArray[np.bool_]:
        """Which places lie in the picture. shape (N,)"""
        height, width = self.picture.shape
        return np.asarray(
            np.isfinite(xy).all(axis=1) & (xy >= 0).all(axis=1) & (xy <= (width - 1, height - 1)).all(axis=1)
        )

    def overlap(self, other: View, from_other: Float) -> float:
        """Share of the other's picture that this one shows. [1]"""
        height, width = other.picture.shape
        return float(self.holds(apply(from_other, _GRID * (width - 1, height - 1))).mean())


def height_by_telemetry(pose: CameraPose) -> float:
    """Height of the camera above the ground at the frame's centre, by telemetry. [m] NaN if it has none"""
    return pose.alt_m - pose.ground_alt_m


def ground_of(pose: CameraPose, height_m: float, full_from_small: Float, size_px: tuple[int, int]) -> Ground | None:
    """Where the picture lies on level ground, `height_m` below the camera; None where that cannot be told."""
    rays = camera.enu_from_camera(pose) @ np.linalg.inv(camera.camera_matrix(pose, size_px)) @ full_from_small
    metres = np.diag([height_m, height_m, -1.0]) @ rays
    if not height_m > 0 or not np.isfinite(metres).all() or not math.isfinite(pose.lat_deg + pose.lon_deg):
        return None
    return Ground(pose.lat_deg, pose.lon_deg, metres)


def refined(old: View, now: View, guess: Float, levels: int = 3) -> Float | None:
    """Homography from `now` to `old`, measured between the two, from a guess that is some pixels off."""
    points = corners(now.picture).points
    places, believed = follow(now.picture, old.picture, points, guess, levels=levels)
    if believed.sum() < _MIN_POINTS:
        return None
    fitted = fit(points[believed], places[believed], inlier_px=_INLIER_PX, start=guess)
    if fitted is None or fitted.inlier_ratio < _MIN_INLIERS:
        return None
    return fitted.matrix


def joined(now: View, past: Sequence[View]) -> list[View]:
    """Views of another recording on the reference of this one; none where they do not show the same ground.

    The telemetry tells which view shows most of what is seen now, to within its error; the shift that is left is
    found over the whole picture, and then the ground itself.
    """
    ground = now.ground
    if ground is None:
        return []
    shares = [_share(one, now, ground) for one in past]
    best = int(np.argmax(shares)) if shares else 0
    if not shares or shares[best] < MIN_OVERLAP:
        return []
    old = past[best]
    assert old.ground is not None
    guess = old.ground.from_other(ground)
    old_from_now = refined(old, now, normalised(guess @ _shift(old, now, guess)))
    if old_from_now is None:
        return []
    onto = now.reference_from_small @ np.linalg.inv(old_from_now) @ old.small_from_reference
    moved = [(one, normalised(onto @ one.reference_from_small)) for one in past]
    return [
        replace(one, reference_from_small=matrix, small_from_reference=np.asarray(np.linalg.inv(matrix)))
        for one, matrix in moved
    ]


def _share(old: View, now: View, ground: Ground) -> float:
    return old.overlap(now, old.ground.from_other(ground)) if old.ground is not None else 0.0


def _shift(old: View, now: View, guess: Float) -> Float:
    """Translation of `now` after which the guess lays it over `old`, by phase correlation of what is not light."""
    height, width = now.picture.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpPerspective(old.picture, guess, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(_without_light(now.picture), _without_light(np.asarray(laid, np.uint8)), window)
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def _without_light(picture: U8) -> NDArray[np.float32]:
    grey = picture.astype(np.float32)
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), _SMOOTH_PX), np.float32)


class Past:
    """Views of earlier recordings, and those of this one that later ones will want. One file a recording and reference.

    Args of the constructor:
        folder: made when the first views are kept.
        source_id, run_id: who sees now. What other feeds of the same run have kept is passed over.
        t_ns: when the recording begins: nothing is known of what comes after.
    """

    def __init__(self, folder: Path, source_id: str, run_id: str, t_ns: int) -> None:
        self._file = folder / f"{source_id}.{t_ns:020d}.npz"
        self._run_id = run_id
        self._pairs: list[tuple[View, View]] = []
        self._before: View | None = None
        named = [(_FILE_NAME.fullmatch(path.name), path) for path in folder.glob("*.npz")]
        earlier = [(name["t_ns"], name["source"], path) for name, path in named if name and int(name["t_ns"]) < t_ns]
        self._recordings: list[list[View]] = []  # the last one first
        for _, source, path in sorted(earlier, reverse=True):
            views, kept_by = load(path)
            if kept_by != run_id or source == source_id:
                self._recordings.append([view for view in views if view.t_ns < t_ns])
            if len(self._recordings) == _MOST_RECORDINGS:
                break

    def joined(self, now: View) -> list[View]:
        """Views of a recording that shows the ground of `now`, on its reference; given out once."""
        for k, views in enumerate(self._recordings):
            found = joined(now, views)
            if found:
                del self._recordings[k]
                return found
        return []

    def see(self, now: View) -> None:
        """One more view of this recording. Two in a row are kept: what was seen in both stood still."""
        before, self._before = self._before, now
        if before is None or before.ground is None or now.ground is None:
            return
        self._pairs.append((before, now))
        if len(self._pairs) > _MOST_PAIRS:
            self._pairs = _newest_of_each_ground(self._pairs)
            if len(self._pairs) > _MOST_PAIRS // 2:
                half = len(self._pairs) // 2
                self._pairs = self._pairs[:half:2] + self._pairs[half:]

    def keep(self) -> None:
        """Write down what this recording has seen last of each ground; a file that is there stays.

        Raises:
            LogError: it cannot be written.
        """
        pairs = _newest_of_each_ground(self._pairs)
        if not pairs or self._file.exists():
            return
        views = {view.t_ns: view for pair in pairs for view in pair}
        _save(self._file, [views[t_ns] for t_ns in sorted(views)], self._run_id)


def _newest_of_each_ground(pairs: Sequence[tuple[View, View]]) -> list[tuple[View, View]]:
    """Those that show a fifth of a picture that no later one shows, in the order given."""
    kept: list[tuple[View, View]] = []
    for pair in reversed(pairs):
        now = pair[1]
        height, width = now.picture.shape
        grid = _GRID * (width - 1, height - 1)
        shown = [other.holds(apply(other.from_other(now), grid)) for _, other in kept]
        if not shown or np.any(shown, axis=0).mean() <= _SHOWN:
            kept.append(pair)
    return kept[::-1]


def _save(path: Path, views: Sequence[View], run_id: str) -> None:
    grounds = [view.ground for view in views if view.ground is not None]
    arrays = {
        "run_id": np.array(run_id),
        "t_ns": np.array([view.t_ns for view in views], np.int64),
        "picture": np.stack([view.picture for view in views]),
        "reference_from_small": np.stack([view.reference_from_small for view in views]),
        "lat_lon_deg": np.array([(ground.lat_deg, ground.lon_deg) for ground in grounds]),
        "metres_from_small": np.stack([ground.metres_from_small for ground in grounds]),
    }
    unfinished = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise LogError(f"{path}: what was seen cannot be kept: {error.strerror}") from error


def load(path: Path) -> tuple[list[View], str]:
    """Views as they were kept, and by which run.

    Raises:
        SourceError: the file is damaged.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        rows = zip(
            arrays["t_ns"].tolist(),
            arrays["picture"],
            arrays["reference_from_small"],
            arrays["lat_lon_deg"].tolist(),
            arrays["metres_from_small"],
            strict=True,
        )
        views = [
            View(t_ns, picture, matrix, np.asarray(np.linalg.inv(matrix)), Ground(lat, lon, metres))
            for t_ns, picture, matrix, (lat, lon), metres in rows
        ]
        return views, str(arrays["run_id"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, np.linalg.LinAlgError) as error:
        raise SourceError(f"{path}: this is no file of remembered views ({error!r})") from error
