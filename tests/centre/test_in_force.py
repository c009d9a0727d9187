"""A version saved in the console is put in force there, and the centre that runs beside it goes by it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from detector.console.accounts import Accounts
from detector.console.roles import PERMISSIONS, Role
from detector.live_file import read_centre
from detector.log import open_reader
from detector.timebase import SystemClock
from tests.centre.test_centre import CONFIGS, RULES, feed_pid
from tests.live.rig import ADDRESSES, FEEDS, free_port, running, sending, until

CHANGED = "another strip"


class Browser:
    """Asks the console as an administrator. No answer is code 0."""

    def __init__(self, port: int, token: str) -> None:
        self._address, self._headers = f"http://127.0.0.1:{port}", {"authorization": f"Bearer {token}"}

    def ask(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = self._headers | {"content-type": "application/json"}
        request = urllib.request.Request(self._address + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""


@pytest.mark.rig
def test_a_running_centre_goes_by_a_saved_version_at_once_and_after_its_next_start(tmp_path: Path) -> None:
    port, web, out, file = free_port(), free_port(), tmp_path / "out", tmp_path / "centre.yaml"
    (tmp_path / "demo.geojson").write_text((CONFIGS / "demo.geojson").read_text())
    file.write_text(
        f"version: 1\nmap: demo.geojson\nfeeds: [{{id: north, media: '{ADDRESSES['udp'].format(port)}'}}]\n"
        f"centre: {{health: null}}\nconsole: {{address: '127.0.0.1:{web}'}}\n{RULES}"
    )
    with running(file, out):
        until(lambda: feed_pid(out) > 0)
        accounts = Accounts(out, SystemClock())
        accounts.add("admin", Role.ADMINISTRATOR, "", "correct horse battery")
        browser = Browser(web, accounts.make_token("admin", PERMISSIONS[Role.ADMINISTRATOR], 1))
        accounts.close()
        until(lambda: browser.ask("/api/me")[0] == 200)
        first, feed, console = read_centre(out) or {}, feed_pid(out), (read_centre(out) or {})["console_pid"]
        features = json.loads((tmp_path / "demo.geojson").read_text())["features"]
        strip = next(one for one in features if one["properties"]["id"] == "strip")
        strip["properties"]["name"] = CHANGED
        code, version = browser.ask("/api/zones", {"base_sha256": first["config_sha256"], "changed": [strip]})
        assert code == 201, version
        wanted = {"file": version["file"], "sha256": version["sha256"]}
        assert browser.ask("/api/zones/in-force", wanted)[0] == 202
        until(lambda: (read_centre(out) or {})["config_sha256"] == version["sha256"])
        assert feed_pid(out) == feed, "the connection is not lost"
        until(lambda: (read_centre(out) or {})["console_pid"] not in {None, console})
        until(lambda: browser.ask("/api/me")[0] == 200)
        with sending("udp", port, FEEDS / "demo.ts"):
            until(lambda: bool(_judged_by(out, version["sha256"])))
    with running(file, out) as again:
        until(lambda: (read_centre(out) or {}).get("pid") == again.pid)
        assert (read_centre(out) or {})["config_sha256"] == version["sha256"]
        assert (read_centre(out) or {})["config"] == str(tmp_path / version["file"])
    assert all(CHANGED in one for one in _judged_by(out, version["sha256"]))
    with open_reader(out) as reader:
        said = [one.detail for one in reader.audits() if one.subject == version["file"]]
    assert [one.partition(";")[0] for one in said] == ["changed strip", "put in force"]


def _judged_by(out: Path, sha256: str) -> list[str]:
    with open_reader(out) as reader:
        found = [one.violation for one in reader.violations()]
    return [one.observation for one in found if one.config_sha256 == sha256 and one.rule_kind == "zone_entry"]
