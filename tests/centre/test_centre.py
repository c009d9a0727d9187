"""`trucewatch run` as a process, against real senders: live is replay, and no kill loses or doubles anything."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detector.errors import LogError
from detector.live_file import read_centre, read_live
from detector.log import open_reader, verify_log
from detector.model import GapReason, State, Violation
from tests.live.rig import ADDRESSES, FEEDS, free_port, running, sending, until

pytest.importorskip("tstrans", reason="the RTSP server of the rig is tstrans'")
pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).parents[2] / "configs"
RULES = """
location: {sigma_pos_m: 2, sigma_att_deg: 0.3, sigma_ground_m: 2, sigma_fov_share: 0.005}
rules:
  - {id: line-of-contact, kind: line_crossing, lines: [contact-line]}
  - {id: strip-closed, kind: zone_entry, zones: [strip], min_time_s: 2}
  - {id: corridor-speed, kind: speed, zones: [corridor], limit_m_s: 15, min_time_s: 1.5}
"""


def config(folder: Path, media: str, health: int | None = None, rules: str = RULES, mode: str = "realtime") -> Path:
    file = folder / "centre.yaml"
    address = f"127.0.0.1:{health}" if health else "null"
    head = f"version: 1\nmap: {CONFIGS / 'demo.geojson'}\nfeeds: [{{id: north, media: '{media}'}}]\n"
    file.write_text(f"{head}centre: {{health: {address}}}\nlive: {{read_timeout_s: 2, mode: {mode}}}\n{rules}")
    return file


def status(out: Path) -> dict[str, Any]:
    found = read_live(out, "north")
    return {} if found is None else found[0]


def seen_by_another(out: Path, pid: int) -> bool:
    """Pictures come, to another process than this."""
    return status(out).get("pid") != pid and status(out).get("state") == "running"


def feed_pid(out: Path) -> int:
    centre = read_centre(out)
    return (centre or {"feeds": {}})["feeds"].get("north", {}).get("pid") or 0


def seconds_until(true: Callable[[], bool]) -> float:
    begun_s = time.monotonic()
    until(true)
    return time.monotonic() - begun_s


def violations(out: Path) -> list[Violation]:
    with open_reader(out) as reader:
        return [one.violation for one in reader.violations()]


def left_open(out: Path) -> list[Violation]:
    """What is open in the log; nothing while there is no log."""
    try:
        with open_reader(out) as reader:
            return reader.broken_off("north")[0]
    except LogError:
        return []


def not_running(out: Path) -> list[str]:
    """Why nobody watched, of each time."""
    with open_reader(out) as reader:
        return [gap.detail for gap in reader.gaps() if gap.reason is GapReason.NOT_RUNNING]


def test_the_log_of_a_live_feed_holds_the_violations_of_the_replay(tmp_path: Path) -> None:
    """However busy the machine is: in `realtime` it would pass over pictures, and begin a violation one later."""
    port, health, out = free_port(), free_port(), tmp_path / "live"
    file = config(tmp_path, ADDRESSES["rtsp"].format(port), health, mode="complete")
    with sending("rtsp", port, FEEDS / "crossing.ts"), running(file, out):
        until(lambda: status(out).get("counters", {}).get("frames", 0) > 100)
        head, jpeg = read_live(out, "north") or ({}, b"")
        metrics = urllib.request.urlopen(f"http://127.0.0.1:{health}/metrics").read().decode()
        ready = json.load(urllib.request.urlopen(f"http://127.0.0.1:{health}/readyz"))
        assert urllib.request.urlopen(f"http://127.0.0.1:{health}/healthz").status == 200
        until(lambda: status(out).get("state") == "reconnecting")
    recorded = tmp_path / "recorded"
    replay = [sys.executable, "-m", "detector", "replay", str(config(tmp_path, str(FEEDS / "crossing.ts"))), "--out"]
    subprocess.run([*replay, str(recorded)], check=True, capture_output=True)

    live, twin = violations(out), violations(recorded)
    assert len(twin) >= 1
    assert [_told(one) for one in live] == [_told(one) for one in twin]
    for one, other in zip(live, twin, strict=True):
        assert abs(one.t_start_ns - other.t_start_ns) < 1_000_000, "a tick of the sender's clock is 11 us"
        assert abs(one.t_end_ns - other.t_end_ns) < 90_000_000, "a server may keep its last picture to itself"
        assert one.place.lat_deg == pytest.approx(other.place.lat_deg, abs=2e-6)
    with open_reader(out) as reader:
        assert {gap.reason for gap in reader.gaps()} <= {GapReason.WARMING_UP, GapReason.DISCONNECTED}
        assert all(one.files for one in reader.violations())
    assert jpeg.startswith(b"\xff\xd8")
    assert head["sight"] in {"seeing", "warming_up"}
    assert head["size_px"] == [640, 360]
    assert head["lag_s"] >= 0
    assert 0.5 < head["delay_s"] < 2.0, "0.6 s of looking ahead and at most 1 s of hindsight, at any speed"
    assert len(head["footprint"]) > 3
    assert ready == {"ready": True, "feeds": {"north": "running"}}
    assert 'trucewatch_feed_running{feed="north"} 1' in metrics
    assert 'trucewatch_feed_lag_seconds{feed="north"}' in metrics
    assert 'trucewatch_feed_delay_seconds{feed="north"}' in metrics
    everything = [*(tmp_path / "live" / "live").iterdir(), tmp_path / "said.jsonl", out / "violations.sqlite"]
    assert not [path for path in everything if b"secret" in path.read_bytes()], "the password is in none of them"


def _told(one: Violation) -> tuple[Any, ...]:
    return one.rule_id, one.observation, one.zone_id, one.count, one.state


def test_kill_nine_of_a_feed_and_of_the_centre_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    port, out = free_port(), tmp_path / "out"
    file = config(tmp_path, ADDRESSES["udp"].format(port))
    with running(file, out) as centre:
        until(lambda: feed_pid(out) > 0)
        with sending("udp", port, FEEDS / "demo.ts"):
            until(lambda: bool(left_open(out)))
            open_then, first = left_open(out), feed_pid(out)
            os.kill(first, signal.SIGKILL)
            back_s = seconds_until(lambda: seen_by_another(out, first))
            until(lambda: feed_pid(out) not in {0, first})
            second = feed_pid(out)
            until(lambda: len(not_running(out)) == 1)  # in the log: what a feed has told may not be there yet
            centre.kill()
            centre.wait()
    with open_reader(out) as reader:
        before = [(entry.seq, entry.hash) for entry in reader.entries()]
    until(lambda: not Path(f"/proc/{second}").exists())  # it never watches unrecorded
    with running(file, out) as again:
        again_s = seconds_until(lambda: (read_centre(out) or {}).get("pid") == again.pid and feed_pid(out) > 0)
        with sending("udp", port, FEEDS / "demo.ts", "--from", "30"):  # it has flown on meanwhile
            again_s += seconds_until(lambda: seen_by_another(out, second))
            third = feed_pid(out)
            file.write_text(file.read_text().replace("limit_m_s: 15", "limit_m_s: 14"))
            until(lambda: _changed(out, third))
            file.write_text(file.read_text().replace("limit_m_s", "limit_m"))
            until(lambda: "did you mean 'limit_m_s'" in (read_centre(out) or {})["config_problem"])
            assert feed_pid(out) == third, "rules are exchanged without losing the connection"
    with open_reader(out) as reader:
        after = [(entry.seq, entry.hash) for entry in reader.entries()]
        runs, logged = reader.runs(), reader.violations()
    assert after[: len(before)] == before
    assert not verify_log(out).damage
    found = violations(out)
    assert all(one.state is State.CLOSED for one in found)
    identities = [(one.rule_id, one.subject, one.t_start_ns) for one in found]
    assert len(set(identities)) == len(identities)
    spans = sorted((one.rule_id, one.zone_id, one.t_start_ns, one.t_end_ns) for one in found if one.count == 1)
    assert spans
    by_feed, by_centre = not_running(out)
    assert "its process was killed" in by_feed
    assert "the centre was not running" in by_centre
    cut = next(one for one in logged if one.violation.violation_id == open_then[0].violation_id)
    assert [file.role for file in cut.files] == ["clip", "clip_browser", "snapshot"]
    assert cut.lacks[0].startswith("its process was killed while it went on")
    assert all(one.files for one in logged)
    assert len(runs) == 2, "a configuration, a run"
    print(f"feed back after {back_s:.1f} s, centre after {again_s:.1f} s")  # 5 s are the goal


def _changed(out: Path, pid: int) -> bool:
    centre = read_centre(out) or {}
    feed = centre["feeds"]["north"]
    return feed["config_sha256"] == centre["config_sha256"] and feed["pid"] == pid and _runs(out) == 2


def _runs(out: Path) -> int:
    with open_reader(out) as reader:
        return len(reader.runs())
