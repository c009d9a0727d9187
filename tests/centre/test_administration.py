"""What an administrator does to a centre that runs: what it obeys, what it refuses, and what it says of it."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from detector.live_file import live_sources, read_centre
from tests.live.rig import free_port, running, until


def said(folder: Path) -> list[dict[str, Any]]:
    """Every line of the centre's own log: each is JSON."""
    return [json.loads(line) for line in (folder / "said.jsonl").read_text().splitlines()]


def test_a_running_centre_obeys_what_it_can_go_by_and_says_why_not_to_the_rest(tmp_path: Path) -> None:
    file, out, health, other = tmp_path / "centre.yaml", tmp_path / "out", free_port(), free_port()
    feeds = [f"  - {{id: {name}, media: 'udp://127.0.0.1:{free_port()}'}}\n" for name in ("north", "south")]
    receiver = f"outbox: [{{kind: webhook, name: hq, url: 'http://127.0.0.1:{free_port()}/in?token=geheim'}}]\n"

    def write(named: list[str], port: int, more: str = "") -> None:
        first = "feeds:\n" if named else ""
        where = f"centre: {{health: '127.0.0.1:{port}'}}\n"
        file.write_text(f"version: 1\n{first}{''.join(named)}{where}live: {{open_timeout_s: 1}}\n{receiver}{more}")

    def told(event: str, word: str = "") -> bool:
        return any(line["event"] == event and word in json.dumps(line) for line in said(tmp_path))

    def shown(member: str) -> Any:
        return (read_centre(out) or {}).get(member)

    write(feeds, health)
    with running(file, out) as process:
        until(lambda: live_sources(out) == ["north", "south"])
        before = shown("config_sha256")
        write([], health)
        until(lambda: told("configuration refused", "names nothing to watch"))
        write(feeds, health, "console: {address: '0.0.0.0:8443'}\n")
        until(lambda: told("configuration refused", "in the open"))
        assert process.poll() is None
        assert shown("config_sha256") == before
        write(feeds, health)
        until(lambda: told("configuration is again as it is in force"))
        write(feeds[:1], other)
        until(lambda: told("outbox is not taken", "Connection refused"))  # of south's gap, which has ended with it
        until(lambda: (shown("health") or "").endswith(f":{other}"))
        assert live_sources(out) == ["north"], "the other is not shown as one from which nothing comes"
        assert json.load(urllib.request.urlopen(f"http://127.0.0.1:{other}/healthz")) == {"turning": True}
    assert "geheim" not in (tmp_path / "said.jsonl").read_text()
