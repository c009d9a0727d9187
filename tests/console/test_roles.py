"""Each role on each route, and a request that is not its own page's."""

from __future__ import annotations

import json

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from detector.console import api, pages
from detector.console.desk import Desk
from detector.console.roles import PERMISSIONS, Permission, Role
from detector.live_file import VERSION, write_centre

READ, EVIDENCE, VERDICT = Permission.READ, Permission.EVIDENCE, Permission.VERDICT
NEEDS: dict[tuple[str, str], Permission | None] = {
    ("GET", "/sign-in"): None,
    ("POST", "/sign-in"): None,
    ("POST", "/sign-out"): None,
    ("GET", "/"): READ,
    ("GET", "/part/overview"): READ,
    ("GET", "/queue"): READ,
    ("GET", "/part/queue"): READ,
    ("GET", "/review"): READ,
    ("GET", "/review/{violation_id}"): READ,
    ("GET", "/part/review/{violation_id}"): READ,
    ("GET", "/timeline"): READ,
    ("GET", "/search"): READ,
    ("GET", "/place"): READ,
    ("GET", "/api/views"): READ,
    ("POST", "/api/views"): READ,
    ("DELETE", "/api/views"): READ,
    ("GET", "/zones"): READ,
    ("POST", "/api/zones/preview"): EVIDENCE,
    ("POST", "/api/zones"): Permission.ADMINISTER,
    ("POST", "/api/zones/in-force"): Permission.ADMINISTER,
    ("GET", "/account"): READ,
    ("POST", "/api/me/here"): READ,
    ("POST", "/api/me/language"): READ,
    ("POST", "/api/me/password"): READ,
    ("GET", "/accounts"): Permission.ADMINISTER,
    ("POST", "/api/accounts"): Permission.ADMINISTER,
    ("POST", "/api/accounts/{name}/password"): Permission.ADMINISTER,
    ("POST", "/api/accounts/{name}/role"): Permission.ADMINISTER,
    ("POST", "/api/accounts/{name}/tokens/{key}/end"): Permission.ADMINISTER,
    ("POST", "/api/accounts/{name}/close"): Permission.ADMINISTER,
    ("GET", "/activity"): Permission.ADMINISTER,
    ("GET", "/api/me"): READ,
    ("GET", "/api/openapi.json"): READ,
    ("GET", "/api/violations"): READ,
    ("GET", "/api/queue"): READ,
    ("GET", "/api/violations/{violation_id}"): READ,
    ("GET", "/api/violations/{violation_id}/map"): EVIDENCE,
    ("POST", "/api/violations/{violation_id}/verdicts"): VERDICT,
    ("POST", "/api/violations/{violation_id}/undo"): VERDICT,
    ("POST", "/api/violations/{violation_id}/join"): VERDICT,
    ("POST", "/api/violations/{violation_id}/split"): VERDICT,
    ("POST", "/api/violations/{violation_id}/regroup"): VERDICT,
    ("GET", "/api/map"): READ,
    ("GET", "/api/base-map"): READ,
    ("GET", "/api/base-map/{z}/{x}/{y}"): READ,
    ("GET", "/api/map/violations"): READ,
    ("GET", "/api/export"): Permission.EXPORT,
    ("GET", "/api/feeds"): READ,
    ("GET", "/api/feeds/{feed}/picture"): EVIDENCE,
    ("GET", "/evidence/{violation_id}/{sha256}"): EVIDENCE,
    ("GET", "/api/events"): READ,
}
PARAMS = {"title": "mine"}
ENDLESS, OF_A_SESSION = "/api/events", "/api/me/password"
NAMES = {Role.VIEWER: "viewer", Role.REVIEWER: "anna", Role.EXPORTER: "exporter", Role.ADMINISTRATOR: "admin"}


def routes() -> set[tuple[str, str]]:
    routers = (*api.ROUTERS.values(), *pages.ROUTERS.values())
    found = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    return {(method, route.path) for route in found for method in route.methods}


def filled(path: str, desk: Desk) -> str:
    one = desk.book.violations()[0]
    return (
        path.replace("{violation_id}", one.violation.violation_id)
        .replace("{sha256}", one.files[0].sha256)
        .replace("{feed}", "north")
        .replace("{name}", "new")
        .replace("{key}", "0" * 8)
        .replace("{z}/{x}/{y}", "0/0/0")
    )


def body_of(path: str, desk: Desk) -> dict[str, object]:
    """What makes sense where a route takes something, in the order of the table."""
    one, other = (one.violation.violation_id for one in desk.book.violations()[:2])
    bodies: dict[str, dict[str, object]] = {
        "verdicts": {"verdict": "confirmed"},
        "views": {"title": "mine", "query": "feed=north"},
        "language": {"language": "en"},
        "accounts": {"name": "new", "role": "viewer"},
        "role": {"role": "exporter"},
        "join": {"others": [other]},
        "split": {"apart": list(desk.book.violation(one).ids[1:])},  # type: ignore[union-attr]
    }
    zones = json.loads((desk.book.path.parents[1] / "zones.geojson").read_text())["features"]
    bodies["preview"] = {"feature": zones[0]}
    bodies["in-force"] = {"file": "agreement.yaml", "sha256": desk.agreement.sha256}
    bodies["zones"] = {"base_sha256": desk.agreement.sha256, "changed": zones[:1]}
    last = path.rpartition("/")[2]
    return {"json": bodies[last]} if last in bodies and path.startswith("/api") else {}


def test_every_route_has_a_line_in_the_table() -> None:
    assert routes() == set(NEEDS)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gets_in_where_it_may_and_nowhere_else(role: Role, desk: Desk, client: TestClient, token) -> None:
    headers = token(NAMES[role], *PERMISSIONS[role])
    out = desk.book.path.parent
    given = {"config_given": str(out.parent / "agreement.yaml"), "config_sha256": "another version's"}
    write_centre(out, {"version": VERSION, "written_ns": desk.clock.now_ns(), **given})
    for (method, path), needed in NEEDS.items():
        if needed is None or path in {ENDLESS, OF_A_SESSION}:
            continue
        answer = client.request(method, filled(path, desk), headers=headers, params=PARAMS, **body_of(path, desk))
        if needed in PERMISSIONS[role]:
            done = answer.status_code in {200, 201, 202, 204, 303}
            assert done or (answer.status_code == 404 and {"{feed}", "{key}"} & set(path.split("/"))), path
        else:
            assert answer.status_code == 403, path


def test_nobody_gets_in_without_signing_in(desk: Desk, client: TestClient) -> None:
    for (method, path), needed in NEEDS.items():
        if needed is not None:
            answer = client.request(method, filled(path, desk))
            assert answer.status_code == 401, path
            page = client.request(method, filled(path, desk), headers={"accept": "text/html"})
            led = page.headers.get("location", "").startswith("/sign-in?to=")
            assert led or path.startswith("/api/"), path


def test_a_token_does_only_what_its_scopes_say(desk: Desk, client: TestClient, token) -> None:
    reading = token("anna", READ)
    one = desk.book.violations()[0].violation.violation_id
    assert client.get("/api/queue", headers=reading).status_code == 200
    answer = client.post(f"/api/violations/{one}/verdicts", headers=reading, json={"verdict": "confirmed"})
    assert answer.status_code == 403
    assert client.get(filled("/evidence/{violation_id}/{sha256}", desk), headers=reading).status_code == 403


@pytest.mark.parametrize("sent", [None, "", "0" * 64])
def test_a_session_changes_nothing_without_its_own_csrf_token(sent: str | None, desk: Desk, as_) -> None:
    anna = as_("anna")
    anna.headers.pop("x-csrf-token")
    headers = {} if sent is None else {"x-csrf-token": sent}
    one = desk.book.violations()[0].violation.violation_id
    answer = anna.post(f"/api/violations/{one}/verdicts", json={"verdict": "confirmed"}, headers=headers)
    assert answer.status_code == 403
    assert anna.post("/sign-out", data={"csrf": sent or ""}).status_code == 403
    assert desk.book.violation(one).history == ()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://elsewhere.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
)
def test_another_sites_page_is_refused_before_anything_is_looked_at(headers: dict[str, str], desk: Desk, as_) -> None:
    anna = as_("anna")
    one = desk.book.violations()[0].violation.violation_id
    answer = anna.post(f"/api/violations/{one}/verdicts", json={"verdict": "confirmed"}, headers=headers)
    assert answer.status_code == 403
    assert "another site" in answer.text
