"""Every complaint about a map, with the line of what it is about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detector.config.agreement_map import load_map
from detector.errors import ConfigError

RING = "[[10, 20], [10.1, 20], [10.1, 20.1], [10, 20.1], [10, 20]]"


def feature(coordinates=f"[{RING}]", geometry="Polygon", **properties):
    named = {"id": "strip", "kind": "zone", **properties}
    return (
        '{"type": "Feature",\n "properties": '
        + json.dumps(named, ensure_ascii=False)
        + f',\n "geometry": {{"type": "{geometry}",\n  "coordinates":\n   {coordinates}}}}}'
    )


def write(tmp_path: Path, *features: str) -> Path:
    path = tmp_path / "map.geojson"
    path.write_text('{"type": "FeatureCollection", "features": [\n' + ",\n".join(features) + "\n]}", "utf-8")
    return path


def complaints(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_map(path)
    return [str(complaint).removeprefix(f"{path}:") for complaint in caught.value.complaints]


def test_zones_and_lines_are_read_with_names_in_any_script(tmp_path):
    line = feature("[[10, 20, 130.5], [11, 20]]", "LineString", id="contact", kind="line", name="Линия 接触")
    found = load_map(write(tmp_path, feature(name="منطقة", note="a comment"), line))
    assert found.zones["strip"].name == "منطقة"
    assert found.lines["contact"].name == "Линия 接触"
    assert found.lines["contact"].segments.tolist() == [[10, 20, 11, 20]]
    assert found.zones["strip"].segments.shape == (4, 4)
    assert [zone.shape_id for zone in found.ground_zones] == ["strip"]


def test_a_line_as_programs_export_it_is_a_line(tmp_path):
    """QGIS makes MultiLineString of all lines of a shapefile."""
    found = load_map(write(tmp_path, feature("[[[10, 20], [11, 20]]]", "MultiLineString", id="contact", kind="line")))
    assert found.lines["contact"].segments.tolist() == [[10, 20, 11, 20]]
    assert found.lines["contact"].geometry.geom_type == "LineString"


def test_holes_and_several_polygons_are_kept(tmp_path):
    hole = "[[10.02, 20.02], [10.02, 20.04], [10.04, 20.04], [10.02, 20.02]]"
    found = load_map(write(tmp_path, feature(f"[[{RING}, {hole}]]", "MultiPolygon")))
    assert found.zones["strip"].segments.shape == (7, 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (feature("[[[10, 20], [10.1, 20.1], [10.1, 20], [10, 20.1], [10, 20]]]"), "its border crosses itself at 10.05"),
        (
            feature("[[[179.9, 0], [-179.9, 0], [-179.9, 0.2], [179.9, 0]]]"),
            "longitude goes from 179.9 to -179.9: cut the shape at the 180th meridian",
        ),
        (feature("[[[10, 123], [10.1, 20], [10.1, 20.1], [10, 123]]]"), "latitude 123 is outside -90 to 90"),
        (feature("[[[10, 123], [10.1, 20], [10.1, 20.1], [10, 123]]]"), "probably swapped"),
        (feature("[[[210, 12], [10.1, 20], [10.1, 20.1], [210, 12]]]"), "longitude 210 is outside -180 to 180"),
        (feature("[[[NaN, 12], [10.1, 20], [10.1, 20.1], [NaN, 12]]]"), "is not a number"),
        (feature("[[[10, 20], [10.1, 20], [10.1, 20.1], [10, 20.1]]]"), "the ring is not closed; repeat its first"),
        (feature("[[[10, 20], [10.1, 20], [10, 20]]]"), "a ring needs 4 points"),
        (feature('[[["a", 20], [10.1, 20], [10.1, 20.1], [10, 20]]]'), "is not a point: [longitude, latitude]"),
        (feature("[]"), "at least one ring is needed"),
        (feature("[[10, 20], [10, 20]]", "LineString", kind="line"), "all points of the line are the same"),
        (feature("[[0, 0], [2, 2], [2, 0], [0, 2]]", "LineString", kind="line"), "the line crosses or touches itself"),
        (
            feature("[[[0, 0], [2, 2]], [[3, 3], [4, 4]]]", "MultiLineString", kind="line"),
            "a line of 2 parts: make each a line with an id of its own",
        ),
        (feature("[]", "MultiLineString", kind="line"), "at least one line is needed here"),
        (feature("[[10, 20], [11, 20]]", "MultiLineString"), "a zone needs a Polygon or MultiPolygon"),
        (feature("[10, 20]", "Point"), "a zone needs a Polygon or MultiPolygon, found 'Point'"),
        (feature(kind="area"), "kind 'area' is not known; allowed are zone, line"),
        (feature(colour="red"), "property 'colour' is not known"),
        (feature(id="a b"), "every feature needs an id"),
        (feature(id=None), 'a feature without an id: its "properties" need "id" and "kind"'),
        (feature(kind=None), 'strip: its "properties" need "kind": zone or line'),
        (feature(kind="area"), "strip: kind 'area' is not known; allowed are zone, line"),
        (feature(frame="pixels"), 'names the "feed"'),
        (feature(frame="metres"), "allowed are ground, pixels"),
        (feature(name=3), "name 3 has to be text"),
        ('{"type": "Feature"}', 'a "Feature" with "properties" and "geometry" is needed'),
        (feature()[:-1] + ', "type": "Feature"}', "key 'type' stands twice"),
    ],
)
def test_a_mistake_is_told(tmp_path, text, expected):
    assert any(expected in complaint for complaint in complaints(write(tmp_path, text)))


def test_every_complaint_is_told_at_once_with_its_line(tmp_path):
    bad = feature("[[[10, 123], [10.1, 20], [10.1, 20.1], [10, 123]]]", id="far")
    found = complaints(write(tmp_path, feature(), feature(), bad))
    assert [int(complaint.split(":")[0]) for complaint in found] == [8, 16, 16]
    assert "used twice; the first is on line 3" in found[0]


def test_a_feature_that_lies_elsewhere_with_its_axes_swapped_is_told(tmp_path):
    swapped = "[[[20, 10], [20.1, 10], [20.1, 10.1], [20, 10.1], [20, 10]]]"
    found = complaints(write(tmp_path, feature(id="a"), feature(id="b"), feature(swapped, id="c")))
    assert len(found) == 1
    assert "c: lies 14 degrees from the other features" in found[0]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty"),
        (b"zones: []", "not JSON here"),
        (b'{"type": "FeatureCollection",\n"features": [}', ":2: not JSON here"),
        (b"[]", "FeatureCollection"),
        (b'{"type": "FeatureCollection", "features": []}', "at least one feature"),
        (b"\xff\xfe", "is not UTF-8"),
        (b'{"type": "FeatureCollection", "crs": {"name": "EPSG:3857"}, "features": []}', "WGS 84"),
    ],
)
def test_what_is_no_map_is_refused(tmp_path, content, expected):
    path = tmp_path / "map.geojson"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=expected):
        load_map(path)


def test_an_absent_map_is_told(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        load_map(tmp_path / "none.geojson")
