"""A log as a night leaves it, with texts that try to be more than text, and the console over it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import soundfile
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from detector.config import load_outline
from detector.console import passwords
from detector.console.app import make_app
from detector.console.desk import Desk
from detector.console.guard import COOKIE, Caller
from detector.console.roles import Permission, Role
from detector.console.server import open_desk
from detector.log import EvidenceStore, LogWriter
from detector.model import (
    CoverageSlot,
    Gap,
    GapReason,
    Means,
    MediaFile,
    Place,
    Run,
    RunEnd,
    State,
    Violation,
)
from tests.cli.media_making import picture, video
from tests.console.browser import ARGUMENTS, CHROMIUM, Served, served

T0 = 1_772_346_600_000_000_000
S = 1_000_000_000
COUNT = 20
PASSWORD = "correct horse battery"
ATTACK = '<script>window.broken=1</script><img src=x onerror="window.broken=1">"\'&{{7*7}}'
"""In every free text of the log: the page has to show it and nothing else."""

CONFIG = """version: 1
name: {name}
time_zone: Asia/Yerevan
map: zones.geojson
rules:
  - id: strip-closed
    kind: zone_entry
    zones: [strip]
    min_time_s: 2
"""


class TestClock:
    """Stands until it is set."""

    __test__ = False

    def __init__(self) -> None:
        self.t_ns = T0 + 3600 * S

    def now_ns(self) -> int:
        self.t_ns += 1
        return self.t_ns


def zones() -> dict[str, object]:
    ring = [[44.99, 40.19], [45.03, 40.19], [45.03, 40.23], [44.99, 40.23], [44.99, 40.19]]
    named = {"id": "strip", "name": f"Strip {ATTACK}", "kind": "zone"}
    line = {"id": "contact", "name": "Line of contact", "kind": "line"}
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": named, "geometry": {"type": "Polygon", "coordinates": [ring]}},
            {
                "type": "Feature",
                "properties": line,
                "geometry": {"type": "LineString", "coordinates": [[44.99, 40.21], [45.03, 40.21]]},
            },
        ],
    }


def violation(number: int, config_sha256: str, run_id: str) -> Violation:
    t_ns = T0 + number * 60 * S
    return Violation(
        rule_id="strip-closed",
        rule_kind="zone_entry",
        source_id="north",
        observation=f'movement observed inside zone "Strip {ATTACK}"',
        subject=f"track {number}, {ATTACK}",
        state=State.OPEN,
        t_start_ns=t_ns,
        t_end_ns=t_ns + S,
        t_peak_ns=t_ns + 5 * S,
        count=1,
        place=Place(40.2 + number * 1e-3, 45.0 + number * 1e-3, (9.0, 1.5, 4.0), (640.0, 360.5)),
        means=(Means.UAV,),
        confidence=0.998,
        track_ids=(number,),
        zone_id="strip",
        measures={"time_s": 20.08, "margin_sigma": 5.047},
        config_sha256=config_sha256,
        software="trucewatch 0.1.0",
        run_id=run_id,
    )


def track(number: int) -> bytes:
    points = [
        {
            "t_ns": T0 + number * 60 * S + k * S,
            "lat_deg": 40.2 + number * 1e-3 + k * 1e-4,
            "lon_deg": 45.0 + number * 1e-3,
            "covariance_m2": [4.0, 0.0, 4.0],
        }
        for k in range(5)
    ]
    return json.dumps({"tracks": [{"track_id": number, "points": points}]}).encode()


TELEMETRY = (
    "t_ns,lat_deg,lon_deg,alt_m,yaw_deg,pitch_deg,hfov_deg,age_s,datum,ground_alt_m\n"
    f"{T0},40.199,45.001,960.2,358.7,-49.8,52.0,0.0,ellipsoid,741.9\n"
)


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> None:
    """The same function with little memory and time: what it costs is measured elsewhere (decision 041)."""
    passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    passwords._NOBODY = passwords._HASHER.hash("nobody")


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory, _quick_passwords: None) -> Path:
    """Folder with the log of one night, its configuration and its accounts. Not to be written to."""
    folder = tmp_path_factory.mktemp("night")
    (folder / "zones.geojson").write_text(json.dumps(zones()))
    (folder / "agreement.yaml").write_text(CONFIG.format(name=json.dumps(ATTACK)))
    config_sha256 = load_outline(folder / "agreement.yaml").sha256
    out = folder / "out"
    run = Run(config_sha256, "trucewatch 0.1.0", (MediaFile("north", "north.ts", "a" * 64, 4_000_000),))
    store = EvidenceStore(out / "evidence")
    clip = video(folder / "clip.mp4", 20)
    still = cv2.imencode(".jpg", picture(0))[1].tobytes()
    sound = folder / "sound.flac"
    soundfile.write(sound, np.sin(np.arange(4000) / 20).astype(np.float32) / 2, 4000)
    with LogWriter(out) as log:
        log.begin(run)
        for number in range(COUNT):
            opened = violation(number, config_sha256, run.run_id)
            log.opened(opened)
            files = [
                store.put(opened.violation_id, "clip_browser", ".mp4", clip),
                store.put(opened.violation_id, "overlay", ".jpg", still),
                store.put(opened.violation_id, "telemetry", ".csv", TELEMETRY.encode()),
                store.put(opened.violation_id, "track", ".json", track(number)),
            ]
            if number == 0:
                files.append(store.put(opened.violation_id, "sensor-01-middle", ".flac", sound))
            log.evidence(opened.violation_id, files)
            log.closed(replace(opened, state=State.CLOSED, t_end_ns=opened.t_start_ns + 20 * S))
        log.gap(Gap("north", T0 + 30 * S, T0 + 40 * S, GapReason.NO_TELEMETRY, f"no packet {ATTACK}", 3), run.run_id)
        log.coverage(
            CoverageSlot("north", T0, T0 + 1200 * S, 1100.0, {"no_telemetry": 10.0}, (), {"strip": 0.6}), run.run_id
        )
        log.end(RunEnd(run.run_id, "north", 1800, True, T0, T0 + 1200 * S))
    desk = open_desk(out, folder / "agreement.yaml", TestClock())
    for name, role, party in (
        ("viewer", Role.VIEWER, ""),
        ("anna", Role.REVIEWER, "A"),
        ("bayram", Role.REVIEWER, "B"),
        ("exporter", Role.EXPORTER, ""),
        ("admin", Role.ADMINISTRATOR, ""),
    ):
        desk.accounts.add(name, role, party, PASSWORD)
    desk.close()
    return folder


@pytest.fixture
def copied(night: Path, tmp_path: Path) -> Path:
    """The same, to be written to."""
    return Path(shutil.copytree(night, tmp_path / "night"))


@pytest.fixture
def clock() -> TestClock:
    """The console's clock."""
    return TestClock()


@pytest.fixture
def desk(copied: Path, clock: TestClock) -> Iterator[Desk]:
    """What the console works with."""
    opened = open_desk(copied / "out", copied / "agreement.yaml", clock)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def console(night: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    """A console that runs, on a copy of the night that the tests of one file share, and its log's folder."""
    folder = Path(shutil.copytree(night, tmp_path_factory.mktemp("browser") / "night"))
    with served(folder) as running:
        yield running, folder / "out"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for the tests of one file."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


Client = Callable[[str], TestClient]


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    """Nobody yet."""
    with TestClient(make_app(desk), base_url="http://127.0.0.1:8443", follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def as_(desk: Desk, client: TestClient) -> Client:
    """The same console for a signed-in account, whose requests send its session's CSRF token along."""

    def sign_in(name: str) -> TestClient:

        one = TestClient(client.app, base_url="http://127.0.0.1:8443", follow_redirects=False)
        answer = one.post("/sign-in", data={"name": name, "password": PASSWORD, "to": "/"})
        assert answer.status_code == 303, answer.text
        one.headers["x-csrf-token"] = Caller(name, Role.VIEWER, "", frozenset(), one.cookies[COOKIE]).csrf
        return one

    return sign_in


@pytest.fixture
def token(desk: Desk) -> Callable[..., dict[str, str]]:
    """Headers of a program with an access token."""

    def make(name: str, *scopes: Permission) -> dict[str, str]:
        return {"authorization": f"Bearer {desk.accounts.make_token(name, scopes, 1)}"}

    return make
