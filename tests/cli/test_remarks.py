"""What is said once of a recording, beside what was found in it."""

from __future__ import annotations

from dataclasses import replace

import shapely

from detector.cli.remarks import never_in_view
from detector.config.agreement_map import Shape
from detector.model import CoverageSlot

SEEN = CoverageSlot("uav", 0, 10**10, 10.0, {}, ((16.4, 48.2), (16.41, 48.2), (16.41, 48.21)), {"strip": 0.0})


def zone(shape_id: str, lon_deg: float) -> Shape:
    return Shape(shape_id, shape_id, shapely.box(lon_deg, 48.2, lon_deg + 0.01, 48.21))


def test_a_map_on_another_continent_is_told() -> None:
    """It was "0 possible violations", and nothing else."""
    (told,) = never_in_view([SEEN, SEEN], [zone("strip", -16.4), zone("far", -60.0)])
    assert told == (
        "uav: no zone of the map was ever in view; the nearest, strip, is 2405 km away: "
        "is a sign wrong, or a longitude the latitude?"
    )
    (told,) = never_in_view([SEEN], [zone("strip", 16.5)])
    assert told == "uav: no zone of the map was ever in view; the nearest, strip, is 8 km away"


def test_nothing_is_said_of_who_saw_a_zone_or_no_ground_or_has_no_map() -> None:
    there = [zone("strip", -16.4)]
    assert list(never_in_view([SEEN, replace(SEEN, zone_share={"strip": 0.001})], there)) == []
    assert list(never_in_view([replace(SEEN, footprint=())], there)) == []
    assert list(never_in_view([SEEN], [])) == []
