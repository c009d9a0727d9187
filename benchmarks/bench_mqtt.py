"""Sensors over a real MQTT broker against the recording of what they sent: the same incidents, the gaps, the delay.

    python benchmarks/bench_mqtt.py            2 minutes of 64 channels x 100 Hz in the ground, with 20 s of silence, a
                                               clock that jumps, a restarted broker, messages twice and out of order
    python benchmarks/bench_mqtt.py --air      1 minute of 6 microphones x 2 kHz without troubles: the delay

--seed draws other events, noise and troubles. Needs mosquitto (apt-get install mosquitto). It takes as long as what is
sent, and ends in one JSON line.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from mqtt_rig import ORIGIN, Broker, Plan, Sending, impulses

from detector import pipeline
from detector.association.travel import Medium, air, ground, travel
from detector.config import Configuration, load
from detector.detectors.series import PRESETS
from detector.feed import Entry, Progress
from detector.listening_feed import ListeningJob, listen_to
from detector.model import Gap, RunEnd, State, Violation
from detector.timebase import NS_PER_S

WAVE_M_S = 1500.0
SEED = 5
IN_TIME_S = PRESETS["acoustic"].hop_s + 0.25


@dataclass(slots=True)
class Heard:
    """What the log was told, and when it was. [s since 1970]"""

    entries: list[tuple[float, Entry]] = field(default_factory=list)

    @property
    def violations(self) -> list[Violation]:
        """As they were opened, without the run they belong to."""
        found = [one for _, one in self.entries if isinstance(one, Violation) and one.state is State.OPEN]
        return [replace(one, run_id="") for one in found]

    @property
    def closed(self) -> list[Violation]:
        found = [one for _, one in self.entries if isinstance(one, Violation) and one.state is not State.OPEN]
        return sorted((replace(one, run_id="") for one in found), key=lambda one: one.violation_id)

    @property
    def gaps(self) -> list[Gap]:
        return [one for _, one in self.entries if isinstance(one, Gap)]

    @property
    def end(self) -> RunEnd:
        return next(one for _, one in self.entries if isinstance(one, RunEnd))


Events = list[tuple[float, tuple[float, float]]]


def ground_events(seed: int = SEED) -> Events:
    """A blast every 5 to 14 s, within 700 m of the middle. [s], [m]"""
    return events(seed, (13.0, 114.0), (5.0, 14.0), 700.0)


def ground_plan(seed: int = SEED) -> Plan:
    """64 geophones over 1.4 km, 16 loggers with four each; 20 s of silence of all of them, or of some."""
    random = np.random.default_rng([seed, 1])
    side = np.linspace(-700, 700, 8)
    places = np.array([(x, y, 0.0) for x in side for y in side])
    places[:, :2] += random.uniform(-60, 60, (64, 2))
    names = tuple(f"g{k:02d}" for k in range(64))
    samples = impulses(120.0, 100, places, ground_events(seed), ground(WAVE_M_S), length_s=0.5, band=12.0, seed=seed)
    silent = range(16) if random.random() < 0.5 else random.choice(16, 8, replace=False).tolist()
    silent_s, jump_s, restart_s = (float(random.uniform(*span)) for span in ((25, 45), (70, 85), (90, 105)))
    return Plan(
        names,
        places,
        tuple(names[k : k + 4] for k in range(0, 64, 4)),
        rate_hz=100,
        block=25,
        samples=samples,
        silence=(tuple(silent), silent_s, silent_s + 20.0),
        jump=(
            int(random.integers(16)),
            jump_s,
            jump_s + random.uniform(1, 4),
            float(random.choice([-3, -1.5, 0.7, 2])),
        ),
        twice=((int(random.integers(16)), 50), (int(random.integers(16)), 300)),
        swapped=((int(random.integers(16)), 430),),
        restart=(restart_s, restart_s + random.uniform(1, 5)),
    )


def air_events(seconds: float, seed: int = SEED) -> Events:
    """A shot every 1.2 to 3.4 s, within 200 m of the middle. [s], [m]"""
    return events(seed, (2.0, seconds - 3.0), (1.2, 3.4), 200.0)


def air_plan(seconds: float = 60.0, seed: int = SEED) -> Plan:
    """Six microphones, three loggers."""
    places = np.array(
        [[0, 420, 10], [430, 60, 10], [60, -380, 10], [-410, -20, 10], [30, 40, 10], [250, 260, 10]], float
    )
    samples = impulses(seconds, 2000, places, air_events(seconds, seed), air(15.0), length_s=0.05, band=20.0, seed=seed)
    names = ("north", "east", "south", "west", "middle", "corner")
    return Plan(names, places, (names[:2], names[2:4], names[4:]), rate_hz=2000, block=200, samples=samples)


def events(seed: int, span_s: tuple[float, float], apart_s: tuple[float, float], within_m: float) -> Events:
    """Times and places, drawn at random."""
    random = np.random.default_rng(seed)
    found, (at_s, end_s) = [], span_s
    while at_s < end_s:
        found.append((at_s, (float(random.uniform(-within_m, within_m)), float(random.uniform(-within_m, within_m)))))
        at_s += float(random.uniform(*apart_s))
    return found


def configuration(folder: Path, media: Sequence[str], network: dict[str, Any]) -> Configuration:
    """A network and a rule on each impulse, anywhere."""
    sensors = {"id": "line", "media": list(media), "origin_lon_deg": ORIGIN[0], "origin_lat_deg": ORIGIN[1], **network}
    rules = [{"id": "silence", "kind": "impulse", "pause_s": 1}]
    evidence = {"pre_roll_s": 1, "post_roll_s": 1}
    file = folder / "line.yaml"
    file.write_text(json.dumps({"version": 1, "sensors": [sensors], "rules": rules, "evidence": evidence}), "utf-8")
    return pipeline.checked(load(file, pipeline.REGISTRIES))


def listened(
    config: Configuration,
    out: Path,
    stopped: threading.Event | None = None,
    connected: threading.Event | None = None,
) -> Heard:
    """Everything the log is told. connected: set once the broker has let it in."""
    heard = Heard()
    job = ListeningJob.of(config, config.settings.sensors[0], out)
    for entry in listen_to(config, job, "run", stopped):
        heard.entries.append((time.time(), entry))
        if connected is not None and isinstance(entry, Progress) and entry.waits_for == "nothing has been sent yet":
            connected.set()
    return heard


def live(plan: Plan, folder: Path, network: dict[str, Any]) -> tuple[Heard, Sending, float]:
    """Listen while it is sent; what was heard, the sending, and CPU seconds of the listening."""
    folder.mkdir(parents=True)
    plan.write_station(folder / "station.json")
    with Broker(folder / "broker") as broker:
        media = [f"mqtt://127.0.0.1:{broker.port}/line/+"]
        config = configuration(folder, media, {**network, "station": "station.json"})
        stopped, connected, result = threading.Event(), threading.Event(), []
        begun_s = resource.getrusage(resource.RUSAGE_SELF)
        thread = threading.Thread(target=lambda: result.append(listened(config, folder / "out", stopped, connected)))
        thread.start()
        connected.wait(60)  # what is sent before is heard by nobody
        sending = Sending(plan, broker)
        sending.run()
        time.sleep(1.5)  # what is on its way
        stopped.set()
        thread.join(60)
        used_s = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = used_s.ru_utime + used_s.ru_stime - begun_s.ru_utime - begun_s.ru_stime
    return result[0], sending, cpu_s


def recorded(plan: Plan, folder: Path, start_ns: int, network: dict[str, Any]) -> Heard:
    """The same from files."""
    folder.mkdir(parents=True)
    return listened(configuration(folder, plan.record(folder, start_ns), network), folder / "out")


def delays_s(plan: Plan, heard: Heard, start_ns: int, events: Events, medium: Medium) -> list[float]:
    """From the newest sample that an event's last arrival lasted to, until the violation was told. [s]"""
    found = []
    for told_s, entry in heard.entries:
        if isinstance(entry, Violation) and entry.state is State.OPEN:
            since_s = [(entry.t_peak_ns - start_ns) / NS_PER_S - at_s for at_s, _ in events]
            k = int(np.argmin(np.abs(since_s)))
            last_s = events[k][0] + float(travel([*events[k][1], 0.0], plan.places_m, medium).time_s.max())
            found.append(told_s - start_ns / NS_PER_S - last_s)
    return found


def compared(live_: Heard, recorded_: Heard) -> dict[str, Any]:
    """Whether live and recording agree on all that was opened, and on how it was when it was closed."""
    key = ("t_start_ns", "t_end_ns", "t_peak_ns", "observation", "place", "measures", "count", "zone_id")
    a, b = (
        [{k: getattr(one, k) for k in key} for one in (*heard.violations, *heard.closed)]
        for heard in (live_, recorded_)
    )
    return {"live": len(live_.violations), "recorded": len(recorded_.violations), "the_same": a == b}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--air", action="store_true")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    in_air, seed = options.air, options.seed
    plan, medium = (air_plan(seed=seed), air(15.0)) if in_air else (ground_plan(seed), ground(WAVE_M_S))
    network: dict[str, Any] = {"temperature_c": 15.0} if in_air else {"means": "seismic", "wave_m_s": WAVE_M_S}
    sent = air_events(plan.seconds, seed) if in_air else ground_events(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        heard, sending, cpu_s = live(plan, folder / "live", network)
        twin = recorded(plan, folder / "recorded", sending.start_ns, network)
    print(f"{len(plan.channels)} channels x {plan.rate_hz} Hz, {plan.seconds:g} s, {len(plan.loggers)} loggers")
    print(f"live: {heard.end}")
    for gap in heard.gaps:
        if gap.reason != "warming_up":
            since_s, until_s = ((t - sending.start_ns) / NS_PER_S for t in (gap.t_start_ns, gap.t_end_ns))
            print(f"  {gap.source_id} {gap.reason} {since_s:.2f} to {until_s:.2f} s: {gap.detail}")
    result = compared(heard, twin)
    delay_s = np.array(delays_s(plan, heard, sending.start_ns, sent, medium))
    result |= {
        "events": len(sent),
        "cpu_share": round(cpu_s / plan.seconds, 3),
        "delay_median_s": round(float(np.median(delay_s)), 3),
        "delay_most_s": round(float(delay_s.max()), 3),
        "in_time": int((delay_s <= IN_TIME_S).sum()),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
