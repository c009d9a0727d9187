"""Parts of the centre by themselves: what a new configuration means, figures, the supervisor, files that show."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
import time
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from detector import pipeline
from detector.association import Settled
from detector.centre.configuration_file import ConfigurationFile
from detector.centre.health_page import HealthPage, readiness
from detector.centre.live_joiner import LiveJoiner
from detector.centre.messages import Amend, Done, FromFeed, Logged, Order, Status, Stop, ToFeed
from detector.centre.metrics import exposition
from detector.centre.reload import Change, change_for
from detector.centre.sensor_view import SensorView
from detector.centre.supervisor import Supervised
from detector.config import CentreSettings, Configuration, load
from detector.config.in_force import in_force, put_in_force, word_of
from detector.errors import Complaint, ConfigError
from detector.feed import Progress
from detector.live_file import live_sources, read_centre, read_live, write_centre, write_live
from detector.model import Gap, GapReason, Joined, RunEnd

BASE = """version: 1
map: {map}
feeds:
  - {{id: north, media: udp://127.0.0.1:5000}}
  - {{id: south, media: udp://127.0.0.1:5001}}
rules:
  - {{id: line, kind: line_crossing, lines: [contact-line]}}
  - {{id: fast, kind: speed, zones: [corridor], limit_m_s: 15, feeds: [south]}}
"""
MAP = Path(__file__).parents[2] / "configs" / "demo.geojson"


def loaded(folder: Path, text: str) -> Configuration:
    file = folder / "centre.yaml"
    file.write_text(text)
    return pipeline.checked(load(file, pipeline.REGISTRIES))


@pytest.mark.parametrize(
    ("before", "after", "north", "south"),
    [
        ("limit_m_s: 15", "limit_m_s: 14", Change.NOTHING, Change.RULES),
        ("id: line,", "id: border,", Change.RULES, Change.RULES),
        ("127.0.0.1:5001", "127.0.0.1:5002", Change.NOTHING, Change.RESTART),
        ("rules:", "live: {max_lag_s: 1}\nrules:", Change.RESTART, Change.RESTART),
        ("rules:", "detectors: [{kind: motion}]\nrules:", Change.RESTART, Change.RESTART),
        ("rules:", "time_zone: Europe/Vienna\nrules:", Change.RULES, Change.RULES),
        ("version: 1", "version: 1\nname: other words", Change.NOTHING, Change.NOTHING),
    ],
)
def test_only_what_changed_is_touched(before: str, after: str, north: Change, south: Change, tmp_path: Path) -> None:
    text = BASE.format(map=MAP)
    old, new = loaded(tmp_path, text), loaded(tmp_path, text.replace(before, after))
    assert (change_for("north", old, new), change_for("south", old, new)) == (north, south)


def test_the_map_is_watched_too_and_a_mistake_keeps_what_is_in_force(tmp_path: Path) -> None:
    (tmp_path / "map.geojson").write_text(MAP.read_text())
    before = loaded(tmp_path, BASE.format(map="map.geojson"))
    file = ConfigurationFile(before)
    assert file.newer(now=True) is None
    changed = json.loads(MAP.read_text())
    first = next(one for one in changed["features"] if one["geometry"]["type"] == "Polygon")
    first["geometry"]["coordinates"][0][1][0] += 1e-4
    (tmp_path / "map.geojson").write_text(json.dumps(changed))
    after = file.newer(now=True)
    assert after is not None
    assert after.sha256 != before.sha256
    assert change_for("north", before, after) is Change.RULES
    (tmp_path / "map.geojson").write_text("{")
    assert file.newer(now=True) is None
    assert "map.geojson" in file.problem
    (tmp_path / "map.geojson").write_text(json.dumps(changed))
    assert file.newer(now=True) is None
    assert file.problem == ""


class Scripted:
    """A worker whose other end a test holds."""

    pid = None

    def __init__(self) -> None:
        self.readable, self.theirs = Pipe(duplex=False)
        self.heard: list[ToFeed] = []
        self.killed = False

    def receive(self) -> list[FromFeed] | None:
        found = []
        try:
            while self.readable.poll():
                found.append(self.readable.recv())
        except EOFError:
            return found or None
        return found

    def send(self, message: ToFeed) -> None:
        self.heard.append(message)

    def kill(self) -> None:
        self.killed = True


class Somewhere:
    """Another place than this machine: that is all the centre asks of it."""

    def __init__(self) -> None:
        self.workers: list[Scripted] = []

    def start(self, _order: Order) -> Scripted:
        self.workers.append(Scripted())
        return self.workers[-1]


@pytest.fixture
def order(tmp_path: Path) -> Order:
    configuration = loaded(tmp_path, BASE.format(map=MAP))
    return Order(configuration, configuration.settings.feeds[0], tmp_path, "run", None)


def supervised(
    order: Order, hang_s: float = 5.0, monotonic_s: Callable[[], float] = time.monotonic
) -> tuple[Supervised, Somewhere]:
    place = Somewhere()
    return Supervised(order, place, CentreSettings(hang_s=hang_s), lambda one: one, monotonic_s), place


def alive(theirs: Connection, ago_s: float = 0.0) -> None:
    theirs.send(Status({"alive_ns": time.time_ns() - round(ago_s * 1e9)}))


def test_a_feed_that_dies_is_started_again_later_and_later(order: Order) -> None:
    one, place = supervised(order)
    waits = []
    for number in range(4):
        begun_s = time.monotonic()
        while len(place.workers) == number:
            one.turn()
            time.sleep(0.005)
        waits.append(time.monotonic() - begun_s)
        place.workers[-1].theirs.close()
        one.turn()
        assert one.state == "waiting"
    assert one.starts == 4
    assert waits[1] == pytest.approx(0.25, abs=0.15)
    assert waits[3] == pytest.approx(1.0, abs=0.25)
    assert one.why == "its process was killed"


def test_a_feed_that_hangs_is_killed(order: Order) -> None:
    clock = [100.0]
    one, place = supervised(order, monotonic_s=lambda: clock[0])
    one.turn()
    stands_still = Status({"alive_ns": time.time_ns()})
    place.workers[0].theirs.send(stands_still)
    one.turn()
    assert one.alive
    clock[0] += 6.0
    place.workers[0].theirs.send(stands_still)  # its process speaks, its loop does not turn
    one.turn()
    assert place.workers[0].killed
    assert one.state == "waiting"
    assert "has not turned for 5 s" in one.why


@pytest.mark.parametrize("ago_s", [3600.0, -3600.0])
def test_a_clock_that_is_set_while_a_feed_runs_kills_none_and_hides_none_that_hangs(order: Order, ago_s: float) -> None:
    clock = [100.0]
    one, place = supervised(order, monotonic_s=lambda: clock[0])
    one.turn()
    alive(place.workers[0].theirs, ago_s)  # said before the clock was set by an hour
    one.turn()
    assert not place.workers[0].killed
    assert one.alive
    clock[0] += 6.0
    one.turn()
    assert place.workers[0].killed


def test_a_feed_that_ends_or_is_stopped_is_not_started_again(order: Order) -> None:
    one, place = supervised(order)
    one.turn()
    one.amend(order)
    one.stop()
    assert [type(message) for message in place.workers[0].heard] == [Amend, Stop]
    place.workers[0].theirs.send(Done())
    place.workers[0].theirs.close()
    one.turn()
    one.turn()
    assert one.over
    assert one.state == "stopped"
    assert one.turn() == []
    assert len(place.workers) == 1


@pytest.mark.parametrize("complete", [True, False])
def test_a_source_that_ends_before_its_end_says_why(order: Order, complete: bool) -> None:
    one, place = supervised(order)
    one.turn()
    theirs, why = place.workers[0].theirs, "" if complete else "station.yaml: cannot be read"
    theirs.send(Logged("run", RunEnd("run", "north", 0, complete, 0, 0, why)))
    theirs.send(Done())
    theirs.close()
    one.turn()
    one.turn()
    assert one.over
    assert (one.state, one.why) == ("ended", why or "it has come to its end")
    assert one.whole == complete


def test_a_feed_that_cannot_write_its_evidence_says_so_and_is_tried_again(order: Order) -> None:
    one, place = supervised(order)
    one.turn()
    place.workers[0].theirs.send(Done("the disk is full"))
    place.workers[0].theirs.close()
    one.turn()
    one.turn()
    assert (one.state, one.why) == ("waiting", "the disk is full")


def test_figures_that_are_not_known_are_left_out() -> None:
    feed = {"alive": True, "status": {}, "cpu_share": None, "memory_bytes": 5, "starts": 2}
    sink = {"depth": 3, "delivered": 4, "problem": "Connection refused"}
    text = exposition(
        {"feeds": {"north": feed}, "log_entries": 7, "log_seq": 9, "disk_free_bytes": 11, "outbox": {"hq": sink}}
    )
    assert 'trucewatch_feed_up{feed="north"} 1\n' in text
    assert "cpu_share" not in text
    assert 'trucewatch_feed_memory_bytes{feed="north"} 5\n' in text
    assert "trucewatch_log_entries_total 7\n" in text
    assert "trucewatch_disk_free_bytes 11\n" in text
    assert 'trucewatch_outbox_depth{sink="hq"} 3\n' in text
    assert 'trucewatch_outbox_failing{sink="hq"} 1\n' in text
    names = [line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(set(names)) == len(names)


def test_what_is_shown_is_read_back_whole_or_not_at_all(tmp_path: Path) -> None:
    assert read_live(tmp_path, "north") is None
    assert read_centre(tmp_path) is None
    said = {"version": 1, "state": "running\n"}
    write_live(tmp_path, "north", said, b"\xff\xd8\nrest")
    assert read_live(tmp_path, "north") == (said, b"\xff\xd8\nrest")
    write_live(tmp_path, "line", said)
    assert read_live(tmp_path, "line") == (said, b"")
    write_centre(tmp_path, {"version": 1, "pid": 1})
    assert read_centre(tmp_path) == {"version": 1, "pid": 1}
    live = tmp_path / "live"
    assert sorted(path.name for path in live.iterdir()) == ["centre.json", "line.live", "north.live"]
    for content in (b"", b"no json\n", b'{"version": 9}\n', b"[1]\n", b"[" * 100_000):
        (live / "south.live").write_bytes(content)
        assert read_live(tmp_path, "south") is None
    assert live_sources(tmp_path) == ["line", "north", "south"]
    (tmp_path / "other.live").write_bytes(b'{"version": 1}\n')
    assert read_live(tmp_path, "../other") is None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("  - {id: east, media: 'gopher://u:p@h/x'}", "gopher:// is not known"),
        ("live: {mode: sometimes}", "'realtime' or 'complete'"),
        ("outbox: [{kind: fax, name: a}]", "webhook"),
        ("outbox: [{kind: webhook, name: a, url: 'ftp://h'}]", "url"),
        ("outbox: [{kind: mqtt, name: a, host: h}, {kind: mqtt, name: a, host: g}]", "used twice"),
    ],
)
def test_mistakes_are_told_with_their_line(line: str, told: str, tmp_path: Path) -> None:
    text = BASE.format(map=MAP).replace("rules:", f"{line}\nrules:")
    with pytest.raises(ConfigError, match=told) as error:
        loaded(tmp_path, text)
    assert "u:p" not in str(error.value)
    assert f"centre.yaml:{text.splitlines().index(line) + 1}:" in str(error.value)


def test_sensors_say_whether_anything_comes(tmp_path: Path) -> None:
    view = SensorView("line", "mqtt://h/line", tmp_path, live=True)

    def state(samples: int, waits_for: str) -> tuple[str, str]:
        view.passed(Progress("line", samples, 0.0, None, waits_for))
        told = view.status()
        return told["state"], told["state_why"]

    assert view.status()["state"] == "connecting"
    assert state(0, "mqtt://u:geheim@h/line: refused") == ("connecting", "mqtt://***@h/line: refused")
    since_ns = view.status()["since_ns"]
    assert state(0, "nothing has been sent yet") == ("connecting", "nothing has been sent yet")
    assert view.status()["since_ns"] == since_ns
    assert state(5, "") == ("running", "")
    assert view.status()["since_ns"] > since_ns
    assert state(5, "the connection was lost") == ("reconnecting", "the connection was lost")


def test_a_silent_source_does_not_keep_the_others_apart() -> None:
    """What was noticed is decided once every source has settled; one that says nothing is settled for."""
    clock = [0.0]
    joiner = LiveJoiner(["north", "microphones", "recording"], ["north", "microphones"], lambda: clock[0])
    settled: list[int] = []

    class Watching:
        def settle(self, one: Settled) -> list[Joined]:
            settled.append(one.t_ns)
            return []

    joiner._joiner = Watching()  # type: ignore[assignment]
    assert list(joiner.take(Settled("north", 100_000_000_000))) == []
    clock[0] = 4.0
    assert list(joiner.pass_time()) == []
    assert settled == [100_000_000_000], "nobody has been silent for long"
    clock[0] = 14.0
    list(joiner.pass_time())
    assert settled[1] == 100_000_000_000 + 11_000_000_000, "14 s on, 3 s behind"
    assert abs(settled[2] - time.time_ns() - 11_000_000_000) < 5_000_000_000, "never heard: by this machine's clock"
    assert len(settled) == 3, "a recording is waited for"
    gap = Gap("north", 0, 1, GapReason.MISSING)
    assert list(joiner.take(gap)) == [gap]


def test_a_centre_is_ready_once_every_source_was_seen_and_says_which_was_not() -> None:
    def feed(state: str, why: str = "", alive: bool = True) -> dict[str, object]:
        return {"alive": alive, "state": "running", "status": {"state": state, "state_why": why}}

    seen = {"north": feed("running"), "south": feed("reconnecting", "nothing arrived for 5 s")}
    assert readiness(seen) == {"ready": True, "feeds": {"north": "running", "south": "reconnecting"}}
    never = readiness(seen | {"east": feed("connecting", "Connection refused")})
    assert not never["ready"]
    assert never["not_seen"] == {"east": "Connection refused"}
    assert not readiness({"north": feed("running", alive=False)})["ready"]
    assert readiness({"west": {"alive": False, "state": "ended", "status": {}}})["ready"], "a recording is over"


class Asked:
    """A health page whose loop has turned `ago_s` ago."""

    def __init__(self, address: str) -> None:
        self.ago_s = 0.0
        snapshot = {"feeds": {}, "log_entries": 1, "log_seq": 1, "disk_free_bytes": 1, "outbox": {}}
        self.page = HealthPage(address, "centre.yaml", lambda: snapshot, lambda: self.ago_s)

    def ask(self, method: str, path: str) -> tuple[int, bytes]:
        host, _, port = self.page.url.removeprefix("http://").rpartition(":")
        connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=10)
        with contextlib.closing(connection):
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read()


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0"])
def test_the_health_page_says_whether_the_loop_turns_whatever_the_time_of_day_is_set_to(address: str) -> None:
    asked = Asked(address)
    try:
        assert asked.ask("GET", "/healthz") == (200, b'{"turning": true}')
        assert asked.ask("HEAD", "/healthz") == (200, b"")
        assert asked.ask("GET", "/metrics")[0] == 200
        asked.ago_s = 11.0
        assert asked.ask("GET", "/healthz")[0] == 503
    finally:
        asked.page.close()


def test_who_asks_and_goes_before_the_answer_leaves_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    asked = Asked("127.0.0.1:0")
    try:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", int(asked.page.url.rpartition(":")[2]))) as one:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # as a killed client
                one.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert asked.ask("GET", "/healthz")[0] == 200
    finally:
        asked.page.close()
    assert capfd.readouterr().err == ""


def test_a_version_that_is_put_in_force_is_taken_up_and_the_file_changed_by_hand_after_it(tmp_path: Path) -> None:
    before = loaded(tmp_path, BASE.format(map=MAP))
    version = tmp_path / "centre.20260301T063000Z.yaml"
    version.write_text(BASE.format(map=MAP).replace("limit_m_s: 15", "limit_m_s: 14"))
    file = ConfigurationFile(before, before.path)
    put_in_force(before.path, version)
    after = file.newer(now=True)
    assert after is not None
    assert after.path == version
    assert change_for("south", before, after) is Change.RULES
    assert file.newer(now=True) is None
    before.path.write_text(BASE.format(map=MAP).replace("limit_m_s: 15", "limit_m_s: 13"))
    last = file.newer(now=True)
    assert last is not None
    assert last.path == before.path
    assert file.set_aside.endswith(f"{before.path.name}, or its map, was changed since")


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        ("", ""),
        ("gone", "it is no longer there"),
        ("changed", "20260301T063000Z.yaml, or its map, was changed since"),
        ("word", "cannot be read"),
    ],
)
def test_a_version_that_is_not_in_force_any_more_is_told(happens: str, told: str, tmp_path: Path) -> None:
    given = loaded(tmp_path, BASE.format(map=MAP)).path
    version = tmp_path / "centre.20260301T063000Z.yaml"
    version.write_text(BASE.format(map=MAP).replace("limit_m_s: 15", "limit_m_s: 14"))
    put_in_force(given, version)
    if happens == "gone":
        version.unlink()
    elif happens == "changed":
        version.write_text(BASE.format(map=MAP))
    elif happens == "word":
        word_of(given).write_text("{")
    found, why = in_force(given)
    assert found == (given if told else version)
    assert told in why
    assert bool(why) is bool(told)


def test_a_newer_file_that_a_centre_cannot_go_by_is_refused(tmp_path: Path) -> None:
    before = loaded(tmp_path, BASE.format(map=MAP))

    def check(_: Configuration) -> None:
        raise ConfigError(Complaint("centre.yaml", None, "it names nothing to watch"))

    file = ConfigurationFile(before, before.path, check)
    before.path.write_text("version: 1\n")
    assert file.newer(now=True) is None
    assert "nothing to watch" in file.problem
