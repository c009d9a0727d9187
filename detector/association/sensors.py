"""Where the sensors stand that listen together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from detector.geo import wgs84
from detector.model import Series, read_only


@dataclass(frozen=True, slots=True, eq=False)
class Sensors:
    """Sensors of one network in a plane of their own.

    channels: their names, as triggers have them. shape (S,)
    position_m: x east, y north, z up. shape (S, 3) [m]

    Raises:
        ValueError: a channel twice, shapes that do not fit, or a position that is not finite.
    """

    channels: tuple[str, ...]
    position_m: NDArray[np.float64]

    def __post_init__(self) -> None:
        position = np.asarray(self.position_m, np.float64)
        if position.shape != (len(self.channels), 3) or not np.isfinite(position).all():
            raise ValueError(
                f"position_m: allowed are {len(self.channels)} finite rows of x, y, z, not {position.shape}"
            )
        twice = sorted({name for name in self.channels if self.channels.count(name) > 1})
        if twice:
            raise ValueError(f"channels: {', '.join(twice)} twice; each sensor needs a name of its own")
        object.__setattr__(self, "position_m", read_only(position.copy()))

    @classmethod
    def on_earth(cls, channels: tuple[str, ...], positions: ArrayLike, origin: tuple[float, float]) -> Sensors:
        """Sensors given by longitude, latitude and height. shape (S, 3) [deg, deg, m]

        Args:
            origin: longitude and latitude of the plane's zero; within some 50 km of the sensors. [deg]
        """
        lon_deg, lat_deg, height_m = np.asarray(positions, np.float64).reshape(-1, 3).T
        zero = wgs84.ecef_from_geodetic(origin[1], origin[0], 0.0)
        enu = (wgs84.ecef_from_geodetic(lat_deg, lon_deg, 0.0) - zero) @ wgs84.enu_axes(origin[1], origin[0]).T
        return cls(channels, np.column_stack([enu[:, :2], height_m]))

    @classmethod
    def of(cls, series: Iterable[Series]) -> tuple[Sensors, tuple[float, float] | None]:
        """The sensors of streams, each channel once, by name; and the plane's zero, longitude and latitude. [deg]

        The zero is the mean of their places; None where these are in a plane of their own already. A sensor whose
        height is not known is taken to be as high as the others are on average.

        Raises:
            ValueError: there are none, a place is not known, or some are in a plane and some on Earth.
        """
        found = {
            name: (one.local, *where) for one in series for name, where in zip(one.channels, one.positions, strict=True)
        }
        channels = tuple(sorted(found))
        planes = {found[name][0] for name in channels}
        if len(planes) != 1:
            raise ValueError(f"{len(channels)} channels, local: {sorted(planes)}; allowed are some, all of one kind")
        positions = np.array([found[name][1:] for name in channels], np.float64)
        level = np.isnan(positions[:, 2])
        positions[level, 2] = 0.0 if level.all() else positions[~level, 2].mean()
        if planes == {True}:
            return cls(channels, positions), None
        if not np.isfinite(positions).all():
            unknown = [name for name, where in zip(channels, positions, strict=True) if not np.isfinite(where).all()]
            raise ValueError(f"where {', '.join(unknown)} stand is not known")
        origin = float(positions[:, 0].mean()), float(positions[:, 1].mean())
        return cls.on_earth(channels, positions, origin), origin


def astray(places: Mapping[str, Sequence[float]], far_m: float, *, local: bool = False) -> dict[str, str]:
    """Sensors that stand beyond `far_m` from each of those that most stand with, each with a sentence about it.

    They hear nothing together with these, and a search over the ground between them would be too coarse for what
    these hear: with one longitude of the wrong sign among six nothing at all was found. A long line of sensors, each
    near the next, stands together; where no two do, nobody is astray.

    Args:
        places: by name, as positions of Series have them; those not known are passed over.
    """
    known = {name: np.nan_to_num(place) for name, place in sorted(places.items()) if np.isfinite(place[:2]).all()}
    if len(known) < 3:
        return {}
    at_m = np.array(list(known.values()))
    if not local:
        at_m = wgs84.ecef_from_geodetic(at_m[:, 1], at_m[:, 0], at_m[:, 2])
    apart_m = np.linalg.norm(at_m[:, None] - at_m, axis=-1)
    together = apart_m <= far_m
    for _ in range(len(known).bit_length()):
        together = together @ together
    most = together[np.argmax(together.sum(axis=1))]
    if most.sum() < 2:
        return {}
    slip = "is its longitude its latitude, or a sign wrong?"
    return {
        name: f"{name} stands {apart_m[row, most].min() / 1000:.0f} km from the others: {slip}"
        for row, name in enumerate(known)
        if not most[row]
    }


def lon_lat(place_m: ArrayLike, origin: tuple[float, float]) -> NDArray[np.float64]:
    """Longitude and latitude of places in the plane, at height 0. shape (..., 2) [deg]

    Args:
        place_m: x east, y north. shape (..., 2) [m]
        origin: longitude and latitude of the plane's zero. [deg]

    Within 50 km of the zero the plane's curvature moves a place by less than 0.1 m.
    """
    place = np.asarray(place_m, np.float64)
    axes = wgs84.enu_axes(origin[1], origin[0])
    ecef = wgs84.ecef_from_geodetic(origin[1], origin[0], 0.0) + place @ axes[:2]
    lat_deg, lon_deg, _ = wgs84.geodetic_from_ecef(ecef)
    return np.stack([lon_deg, lat_deg], -1)
