"""The older Predator set: IEEE floats under 16-byte labels."""

from __future__ import annotations

import math
import struct

import pytest

from detector.klv import ber, eg0104

LATITUDE, LONGITUDE, HEIGHT = "0701020102040200", "0701020102060200", "0701020102020000"


def packet(**values: float) -> bytes:
    """Of labels' second halves, with an x before them."""
    items = b"".join(
        bytes.fromhex("060e2b3401010101" + label[1:]) + b"\x08" + struct.pack(">d", value)
        for label, value in values.items()
    )
    return eg0104.KEY + ber.length_bytes(len(items)) + items


def test_values_have_the_tags_of_st_0601() -> None:
    found = eg0104.decode(packet(**{f"x{LATITUDE}": 42.5, f"x{LONGITUDE}": -180.0, f"x{HEIGHT}": 600.0}))
    assert (found.values, found.faults) == ({13: 42.5, 14: -180.0, 15: 600.0}, ())


@pytest.mark.parametrize(("label", "tag", "value"), [(LATITUDE, 13, 1000.0), (LONGITUDE, 14, -180.5)])
def test_a_place_that_cannot_be_is_no_value_and_a_fault(label: str, tag: int, value: float) -> None:
    found = eg0104.decode(packet(**{f"x{label}": value}))
    assert math.isnan(float(found.values[tag]))
    assert found.faults == (f"tag {tag} (Sensor {'Latitude' if tag == 13 else 'Longitude'}): {value:g} deg",)
