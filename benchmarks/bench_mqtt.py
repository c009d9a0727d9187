"""Sensors over a real MQTT broker against the recording of what they sent: the same incidents, the gaps, the delay.

    python benchmarks/bench_mqtt.py            2 minutes of 64 channels x 100 Hz in the ground, with 20 s of silence, a
                                               clock that jumps, a restarted broker, messages twice and out of order
    python benchmarks/bench_mqtt.py --air      1 minute of 6 microphones x 2 kHz without troubles: the delay

Needs mosquitto (apt-get install mosquitto). It takes as long as what is sent, and ends in one JSON line.
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
from detector.association.travel import air, ground, travel
from detector.config import Configuration, load
from detector.feed import Entry
from detector.listening_feed import ListeningJob, listen_to
from detector.model import Gap, RunEnd, State, Violation
from detector.timebase import NS_PER_S

WAVE_M_S = 1500.0
GROUND_EVENTS = (
    (14.0, (200.0, 100.0)), (22.0, (-300.0, 400.0)), (31.0, (600.0, -200.0)), (50.0, (0.0, 0.0)),
    (75.0, (-500.0, -500.0)), (83.0, (350.0, 350.0)), (90.5, (-100.0, 250.0)), (98.0, (150.0, -450.0)),
    (108.0, (420.0, 80.0)), (114.0, (-250.0, -50.0)),
)  # fmt: skip


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


def ground_plan() -> Plan:
    """64 geophones over 1.4 km, 16 loggers with four each."""
    side = np.linspace(-700, 700, 8)
    places = np.array([(x + 13 * ((k * 7) % 5), y, 0.0) for k, (x, y) in enumerate((x, y) for x in side for y in side)])
    names = tuple(f"g{k:02d}" for k in range(64))
    samples = impulses(120.0, 100, places, GROUND_EVENTS, ground(WAVE_M_S), length_s=0.5, band=12.0)
    return Plan(
        names,
        places,
        tuple(names[k : k + 4] for k in range(0, 64, 4)),
        rate_hz=100,
        block=25,
        samples=samples,
        silence=(tuple(range(16)), 35.0, 55.0),
        jump=(3, 85.0, 87.0, 2.0),
        twice=((0, 100), (7, 300)),
        swapped=((5, 380),),
        restart=(96.5, 100.0),
    )


def air_events(seconds: float) -> list[tuple[float, tuple[float, float]]]:
    """A shot every 2.3 s, within 200 m of the middle. [s], [m]"""
    random = np.random.default_rng(5)
    return [
        (float(at_s), (float(random.uniform(-200, 200)), float(random.uniform(-200, 200))))
        for at_s in np.arange(2.0, seconds - 1.5, 2.3)
    ]


def air_plan(seconds: float = 60.0) -> Plan:
    """Six microphones, three loggers."""
    places = np.array(
        [[0, 420, 10], [430, 60, 10], [60, -380, 10], [-410, -20, 10], [30, 40, 10], [250, 260, 10]], float
    )
    samples = impulses(seconds, 2000, places, air_events(seconds), air(15.0), length_s=0.05, band=20.0)
    names = ("north", "east", "south", "west", "middle", "corner")
    return Plan(names, places, (names[:2], names[2:4], names[4:]), rate_hz=2000, block=200, samples=samples)


def configuration(folder: Path, media: Sequence[str], network: dict[str, Any]) -> Configuration:
    """A network and a rule on each impulse, anywhere."""
    sensors = {"id": "line", "media": list(media), "origin_lon_deg": ORIGIN[0], "origin_lat_deg": ORIGIN[1], **network}
    rules = [{"id": "silence", "kind": "impulse", "pause_s": 1}]
    evidence = {"pre_roll_s": 1, "post_roll_s": 1}
    file = folder / "line.yaml"
    file.write_text(json.dumps({"version": 1, "sensors": [sensors], "rules": rules, "evidence": evidence}), "utf-8")
    return pipeline.checked(load(file, pipeline.REGISTRIES))


def listened(config: Configuration, out: Path, stopped: threading.Event | None = None) -> Heard:
    """Everything the log is told."""
    heard = Heard()
    job = ListeningJob.of(config, config.settings.sensors[0], out)
    for entry in listen_to(config, job, "run", stopped):
        heard.entries.append((time.time(), entry))
    return heard


def live(plan: Plan, folder: Path, network: dict[str, Any]) -> tuple[Heard, Sending, float]:
    """Listen while it is sent; what was heard, the sending, and CPU seconds of the listening."""
    folder.mkdir(parents=True)
    plan.write_station(folder / "station.json")
    with Broker(folder / "broker") as broker:
        media = [f"mqtt://127.0.0.1:{broker.port}/line/+"]
        config = configuration(folder, media, {**network, "station": "station.json"})
        stopped, result = threading.Event(), []
        begun_s = resource.getrusage(resource.RUSAGE_SELF)
        thread = threading.Thread(target=lambda: result.append(listened(config, folder / "out", stopped)))
        thread.start()
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


def delays_s(plan: Plan, heard: Heard, start_ns: int, events: Sequence[tuple[float, Any]], medium: Any) -> list[float]:
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
    """Whether live and recording agree."""
    key = ("t_start_ns", "t_end_ns", "t_peak_ns", "observation", "place", "measures", "count", "zone_id")
    a, b = ([{k: getattr(one, k) for k in key} for one in heard.violations] for heard in (live_, recorded_))
    return {"live": len(a), "recorded": len(b), "the_same": a == b}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--air", action="store_true")
    in_air = parser.parse_args().air
    plan, medium = (air_plan(), air(15.0)) if in_air else (ground_plan(), ground(WAVE_M_S))
    network: dict[str, Any] = {"temperature_c": 15.0} if in_air else {"means": "seismic", "wave_m_s": WAVE_M_S}
    events = air_events(plan.seconds) if in_air else GROUND_EVENTS
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
    delay_s = np.array(delays_s(plan, heard, sending.start_ns, events, medium))
    result |= {
        "events": len(events),
        "cpu_share": round(cpu_s / plan.seconds, 3),
        "delay_median_s": round(float(np.median(delay_s)), 3),
        "delay_most_s": round(float(delay_s.max()), 3),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
