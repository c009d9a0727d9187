"""Live pictures as they are pushed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from detector.console.api.pictures import NOT_ALLOWED
from detector.console.desk import Desk
from detector.console.roles import Permission
from tests.console.conftest import TestClock

URL = "ws://127.0.0.1:8443/api/live"


def write(folder: Path, name: str, t_ns: int, picture: bytes = b"", **more: object) -> None:
    """As a feed's process does it (docs/live.md): whole, then put in place."""
    live = folder / "live"
    live.mkdir(exist_ok=True)
    said = {"version": 1, "state": "running", "written_ns": t_ns, "lag_s": 0.2, **more}
    (live / "new").write_bytes(json.dumps(said).encode() + b"\n" + picture)
    (live / "new").replace(live / f"{name}.live")


def drawn(socket: WebSocketTestSession) -> None:
    """All that changed has come; the next may."""
    assert socket.receive_text() == ""
    socket.send_text("")


def test_what_changed_is_pushed_with_its_picture_and_silence_is_told_without(
    desk: Desk, as_, clock: TestClock, copied: Path
) -> None:
    out = copied / "out"
    write(out, "north", clock.t_ns, b"\xff\xd8one")
    write(out, "south", clock.t_ns)
    with as_("viewer").websocket_connect(URL) as socket:
        first = socket.receive_json()
        assert (first["name"], first["state"]) == ("north", "live")
        assert socket.receive_bytes() == b"\xff\xd8one"
        assert socket.receive_json()["name"] == "south"
        drawn(socket)
        write(out, "north", clock.t_ns, b"\xff\xd8two", lag_s=0.4)
        assert socket.receive_json()["said"]["lag_s"] == 0.4
        assert socket.receive_bytes() == b"\xff\xd8two"
        drawn(socket)
        clock.t_ns += 6 * 10**9
        silent = [socket.receive_json() for _ in range(2)]
        assert {(one["name"], one["state"]) for one in silent} == {("north", "trouble"), ("south", "trouble")}


def test_of_a_feed_that_is_run_no_more_it_is_told_once(desk: Desk, as_, clock: TestClock, copied: Path) -> None:
    out = copied / "out"
    for name in ("north", "south"):
        write(out, name, clock.t_ns)
    with as_("viewer").websocket_connect(URL) as socket:
        assert [socket.receive_json()["name"] for _ in range(2)] == ["north", "south"]
        drawn(socket)
        (out / "live" / "south.live").unlink()
        gone = socket.receive_json()
        assert (gone["name"], gone["state"], gone["said"]) == ("south", "gone", {})
        drawn(socket)
        write(out, "south", clock.t_ns)
        assert (socket.receive_json()["state"]) == "live"


def test_a_page_that_is_slow_gets_the_newest_picture_and_none_of_those_between(
    desk: Desk, as_, clock: TestClock, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.console.api.pictures.LOOK_S", 0.01)
    out = copied / "out"
    write(out, "north", clock.t_ns, b"\xff\xd80")
    with as_("viewer").websocket_connect(URL) as socket:
        socket.receive_json()
        assert socket.receive_bytes() == b"\xff\xd80"
        assert socket.receive_text() == ""
        for number in range(1, 8):  # it has not drawn the first when seven others come
            write(out, "north", clock.t_ns, b"\xff\xd8%d" % number)
            time.sleep(0.03)
        socket.send_text("")
        socket.receive_json()
        assert socket.receive_bytes() == b"\xff\xd87"


def test_nobody_unknown_and_no_other_sites_page_sees_pictures(desk: Desk, client: TestClient, as_, token) -> None:
    reading = token("viewer", Permission.READ)
    viewer = as_("viewer")
    for one, headers in ((client, {}), (client, reading), (viewer, {"origin": "https://elsewhere.example"})):
        with pytest.raises(WebSocketDisconnect), one.websocket_connect(URL, headers=headers):
            pass
    allowed = token("viewer", Permission.EVIDENCE)
    with client.websocket_connect(URL, headers=allowed):
        pass


def test_who_is_signed_out_is_cut_off(desk: Desk, as_, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.console.api.pictures.SESSION_EVERY", 2)
    with as_("viewer").websocket_connect(URL) as socket:
        desk.accounts.shut("viewer")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
        assert closed.value.code == NOT_ALLOWED
