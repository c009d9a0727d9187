"""From a pixel to a place on the ground, and how sure it is. docs/location.md has the formulas and their sources."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from detector.config import PathBeside
from detector.geo import camera, wgs84
from detector.geo.elevation import load_grid
from detector.geo.footprint import footprint
from detector.geo.terrain import Grid, Hits, Plane, Terrain, datum_problem
from detector.model import CameraPose, Datum, GroundFixes, Tracks, read_only

_NEEDED = ("lat_deg", "lon_deg", "alt_m", "yaw_deg", "pitch_deg", "roll_deg")
# Where the far side of the ellipse is matched to the true, lopsided error of a flat ray; see docs/location.md.
_MATCHED_SIGMAS = 2.0


class LocatorConfig(BaseModel):
    """What is known about the ground and about the telemetry's errors beyond what the telemetry says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    terrain: Literal["plane", "grid"] = Field("plane", description="level ground, or an elevation grid from a file")
    ground_alt_m: float | None = Field(
        None,
        ge=-500,
        le=9000,
        description="height of level ground [m]; left out: what the telemetry says about the frame's centre",
    )
    grid: PathBeside | None = Field(
        None,
        description="elevation grid, beside the configuration file: .asc (ESRI), .npz, or .tif with the extra `dem`",
    )
    ground_datum: Datum | None = Field(
        None, description="what the ground's heights are counted from; left out: the same as the camera's height"
    )
    geoid_height_m: float | None = Field(
        None,
        ge=-110,
        le=90,
        description="mean sea level above the WGS-84 ellipsoid here [m]; lets heights of both kinds be compared",
    )
    sigma_pos_m: float | None = Field(
        None,
        ge=0,
        le=1000,
        description="standard deviation of each of the camera's coordinates [m]; left out: the "
        "telemetry's own, or 5 where it has none (MISB sets and subtitles have none)",
    )
    sigma_att_deg: float | None = Field(
        None,
        ge=0,
        le=45,
        description="standard deviation of each angle of the line of sight [deg]; left out: the "
        "telemetry's own, or 1 where it has none",
    )
    sigma_ground_m: float = Field(5.0, ge=0, le=1000, description="standard deviation of the ground's height [m]")
    max_range_m: float = Field(10_000.0, gt=0, le=100_000, description="nothing farther from the camera is placed [m]")
    max_age_s: float = Field(2.0, ge=0, le=60, description="telemetry farther away in time places nothing [s]")
    drift_m_s: float = Field(5.0, ge=0, le=100, description="position error added per second of telemetry age [m/s]")
    drift_deg_s: float = Field(2.0, ge=0, le=90, description="attitude error added per second of telemetry age [deg/s]")
    sigma_fov_share: float = Field(0.01, ge=0, le=0.5, description="standard deviation of the focal length [share]")
    sigma_px: float = Field(1.0, ge=0, le=100, description="standard deviation of a detection's place [px]")
    sigma_box_share: float = Field(
        0.1, ge=0, le=1, description="standard deviation of the foot point, as a share of the box's width and height"
    )
    body_ratio: float = Field(
        0.7, ge=0, le=10, description="height of a body over its length on the ground: car 0.4-0.8, person 3"
    )

    @model_validator(mode="after")
    def _grid_has_a_file(self) -> LocatorConfig:
        if (self.terrain == "grid") != (self.grid is not None):
            raise ValueError("terrain: grid needs `grid: FILE`, and `grid:` is for terrain: grid only")
        return self


class Locator:
    """Places tracks and detections on the ground.

    Stateless from frame to frame. A row is NaN where its ray misses the ground: above the horizon, beyond
    `max_range_m`, off the elevation grid; every row is NaN where `why_no_ground` has something to say.
    """

    Config = LocatorConfig

    def __init__(self, config: LocatorConfig | None = None) -> None:
        """Reads the elevation grid, if there is one.

        Raises:
            ConfigError: the grid cannot be read.
        """
        self.config = config or LocatorConfig()
        self._grid: Grid | None = None
        if self.config.grid is not None:
            self._grid = load_grid(self.config.grid, self.config.ground_datum or Datum.MSL)

    def terrain(self, pose: CameraPose) -> Terrain:
        """The ground as it is known at this instant."""
        if self._grid is not None:
            return self._grid
        alt_m, datum = self.config.ground_alt_m, self.config.ground_datum or pose.datum
        return Plane(pose.ground_alt_m, pose.datum) if alt_m is None else Plane(alt_m, datum)

    def why_no_ground(self, pose: CameraPose | None) -> str | None:
        """One sentence for people where nothing can be placed, else None."""
        if pose is None:
            return _NO_TELEMETRY
        if pose.age_s > self.config.max_age_s:
            return f"the nearest telemetry is {pose.age_s:.1f} s away, allowed are {self.config.max_age_s:g} s"
        comparable = self._comparable(pose)
        return why_no_ground(comparable, self.terrain(comparable))

    def locate(self, tracks: Tracks, pose: CameraPose | None, size_px: tuple[int, int]) -> GroundFixes:
        """Where tracks touch the ground, how fast they move over it, and how sure both are.

        Args:
            tracks: in the full-size pixels of the frame that `pose` is of.
            size_px: full-size width and height. [px]

        Returns:
            A row for each track, in their order. Speeds are over the ground: the camera's own motion is already
            out of `velocity_px_s`.
        """
        boxes = np.asarray(tracks.xyxy_px, np.float64)
        size = boxes[:, 2:] - boxes[:, :2]
        spread = tracks.covariance[:, :2, :2] + self._spread(size)
        return self._fixes(
            track_id=tracks.track_id,
            centre_px=tracks.xy_px,
            box_size_px=size,
            spread_px2=spread,
            velocity_px_s=tracks.velocity_px_s,
            velocity_spread=tracks.covariance[:, 2:, 2:],
            pose=pose,
            size_px=size_px,
        )

    def locate_points(self, xyxy_px: ArrayLike, pose: CameraPose | None, size_px: tuple[int, int]) -> GroundFixes:
        """Where boxes that belong to no track touch the ground; track_id is -1 and velocity NaN.

        Args:
            xyxy_px: x0, y0, x1, y1 with x1, y1 exclusive. shape (N, 4)
        """
        boxes = np.asarray(xyxy_px, np.float64).reshape(-1, 4)
        size = boxes[:, 2:] - boxes[:, :2]
        unknown = np.full((len(boxes), 2), np.nan)
        return self._fixes(
            track_id=np.full(len(boxes), -1, np.int64),
            centre_px=centres_px(boxes),
            box_size_px=size,
            spread_px2=self._spread(size),
            velocity_px_s=unknown,
            velocity_spread=np.full((len(boxes), 2, 2), np.nan),
            pose=pose,
            size_px=size_px,
        )

    def footprint(self, pose: CameraPose | None, size_px: tuple[int, int]) -> NDArray[np.float64] | None:
        """Outline of the ground in view as lon, lat, shape (N, 2); None where there is none or it cannot be told."""
        if pose is None or self.why_no_ground(pose) is not None:
            return None
        pose = self._comparable(pose)
        outline = footprint(pose, size_px, self.terrain(pose), self.config.max_range_m)
        return outline if len(outline) else None

    def height_m(self, pose: CameraPose) -> float:
        """How high the camera is above the ground below it; NaN where that cannot be told."""
        if self.why_no_ground(pose) is not None:
            return math.nan
        pose = self._comparable(pose)
        return pose.alt_m - float(self.terrain(pose).altitude(pose.lat_deg, pose.lon_deg))

    def _comparable(self, pose: CameraPose) -> CameraPose:
        """The pose with its height in the terrain's datum, where the geoid's height is configured."""
        target = self.terrain(pose).datum
        geoid_m = self.config.geoid_height_m
        if target == pose.datum or geoid_m is None or Datum.TAKEOFF in {target, pose.datum}:
            return pose
        shift = geoid_m if target == Datum.ELLIPSOID else -geoid_m
        return replace(pose, alt_m=pose.alt_m + shift, ground_alt_m=pose.ground_alt_m + shift, datum=target)

    def _spread(self, box_size_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Covariance of a foot point from pixel noise and the box's size. shape (M, 2, 2) [px2]"""
        variance = self.config.sigma_px**2 + (self.config.sigma_box_share * box_size_px) ** 2
        return np.asarray(variance[:, :, None] * np.eye(2))

    def _fixes(
        self,
        *,
        track_id: NDArray[np.int64],
        centre_px: NDArray[np.float64],
        box_size_px: NDArray[np.float64],
        spread_px2: NDArray[np.float64],
        velocity_px_s: NDArray[np.float64],
        velocity_spread: NDArray[np.float64],
        pose: CameraPose | None,
        size_px: tuple[int, int],
    ) -> GroundFixes:
        if pose is None or len(track_id) == 0 or self.why_no_ground(pose) is not None:
            return GroundFixes.nowhere(track_id)
        given_alt_m = pose.alt_m
        pose = self._comparable(pose)
        foot = foot_points(centre_px, box_size_px, pose, size_px, self.config.body_ratio)
        hits = self.terrain(pose).intersect(
            (pose.lat_deg, pose.lon_deg, pose.alt_m), camera.rays_enu(pose, foot, size_px), self.config.max_range_m
        )
        partials = _partials(pose, foot, size_px, hits)
        return GroundFixes(
            read_only(track_id),
            read_only(hits.lat_deg),
            read_only(hits.lon_deg),
            read_only(np.asarray(hits.alt_m + (given_alt_m - pose.alt_m))),
            read_only(self._covariance(pose, hits, partials, spread_px2)),
            read_only(np.einsum("mij,mj->mi", partials.pixel, velocity_px_s)),
            read_only(self._velocity_covariance(pose, hits, partials, velocity_px_s, velocity_spread)),
        )

    def _sigmas(self, pose: CameraPose) -> tuple[float, float]:
        """Position [m] and attitude [rad] standard deviations, grown with the telemetry's age."""
        given_m, given_deg = self.config.sigma_pos_m, self.config.sigma_att_deg
        at_rest_m = pose.sigma_pos_m if given_m is None else given_m
        at_rest_deg = pose.sigma_att_deg if given_deg is None else given_deg
        position = math.hypot(at_rest_m, self.config.drift_m_s * pose.age_s)
        return position, math.radians(math.hypot(at_rest_deg, self.config.drift_deg_s * pose.age_s))

    def _covariance(
        self, pose: CameraPose, hits: Hits, partials: _Partials, spread_px2: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Covariance of (east, north). shape (M, 2, 2) [m2]"""
        position_m, attitude_rad = self._sigmas(pose)
        shadow = partials.shadow @ np.swapaxes(partials.shadow, 1, 2)
        angular = (
            (attitude_rad * hits.range_m[:, None, None]) ** 2 * shadow
            + partials.pixel @ spread_px2 @ np.swapaxes(partials.pixel, 1, 2)
            + self.config.sigma_fov_share**2 * _outer(partials.zoom)
        )
        return np.asarray(
            position_m**2 * shadow
            + self.config.sigma_ground_m**2 * _outer(partials.height)
            + _stretched(angular, partials, hits, self.config.max_range_m)
        )

    def _velocity_covariance(
        self,
        pose: CameraPose,
        hits: Hits,
        partials: _Partials,
        velocity_px_s: NDArray[np.float64],
        velocity_spread: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Covariance of the velocity: of the track, of the scale (height, zoom, slope) and of its direction."""
        position_m, attitude_rad = self._sigmas(pose)
        velocity = np.einsum("mij,mj->mi", partials.pixel, velocity_px_s)
        sine = np.maximum(-partials.ray[:, 2], 1e-6)
        height_m = hits.range_m * sine
        scale = (
            (position_m**2 + self.config.sigma_ground_m**2) / height_m**2
            + self.config.sigma_fov_share**2
            + (2 * attitude_rad * np.hypot(partials.ray[:, 0], partials.ray[:, 1]) / sine) ** 2
        )
        turned = np.stack([-velocity[:, 1], velocity[:, 0]], -1)
        return np.asarray(
            partials.pixel @ velocity_spread @ np.swapaxes(partials.pixel, 1, 2)
            + scale[:, None, None] * _outer(velocity)
            + attitude_rad**2 * _outer(turned)
        )


class _Partials(NamedTuple):
    """Derivatives of (east, north) at the hits, in metres, in the local axes of each hit.

    ray: unit direction of sight. shape (M, 3)
    shadow: by the camera's east, north, up (and, times the range, by a turn of the ray). shape (M, 2, 3)
    pixel: by x and y. shape (M, 2, 2) [m/px]
    zoom: by the focal length as a share. shape (M, 2)
    height: by the ground's height. shape (M, 2)
    """

    ray: NDArray[np.float64]
    shadow: NDArray[np.float64]
    pixel: NDArray[np.float64]
    zoom: NDArray[np.float64]
    height: NDArray[np.float64]


_NO_TELEMETRY = "there is no telemetry for this picture, so nothing in it has a place on the ground"


def why_no_ground(pose: CameraPose | None, terrain: Terrain) -> str | None:  # noqa: PLR0911 - one return a reason
    """One sentence for people why nothing in this picture can be placed on the ground; None where it can.

    A camera that looks above the horizon has no problem: it sees no ground.
    """
    if pose is None:
        return _NO_TELEMETRY
    missing = [name for name in _NEEDED if not math.isfinite(getattr(pose, name))]
    if missing:
        return f"the telemetry lacks {', '.join(missing)}"
    if not (0 < pose.hfov_deg < 180 or 0 < pose.vfov_deg < 180):
        return "the telemetry lacks the angle of view (hfov_deg, vfov_deg)"
    problem = datum_problem(pose, terrain)
    if problem is not None:
        return f"{problem}; set location.ground_datum, or location.geoid_height_m to convert"
    ground_m = float(terrain.altitude(pose.lat_deg, pose.lon_deg))
    if isinstance(terrain, Plane) and math.isnan(ground_m):
        return "the ground's height is not known: neither location.ground_alt_m nor the telemetry gives it"
    if pose.alt_m <= ground_m:
        return f"the camera, at {pose.alt_m:.0f} m, is not above the ground, at {ground_m:.0f} m"
    return None


def centres_px(xyxy_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centres of boxes with exclusive x1, y1, the centre of a pixel being at whole numbers. (N, 4) -> (N, 2)"""
    return np.asarray(0.5 * (xyxy_px[:, :2] + xyxy_px[:, 2:] - 1.0))


def foot_points(
    centre_px: NDArray[np.float64],
    box_size_px: NDArray[np.float64],
    pose: CameraPose,
    size_px: tuple[int, int],
    body_ratio: float,
) -> NDArray[np.float64]:
    """Pixels where the middles of bodies stand on the ground.

    Seen from the side a body stands at its box's bottom, seen from above at its middle. A body `body_ratio` times as
    high as long, seen at the depression d, fills sin d (length) + ratio cos d (height) of its box; the middle of
    its base lies ratio cos d / (sin d + ratio cos d) of the way from the box's middle to its border, towards where the
    picture's own vertical points down: to the bottom for a level camera, towards the nadir point seen from above.

    Args:
        centre_px, box_size_px: shape (M, 2) [px]

    Returns:
        shape (M, 2) [px]
    """
    axes = camera.enu_from_camera(pose)
    rays = camera.rays_camera(pose, centre_px, size_px)
    down = -axes[2]
    fall = (down[:2] - rays[:, :2] * down[2]) * np.array(camera.focal_px(pose, size_px))
    length = np.linalg.norm(fall, axis=1, keepdims=True)
    direction = fall / np.where(length > 1e-9, length, 1.0)
    reach = (0.5 * box_size_px / np.maximum(np.abs(direction), 1e-9)).min(1)
    sine = np.clip((rays @ down) / np.linalg.norm(rays, axis=1), 0.0, 1.0)
    upright = body_ratio * np.sqrt(1.0 - sine**2)
    share = upright / np.maximum(sine + upright, 1e-9)
    return np.asarray(centre_px + direction * np.where(length[:, 0] > 1e-9, reach * share, 0.0)[:, None])


def _partials(pose: CameraPose, xy_px: NDArray[np.float64], size_px: tuple[int, int], hits: Hits) -> _Partials:
    """Implicit differentiation of 'the ray meets the ground': dg = v - ray (normal . v) / (normal . ray)."""
    here = wgs84.enu_axes(pose.lat_deg, pose.lon_deg)
    turn = wgs84.enu_axes(hits.lat_deg, hits.lon_deg) @ here.T
    axes = turn @ camera.enu_from_camera(pose)
    rays = camera.rays_camera(pose, xy_px, size_px)
    length = np.linalg.norm(rays, axis=1)
    ray = np.einsum("mij,mj->mi", axes, rays) / length[:, None]
    facing = np.einsum("mi,mi->m", hits.normal_enu, ray)
    project = np.eye(3) - ray[:, :, None] * (hits.normal_enu / facing[:, None])[:, None, :]
    shadow = project[:, :2]
    lever = (hits.range_m / length)[:, None, None]
    right_down = lever * (shadow @ axes[:, :, :2])
    return _Partials(
        ray,
        shadow,
        right_down / np.array(camera.focal_px(pose, size_px)),
        -np.einsum("mij,mj->mi", right_down, rays[:, :2]),
        ray[:, :2] * (hits.normal_enu[:, 2] / facing)[:, None],
    )


def _stretched(
    angular: NDArray[np.float64], partials: _Partials, hits: Hits, max_range_m: float
) -> NDArray[np.float64]:
    """The angular part, longer along the line of sight where the ray is so flat that its error is lopsided.

    Linear error grows with 1/sin^2 of the depression at the fix; on the far side the true one grows faster. The
    ellipse is matched to it there, 2 sigma out, and never made smaller.
    """
    level = np.hypot(partials.ray[:, 0], partials.ray[:, 1])
    away = partials.ray[:, :2] / np.maximum(level, 1e-12)[:, None]
    sine = np.maximum(-partials.ray[:, 2], 1e-9)
    depression = np.arctan2(sine, level)
    along_m = np.sqrt(np.einsum("mi,mij,mj->m", away, angular, away))
    sigma_rad = np.maximum(along_m * sine / hits.range_m, 1e-12)
    flatter = np.maximum(depression - _MATCHED_SIGMAS * sigma_rad, 1e-9)
    far_m = np.minimum(hits.range_m * sine / np.tan(flatter), np.maximum(max_range_m, hits.range_m))
    reach_m = far_m - hits.range_m * level
    factor = np.maximum(reach_m / np.maximum(_MATCHED_SIGMAS * along_m, 1e-9), 1.0)
    stretch = np.eye(2) + (factor - 1.0)[:, None, None] * _outer(away)
    return np.asarray(stretch @ angular @ stretch)


def _outer(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return vectors[:, :, None] * vectors[:, None, :]
