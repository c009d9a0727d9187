"""Addresses of live streams: what is one, and that nobody sees who signs in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from detector.cli import run
from detector.config.mqtt_address import MqttAddress

GOOD = [
    ("mqtt://broker/line/north", ("broker", 1883, "line/north", False, None, None)),
    ("mqtts://broker.example/line/+/sound", ("broker.example", 8883, "line/+/sound", True, None, None)),
    ("mqtt://[::1]:1884/#", ("::1", 1884, "#", False, None, None)),
    ("mqtt://centre@10.0.0.1/a/#", ("10.0.0.1", 1883, "a/#", False, "centre", None)),
    ("mqtts://centre:p%40ss%2Fw@b:1/a", ("b", 1, "a", True, "centre", "p@ss/w")),
]


@pytest.mark.parametrize(("text", "parts"), GOOD)
def test_an_address_is_taken_apart(text: str, parts: tuple[object, ...]) -> None:
    found = MqttAddress.parse(text)
    assert (found.host, found.port, found.topic, found.tls, found.user, found.password) == parts


@pytest.mark.parametrize(("text", "_parts"), GOOD)
def test_what_is_shown_is_an_address_without_credentials(text: str, _parts: object) -> None:
    found = MqttAddress.parse(text)
    again = MqttAddress.parse(str(found))
    assert (again.host, again.port, again.topic, again.tls) == (found.host, found.port, found.topic, found.tls)
    for shown in (str(found), repr(found)):
        assert not any(secret in shown for secret in ("centre", "p@ss", "p%40ss"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mqtt://user:s3cret@broker", "is not of the form mqtt://host/topic"),
        ("mqtt://user:s3cret@broker/", "is not of the form"),
        ("mqtt://user:s3cret@/topic", "is not of the form"),
        ("http://user:s3cret@broker/topic", "is not of the form"),
        ("mqtt://user:s3cret@broker:70000/topic", "port 70000 is not between"),
        ("mqtt://user:s3cret@broker/a/b+", "+ stands for one whole level"),
        ("mqtt://user:s3cret@broker/a/#/b", "# for all levels after the last"),
    ],
)
def test_what_is_no_address_is_refused_without_its_password(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as told:
        MqttAddress.parse(text)
    assert "s3cret" not in str(told.value)


LIVE = {"id": "line", "media": ["mqtt://centre:s3cret@broker/line/+"], "station": "line.json"}


@pytest.mark.parametrize(
    ("network", "says"),
    [
        ({**LIVE, "media": ["mqtt://centre:s3cret@broker"]}, "sensors.0: mqtt://***@broker is not of the form"),
        ({**LIVE, "media": LIVE["media"][0]}, "sensors.0.media: a list is needed"),
        ({**LIVE, "media": [*LIVE["media"], "a.flac"]}, "one network is either recorded or live"),
        ({**LIVE, "station": None}, "live streams need station (where the sensors stand), or window_s"),
        ({**LIVE, "media": ["a.flac", "b.flac"]}, "station belongs to live streams: a recording has its .json"),
        ({**LIVE, "media": ["a.flac"], "station": None, "ca_file": "ca.pem"}, "ca_file belongs to live streams"),
        (LIVE, "sensors 'line': there is no file"),
        ({**LIVE, "station": "map.json", "password_file": "secret"}, "there is no file"),
    ],
)
def test_mistakes_in_a_configuration_are_told_without_the_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], network: dict[str, object], says: str
) -> None:
    (tmp_path / "map.json").write_text("{}")
    (tmp_path / "live.yaml").write_text(json.dumps({"version": 1, "sensors": [network]}))
    assert run(["check", str(tmp_path / "live.yaml")]) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert "s3cret" not in told.out + told.err


def test_replay_does_not_listen_and_says_what_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "line.json").write_text('{"position": {"lon_deg": 16.4, "lat_deg": 48.2}}')
    (tmp_path / "live.yaml").write_text(json.dumps({"version": 1, "sensors": [LIVE]}))
    assert run(["check", str(tmp_path / "live.yaml")]) == 0
    assert run(["replay", str(tmp_path / "live.yaml"), "--out", str(tmp_path / "out")]) == 2
    assert "sensors 'line' are live: `trucewatch run` listens to them" in capsys.readouterr().err
