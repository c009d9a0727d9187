"""A log as CSV, JSON Lines, GeoJSON and KML. The same content gives the same bytes, in whatever order it was logged."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from detector.geo.ellipse import ellipse_95
from detector.log.canonical import canonical_json
from detector.log.reader import GROUPING, LoggedViolation, LogReader, Period
from detector.log.records import EntryKind
from detector.model import Place
from detector.timebase import iso_from_ns

_KIND_ORDER = {kind: number for number, kind in enumerate(EntryKind)}


def radius_95_m(place: Place) -> float | None:
    """Longer half axis of the 95 % ellipse. [m] None where there is no place on the ground."""
    if place.covariance_m2 is None:
        return None
    east, both, north = place.covariance_m2
    return round(float(ellipse_95([[east, both], [both, north]]).semi_major_m[0]), 2)


def jsonl(log: LogReader, period: Period) -> str:
    """Every entry's canonical body, one a line, ordered by time, kind and text: never by when it was logged."""
    items = sorted(
        log.entries(period=period), key=lambda e: (-1 if e.t_ns is None else e.t_ns, _KIND_ORDER[e.kind], e.body)
    )
    if any(limit is not None for limit in (period.rule_id, period.source_id, period.run_id)):
        chosen = {violation_id for one in log.violations(period) for violation_id in one.ids}
        # What joins records belongs to no one source: it goes with those it concerns.
        limited = items if period.rule_id is not None else [item for item in items if item.kind in GROUPING]
        left_out = {item.seq for item in limited if item.violation_id not in chosen}
        items = [item for item in items if item.seq not in left_out]
    return "".join(item.body + "\n" for item in items)


def row(one: LoggedViolation) -> dict[str, Any]:
    """One possible violation as a flat row."""
    v = one.violation
    return {
        "violation_id": v.violation_id,
        "rule_id": v.rule_id,
        "rule_kind": v.rule_kind,
        "source_id": v.source_id,
        "observation": v.observation,
        "subject": v.subject,
        "state": str(v.state),
        "t_start": iso_from_ns(v.t_start_ns),
        "t_end": iso_from_ns(v.t_end_ns),
        "t_peak": iso_from_ns(v.t_peak_ns),
        "count": v.count,
        "lat_deg": v.place.lat_deg,
        "lon_deg": v.place.lon_deg,
        "radius_95_m": radius_95_m(v.place),
        "zone_id": v.zone_id,
        "means": " ".join(v.means),
        "sources": " ".join(one.sources),
        "joined": " ".join(one.ids[1:]),
        "confidence": v.confidence,
        "measures": canonical_json(v.measures),
        "verdicts": canonical_json({verdict.party: verdict.verdict for verdict in one.verdicts}),
        "evidence": " ".join(file.path for file in one.files),
        "run_id": v.run_id,
        "config_sha256": v.config_sha256,
        "software": v.software,
    }


def csv_text(found: Sequence[LoggedViolation]) -> str:
    """Possible violations, one a row. Text that a spreadsheet would run as a formula gets an apostrophe before it."""
    rows = [row(one) for one in found]
    out = io.StringIO()
    header = list(rows[0]) if rows else ["violation_id"]
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([[_harmless(value) for value in line.values()] for line in rows])
    return out.getvalue()


def _harmless(value: object) -> object:
    if isinstance(value, str) and (value.lstrip().startswith(("=", "+", "-", "@")) or value.startswith(("\t", "\r"))):
        return "'" + value
    return value


def geojson(found: Sequence[LoggedViolation]) -> str:
    """Possible violations as points (RFC 7946); geometry null where only the picture is known."""
    features = [
        {
            "type": "Feature",
            "id": one.violation.violation_id,
            "geometry": _point(one.violation.place),
            "properties": row(one),
        }
        for one in found
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1) + "\n"


def _point(place: Place) -> Mapping[str, Any] | None:
    if place.lat_deg is None or place.lon_deg is None:
        return None
    return {"type": "Point", "coordinates": [place.lon_deg, place.lat_deg]}


def kml(found: Sequence[LoggedViolation]) -> str:
    """Possible violations as KML 2.2 placemarks with their time."""
    root = ET.Element("kml", xmlns="http://www.opengis.net/kml/2.2")
    document = ET.SubElement(root, "Document")
    for one in found:
        _placemark(document, one)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _placemark(document: ET.Element, one: LoggedViolation) -> None:
    violation = one.violation
    mark = ET.SubElement(document, "Placemark", id=f"v{violation.violation_id}")
    ET.SubElement(mark, "name").text = _xml(f"{violation.rule_id} {violation.subject}")
    ET.SubElement(mark, "description").text = _xml(violation.observation)
    span = ET.SubElement(mark, "TimeSpan")
    ET.SubElement(span, "begin").text = iso_from_ns(violation.t_start_ns)
    ET.SubElement(span, "end").text = iso_from_ns(violation.t_end_ns)
    data = ET.SubElement(mark, "ExtendedData")
    for name, value in row(one).items():
        if value is not None:
            ET.SubElement(ET.SubElement(data, "Data", name=name), "value").text = _xml(str(value))
    if violation.place.lat_deg is not None:
        point = ET.SubElement(mark, "Point")
        ET.SubElement(point, "coordinates").text = f"{violation.place.lon_deg},{violation.place.lat_deg}"


def _xml(text: str) -> str:
    """Without the control characters that XML 1.0 cannot hold."""
    return "".join(
        c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )


TABLES: dict[str, Callable[[Sequence[LoggedViolation]], str]] = {"csv": csv_text, "geojson": geojson, "kml": kml}
"""What can be made of any choice of possible violations."""


def _of_period(make: Callable[[Sequence[LoggedViolation]], str]) -> Callable[[LogReader, Period], str]:
    return lambda log, period: make(log.violations(period))


FORMATS: dict[str, Callable[[LogReader, Period], str]] = {
    "csv": _of_period(csv_text),
    "jsonl": jsonl,
    **{name: _of_period(TABLES[name]) for name in ("geojson", "kml")},
}
