"""`trucewatch run` with a live feed, live sensors, a vehicle's telemetry and tracks of aircraft at once."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from bench_mqtt import air_events, air_plan
from mqtt_rig import MOSQUITTO, ORIGIN, Broker, Sending

from detector.cli import run
from detector.live_file import read_centre, read_live
from detector.log import open_reader, verify_log
from detector.model import GapReason, State, Violation
from detector.synthetic.encode import write_feed
from detector.synthetic.faults import Fault
from detector.synthetic.flight import Attack, Flight, write_telemetry
from detector.synthetic.overflights import demo_sky, write_positions, write_zone
from detector.synthetic.scenes import SCENES
from tests.live.rig import ADDRESSES, free_port, running, sending, until

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed: apt-get install mosquitto")
LIMIT_S = 3.0
SECONDS = 8.0


def configured(folder: Path, feed: str, media: list[str]) -> Path:
    network: dict[str, Any] = {"id": "line", "origin_lon_deg": ORIGIN[0], "origin_lat_deg": ORIGIN[1], "media": media}
    live = {"station": str(folder / "station.json")} if "://" in media[0] else {}
    file = folder / f"{'live' if live else 'recorded'}.yaml"
    whole = {
        "version": 1,
        "map": "map.geojson",
        "centre": {"health": None},
        "live": {"read_timeout_s": 1.0},
        "evidence": {"pre_roll_s": 1, "post_roll_s": 1},
        "feeds": [{"id": "uav-1", "media": feed}],
        "sensors": [{**network, "temperature_c": 15.0, **live}],
        "telemetry": [{"id": "uav-2", "media": "uav.csv"}],
        "aircraft": [{"id": "adsb", "media": "adsb.csv"}],
        "rules": [
            {"id": "air", "kind": "overflight", "zones": ["strip"], "floor_m": 800, "ceiling_m": 3000},
            {"id": "nav", "kind": "platform_interference"},
            {"id": "silent", "kind": "sensor_silent", "limit_s": LIMIT_S, "feeds": ["uav-1", "uav-2"]},
            {"id": "impulse", "kind": "impulse", "pause_s": 1, "feeds": ["line"]},
        ],
    }
    file.write_text(json.dumps(whole), "utf-8")
    return file


def violations(out: Path) -> list[Violation]:
    with open_reader(out) as reader:
        return [one.violation for one in reader.violations()]


def told(out: Path, source_id: str) -> list[tuple[Any, ...]]:
    """What does not depend on the configuration and the run."""
    return [
        (one.rule_id, one.subject, one.state, one.t_start_ns, one.t_end_ns, one.count, one.observation, one.measures)
        for one in violations(out)
        if one.source_id == source_id
    ]


@pytest.mark.rig
def test_every_kind_of_source_is_watched_and_says_what_its_recording_says(tmp_path: Path) -> None:
    write_feed(
        SCENES["crossing"](1), tmp_path / "jump.ts", size_px=(320, 180), fps=(10, 1), seconds=12,
        faults=(Fault.GNSS_JUMP,),
    )  # fmt: skip
    write_positions(demo_sky(), tmp_path / "adsb.csv")
    write_zone(demo_sky(), tmp_path / "map.geojson")
    write_telemetry(Flight(200, 3, (Attack("jam", 120, 30, 90), Attack("cut", 160, 15))), tmp_path / "uav.csv")
    plan, port, out, replayed = air_plan(SECONDS), free_port(), tmp_path / "out", tmp_path / "replayed"
    plan.write_station(tmp_path / "station.json")
    with Broker(tmp_path / "broker") as broker:
        topics = f"mqtt://who:secret@127.0.0.1:{broker.port}/line/+"
        file = configured(tmp_path, ADDRESSES["udp"].format(port), [topics])
        with running(file, out) as process:
            until(lambda: all(read_live(out, name) for name in ("uav-1", "line", "uav-2", "adsb")))
            connected = "nothing has been sent yet"  # what is sent before is heard by nobody
            until(lambda: (read_live(out, "line") or ({},))[0].get("state_why") == connected)
            sensors = Sending(plan, broker)
            with sending("udp", port, tmp_path / "jump.ts"):
                sensors.run()
                until(lambda: any(one.source_id == "uav-1" and one.rule_id == "nav" for one in violations(out)))
                until(lambda: (read_live(out, "uav-1") or ({},))[0].get("state") == "reconnecting")
            lost_s = time.monotonic()
            until(lambda: any(one.rule_id == "silent" and one.source_id == "uav-1" for one in violations(out)), 15)
            assert time.monotonic() - lost_s < LIMIT_S + 5
            (silent,) = (one for one in violations(out) if one.rule_id == "silent" and one.source_id == "uav-1")
            assert silent.state is State.OPEN, "told while it lasts"
            until(lambda: len(told(out, "line")) >= len(air_events(SECONDS)))
            feeds = (read_centre(out) or {})["feeds"]
            assert {name: one["state"] for name, one in feeds.items()} == {
                "uav-1": "running", "line": "running", "uav-2": "ended", "adsb": "ended",
            }  # fmt: skip
            assert process.poll() is None
    assert verify_log(out).intact
    recorded = configured(tmp_path, "jump.ts", plan.record(tmp_path, sensors.start_ns))
    assert run(["replay", str(recorded), "--out", str(replayed)]) == 0
    for source_id in ("uav-2", "adsb", "line"):
        assert told(out, source_id) == told(replayed, source_id), source_id
        assert told(out, source_id), source_id
    (live,) = [one for one in violations(out) if (one.source_id, one.rule_id) == ("uav-1", "nav")]
    (played,) = [one for one in violations(replayed) if (one.source_id, one.rule_id) == ("uav-1", "nav")]
    assert live.observation == played.observation
    assert live.t_start_ns == pytest.approx(played.t_start_ns, abs=1_000_000)
    assert live.t_end_ns == pytest.approx(played.t_end_ns, abs=1_000_000)
    with open_reader(out) as reader:
        kept = {
            one.violation.rule_id: {file.role for file in one.files}
            for one in reader.violations()
            if one.violation.source_id == "uav-1"
        }
        gaps = [gap for gap in reader.gaps() if gap.source_id == "uav-1"]
    assert {"clip", "samples", "samples-plot"} <= kept["nav"]
    assert {"gaps", "gaps-plot"} <= kept["silent"]
    assert [gap.reason for gap in gaps if gap.reason is GapReason.DISCONNECTED] == [GapReason.DISCONNECTED]
    shown = b"".join(path.read_bytes() for path in ((tmp_path / "said.jsonl"), *(out / "live").iterdir()))
    assert b"secret" not in shown
