"""What was found, drawn onto a copy of the picture for people: boxes, speeds, tails, the agreement's map, north, scale.

Colours say what a mark is, never whether it is allowed. Tentative tracks are not drawn.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Collection
from typing import NamedTuple

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from detector.config.agreement_map import AgreementMap, Shape
from detector.geo import camera, projection
from detector.model import CameraPose, Kind, Scene, Sight, Violation
from detector.timebase import NS_PER_S, iso_from_ns

_INK, _PAPER = (24, 20, 16), (245, 245, 245)  # BGR
_SUBJECT = (70, 150, 255)  # what an evidence picture is about, whether or not it is allowed
_ZONE, _LINE, _TAIL, _FLASH = (250, 190, 120), (90, 205, 240), (235, 215, 120), (225, 130, 225)
_WORDS = {Kind.FLASH.value: "flash", Kind.SMOKE.value: "smoke or fire", Kind.CHANGE.value: "change"}
_FILL = 0.2
_TAIL_S = 20.0
_TAIL_POINTS = 200
_SHIFT = 4  # lines are placed to 1/16 px, or they wobble from piece to piece
_SIGHT_WORDS = {
    Sight.BLIND: "BLIND - nothing can be concluded from this picture",
    Sight.WARMING_UP: "WARMING UP - not yet judged",
}


class _Pen(NamedTuple):
    """Sizes that follow from the picture's height, so that 360 and 2160 lines are read alike."""

    text: float
    thin: int
    bold: int
    gap: int

    @classmethod
    def of(cls, height_px: int) -> _Pen:
        unit = max(height_px / 720.0, 0.75)
        return cls(0.5 * unit, max(1, round(unit)), max(2, round(1.9 * unit)), max(4, round(9 * unit)))


class Overlay:
    """Draws one feed's scenes in the order of time; remembers where tracks were, for their tails.

    Args:
        agreement: zones and lines to draw: those on the ground where there is a pose, those of this feed's picture.
        height_m: how high a camera is above the ground, where nothing in the picture has a place; left out, and where
            that gives NaN, the telemetry tells it. [m]
    """

    def __init__(
        self, agreement: AgreementMap | None = None, *, height_m: Callable[[CameraPose], float] | None = None
    ) -> None:
        self._agreement = agreement or AgreementMap.nothing()
        self._height_m = height_m
        self._trails: dict[int, deque[tuple[int, float, float]]] = {}
        self._newest_ns: int | None = None

    def reset(self) -> None:
        """Forget all tails."""
        self._trails.clear()
        self._newest_ns = None

    def draw(self, picture_bgr: NDArray[np.uint8], scene: Scene, subject: Violation | None = None) -> NDArray[np.uint8]:
        """A new picture with everything known about it.

        Args:
            picture_bgr: of the scene's frame, at its full size or any other. shape (H, W, 3)
            subject: what the picture is evidence of: told in words, its movers in a colour of their own.
        """
        self._remember(scene)
        canvas = np.ascontiguousarray(picture_bgr).copy()
        pen = _Pen.of(canvas.shape[0])
        ratio = np.array([canvas.shape[1] / scene.size_px[0], canvas.shape[0] / scene.size_px[1]])
        ground_m = self._ground(scene)
        labels: list[tuple[int, int, int, int]] = []
        size_px = (canvas.shape[1], canvas.shape[0])
        self._map(canvas, _View(size_px, scene, ground_m, ratio), pen, labels)
        if scene.pose is not None and math.isfinite(ground_m):
            self._tails(canvas, scene, ground_m, size_px, pen)
        _tracks(canvas, scene, ratio, pen, labels, () if subject is None else subject.track_ids)
        _sightings(canvas, scene, ratio, pen, labels)
        _captions(canvas, scene, pen, subject)
        if scene.pose is not None:
            _north(canvas, scene.pose, pen)
            _scale_bar(canvas, scene.pose, ground_m, pen)
        if scene.sight in _SIGHT_WORDS:
            _banner(canvas, _SIGHT_WORDS[scene.sight], pen)
        return canvas

    def _remember(self, scene: Scene) -> None:
        if self._newest_ns is not None and scene.t_ns < self._newest_ns:
            self.reset()
        self._newest_ns = scene.t_ns
        fixes = scene.fixes
        for track_id, lat, lon in zip(scene.tracks.track_id, fixes.lat_deg, fixes.lon_deg, strict=True):
            if math.isfinite(lat):
                trail = self._trails.setdefault(int(track_id), deque(maxlen=_TAIL_POINTS))
                trail.append((scene.t_ns, float(lon), float(lat)))
        oldest_ns = scene.t_ns - int(_TAIL_S * NS_PER_S)
        for track_id in list(self._trails):
            trail = self._trails[track_id]
            while trail and trail[0][0] < oldest_ns:
                trail.popleft()
            if not trail:
                del self._trails[track_id]

    def _ground(self, scene: Scene) -> float:
        """Height of the ground in the pose's datum; NaN where nothing says it. [m]"""
        known = np.concatenate([scene.fixes.alt_m, scene.detection_fixes.alt_m])
        known = known[np.isfinite(known)]
        if len(known):
            return float(np.median(known))
        if scene.pose is None:
            return math.nan
        height_m = math.nan if self._height_m is None else self._height_m(scene.pose)
        return scene.pose.alt_m - height_m if math.isfinite(height_m) else scene.pose.ground_alt_m

    def _map(self, canvas: NDArray[np.uint8], view: _View, pen: _Pen, labels: list[tuple[int, int, int, int]]) -> None:
        for zone in self._agreement.zones.values():
            _zone(canvas, view, zone, pen, labels)
        for line in self._agreement.lines.values():
            if view.shows(line):
                segments = view.segments(shapely.get_coordinates(line.geometry))
                _strokes(canvas, segments, _LINE, pen.bold + pen.thin)
                _name(canvas, segments.reshape(-1, 2), line, _LINE, pen, labels)

    def _tails(
        self, canvas: NDArray[np.uint8], scene: Scene, ground_m: float, size_px: tuple[int, int], pen: _Pen
    ) -> None:
        assert scene.pose is not None
        for track_id in scene.tracks.track_id[scene.tracks.confirmed]:
            trail = self._trails.get(int(track_id), ())
            if len(trail) > 1:
                places = np.array(trail)
                xy = camera.pixels_from_ground(scene.pose, places[:, 2], places[:, 1], ground_m, size_px)
                _strokes(canvas, np.stack([xy[:-1], xy[1:]], 1), _TAIL, pen.bold, casing=False)


def draw(
    picture_bgr: NDArray[np.uint8],
    scene: Scene,
    agreement: AgreementMap | None = None,
    *,
    subject: Violation | None = None,
) -> NDArray[np.uint8]:
    """A new picture with one scene drawn onto it, without tails: for snapshots. See `Overlay`."""
    return Overlay(agreement).draw(picture_bgr, scene, subject)


class _View(NamedTuple):
    """What turns shapes of the map into pixels of the canvas."""

    size_px: tuple[int, int]
    scene: Scene
    ground_m: float
    ratio: NDArray[np.float64]

    def shows(self, shape: Shape) -> bool:
        pose = self.scene.pose
        if shape.feed is not None:
            return shape.feed == self.scene.source_id
        return pose is not None and math.isfinite(self.ground_m + pose.lat_deg + pose.yaw_deg + pose.pitch_deg)

    def ring(self, shape: Shape, points: NDArray[np.float64]) -> NDArray[np.float64]:
        if shape.feed is not None or self.scene.pose is None:
            return np.asarray(points * self.ratio)
        return projection.outline_px(points, self.ground_m, self.scene.pose, self.size_px)

    def segments(self, points: NDArray[np.float64], *, in_picture: bool = False) -> NDArray[np.float64]:
        if in_picture or self.scene.pose is None:
            scaled = points * self.ratio
            return np.stack([scaled[:-1], scaled[1:]], 1)
        return projection.line_px(points, self.ground_m, self.scene.pose, self.size_px)


def _zone(
    canvas: NDArray[np.uint8], view: _View, zone: Shape, pen: _Pen, labels: list[tuple[int, int, int, int]]
) -> None:
    if not view.shows(zone):
        return
    corners, covers = [], False
    middle = (view.size_px[0] / 2, view.size_px[1] / 2)
    for part in shapely.get_parts(zone.geometry):
        rings = [shapely.get_coordinates(ring) for ring in (part.exterior, *part.interiors)]
        filled = [xy for ring in rings if len(xy := view.ring(zone, ring)) >= 3]
        if filled:
            _tint(canvas, [np.round(xy).astype(np.int32) for xy in filled])
            around = sum(cv2.pointPolygonTest(xy.astype(np.float32), middle, False) >= 0 for xy in filled)
            covers = covers or around % 2 == 1
        for ring in rings:
            segments = view.segments(ring, in_picture=zone.feed is not None)
            _strokes(canvas, segments, _ZONE, pen.bold)
            corners.append(segments.reshape(-1, 2))
    _name(canvas, np.concatenate(corners), zone, _ZONE, pen, labels, covers=covers)


def _tint(canvas: NDArray[np.uint8], rings: list[NDArray[np.int32]]) -> None:
    """Fill an area, holes left out, with the zones' colour: no more of the picture is touched than where it lies."""
    corners = np.concatenate(rings)
    (x0, y0), (x1, y1) = np.maximum(corners.min(0), 0).tolist(), (corners.max(0) + 1).tolist()
    part = canvas[y0 : max(y1, 0), x0 : max(x1, 0)]
    if part.size:
        tinted = part.copy()
        cv2.fillPoly(tinted, rings, _ZONE, offset=(-x0, -y0))
        cv2.addWeighted(tinted, _FILL, part, 1 - _FILL, 0, dst=part)


def _name(
    canvas: NDArray[np.uint8],
    points: NDArray[np.float64],
    shape: Shape,
    colour: tuple[int, int, int],
    pen: _Pen,
    labels: list[tuple[int, int, int, int]],
    *,
    covers: bool = False,
) -> None:
    """The shape's name beside a part of its border that is in view, away from captions and arrow if it can.

    covers: the middle of the picture lies inside. If no border is in view, the name stands at the bottom right.
    """
    h, w = canvas.shape[:2]
    inside = points[((points >= 0) & (points < (w, h))).all(1)]
    free = inside[(inside[:, 0] < 0.8 * w) & (inside[:, 1] > 0.15 * h)]
    choice = free if len(free) else inside
    if len(choice) or covers:
        # Tracks are mostly in the middle.
        x, y = choice[len(choice) // 5] if len(choice) else (w - 1.0, h - float(pen.gap))
        # OpenCV's letters are ASCII only.
        words = shape.name if shape.name.isascii() and shape.name else shape.shape_id
        _plate(canvas, words, (x, y), pen, colour, labels)


def _strokes(
    canvas: NDArray[np.uint8],
    segments: NDArray[np.float64],
    colour: tuple[int, int, int],
    width: int,
    *,
    casing: bool = True,
) -> None:
    """Line segments, on a dark casing so that they show on snow as on asphalt. shape (K, 2, 2) [px]"""
    whole = segments[np.isfinite(segments).all((1, 2))]
    lines = list(np.round(np.clip(whole, -30_000, 30_000) * 2**_SHIFT).astype(np.int32).reshape(-1, 2, 1, 2))
    if casing:
        cv2.polylines(canvas, lines, False, _INK, width + 2, cv2.LINE_AA, _SHIFT)
    cv2.polylines(canvas, lines, False, colour, width, cv2.LINE_AA, _SHIFT)


def _tracks(
    canvas: NDArray[np.uint8],
    scene: Scene,
    ratio: NDArray[np.float64],
    pen: _Pen,
    labels: list[tuple[int, int, int, int]],
    subjects: Collection[int],
) -> None:
    rows = np.flatnonzero(scene.tracks.confirmed)
    colours = [_SUBJECT if int(scene.tracks.track_id[row]) in subjects else _PAPER for row in rows]
    boxes = scene.tracks.xyxy_px.astype(np.float64) * np.tile(ratio, 2) + (-2, -2, 1, 1)
    for row, colour in zip(rows, colours, strict=True):
        _box(canvas, boxes[row], colour, pen)
        x0, y0, x1, y1 = (round(value) for value in boxes[row])
        labels.append((x0, y0, x1 - x0, y1 - y0))
    for row, colour in zip(rows, colours, strict=True):
        speed = float(scene.fixes.speed_m_s[row])
        words = f"#{scene.tracks.track_id[row]}" + (f"  {3.6 * speed:.0f} km/h" if math.isfinite(speed) else "")
        _plate(canvas, words, (boxes[row, 0], boxes[row, 1] - pen.gap / 3), pen, colour, labels)


def _sightings(
    canvas: NDArray[np.uint8],
    scene: Scene,
    ratio: NDArray[np.float64],
    pen: _Pen,
    labels: list[tuple[int, int, int, int]],
) -> None:
    for row in np.flatnonzero(scene.detections.kind != Kind.MOTION.value).tolist():
        x0, y0, x1, y1 = scene.detections.xyxy_px[row].astype(np.float64) * np.tile(ratio, 2)
        radius = round(max(x1 - x0, y1 - y0) / 2) + pen.gap
        centre = (round((x0 + x1) / 2), round((y0 + y1) / 2))
        cv2.circle(canvas, centre, radius, _INK, pen.bold + 2, cv2.LINE_AA)
        cv2.circle(canvas, centre, radius, _FLASH, pen.bold, cv2.LINE_AA)
        words = _WORDS[str(scene.detections.kind[row])]
        _plate(canvas, words, (centre[0] + radius, centre[1] - radius), pen, _FLASH, labels)


def _box(canvas: NDArray[np.uint8], box: NDArray[np.float64], colour: tuple[int, int, int], pen: _Pen) -> None:
    x0, y0, x1, y1 = (round(value) for value in box)
    cv2.rectangle(canvas, (x0, y0), (x1, y1), _INK, pen.thin + 2, cv2.LINE_AA)
    cv2.rectangle(canvas, (x0, y0), (x1, y1), colour, pen.thin, cv2.LINE_AA)


def _plate(
    canvas: NDArray[np.uint8],
    words: str,
    foot_px: tuple[float, float],
    pen: _Pen,
    colour: tuple[int, int, int],
    taken: list[tuple[int, int, int, int]] | None = None,
) -> None:
    """Words on a dark plate whose bottom left is at foot_px, moved into the picture and off plates already `taken`."""
    (width, height), base = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, pen.text, pen.thin)
    pad = max(2, pen.gap // 3)
    wide, high = width + 2 * pad, height + base + pad
    x = int(np.clip(foot_px[0], 0, max(canvas.shape[1] - wide, 0)))
    y = int(np.clip(foot_px[1] - high, 0, max(canvas.shape[0] - high, 0)))
    for _ in range(8 if taken is not None else 0):
        if not any(x < tx + tw and tx < x + wide and y < ty + th and ty < y + high for tx, ty, tw, th in taken or ()):
            break
        y = max(y - high - 1, 0)
    if taken is not None:
        taken.append((x, y, wide, high))
    patch = canvas[y : y + high, x : x + wide]
    patch[:] = (patch * 0.35 + np.array(_INK) * 0.65).astype(np.uint8)
    at = (x + pad, y + high - base)
    cv2.putText(canvas, words, at, cv2.FONT_HERSHEY_SIMPLEX, pen.text, colour, pen.thin, cv2.LINE_AA)


def _captions(canvas: NDArray[np.uint8], scene: Scene, pen: _Pen, subject: Violation | None) -> None:
    """Who, when and from where, and what it is about, in lines that end before the arrow."""
    small = pen._replace(text=pen.text * 0.85)
    told = [(f"{scene.source_id}  {iso_from_ns(scene.t_ns, 3).replace('T', ' ')}", pen, _PAPER)]
    pose = scene.pose
    words = "no telemetry: ground rules are off"
    if pose is not None:
        looking = "where it looks is not known"
        if math.isfinite(pose.yaw_deg) and math.isfinite(pose.pitch_deg):
            looking = f"looking {round(pose.yaw_deg) % 360:03d} deg, {-pose.pitch_deg:.0f} deg down"
        words = f"camera {pose.lat_deg:.5f} {pose.lon_deg:.5f}  {pose.alt_m:.0f} m {pose.datum.value}  {looking}"
    told.append((words, small, _PAPER))
    if subject is not None:
        words = subject.observation
        if not words.isascii():  # OpenCV's letters are ASCII only
            words = f"{subject.rule_kind.replace('_', ' ')} {subject.zone_id or ''}".rstrip()
        told.append((f"possible violation: {words}", small, _SUBJECT))
    foot, line = pen.gap, round(pen.text * 46)
    widest = canvas.shape[1] - (10 if pose is not None else 2) * pen.gap
    for words, size, colour in told:
        for piece in _broken(words, size, widest):
            foot += line
            _plate(canvas, piece, (pen.gap, foot), size, colour)


def _broken(words: str, pen: _Pen, widest_px: int) -> list[str]:
    """Words as lines that are no wider than that, where a single word is not."""
    first, *rest = words.split(" ")
    lines = [first]
    for word in rest:
        longer = f"{lines[-1]} {word}"
        fits = cv2.getTextSize(longer, cv2.FONT_HERSHEY_SIMPLEX, pen.text, pen.thin)[0][0] <= widest_px
        lines[-1:] = [longer] if fits else [lines[-1], word]
    return [line.strip() for line in lines if line.strip()]


def _north(canvas: NDArray[np.uint8], pose: CameraPose, pen: _Pen) -> None:
    """An arrow at the top right in the direction that north has on the ground in the middle of the picture."""
    north = camera.enu_from_camera(pose)[1, :2]
    length = float(np.hypot(*north))
    if not length > 1e-6:
        return
    reach = 3.0 * pen.gap
    centre = np.array([canvas.shape[1] - 5.0 * pen.gap, 5.0 * pen.gap])
    tip, tail = centre + north / length * reach, centre - north / length * reach
    for colour, width in ((_INK, pen.bold + 3), (_PAPER, pen.bold)):
        cv2.arrowedLine(canvas, _whole(tail), _whole(tip), colour, width, cv2.LINE_AA, tipLength=0.35)
    _plate(canvas, "N", tuple(tip + north / length * pen.gap * 1.2 + (-pen.gap * 0.6, pen.gap * 0.8)), pen, _PAPER)


def _scale_bar(canvas: NDArray[np.uint8], pose: CameraPose, ground_m: float, pen: _Pen) -> None:
    """A bar of a round length, true across the middle of the picture; none where that looks too flat."""
    h, w = canvas.shape[:2]
    sine = -math.sin(math.radians(pose.pitch_deg)) if math.isfinite(pose.pitch_deg) else 0.0
    m_per_px = (pose.alt_m - ground_m) / sine / camera.focal_px(pose, (w, h))[0] if sine > 0.05 else math.nan
    if not 0 < m_per_px < math.inf:
        return
    longest = 0.2 * w * m_per_px
    decade = 10.0 ** math.floor(math.log10(longest))
    metres = max(decade * step for step in (1, 2, 5) if decade * step <= longest)
    x, y, length = 2 * pen.gap, h - 2 * pen.gap, round(metres / m_per_px)
    for colour, width in ((_INK, pen.bold + 3), (_PAPER, pen.bold)):
        cv2.line(canvas, (x, y), (x + length, y), colour, width)
        for end in (x, x + length):
            cv2.line(canvas, (end, y - pen.gap // 2), (end, y + pen.gap // 2), colour, width)
    words = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    _plate(canvas, f"{words} in mid-picture", (x, y - pen.gap), pen._replace(text=pen.text * 0.85), _PAPER)


def _banner(canvas: NDArray[np.uint8], words: str, pen: _Pen) -> None:
    bold = pen._replace(text=pen.text * 1.2, thin=pen.bold)
    (width, height), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, bold.text, bold.thin)
    middle = canvas.shape[0] // 2
    band = canvas[middle - 2 * height : middle + 2 * height]
    band[:] = (band * 0.3 + np.array(_INK) * 0.7).astype(np.uint8)
    at = ((canvas.shape[1] - width) // 2, middle + height // 2)
    cv2.putText(canvas, words, at, cv2.FONT_HERSHEY_SIMPLEX, bold.text, _PAPER, bold.thin, cv2.LINE_AA)


def _whole(xy: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(xy[0])), round(float(xy[1]))
