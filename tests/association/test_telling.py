"""The sentence about an incident says where, how surely, when and by what."""

from __future__ import annotations

import pytest

from detector.association.telling import sentence
from tests.association.incident_making import incident


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            incident(1.5, (120.0, -80.0)),
            "impulse noticed by 2 sensors (a, b), 2023-11-14T22:13:21.50Z ± 0.02 s, 120 m east, -80 m north, "
            "95 % ellipse ± 24 m along 000 deg, ± 24 m across.",
        ),
        (
            incident(1.5, either=((0.0, 9.0), (0.0, -9.0))),
            "impulse noticed by 2 sensors (a, b), 2023-11-14T22:13:21.50Z ± 0.02 s, either 0 m east, 9 m north or "
            "0 m east, -9 m north; the sensors' places do not tell which.",
        ),
        (
            incident(1.5, bearing=45.2),
            "impulse noticed by 2 sensors (a, b), first noticed 2023-11-14T22:13:21.50Z, direction 045 ± 4 deg from "
            "0 m east, 0 m north, distance not known.",
        ),
        (
            incident(1.5, bearings=(30.0, 150.0)),
            "impulse noticed by 2 sensors (a, b), first noticed 2023-11-14T22:13:21.50Z, direction either 030 or 150 "
            "± 4 deg from 0 m east, 0 m north, distance not known.",
        ),
        (
            incident(1.5),
            "impulse noticed by 2 sensors (a, b), 2023-11-14T22:13:21.50Z ± 0.02 s, place not known.",
        ),
    ],
)
def test_each_kind_of_outcome_has_its_sentence(made, words):
    assert sentence(made) == words
