"""Data loggers that send to a real MQTT broker, with the troubles of the field, and the recording of what they sent."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.association import lon_lat
from detector.association.travel import Medium, travel
from detector.timebase import NS_PER_S, ns_from_seconds

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/sbin")
ORIGIN = (16.4, 48.2)


class Broker:
    """Debian's mosquitto on a free port of this machine. It keeps sessions over a restart, as a centre's should.

    settings: further lines of its configuration.
    """

    def __init__(self, folder: Path, settings: Sequence[str] = ("allow_anonymous true",)) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._file = folder / "mosquitto.conf"
        lines = [
            *(() if any(one.startswith("listener") for one in settings) else (f"listener {self.port} 127.0.0.1",)),
            "persistence true",
            f"persistence_location {folder}/",
            "max_queued_messages 100000",
            "max_inflight_messages 1000",
            "user root",
            *settings,
        ]
        self._file.write_text("\n".join(lines) + "\n", "utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if MOSQUITTO is None:
            raise SystemExit("mosquitto is needed: apt-get install mosquitto")
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._file)], stdout=log, stderr=log)
        until_s = time.monotonic() + 10
        while time.monotonic() < until_s:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError((self._folder / "mosquitto.log").read_text())

    def stop(self) -> None:
        """In good order: it writes down what its sessions hold."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def __enter__(self) -> Broker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is sent, and what goes wrong. Times in seconds from the start, half-open.

    channels, places_m: of the sensors, x east, y north, z up. shape (C, 3) [m]
    loggers: channels of each; each logger is a client of its own, its topic `line/<number>`.
    samples: shape (T, C)
    silence: loggers that send nothing, from, until.
    jump: logger, from, until, by how much its clock is ahead [s].
    twice: logger and block that is sent again three blocks later.
    swapped: logger and block that its successor overtakes.
    restart: when the broker goes down, and when it is up again.
    """

    channels: tuple[str, ...]
    places_m: NDArray[np.float64]
    loggers: tuple[tuple[str, ...], ...]
    rate_hz: int
    block: int
    samples: NDArray[np.float64]
    silence: tuple[tuple[int, ...], float, float] | None = None
    jump: tuple[int, float, float, float] | None = None
    twice: tuple[tuple[int, int], ...] = ()
    swapped: tuple[tuple[int, int], ...] = ()
    restart: tuple[float, float] | None = None
    local: bool = False
    wills: bool = field(default=True)

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate_hz

    def messages(self, logger: int, start_ns: int) -> Iterator[tuple[float, bytes]]:
        """When each block of a logger is complete [s], and the message, as it is sent, but for what is sent twice."""
        found = list(self._blocks(logger, start_ns))
        for _, block in (one for one in self.swapped if one[0] == logger):
            (_, overtaken), (at_s, successor) = found[block], found[block + 1]
            found[block : block + 2] = [(at_s, successor), (at_s, overtaken)]
        yield from (one for one in found if one[1])

    def _blocks(self, logger: int, start_ns: int) -> Iterator[tuple[float, bytes]]:
        names = self.loggers[logger]
        columns = [self.channels.index(name) for name in names]
        for first in range(0, len(self.samples), self.block):
            begin_s, end_s = first / self.rate_hz, min(first + self.block, len(self.samples)) / self.rate_hz
            if self.silence and logger in self.silence[0] and self.silence[1] <= begin_s < self.silence[2]:
                yield end_s, b""
                continue
            ahead_s = (
                self.jump[3] if self.jump and self.jump[0] == logger and self.jump[1] <= begin_s < self.jump[2] else 0
            )
            t_ns = start_ns + round(first * NS_PER_S / self.rate_hz) + ns_from_seconds(ahead_s)
            rows = self.samples[first : first + self.block, columns]
            values = {name: rows[:, k].tolist() for k, name in enumerate(names)}
            yield end_s, json.dumps({"t": t_ns, "rate_hz": self.rate_hz, "values": values}).encode()

    def write_station(self, file: Path) -> None:
        """The places of all sensors, as `station:` and the .json beside a recording have them."""
        positions = {}
        for name, place in zip(self.channels, self.places_m, strict=True):
            lon, lat = lon_lat(place[:2], ORIGIN).tolist()
            positions[name] = {"lon_deg": lon, "lat_deg": lat, "alt_m": place[2]}
        file.write_text(json.dumps({"positions": positions, "clock_sigma_s": 0.001}), "utf-8")

    def record(self, folder: Path, start_ns: int) -> list[str]:
        """What was sent as one JSON Lines file a logger, each with its station; their names."""
        names = []
        for logger in range(len(self.loggers)):
            names.append(f"{logger}.jsonl")
            lines = [message for _, message in self.messages(logger, start_ns)]
            (folder / names[-1]).write_bytes(b"\n".join([*lines, b""]))
            self.write_station(folder / f"{logger}.json")
        return names


def impulses(
    plan_seconds: float,
    rate_hz: int,
    places_m: NDArray[np.float64],
    events: Sequence[tuple[float, tuple[float, float]]],
    medium: Medium,
    *,
    length_s: float,
    band: float,
    seed: int = 3,
) -> NDArray[np.float64]:
    """Noise of 1, and of each event (second, place) a decaying burst at every sensor, 30 times as loud nearby.

    band: decay of the burst. [samples]
    """
    random = np.random.default_rng(seed)
    heard = random.normal(size=(round(plan_seconds * rate_hz), len(places_m)))
    for at_s, place in events:
        arrivals = at_s + travel([*place, 0.0], places_m, medium).time_s
        for k, arrival_s in enumerate(arrivals):
            at, length = round(float(arrival_s) * rate_hz), round(length_s * rate_hz)
            burst = 60.0 * random.normal(size=length) * np.exp(-np.arange(length) / band)
            heard[at : at + length, k] += burst[: max(len(heard) - at, 0)]
    return np.round(heard, 4)


def publish(plan: Plan, port: int, start: Connection) -> None:
    """Sends in real time; each logger connects again by itself and keeps what it could not send. Its own process.

    start: says that all are connected; then tells when the first sample is. [ns]
    """
    import paho.mqtt.client as paho

    clients = []
    for logger in range(len(plan.loggers)):
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=f"logger-{logger}", clean_session=False)
        client.max_inflight_messages_set(1000)
        client.reconnect_delay_set(0.2, 1)
        if plan.wills:
            client.will_set(f"line/{logger}", json.dumps({"status": "offline", "detail": "power"}), qos=1)
        client.connect("127.0.0.1", port, keepalive=5)
        client.loop_start()
        clients.append(client)
    start.send("ready")
    start_ns = start.recv()
    due = []
    for logger in range(len(plan.loggers)):
        sent = list(plan.messages(logger, start_ns))
        due += [(at_s, number, logger, message) for number, (at_s, message) in enumerate(sent)]
        due += [(sent[k + 3][0], k + 3.5, logger, sent[k][1]) for one, k in plan.twice if one == logger]
    for at_s, _, logger, message in sorted(due, key=lambda one: (one[0], one[1], one[2])):
        time.sleep(max(start_ns / NS_PER_S + at_s - time.time(), 0))
        clients[logger].publish(f"line/{logger}", message, qos=1)
    for client in clients:
        until_s = time.monotonic() + 20
        while client._out_messages and time.monotonic() < until_s:
            time.sleep(0.05)
        client.disconnect()
        client.loop_stop()


class Sending:
    """`publish` in a process of its own, and the broker's restart in this one.

    start_ns: when the first sample is, on this machine's clock; half a second after all loggers are connected.
    """

    def __init__(self, plan: Plan, broker: Broker) -> None:
        self._plan, self._broker = plan, broker
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        self._process = context.Process(target=publish, args=(plan, broker.port, there), daemon=True)
        self._process.start()
        if not here.poll(60):
            raise RuntimeError("the loggers did not connect")
        here.recv()
        self.start_ns = time.time_ns() + NS_PER_S // 2
        here.send(self.start_ns)

    def run(self) -> None:
        """Until all has been sent, or raises."""
        if self._plan.restart is not None:
            for at_s, act in zip(self._plan.restart, (self._broker.stop, self._broker.start), strict=True):
                time.sleep(max(self.start_ns / NS_PER_S + at_s - time.time(), 0))
                act()
        self._process.join(self._plan.seconds + 60)
        if self._process.exitcode != 0:
            raise RuntimeError(f"the loggers ended with {self._process.exitcode}")

    def kill(self) -> None:
        """The loggers' power fails: their last wills are all that comes."""
        self._process.kill()
        self._process.join()
