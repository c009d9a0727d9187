"""Addresses of feeds: what of them may be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector import pipeline
from detector.addresses import masked
from detector.config import load
from detector.errors import ConfigError


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://user:pass@10.0.0.5:554/a", "rtsp://***@10.0.0.5:554/a"),
        ("rtsp://user:p@ss@10.0.0.5/a?token=abc&x=1", "rtsp://***@10.0.0.5/a?token=***&x=1"),
        ("SRT: srt://h:9?passphrase=geheim&latency=5 refused", "SRT: srt://h:9?passphrase=***&latency=5 refused"),
        ("udp://239.0.0.1:5000", "udp://239.0.0.1:5000"),
        ("rtsp://viewer:geheim@10.0.0.5/live", "rtsp://***@10.0.0.5/live"),
        ("rtsp://viewer:ge%2Fheim@10.0.0.5/live", "rtsp://***@10.0.0.5/live"),
        ("rtsp://viewer:ge/heim@10.0.0.5/live", "rtsp://***@10.0.0.5/live"),
        ("rtsp://viewer:ge#he?im@10.0.0.5:554/live", "rtsp://***@10.0.0.5:554/live"),
        ("lost: rtsp://viewer:ge/heim@10.0.0.5/live: refused", "lost: rtsp://***@10.0.0.5/live: refused"),
        ("rtsp://10.0.0.5:554/live@main", "rtsp://10.0.0.5:554/live@main"),
        ("rtsp://10.0.0.5/live@main", "rtsp://10.0.0.5/live@main"),
        ("http://h/feed?user=a&password=geheim", "http://h/feed?user=***&password=***"),
    ],
)
def test_no_password_is_shown_however_it_is_typed(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_a_password_that_an_address_cannot_hold_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "centre.yaml"
    file.write_text("version: 1\nfeeds:\n  - {id: a, media: 'rtsp://viewer:ge/heim@10.0.0.5/live'}\n")
    with pytest.raises(ConfigError, match=r"centre\.yaml:3: .*%2F %3F %23") as error:
        load(file, pipeline.REGISTRIES)
    assert "heim" not in str(error.value)
    file.write_text(file.read_text().replace("ge/heim", "ge%2Fheim"))
    assert load(file, pipeline.REGISTRIES).settings.feeds[0].id == "a"
