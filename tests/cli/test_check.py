"""`trucewatch check` shows a right configuration so that a person can read it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from detector.cli import run
from detector.config.in_force import put_in_force
from tests.cli.media_making import video, write_config

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize(
    ("detectors", "kind", "told"),
    [
        (None, "change", "kind change looks for change, and no detector does: `detectors:` has flash, motion, smoke"),
        (["motion"], "flash", "kind flash looks for flash, and no detector does: `detectors:` has motion"),
        (["flash"], "zone_entry", "kind zone_entry looks for motion, and no detector does: `detectors:` has flash"),
        ([], "flash", "detectors: the list needs at least 1, found 0"),
        (["change"], "change", ""),
        (["motion"], "zone_entry", ""),
    ],
)
def test_a_rule_that_would_be_silent_for_ever_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], detectors: list[str] | None, kind: str, told: str
) -> None:
    more = {} if detectors is None else {"detectors": [{"kind": one} for one in detectors]}
    rule = {"id": "a", "kind": kind, **({"zones": ["gate"]} if kind == "zone_entry" else {})}
    config = write_config(tmp_path, [], rules=[rule], **more)
    assert run(["check", str(config)]) == (2 if told else 0)
    assert told in capsys.readouterr().err


def test_telemetry_that_cannot_be_read_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    media = video(tmp_path / "a.ts", 4)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "bad.csv").write_text("t_s,lat_deg,lon_deg,alt_m,yaw_deg,pitch_deg\n0,x,0,0,0,0\n1,x,0,0,0,0\n")
    for name, told in (
        ("notes.txt", "notes.txt: telemetry is read from .srt and .csv files"),
        ("bad.csv", "bad.csv:2: lat_deg is 'x': a number is needed (and 1 more)"),
    ):
        config = write_config(tmp_path, [{"id": "gate", "media": str(media), "telemetry": name}])
        assert run(["check", str(config)]) == 2
        assert f"{config}:8: feed 'gate': {tmp_path / told}" in capsys.readouterr().err


def test_telemetry_found_beside_a_recording_is_checked_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_config(tmp_path, [{"id": "gate", "media": str(video(tmp_path / "gate.ts", 4))}])
    (tmp_path / "gate.csv").write_text("time;place\n1;2\n")
    assert run(["check", str(config)]) == 2
    assert f"{config}:7: feed 'gate': {tmp_path / 'gate.csv'}:1: missing columns: lat_deg" in capsys.readouterr().err


def network(folder: Path, **stations: dict) -> Path:
    """A configuration of microphones, each a second of sound with this beside it; with None, nothing is."""
    (folder / "map.geojson").write_text((CONFIGS / "demo.geojson").read_text())
    for name, station in stations.items():
        soundfile.write(folder / f"{name}.wav", np.zeros(4000), 4000)
        if station is not None:
            (folder / f"{name}.json").write_text(json.dumps(station))
    media = ", ".join(f"{name}.wav" for name in stations)
    config = folder / "net.yaml"
    config.write_text(
        f"version: 1\nmap: map.geojson\nsensors:\n  - id: net\n    media: [{media}]\n"
        "rules:\n  - {id: heard, kind: impulse}\n"
    )
    return config


def standing(lon_deg: float, lat_deg: float) -> dict:
    return {"start": "2026-03-01T09:30:00Z", "position": {"lon_deg": lon_deg, "lat_deg": lat_deg, "alt_m": 5}}


def test_what_lies_beside_sensors_recordings_is_read_and_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was called right, and told one by one when the night had been recorded."""
    swapped, timeless = standing(42.3, -99.5), {"position": {"lon_deg": 16.4, "lat_deg": 48.2}}
    config = network(tmp_path, a=standing(16.4, 48.2), b=swapped, c=timeless, d=None)
    assert run(["check", str(config)]) == 2
    said = capsys.readouterr().err
    assert f"{config}:5: sensors 'net': {tmp_path / 'b.json'}: position is 42.3, -99.5: no longitude and" in said
    assert f"{tmp_path / 'c.wav'} carries no time: c.json beside it, or `start:`, has to say it" in said
    assert f"where the sensor of {tmp_path / 'd.wav'} stands is not known: d.json beside it has to say it" in said
    assert "a.wav" not in said


def test_a_sensor_that_stands_on_another_continent_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = {name: standing(16.4 + 0.001 * k, 48.2) for k, name in enumerate("abd")}
    assert run(["check", str(network(tmp_path, **here))]) == 0
    assert " km from the others" not in capsys.readouterr().out
    assert run(["check", str(network(tmp_path, **here, c=standing(48.2, 16.4)))]) == 0
    assert "sensors net: c stands 4466 km from the others: is its longitude its latitude" in capsys.readouterr().out


def test_rules_for_none_of_the_sources_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    media = video(tmp_path / "a.ts", 4)
    for feed, idle in (("gate", False), ("other", True)):  # the zone is drawn in the picture of gate
        assert run(["check", str(write_config(tmp_path, [{"id": feed, "media": str(media)}]))]) == 0
        assert ("Rules that judge none of the sources named here: closed." in capsys.readouterr().out) is idle


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "ground.asc: cannot be read: No such file or directory"),
        (
            "junk",
            "ground.asc:1: no elevation grid of ESRI: its header lacks ncols, nrows, cellsize, xllcorner, yllcorner",
        ),
        ("ncols 2\nnrows\n", "ground.asc: not a usable elevation grid: list index out of range"),
        ("ncols 1e400\nnrows 2\ncellsize 1\nxllcenter 0\nyllcenter 0\n1\n", "cannot convert float infinity"),
    ],
)
def test_an_elevation_grid_that_is_none_is_told_before_the_night(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, told: str
) -> None:
    """And no replay begins a log that it cannot fill."""
    if text is not None:
        (tmp_path / "ground.asc").write_text(text)
    config = write_config(tmp_path, [], rules=[], location={"terrain": "grid", "grid": "ground.asc"})
    assert run(["check", str(config)]) == 2
    assert told in capsys.readouterr().err
    assert run(["replay", str(config), str(video(tmp_path / "a.ts", 4)), "--out", str(tmp_path / "out")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["demo.yaml", "agreement.example.yaml"])
def test_settings_read_as_in_the_file_not_as_python_has_them(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert run(["check", str(CONFIGS / name)]) == 0
    shown = capsys.readouterr().out
    assert "since 22:00 until 05:00" in shown
    assert "config_sha256" in shown
    for python in ("datetime", "{'", "',)", "=("):
        assert python not in shown


def test_one_of_a_thing_is_singular(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(CONFIGS / "demo.yaml")]) == 0
    assert "1 feed, 2 networks, 4 zones, 1 line, 8 rules." in capsys.readouterr().out


def test_a_name_in_brackets_is_shown_and_not_taken_for_markup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nname: '[bold]North[/bold] [sector]'\n")
    assert run(["check", str(tmp_path / "a.yaml")]) == 0
    assert "[bold]North[/bold] [sector]" in capsys.readouterr().out


def test_recordings_and_telemetry_that_are_not_there_are_named_with_their_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "here.ts").touch()
    (tmp_path / "a.yaml").write_text(
        "version: 1\nfeeds:\n  - id: a\n    media: gone.ts\n  - id: b\n    media: here.ts\n    telemetry: gone.srt\n"
    )
    assert run(["check", str(tmp_path / "a.yaml")]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path}/a.yaml:4: feed 'a': there is no recording {tmp_path}/gone.ts",
        f"{tmp_path}/a.yaml:7: feed 'b': there is no telemetry {tmp_path}/gone.srt",
    ]


def test_what_is_not_on_the_map_and_what_is_not_on_the_disk_is_told_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (CONFIGS / "demo.yaml").read_text().replace("[strip]", "[stripe]", 1)
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "demo.geojson").write_bytes((CONFIGS / "demo.geojson").read_bytes())
    assert run(["check", str(tmp_path / "a.yaml")]) == 2
    told = capsys.readouterr().err
    assert "there is no zone 'stripe' on the map" in told
    assert "feed 'demo': there is no recording" in told


def test_an_hour_that_is_none_is_one_complaint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (CONFIGS / "demo.yaml").read_text().replace('"22:00"', '"25:00"')
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "demo.geojson").write_bytes((CONFIGS / "demo.geojson").read_bytes())
    assert run(["check", str(tmp_path / "a.yaml")]) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert ":51: " in told
    assert "'25:00' is not a time of day like 22:00" in told


def test_what_a_centre_would_lack_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cert.pem").write_text("none")
    (tmp_path / "key.pem").write_text("none")
    file = tmp_path / "centre.yaml"
    file.write_text(
        "version: 1\n"
        "feeds: [{id: a, media: 'udp://127.0.0.1:5000'}]\n"
        "console: {address: '0.0.0.0:8443', certificate: cert.pem, key: key.pem}\n"
        "outbox:\n"
        "  - {kind: webhook, name: hq, url: 'https://h/in', secret_file: webhook.secret}\n"
        "  - {kind: mqtt, name: broker, host: h, tls: true, ca_file: ca.pem}\n"
    )
    assert run(["check", str(file)]) == 2
    told = capsys.readouterr().err
    assert f"{file}:3: console: {tmp_path}/cert.pem and {tmp_path}/key.pem: are no certificate and key" in told
    assert f"{file}:5: outbox 'hq': there is no file {tmp_path}/webhook.secret" in told
    assert f"{file}:6: outbox 'broker': there is no file {tmp_path}/ca.pem" in told


def test_a_version_that_run_goes_by_instead_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, version = tmp_path / "centre.yaml", tmp_path / "centre.20260301T063000Z.yaml"
    text = "version: 1\nfeeds: [{id: a, media: 'udp://127.0.0.1:5000'}]\n"
    file.write_text(text)
    version.write_text(text + "name: drawn in the console\n")
    put_in_force(file, version)
    assert run(["check", str(file)]) == 0
    assert f"`run` goes by {version.name}, which was put in force" in capsys.readouterr().out
    file.write_text(text + "name: changed by hand\n")
    assert run(["check", str(file)]) == 0
    assert "was changed since: `run` goes by centre.yaml itself" in capsys.readouterr().out
