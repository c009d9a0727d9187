"""What an administrator does to a centre that runs: what it obeys, what it refuses, and what it says of it."""

from __future__ import annotations

import json
import urllib.error
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


def test_sensors_whose_broker_is_not_there_are_not_called_seen_and_are_tried_again_without_their_password_file(
    tmp_path: Path,
) -> None:
    """Neither is a reason to be given up for good, nor one to look as if all were well."""
    file, out, health, broker = tmp_path / "centre.yaml", tmp_path / "out", free_port(), free_port()
    (tmp_path / "line.json").write_text('{"positions": {"north": {"lon_deg": 16.4, "lat_deg": 48.2}}}')
    file.write_text(
        "version: 1\n"
        f"sensors: [{{id: line, media: ['mqtt://centre@127.0.0.1:{broker}/line/#'], station: line.json,"
        " password_file: secret}]\n"
        f"centre: {{health: '127.0.0.1:{health}'}}\n"
        "live: {open_timeout_s: 1}\n"
    )

    def ready() -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{health}/readyz") as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, {}

    def why() -> str:
        return str(ready()[1].get("not_seen", {}).get("line"))

    with running(file, out):
        until(lambda: "the password cannot be read" in why())
        until(lambda: ((read_centre(out) or {}).get("feeds") or {}).get("line", {}).get("state") == "waiting")
        (tmp_path / "secret").write_text("s3cret\n")
        until(lambda: "Connection refused" in why())
        assert ready()[0] == 503
        until(lambda: any(one["event"] == "feed is not seen" for one in said(tmp_path)))
    assert not any(one["event"] == "feed is seen" for one in said(tmp_path))
    assert "s3cret" not in (tmp_path / "said.jsonl").read_text()
