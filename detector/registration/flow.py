"""Registration by sparse optical flow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.model import Alignment, Frame, Sight, read_only
from detector.picture import full_from_shrunk, level_at_most, shrunk
from detector.picture.epipole import rescaled_parallax
from detector.picture.flow import Corners, corners, follow
from detector.picture.homography import Fit, Float, fit, fit_by_sampling, inverse, normalised, rescaled, shift_px
from detector.picture.middle import middle
from detector.registration.glance import Glance
from detector.registration.light import flattened
from detector.registration.parallax import Structure

_MIN_POINTS = 12
_MIN_LEFT = 0.4  # share of the anchor's points that must still be in view
_MIN_SPREAD = 0.2  # of the picture's diagonal, standard deviation of the inliers: one house is not the ground
_MAX_CONDITION = 1e11
_STANDS_S = (
    0.3  # a camera that stands is registered in full so often; in between, a glance says whether it still stands
)
_STANDS_PX = 0.2  # and by so much its picture may seem to move then
_SAME = read_only(np.eye(3))
_SMALL_FROM_COARSE = full_from_shrunk(1)  # a glance is at half the size
_COARSE_FROM_SMALL = inverse(_SMALL_FROM_COARSE)
_ONE_PLANE = 0.65  # share of the points that agree: below it a picture, waves for instance, does not move as one
_SCATTER_SHARE = 0.85  # of how many of the clear corners agree: by day the faint ones agree as often, or more often
_HALF_TRUSTED = 4e-4  # strength of a corner whose place is as uncertain by noise as by all else
_RENEWED_BELOW = 0.6  # share of the points that agree with the anchor
_KEPT_S = 0.25  # even so: renewed with every frame, errors add up as often, and what agrees follows leaves and waves
_MIN_GLANCE_PX = 60  # a smaller picture has no room for points


class FlowConfig(BaseModel):
    """Settings of registration by sparse flow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    side_px: int = Field(
        default=480, ge=64, description="Registration works on a picture whose longer side is at most this. [px]"
    )
    inlier_px: float = Field(
        default=0.7, gt=0, description="A point farther off than this disagrees. [px of that picture]"
    )
    min_inlier_ratio: float = Field(
        default=0.2, gt=0, lt=1, description="Share of points that must agree; BLIND below. [1]"
    )
    anchor_s: float = Field(
        default=3.0, gt=0, description="The picture compared with is renewed at least this often. [s]"
    )
    every_s: float = Field(
        default=0.075,
        ge=0,
        le=1,
        description="Frames closer to the last one registered are glanced at, at a fifth of the cost. [s]",
    )
    static_px: float = Field(
        default=0.06,
        ge=0,
        description="A camera whose picture moves less than this is standing still. [px of that picture]",
    )


class Agreement(NamedTuple):
    """Share of points that agree with a fit: of all, and of the half of them that are the clearer corners. [1]"""

    of_all: float
    of_clear: float

    @property
    def as_ground(self) -> float:
        """Whichever is more: a point on nothing agrees with nothing, whatever the ground does. On water all scatter."""
        return max(self.of_all, self.of_clear)

    def weak_scatter(self, *, before: bool) -> bool:
        """Whether the clear ones move as one, or did before, and fewer of the others agree.

        Those lie on noise, then, and on what coding has left.
        """
        of_weak = 2 * self.of_all - self.of_clear
        return (before or self.of_clear >= _ONE_PLANE) and of_weak < _SCATTER_SHARE * self.of_clear


@dataclass(eq=False)
class _Anchor:
    """An earlier frame with its corners: later frames are compared with it directly, so errors do not add up."""

    picture: NDArray[np.uint8]
    corners: Corners
    reference_from_anchor: Float  # small pixels
    t_ns: int


class _Found(NamedTuple):
    """Anchor from a frame, and how many points agree with that."""

    fit: Fit
    agreement: Agreement


class FlowRegistrar:
    """Follows one corner of each cell of a 20x12 grid from an anchor picture to each new frame.

    The homography is fitted to the displacements robustly, so that what moves on the ground or stands high above
    it does not count. A camera that stands still is recognised and gives exactly the same matrix, so nothing drifts.
    It says BLIND, with a reason, on a scene cut, fog, open water or a blank picture, and starts a new reference then.
    """

    Config = FlowConfig

    def __init__(self, config: FlowConfig | None = None) -> None:
        self._config = config if config is not None else FlowConfig()
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._size_px = (0, 0)
        self._level = 0
        self._reference_id = 0
        self._anchor: _Anchor | None = None
        self._previous: NDArray[np.uint8] | None = None
        self._previous_t_ns = 0
        self._looked_ns = 0  # when the last frame was that was not passed over
        self._stands = False  # whether the last two frames registered in full show the same view
        self._anchor_from_previous: Float = np.eye(3)
        self._step: Float = np.eye(3)  # previous from the one before: the motion expected to go on
        self._step_ns = 0
        self._glance: Glance | None = None  # at what follows the previous frame, if that was registered
        self._inlier_ratio, self._residual_px = 0.0, float("nan")
        self._weak_scatter = False  # whether points on faint corners told nothing of late
        self._structure = Structure()

    def align(self, frame: Frame) -> Alignment:
        """How this frame lies over the reference. The first frame is the reference and says WARMING_UP."""
        if frame.size_px != self._size_px:
            return self._begin(frame)
        if self._glance is not None:
            found = self._in_passing(frame)
            if found is not None:
                return found
        picture = flattened(shrunk(frame, self._level))
        if self._anchor is None or self._previous is None:
            return self._blind(frame, picture, "no texture")
        fitted = self._against_anchor(picture, frame.t_ns) or self._against_previous(picture)
        if fitted is None:
            return self._blind(frame, picture, "scene cut, fog or open water")
        return self._seen(frame, picture, fitted)

    def _in_passing(self, frame: Frame) -> Alignment | None:
        """What a glance says, where that is enough: soon after another frame, or while the camera stands."""
        since_ns = frame.t_ns - self._previous_t_ns
        every_ns = self._config.every_s * 1e9
        if 0 <= frame.t_ns - self._looked_ns < every_ns:
            assert self._glance is not None
            if self._stands and self._glance.shows_the_same(shrunk(frame, self._level + 1)):
                return self._alignment(frame, self._reference(self._anchor_from_previous), static=True, glanced=True)
            return self._glanced(frame, glanced=True)
        if not self._stands or not 0 <= since_ns < max(_STANDS_S * 1e9, every_ns):
            return None
        found = self._glanced(frame, glanced=False)
        if found is None or not found.static:
            return None
        self._looked_ns = frame.t_ns
        return found

    def _glanced(self, frame: Frame, *, glanced: bool) -> Alignment | None:
        """The motion between the last two frames registered goes on, put right by a quick look."""
        assert self._glance is not None
        share = (frame.t_ns - self._previous_t_ns) / self._step_ns if self._step_ns > 0 else 0.0
        previous_from_now = _SAME + share * (self._step - _SAME)
        expected = rescaled(inverse(previous_from_now), _COARSE_FROM_SMALL)
        found = self._glance.now_from_last(shrunk(frame, self._level + 1), expected)
        if found is None:
            return None
        step = normalised(inverse(rescaled(found, _SMALL_FROM_COARSE)))
        small = (frame.size_px[0] >> self._level, frame.size_px[1] >> self._level)
        # A glance is less exact than a registration: of a camera that stands it must say more to count.
        static = shift_px(step, small) < (_STANDS_PX if self._stands else self._config.static_px)
        if static:
            self._glance.is_the_same(shrunk(frame, self._level + 1))
        matrix = self._anchor_from_previous if static else self._anchor_from_previous @ step
        return self._alignment(frame, self._reference(matrix), static=static, glanced=glanced)

    def _reference(self, anchor_from_frame: Float) -> Float:
        """Reference from frame, small pixels."""
        assert self._anchor is not None
        return normalised(self._anchor.reference_from_anchor @ anchor_from_frame)

    def _alignment(self, frame: Frame, reference: Float, *, static: bool, glanced: bool = False) -> Alignment:
        full = full_from_shrunk(self._level)
        structure = self._structure.at(frame.t_ns)
        return Alignment(
            frame.index,
            frame.t_ns,
            read_only(rescaled(reference, full)),
            self._reference_id,
            self._inlier_ratio,
            self._residual_px,
            Sight.SEEING,
            static=static,
            glanced=glanced,
            parallax=None if structure is None else rescaled_parallax(structure, full),
        )

    def _begin(self, frame: Frame) -> Alignment:
        first = self._size_px == (0, 0)
        self._size_px = frame.size_px
        self._level = level_at_most(frame.size_px, self._config.side_px)
        picture = flattened(shrunk(frame, self._level))
        if not first:
            return self._blind(frame, picture, "size of the picture changed")
        if not self._restart(frame, picture):
            return self._blind(frame, picture, "no texture")
        return Alignment(frame.index, frame.t_ns, read_only(np.eye(3)), self._reference_id, 1.0, 0.0, Sight.WARMING_UP)

    def _restart(self, frame: Frame, picture: NDArray[np.uint8]) -> bool:
        """Make this frame the reference. False if it has too little texture to be one."""
        found = corners(picture)
        self._previous, self._previous_t_ns, self._looked_ns = picture, frame.t_ns, frame.t_ns
        self._anchor_from_previous = self._step = np.eye(3)
        self._glance, self._stands = None, False
        textured = len(found.points) >= _MIN_POINTS and self._spread(found.points) >= _MIN_SPREAD
        self._anchor = _Anchor(picture, found, np.eye(3), frame.t_ns) if textured else None
        return textured

    def _blind(self, frame: Frame, picture: NDArray[np.uint8], reason: str) -> Alignment:
        """Nothing can be said of this frame; the next may be related to it, under a new reference."""
        self._reference_id += 1
        self._weak_scatter = False
        self._structure = Structure()
        if not self._restart(frame, picture):
            reason = "no texture"
        nan = float("nan")
        unknown = read_only(np.full((3, 3), nan))
        return Alignment(frame.index, frame.t_ns, unknown, self._reference_id, 0.0, nan, Sight.BLIND, reason=reason)

    def _against_anchor(self, picture: NDArray[np.uint8], t_ns: int) -> _Found | None:
        """Anchor from this frame."""
        assert self._anchor is not None
        anchor, points = self._anchor, self._anchor.corners.points
        start = self._anchor_from_previous @ self._step
        guess = inverse(start)
        places, believed = follow(anchor.picture, picture, points, guess)
        # Points that left the picture make the anchor old, not wrong; too few left make it useless.
        if np.count_nonzero(believed) < _MIN_LEFT * len(believed):
            return None
        strength = anchor.corners.strength[believed]
        fitted = self._fit(places[believed], points[believed], strength, start)
        if fitted is None:
            return None
        self._structure.see(places[believed], points[believed], fitted, anchor.t_ns, t_ns)
        return _Found(fitted, agreement(fitted.inlier, strength))

    def _against_previous(self, picture: NDArray[np.uint8]) -> _Found | None:
        """Anchor from this frame by way of the previous one: after a jolt, or once the anchor is out of view."""
        assert self._previous is not None
        seen = corners(self._previous)
        going_on = inverse(self._step)
        for guess, levels in ((going_on, 2), (np.eye(3), 4)):
            places, believed = follow(self._previous, picture, seen.points, guess, levels=levels)
            strength = seen.strength[believed]
            fitted = self._fit(places[believed], seen.points[believed], strength, None, lost=1 - float(believed.mean()))
            if fitted is not None:
                self._move_anchor(self._previous, self._previous_t_ns, seen)
                return _Found(fitted, agreement(fitted.inlier, strength))
        return None

    def _fit(
        self, source: Float, target: Float, strength: NDArray[np.float32], start: Float | None, lost: float = 0.0
    ) -> Fit | None:
        """Where faint corners told nothing of late, each counts by one over the variance that noise gives its place."""
        if len(source) < _MIN_POINTS:
            return None
        inlier_px = self._config.inlier_px
        trust = strength / (strength + _HALF_TRUSTED) if self._weak_scatter else None
        fitted = fit(source, target, inlier_px=inlier_px, start=start, trust=trust)
        if fitted is not None and self._is_ground(fitted, source, lost):
            return fitted
        fitted = fit_by_sampling(source, target, inlier_px=inlier_px, trust=trust)
        return fitted if fitted is not None and self._is_ground(fitted, source, lost) else None

    def _is_ground(self, fitted: Fit, source: Float, lost: float) -> bool:
        """Enough points agree, spread over the picture, on a motion that a camera can make."""
        if fitted.inlier_ratio * (1 - lost) < self._config.min_inlier_ratio or fitted.inlier.sum() < _MIN_POINTS:
            return False
        mirrors, least, most = stretches(fitted.matrix)
        if mirrors or least <= 0.3 or most >= 3:
            return False
        return self._spread(source[fitted.inlier]) >= _MIN_SPREAD

    def _spread(self, points: Float) -> float:
        width, height = self._size_px[0] >> self._level, self._size_px[1] >> self._level
        if not len(points):
            return 0.0
        from_middle = (points - points.mean(axis=0)).ravel()
        return math.sqrt(from_middle @ from_middle / len(points)) / math.hypot(width, height)

    def _seen(self, frame: Frame, picture: NDArray[np.uint8], found: _Found) -> Alignment:
        assert self._anchor is not None
        anchor_from_frame = found.fit.matrix
        small = (picture.shape[1], picture.shape[0])
        step = normalised(inverse(self._anchor_from_previous) @ anchor_from_frame)
        static = shift_px(step, small) < self._config.static_px
        if static:
            anchor_from_frame = self._anchor_from_previous
            step = np.eye(3)
        reference = self._reference(anchor_from_frame)
        if np.linalg.cond(rescaled(reference, np.diag([1 / small[0], 1 / small[1], 1.0]))) > _MAX_CONDITION:
            return self._blind(frame, picture, "too far from the reference")
        self._anchor_from_previous, self._step = anchor_from_frame, step
        self._step_ns = frame.t_ns - self._previous_t_ns
        self._glance = self._next_glance(frame, small, found.agreement.as_ground, static=static)
        self._inlier_ratio, self._residual_px = found.agreement.as_ground, found.fit.residual_px * (1 << self._level)
        self._previous, self._previous_t_ns, self._looked_ns = picture, frame.t_ns, frame.t_ns
        self._stands, self._weak_scatter = static, found.agreement.weak_scatter(before=self._weak_scatter)
        if self._anchor_is_old(frame.t_ns, found):
            self._move_anchor(picture, frame.t_ns, corners(picture))
        return self._alignment(frame, reference, static=static)

    def _next_glance(self, frame: Frame, small: tuple[int, int], agreement: float, *, static: bool) -> Glance | None:
        if min(small) < 2 * _MIN_GLANCE_PX:
            return None
        flicker = self._glance.flicker if static and self._glance is not None else None
        return Glance(shrunk(frame, self._level + 1), flicker, whole=agreement >= _ONE_PLANE)

    def _anchor_is_old(self, t_ns: int, found: _Found) -> bool:
        assert self._anchor is not None
        out_of_view = 1 - len(found.fit.inlier) / max(len(self._anchor.corners.points), 1)
        age_s = (t_ns - self._anchor.t_ns) / 1e9
        if out_of_view > 0.3 or age_s > self._config.anchor_s:
            return True
        return found.fit.inlier_ratio < _RENEWED_BELOW and age_s >= _KEPT_S

    def _move_anchor(self, picture: NDArray[np.uint8], t_ns: int, seen: Corners) -> None:
        """Make the previous frame (whose place is known) the new anchor, unless it has too little texture."""
        assert self._anchor is not None
        if len(seen.points) < _MIN_POINTS:
            return
        reference = self._reference(self._anchor_from_previous)
        self._anchor = _Anchor(picture, seen, reference, t_ns)
        self._anchor_from_previous = np.eye(3)


def agreement(inlier: NDArray[np.bool_], strength: NDArray[np.float32]) -> Agreement:
    """How many agree of some points, of which there is one at least.

    Args:
        inlier: which of them do. shape (N,)
        strength: of the corner that each is. shape (N,)
    """
    clear = inlier[strength >= middle(strength)]
    return Agreement(np.count_nonzero(inlier) / len(inlier), np.count_nonzero(clear) / len(clear))


def stretches(matrix: Float) -> tuple[bool, float, float]:
    """Whether the linear part of a homography mirrors; its least and its largest stretch. [1]

    The singular values of a 2x2 matrix in closed form.
    """
    (a, b, _), (c, d, _), _ = matrix.tolist()
    straight, askew = math.hypot(a + d, c - b), math.hypot(a - d, c + b)
    return a * d - b * c <= 0, abs(straight - askew) / 2, (straight + askew) / 2
