"""What `trucewatch check` says of the files beside sensors' recordings: start, place and clock."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detector.config import Configuration, SensorNetwork
    from detector.config.yaml_lines import Location
    from detector.errors import Complaint
    from detector.sources.series import Station


def wrong_stations(configuration: Configuration) -> Iterator[Complaint]:
    """Files that are there and cannot be read, and what they do not say though nothing else does, with the line."""
    from detector.config.yaml_lines import parse
    from detector.errors import SourceError
    from detector.sources.series import Station, read_station, series_kind

    document = parse(configuration.path)
    for i, network in enumerate(configuration.settings.sensors):
        needs_places = network.window_s is None and network.preset != "level"
        for where, media, file in _files(configuration, network):
            at: Location = ("sensors", i, *where)
            try:
                station = Station() if file is None else read_station(file)
            except SourceError as error:
                yield document.complaint(at, f"sensors {network.id!r}: {error}")
                continue
            beside = f"{media.with_suffix('.json').name} beside it"
            if needs_places and not (_known(station.position) or station.positions):
                told = f"where the sensor of {media} stands is not known: {beside} has to say it"
                yield document.complaint(at, f"sensors {network.id!r}: {told}")
            if series_kind(media) == "sound" and station.start_ns is None and network.start is None:
                told = f"{media} carries no time: {beside}, or `start:`, has to say it"
                yield document.complaint(at, f"sensors {network.id!r}: {told}")


def far_off(configuration: Configuration) -> Iterator[str]:
    """Sensors so far from the others of their network that they can hear nothing together: mostly a slip."""
    from detector.association import astray
    from detector.sources.series import read_station

    for network in configuration.settings.sensors:
        if network.window_s is not None or network.preset == "level":
            continue
        stations = [(read_station(file), media) for _, media, file in _files(configuration, network) if file]
        for local in (False, True):
            places = {name: at for one, media in stations if one.local is local for name, at in _places(one, media)}
            for told in astray(places, network.far_m, local=local).values():
                yield f"sensors {network.id}: {told}"


def _files(configuration: Configuration, network: SensorNetwork) -> Iterator[tuple[Location, Path, Path | None]]:
    """Where each stands in the network's section, the recording that is there, and what lies beside it."""
    from detector.config import beside
    from detector.sources.series import find_station

    if network.live:
        if network.station is not None and network.station.exists():
            yield ("station",), network.station, network.station
        return
    for k, name in enumerate(network.media):
        media = beside(configuration.path, name)
        if media.exists():
            yield ("media", k), media, find_station(media)


def _places(station: Station, media: Path) -> Iterator[tuple[str, tuple[float, float, float]]]:
    yield from station.positions.items()
    yield station.sensor or media.stem, station.position


def _known(place: tuple[float, float, float]) -> bool:
    return math.isfinite(place[0]) and math.isfinite(place[1])
