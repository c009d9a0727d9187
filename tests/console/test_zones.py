"""What a zone would have had, and a new version of the configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from detector import pipeline
from detector.config import load, load_outline
from detector.config.agreement_map import Shape
from detector.config.in_force import file_in_force, put_in_force, word_of
from detector.console.app import make_app
from detector.console.desk import Desk
from detector.console.preview import Kept, Way, _longest_ns, count_line, count_zone
from detector.console.roles import PERMISSIONS, Role
from detector.console.versions import shape_of
from detector.errors import LogError
from detector.live_file import VERSION, write_centre
from detector.model import Action
from detector.timebase import NS_PER_S
from tests.console.conftest import ATTACK, COUNT, T0, S, TestClock


def zone(shape_id: str, west: float, south: float, east: float, north: float, **more: object) -> dict[str, object]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "properties": {"id": shape_id, "name": shape_id, "kind": "zone", **more},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


LINE = {
    "type": "Feature",
    "properties": {"id": "middle", "name": "Middle", "kind": "line"},
    "geometry": {"type": "LineString", "coordinates": [[44.9, 40.0], [45.1, 40.0]]},
}


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    """The console as `trucewatch console` opens it: versions are read with every stage."""
    checked = replace(desk, check=lambda path: pipeline.checked(load(path, pipeline.REGISTRIES)))
    with TestClient(make_app(checked), base_url="http://127.0.0.1:8443", follow_redirects=False) as opened:
        yield opened


def way(east_m: list[float], sigma_m: float = 1.0, north_m: float = 50.0) -> Way:
    """A fix a second, metres from 45 E, 40 N."""
    lon = 45 + np.array(east_m) / 85_394
    lat = np.full(len(east_m), 40 + north_m / 111_035)
    return Way(
        "v",
        np.arange(len(east_m)) * NS_PER_S,
        np.stack([lon, lat], 1),
        np.tile(np.eye(2) * sigma_m**2, (len(lon), 1, 1)),
    )


SQUARE: Shape = shape_of(zone("square", 45.0, 40.0, 45 + 100 / 85_394, 40 + 100 / 111_035))


def test_a_mover_counts_after_its_time_decidedly_inside_and_not_where_it_cannot_be_decided() -> None:
    inside = way([50.0] * 4)
    brief = way([-50.0, 50.0, 50.0, -50.0])
    on_the_border = way([0.5] * 6)
    outside = way([-40.0] * 6)
    vague = way([50.0] * 6, sigma_m=40.0)
    judged = Kept(ways=[inside, brief, on_the_border, outside, vague], places=[way([50.0]), way([-50.0]), way([99.0])])
    assert [count_zone(SQUARE, judged, s).movers for s in (0, 1, 2, 3, 4)] == [2, 2, 1, 1, 0]
    assert [count_zone(SQUARE, judged, s).undecidable for s in (0, 3, 5)] == [2, 2, 2]
    assert count_zone(SQUARE, judged, 2).places == 1
    assert count_zone(SQUARE, Kept(), 2).movers == 0


def test_a_line_counts_who_was_decidedly_on_both_sides_of_it() -> None:
    line = shape_of(LINE)
    north = np.array([-30.0, -10.0, 10.0, 30.0])

    def across(sigma_m: float) -> Way:
        return replace(way([0.0] * 4, sigma_m), lon_lat=np.stack([np.full(4, 45.0), 40 + north / 111_035], 1))

    count = count_line(line, Kept(ways=[across(1.0), across(40.0), way([0.0] * 4), way([0.0])]))
    assert (count.movers, count.undecidable) == (1, 1)


def test_the_longest_run_is_what_the_slow_twin_says() -> None:
    chance = np.random.default_rng(3)
    for _ in range(200):
        t_ns = np.cumsum(chance.integers(1, 9, int(chance.integers(1, 12))))
        met = chance.random(len(t_ns)) < 0.6
        longest, began = -1, None
        for t, one in zip(t_ns, met, strict=True):
            began = (t if began is None else began) if one else None
            longest = longest if began is None else max(longest, t - began)
        assert _longest_ns(t_ns, met) == longest


def test_the_preview_counts_what_the_log_kept_beside_the_zone_as_it_is(desk: Desk, as_, copied: Path) -> None:
    viewer = as_("viewer")
    half = zone("strip", 44.99, 40.19, 45.0095, 40.23)
    told = viewer.post("/api/zones/preview", json={"feature": half, "min_time_s": 0}).json()
    assert (told["as_drawn"]["movers"], told["as_it_is"]["movers"], told["tracks"]) == (10, COUNT, COUNT)
    assert (told["unreadable"], told["nowhere"], told["left_out"]) == (0, 0, 0)
    assert told["until_ns"] - told["since_ns"] == 86_400 * S
    until = viewer.post(
        "/api/zones/preview", json={"feature": half, "min_time_s": 0, "until": "2026-03-01T06:33"}
    ).json()
    assert until["as_drawn"]["movers"] == 3
    new = viewer.post("/api/zones/preview", json={"feature": zone("other", 0, 0, 1, 1)}).json()
    assert (new["as_drawn"]["movers"], new["as_it_is"]) == (0, None)
    file = next((copied / "out" / "evidence").rglob("track.json"))
    file.write_text("{}")
    told = viewer.post("/api/zones/preview", json={"feature": half}).json()
    assert (told["unreadable"], told["nowhere"], told["tracks"]) == (1, 1, COUNT - 1)


@pytest.mark.parametrize(
    "sent",
    [
        {"feature": {}},
        {"feature": zone("a", 0, 0, 0, 0)},
        {"feature": zone("../a", 0, 0, 1, 1)},
        {"feature": zone("a", 0, 0, 200, 1)},
        {"feature": zone("a", 0, 0, 1, 1, frame="pixels", feed="north")},
        {"feature": zone("a", 0, 0, 1, 1, colour="red")},
        {"feature": zone("a", 0, 0, 1, 1), "min_time_s": -1},
        {"feature": zone("a", 0, 0, 1, 1), "since": "yesterday"},
        {"feature": zone("a", 0, 0, 1, 1), "path": "/etc/passwd"},
    ],
)
def test_a_shape_that_cannot_be_is_refused_in_words(sent: dict[str, object], as_) -> None:
    answer = as_("viewer").post("/api/zones/preview", json=sent)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert "/tmp" not in answer.text


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_a_version_is_two_new_files_and_an_entry_and_the_old_ones_stay(desk: Desk, as_, copied: Path) -> None:
    before = files(copied)
    base = desk.agreement.sha256
    sent = {
        "base_sha256": base,
        "changed": [zone("strip", 44.99, 40.19, 45.04, 40.24, name=ATTACK), zone("новая".encode().hex(), 1, 1, 2, 2)],
        "removed": ["contact"],
        "note": "annex 3",
    }
    answer = as_("admin").post("/api/zones", json=sent)
    assert answer.status_code == 201, answer.text
    after = files(copied)
    assert {name: after[name] for name in before} == before
    name = answer.json()["file"]
    assert set(after) - set(before) == {name, answer.json()["map"]}
    assert name.startswith("agreement.2026030")
    new = load_outline(copied / name)
    assert new.sha256 == answer.json()["sha256"]
    assert set(new.map.zones) == {"strip", "новая".encode().hex()}
    assert not new.map.lines
    assert new.map.zones["strip"].name == ATTACK
    assert new.settings.rules == load_outline(copied / "agreement.yaml").settings.rules
    said = desk.book.audits()[-1]
    assert (said.user, said.action, said.subject) == ("admin", Action.CONFIGURATION, name)
    for part in (new.sha256, base, "changed strip", "removed contact", "annex 3"):
        assert part in said.detail
    page = as_("viewer").get("/zones").text
    assert name in page
    assert "<script>window.broken" not in page


@pytest.mark.parametrize(
    "change",
    [
        {"removed": ["strip"]},  # a rule names it
        {"removed": ["nowhere"]},
        {"changed": [zone("../../evil", 0, 0, 1, 1)]},
        {"changed": [zone("strip", 0, 0, 0, 1)]},
        {"changed": [{"type": "Feature"}]},
        {"changed": [zone("pixels", 0, 0, 1, 1, frame="pixels")]},
        {"changed": [zone("strip", 44, 40, 45, 41)], "base_sha256": "0" * 64},
        {"changed": [zone("strip", 44, 40, 45, 41)], "file": "/etc/passwd"},
        {"changed": [zone("strip", 44, 40, 45, 41)], "base": "../agreement.yaml"},
        {"changed": [zone("twice", 44, 40, 45, 41), zone("twice", 1, 1, 2, 2)]},
        {},
    ],
)
def test_what_the_loader_refuses_leaves_nothing_behind(
    change: dict[str, object], desk: Desk, as_, copied: Path
) -> None:
    before, said = files(copied), len(desk.book.audits())
    answer = as_("admin").post("/api/zones", json={"base_sha256": desk.agreement.sha256, **change})
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert files(copied) == before
    assert [one.action for one in desk.book.audits()[said:]] == [Action.SIGN_IN]


def test_a_version_that_cannot_be_logged_is_not_kept(
    desk: Desk, as_, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, before = as_("admin"), files(copied)

    def broken(*_: object) -> None:
        raise LogError("disk full")

    monkeypatch.setattr(type(desk.book), "add_audit", broken)
    sent = {"base_sha256": desk.agreement.sha256, "changed": [zone("strip", 44, 40, 45, 41)]}
    assert admin.post("/api/zones", json=sent).status_code == 503
    assert files(copied) == before


def test_who_saves_second_from_the_same_map_does_not_drop_what_the_first_has_saved(
    desk: Desk, as_, copied: Path, clock: TestClock
) -> None:
    first, second = as_("admin"), as_("admin")
    sent = {"base_sha256": desk.agreement.sha256, "changed": [zone("west", 44.0, 40.0, 44.1, 40.1)]}
    made = first.post("/api/zones", json=sent).json()
    before = files(copied)
    clock.t_ns += S
    also = {**sent, "changed": [zone("east", 46.0, 40.0, 46.1, 40.1)]}
    refused = second.post("/api/zones", json=also)
    assert (refused.status_code, made["file"] in refused.json()["detail"]) == (412, True)
    assert files(copied) == before
    page = second.get("/zones").text
    assert f"/zones?base={made['file']}" in page
    shown = second.get(f"/api/map?version={made['file']}").json()["features"]
    assert {one["properties"]["id"] for one in shown} == {"strip", "contact", "west"}
    page = second.get(f"/zones?base={made['file']}").text
    assert f'data-sha256="{made["sha256"]}"' in page
    on = second.post("/api/zones", json={**also, "base": made["file"], "base_sha256": made["sha256"]})
    assert on.status_code == 201, on.text
    assert set(load_outline(copied / on.json()["file"]).map.zones) == {"strip", "west", "east"}
    clock.t_ns += S
    without = second.post("/api/zones", json={**also, "newest": on.json()["file"]})
    assert set(load_outline(copied / without.json()["file"]).map.zones) == {"strip", "east"}, (
        "who knows may leave it out"
    )
    for path in ("/zones?base=", "/api/map?version="):
        assert second.get(f"{path}../agreement.yaml").status_code == 404
        assert second.get(f"{path}zones.geojson").status_code == 404


def test_only_an_administrator_saves(desk: Desk, client: TestClient, token) -> None:
    sent = {"base_sha256": desk.agreement.sha256, "changed": [zone("strip", 44, 40, 45, 41)]}
    for name, role in (("viewer", Role.VIEWER), ("anna", Role.REVIEWER), ("exporter", Role.EXPORTER)):
        assert client.post("/api/zones", json=sent, headers=token(name, *PERMISSIONS[role])).status_code == 403


def test_without_a_map_and_with_a_flowing_file_it_says_what_to_do(tmp_path: Path, desk: Desk) -> None:
    from detector.console.versions import save

    plain = tmp_path / "plain.yaml"
    plain.write_text("version: 1\n# no map yet\n")
    one = zone("first", 1, 1, 2, 2)
    file, outline = save(plain, load_outline(plain).sha256, "", [one], [], "admin", T0, load_outline)
    assert (outline.settings.map, list(outline.map.zones)) == ("plain.20260301T063000Z.geojson", ["first"])
    again, _ = save(file, outline.sha256, "", [zone("second", 1, 1, 2, 2)], [], "admin", T0 + S, load_outline)
    assert again.name == "plain.20260301T063001Z.yaml"
    assert "# no map yet" in again.read_text()
    flowing = tmp_path / "flowing.yaml"
    flowing.write_text(json.dumps({"version": 1, "map": file.with_suffix(".geojson").name}))
    with pytest.raises(ValueError, match="line of its own"):
        save(flowing, load_outline(flowing).sha256, "", [one], [], "admin", T0 + 9 * S, load_outline)
    with pytest.raises(ValueError, match="within this second"):
        save(plain, load_outline(plain).sha256, again.name, [one], [], "admin", T0, load_outline)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"feature": {"type": "Feature", "properties": {"id": "a", "name": "\\ud800", "kind": "zone"}}}',
        b'{"feature": {"type": "Feature", "properties": {"id": "a", "kind": "line"}, "geometry": '
        b'{"type": "LineString", "coordinates": [[1e999, 1], [NaN, 2]]}}}',
        b'{"feature": ' + b'{"a":' * 9000 + b"1" + b"}" * 9000 + b"}",
        b'{"feature": {"type": "Feature", "properties": {"id": "a", "kind": "line"}, "geometry": '
        b'{"type": "LineString", "coordinates": ' + b"[" * 900 + b"]" * 900 + b"}}}",
    ],
)
def test_what_json_allows_and_a_map_does_not_is_refused_in_words(raw: bytes, desk: Desk, as_) -> None:
    admin = as_("admin")
    for path in ("/api/zones/preview", "/api/zones"):
        sent = raw
        if path == "/api/zones":
            sent = raw.replace(
                b'{"feature": ', b'{"base_sha256": "' + desk.agreement.sha256.encode() + b'", "changed": ['
            )
            sent = sent[:-1] + b"]}"
        answer = admin.post(path, content=sent, headers={"content-type": "application/json"})
        assert answer.status_code in {400, 422}, answer.text
        assert answer.json()["detail"]


def centre_runs(folder: Path, desk: Desk, given: Path | None = None) -> None:
    """What a running centre says of itself."""
    given = given or folder / "agreement.yaml"
    sha256 = load_outline(file_in_force(given)).sha256
    said = {"version": VERSION, "written_ns": desk.clock.now_ns(), "config_given": str(given), "config_sha256": sha256}
    write_centre(folder / "out", said)


def saved(client: TestClient, desk: Desk) -> dict[str, str]:
    sent = {"base_sha256": desk.agreement.sha256, "changed": [zone("strip", 44.9, 40.1, 45.1, 40.3)]}
    answer = client.post("/api/zones", json=sent)
    assert answer.status_code == 201, answer.text
    return {"file": answer.json()["file"], "sha256": answer.json()["sha256"]}


def test_a_saved_version_is_put_in_force_and_back_and_the_log_says_who_did(desk: Desk, as_, copied: Path) -> None:
    admin, given = as_("admin"), copied / "agreement.yaml"
    version = saved(admin, desk)
    assert admin.post("/api/zones/in-force", json=version).status_code == 409, "no centre runs"
    centre_runs(copied, desk)
    page = admin.get("/zones").text
    assert f'data-put="{version["file"]}"' in page
    assert 'data-put="agreement.yaml"' not in page, "it is in force"
    assert 'data-put="' not in as_("viewer").get("/zones").text
    admin = as_("admin")
    other = {**version, "instead_of": "0" * 64}
    assert admin.post("/api/zones/in-force", json=other).status_code == 412, "another is in force than the page shows"
    assert not word_of(given).exists()
    assert f'data-in-force="{desk.agreement.sha256}"' in page
    answer = admin.post("/api/zones/in-force", json={**version, "instead_of": desk.agreement.sha256, "note": "annex 3"})
    assert answer.status_code == 202, answer.text
    assert file_in_force(given) == copied / version["file"]
    said = desk.book.audits()[-1]
    assert (said.user, said.action, said.subject) == ("admin", Action.CONFIGURATION, version["file"])
    assert version["sha256"] in said.detail
    assert desk.agreement.sha256 in said.detail
    assert said.detail.startswith("put in force")
    assert said.detail.endswith("annex 3")
    centre_runs(copied, desk)
    assert admin.post("/api/zones/in-force", json=version).status_code == 409, "it is in force already"
    first = {"file": "agreement.yaml", "sha256": desk.agreement.sha256}
    assert admin.post("/api/zones/in-force", json=first).status_code == 202
    assert file_in_force(given) == given


def test_a_file_that_was_changed_by_hand_since_is_in_force_itself(desk: Desk, as_, copied: Path) -> None:
    given, version = copied / "agreement.yaml", saved(as_("admin"), desk)
    put_in_force(given, copied / version["file"])
    map_file = copied / "zones.geojson"
    before = map_file.read_bytes()
    map_file.write_bytes(before + b"\n")
    assert file_in_force(given) == given
    map_file.write_bytes(before)
    assert file_in_force(given) == copied / version["file"]
    with (copied / version["file"]).open("a") as file:
        file.write("# another word\n")
    assert file_in_force(given) == given, "nobody put that in force"
    for nonsense in (b"", b"[]", b'{"version": "../agreement.yaml"}', b"\xff", b'{"version": 1}'):
        word_of(given).write_bytes(nonsense)
        assert file_in_force(given) == given


@pytest.mark.parametrize(
    "wanted",
    [
        {"file": "../agreement.yaml"},
        {"file": "/etc/passwd"},
        {"file": "zones.geojson"},
        {"file": "agreement.20990101T000000Z.yaml"},
        {"sha256": "0" * 64},
        {"sha256": "x"},
        {"more": 1},
    ],
)
def test_only_a_saved_version_that_was_looked_at_is_put_in_force(
    wanted: dict[str, object], desk: Desk, as_, copied: Path
) -> None:
    admin = as_("admin")
    version = saved(admin, desk)
    centre_runs(copied, desk)
    before, said = files(copied), len(desk.book.audits())
    assert admin.post("/api/zones/in-force", json={**version, **wanted}).status_code == 422
    assert files(copied) == before
    assert len(desk.book.audits()) == said


def test_what_cannot_be_logged_is_not_put_in_force_and_only_an_administrator_may(
    desk: Desk, as_, client: TestClient, token, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = as_("admin")
    version = saved(admin, desk)
    centre_runs(copied, desk)

    def broken(*_: object) -> None:
        raise LogError("disk full")

    monkeypatch.setattr(type(desk.book), "add_audit", broken)
    assert admin.post("/api/zones/in-force", json=version).status_code == 503
    assert not word_of(copied / "agreement.yaml").exists()
    client.cookies.clear()
    for name, role in (("viewer", Role.VIEWER), ("anna", Role.REVIEWER), ("exporter", Role.EXPORTER)):
        headers = token(name, *PERMISSIONS[role])
        assert client.post("/api/zones/in-force", json=version, headers=headers).status_code == 403
