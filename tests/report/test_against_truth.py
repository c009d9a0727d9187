"""A log held against known truth: what counts as found, undecided, missed, out of view, without cause."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

import pytest

from detector.errors import SourceError
from detector.model import Means, Place, State, Undecided, Violation
from detector.report.against_truth import compare, load_truth, means_of, one_each

S = 1_000_000_000
LAT, LON = 42.3, -99.5
METRE = 1 / 111_000  # degrees of latitude; close enough for distances of tens of metres


def violation(kind="zone_entry", zone="strip", start_s=10.0, end_s=14.0, north_m=0.0, sigma_m=5.0):
    place = Place(LAT + north_m * METRE, LON, (sigma_m**2, 0.0, sigma_m**2), (100.0, 100.0))
    t_start_ns, t_end_ns = round(start_s * S), round(end_s * S)
    return Violation(
        "rule", kind, "feed", "seen", "track 1", State.CLOSED, t_start_ns, t_end_ns, t_start_ns, 1, place,
        (Means.UAV,), 0.99, zone_id=zone,
    )  # fmt: skip


def undecided(kind="zone_entry", subject="track 1, zone strip", start_s=10.0):
    place = Place(LAT, LON, (25.0, 0.0, 25.0), None)
    return Undecided("rule", kind, "feed", subject, round(start_s * S), round((start_s + 3) * S), place, "straddles")


def event(kind="zone_entry", start_s=9.0, end_s=14.0, objects=(1,), **more):
    place = {"line": "contact-line"} if kind == "line_crossing" else {"zone": "strip"}
    times = {"t_start_ns": round(start_s * S), "t_end_ns": round(end_s * S)}
    spot = {"lat_deg": LAT, "lon_deg": LON}
    return {"kind": kind, "object_ids": list(objects), "in_view": True, **place, **times, **spot, **more}


def frames(*norths_m, t_s=10.0):
    """One frame with objects 1, 2... so many metres north."""
    objects = [{"id": k, "lat_deg": LAT + n * METRE, "lon_deg": LON} for k, n in enumerate(norths_m, 1)]
    return [{"t_ns": round(t_s * S), "objects": objects}]


def test_the_same_kind_zone_time_and_place_is_found():
    result = compare([violation()], [event()], frames=frames(4.0))
    assert len(result.found) == 1
    assert not (result.missed)
    assert not (result.without_cause)
    assert not (result.undecided)
    assert str(result) == "1 of 1 events of the truth found, 0 reported without cause"


@pytest.mark.parametrize(
    "other",
    [
        violation(kind="dwell"),
        violation(zone="corridor"),
        violation(start_s=17.1, end_s=20),  # 3.1 s after the event's end
        violation(start_s=1.0, end_s=5.9),  # ended 3.1 s before it began
        violation(north_m=60.0),  # 12 standard deviations from the object
    ],
)
def test_another_kind_zone_time_or_place_is_without_cause(other):
    result = compare([other], [event()], frames=frames(0.0))
    assert len(result.missed) == len(result.without_cause) == 1
    assert not result.found


@pytest.mark.parametrize("start_s", [16.9, 9.0])
def test_up_to_three_seconds_late_is_found(start_s):
    assert compare([violation(start_s=start_s, end_s=start_s + 2)], [event()], frames=frames(0.0)).found


def test_each_of_two_movers_gets_its_own_by_their_places():
    """By time alone the first would take the second's."""
    events = [event(objects=(1,), start_s=9.0), event(objects=(2,), start_s=10.5)]
    reported = [violation(start_s=10.4, north_m=0.0), violation(start_s=10.0, north_m=80.0)]
    result = compare(reported, events, frames=frames(0.0, 80.0))
    assert [(e["object_ids"], v.place.lat_deg) for e, v in result.found] == [
        ([1], reported[0].place.lat_deg),
        ([2], reported[1].place.lat_deg),
    ]


def test_a_second_report_of_one_event_is_without_cause():
    result = compare([violation(), violation(start_s=11.0)], [event()], frames=frames(0.0))
    assert len(result.found) == len(result.without_cause) == 1


def test_undecided_is_neither_found_nor_missed():
    result = compare([], [event()], undecided=[undecided()], frames=frames(0.0))
    assert len(result.undecided) == 1
    assert not (result.found)
    assert not (result.missed)
    assert "1 undecided" in str(result)


def test_undecided_about_another_zone_does_not_excuse_a_miss():
    assert compare([], [event()], undecided=[undecided(subject="track 1, zone corridor")]).missed


def test_what_nobody_could_see_is_not_missed_and_may_be_found():
    hidden = event(in_view=False)
    assert compare([], [hidden]).out_of_view == (hidden,)
    assert compare([violation()], [hidden]).found


def test_flashes_are_compared_with_the_place_of_their_series():
    series = event("flash", objects=())
    assert compare([violation("flash", north_m=50.0)], [series]).found
    assert compare([violation("flash", north_m=120.0)], [series]).without_cause


def test_a_place_in_the_picture_only_is_not_held_against_the_ground():
    pixels = replace(violation(), place=Place(None, None, None, (100.0, 100.0)))
    assert compare([pixels], [event()], frames=frames(500.0)).found


def test_nothing_against_nothing():
    result = compare([], [])
    assert result == compare([], [], frames=frames(0.0))
    assert str(result) == "0 of 0 events of the truth found, 0 reported without cause"


def test_truth_is_read_plain_and_compressed(tmp_path):
    plain, packed = tmp_path / "a.truth.json", tmp_path / "a.truth.json.gz"
    plain.write_text(json.dumps({"events": []}))
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert load_truth(plain) == load_truth(packed) == {"events": []}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\x1f\x8b\x08 broken", gzip.compress(b"{}" * 99, mtime=0)[:10] + b"\xff" * 20]
)
def test_truth_that_cannot_be_read_is_told_by_its_name(tmp_path, content):
    path = tmp_path / "x.truth.json.gz"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"x\.truth\.json\.gz"):
        load_truth(path)


def test_truth_that_is_not_there_is_told_by_its_name(tmp_path):
    with pytest.raises(SourceError, match="nowhere"):
        load_truth(tmp_path / "nowhere.json")


def short(kind, start_s=9.0, north_m=0.0, zone="strip", count=1, **more):
    return {
        **event(kind, start_s=start_s, objects=(), count=count, **more),
        "lat_deg": LAT + north_m * METRE,
        "zone": zone,
    }


def test_what_was_to_be_seen_heard_and_felt_of_one_event_is_one_by_all_its_means():
    felt = short("impulse", means=["seismic"])
    events = [event(), short("flash", 9.02, 1.0, count=5), short("impulse", means=["acoustic"], count=3), felt]
    whole, other = one_each(events)
    if whole["kind"] != "impulse":
        whole, other = other, whole
    assert means_of(whole) == (Means.UAV, Means.ACOUSTIC, Means.SEISMIC)
    assert whole["count"] == 5
    assert other == event()
    assert events[1]["count"] == 5  # nothing that was given is changed


@pytest.mark.parametrize(
    "other",
    [
        short("flash", 9.6),  # 0.6 s later
        short("flash", north_m=30.0),
        short("flash", zone="corridor"),
        short("impulse"),  # heard twice is two
        event(),
    ],
)
def test_what_is_apart_in_time_place_zone_or_by_the_same_means_is_two(other):
    assert len(one_each([short("impulse"), other])) == 2


def test_an_event_of_three_means_is_found_once_and_told_with_them():
    whole = one_each([short("flash"), short("impulse"), short("impulse", means=["seismic"])])
    by_all = replace(violation("impulse"), means=(Means.UAV, Means.ACOUSTIC, Means.SEISMIC))
    result = compare([by_all], whole)
    assert str(result) == "1 of 1 events of the truth found (1 by uav, acoustic and seismic), 0 reported without cause"
    assert result.lacking == ()


def test_means_that_are_lacking_and_records_that_were_not_joined_are_told():
    whole = one_each([short("flash"), short("impulse"), short("impulse", means=["seismic"])])
    heard_only = replace(violation("impulse"), means=(Means.ACOUSTIC,))
    result = compare([heard_only, violation("flash")], whole)
    assert result.lacking == ((whole[0], (Means.UAV, Means.SEISMIC)),)
    assert [one.rule_kind for one in result.without_cause] == ["flash"]
    assert str(result) == "1 of 1 events of the truth found, 1 reported without cause"
