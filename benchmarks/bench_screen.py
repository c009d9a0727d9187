"""What the console and a browser before its overview cost, with recorded feeds in place of running ones.

    python benchmarks/bench_screen.py [--feeds 4] [--minutes 3] [--rate 36] [--before 0] [--work DIR]

Feeds that show what a flight showed, five pictures a second, and a log to which as many possible violations come as
four feeds of `bench_live.py` bring (36 a minute), with coverage and gaps; a reviewer in Chromium, who decides what has
been there for 8 s. Counts begin 20 s after the page is there. Prints

- CPU: share of one core, of the console and of each of the browser's processes.
- drawn: from the entry in the log until its row was on the screen. [s]
- memory, by process, medians of each minute, and the page's own: heap, nodes, listeners after a collection.

Ends in one JSON line. Needs Chromium and playwright.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from process_watch import Watched, cpu_s, descendants
from recorded_live import Feeds, Shown, recorded
from screen_watch import screen

from detector import pipeline
from detector.config import load_outline
from detector.log import EvidenceStore, LogWriter
from detector.model import CoverageSlot, Gap, GapReason, Means, MediaFile, Place, Run, State, Violation
from detector.timebase import NS_PER_S
from tests.console.browser import served

REPOSITORY = Path(__file__).resolve().parents[1]
WARM_S = 20.0
STEP_S = 0.02
DECIDED_S = 8.0
SLOT_S = 10
GAPS_A_MINUTE = 2.0
CONFIG = f"""version: 1
map: {REPOSITORY / "configs" / "demo.geojson"}
rules:
  - {{id: strip-closed, kind: zone_entry, zones: [strip]}}
  - {{id: line-of-contact, kind: line_crossing, lines: [contact-line]}}
  - {{id: corridor-speed, kind: speed, zones: [corridor], limit_m_s: 15, min_time_s: 1.5}}
  - {{id: flashes, kind: flash, zones: [strip]}}
"""
KINDS = {
    "strip-closed": ("zone_entry", 'movement observed inside zone "closed strip"'),
    "line-of-contact": ("line_crossing", 'movement observed across line "line of contact"'),
    "corridor-speed": ("speed", 'movement observed in zone "corridor" faster than 15 m/s'),
    "flashes": ("flash", 'flash observed inside zone "closed strip"'),
}


class Recorder:
    """Writes the log as feeds do. logged_ns: when each was opened, by its id."""

    def __init__(self, out: Path, config: Path, shown: list[Shown], names: list[str]) -> None:
        LogWriter(out).close()  # a console reads a log that is there
        self._log = LogWriter(out, alone=False)
        self._store = EvidenceStore(out / "evidence")
        self._shown, self._names = shown, names
        self._sha256 = load_outline(config).sha256
        run = Run(self._sha256, pipeline.SOFTWARE, tuple(MediaFile(name, name, "a" * 64, 1) for name in names))
        self._run_id = run.run_id
        self._log.begin(run)
        self._random = np.random.default_rng(1)
        self._number = 0
        self._open: list[tuple[float, Violation]] = []
        self._due_s = {"event": 0.0, "slot": 0.0, "gap": 0.0}
        self.logged_ns: dict[str, int] = {}

    def close(self) -> None:
        self._log.close()

    def history(self, count: int, hours: float) -> None:
        """As if so many had been seen until now."""
        now_ns = time.time_ns()
        for k in range(int(hours * 3600 / SLOT_S)):
            self._slots(now_ns - (k + 1) * SLOT_S * NS_PER_S)
        for k in range(count):
            one = self._opened(now_ns - int((k + 1) * hours * 3600 / max(count, 1) * NS_PER_S))
            self._closed(one)

    def step(self, now_s: float, a_minute: float) -> None:
        """What is due."""
        if a_minute and now_s >= self._due_s["event"]:
            self._due_s["event"] = now_s + float(self._random.exponential(60 / a_minute))
            self._open.append((now_s + 4.0, self._opened(time.time_ns() - 2 * NS_PER_S)))
        while self._open and self._open[0][0] <= now_s:
            self._closed(self._open.pop(0)[1])
        if now_s >= self._due_s["slot"]:
            self._due_s["slot"] = now_s + SLOT_S
            self._slots(time.time_ns() - SLOT_S * NS_PER_S)
        if now_s >= self._due_s["gap"]:
            self._due_s["gap"] = now_s + float(self._random.exponential(60 / GAPS_A_MINUTE))
            t_ns = time.time_ns()
            name = self._names[int(self._random.integers(len(self._names)))]
            self._log.gap(Gap(name, t_ns - NS_PER_S, t_ns, GapReason.SKIPPED, "too slow", 8), self._run_id)

    def _opened(self, t_ns: int) -> Violation:
        self._number += 1
        rule = list(KINDS)[self._number % len(KINDS)]
        shown = self._shown[self._number % len(self._shown)]
        lon, lat = shown.places[0] if shown.places else shown.outline[0]
        covariance = (9.0, 1.5, 4.0)
        one = Violation(
            rule_id=rule, rule_kind=KINDS[rule][0], source_id=self._names[self._number % len(self._names)],
            observation=KINDS[rule][1], subject=f"track {self._number}", state=State.OPEN,
            t_start_ns=t_ns, t_end_ns=t_ns + NS_PER_S, t_peak_ns=t_ns + NS_PER_S // 2, count=1,
            place=Place(lat, lon, covariance, (320.0, 180.5)), means=(Means.UAV,), confidence=0.998,
            track_ids=(self._number,), zone_id="strip" if rule != "line-of-contact" else None,
            measures={"time_s": 3.1, "margin_sigma": 5.0}, config_sha256=self._sha256,
            software=pipeline.SOFTWARE, run_id=self._run_id,
        )  # fmt: skip
        self._log.opened(one)
        self.logged_ns[one.violation_id] = time.time_ns()
        return one

    def _closed(self, one: Violation) -> None:
        still = self._shown[self._number % len(self._shown)].jpeg
        put = self._store.put
        name = one.violation_id
        files = [
            put(name, "overlay", ".jpg", still),
            put(name, "snapshot", ".jpg", still),
            put(name, "telemetry", ".csv", b"t_ns\n"),
            put(name, "track", ".json", b'{"tracks":[]}'),
        ]
        self._log.evidence(name, files)
        self._log.closed(replace(one, state=State.CLOSED, t_end_ns=one.t_start_ns + 5 * NS_PER_S))

    def _slots(self, t_ns: int) -> None:
        for name in self._names:
            outline = tuple((round(lon, 6), round(lat, 6)) for lon, lat in 6 * self._shown[0].outline)
            slot = CoverageSlot(name, t_ns, t_ns + SLOT_S * NS_PER_S, float(SLOT_S), {}, outline, {"strip": 0.6})
            self._log.coverage(slot, self._run_id)


def kind_of(pid: int) -> str:
    """What a process of the browser is for, as its command line says; "driver" is what steers it."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return "gone"
    if "--type=" not in words:
        return "browser" if "chrom" in words.split(" ")[0] else "driver"
    kind = words.split("--type=")[1].split(" ")[0]
    return words.split("--utility-sub-type=")[1].split(" ")[0].split(".")[0] if kind == "utility" else kind


def watch(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    shown, out = recorded(options.work / "shown"), folder / "out"
    config = folder / "agreement.yaml"
    config.write_text(CONFIG)
    feeds = Feeds(shown, out, options.feeds)
    recorder = Recorder(out, config, shown, feeds.names)
    recorder.history(options.before, 1.0)
    feeds.write()
    with served(folder) as console:
        before = set(descendants(os.getpid()))
        with screen(console.address, "demo-a", console.passwords["demo-a"], options.size, options.theme) as seen:
            _drive(WARM_S, feeds, recorder, seen, [], 0.0)
            kinds: dict[str, list[int]] = {}
            for pid in sorted(set(descendants(os.getpid())) - before):
                kinds.setdefault(kind_of(pid), []).append(pid)
            watched = [Watched("console", [console.process.pid]), *(Watched(*one) for one in kinds.items())]
            page = [seen.page_figures()]
            known = set(recorder.logged_ns)
            own_s, begun_s = cpu_s(os.getpid()), time.monotonic()
            if options.profile:
                seen.begin_trace()
            _drive(60 * options.minutes, feeds, recorder, seen, watched, options.rate)
            if options.profile:
                options.profile.write_bytes(seen.trace())
            own = (cpu_s(os.getpid()) - own_s) / (time.monotonic() - begun_s)
            page.append(seen.page_figures())
            on_screen = seen.seen_ms()
            seen.save(str(folder / "overview.png"))
    recorder.close()
    drawn = [at / 1e3 - recorder.logged_ns[name] / 1e9 for name, at in on_screen.items() if name not in known]
    return {
        "minutes": options.minutes, "feeds": options.feeds, "rate": options.rate, "before": options.before,
        "load": os.getloadavg()[0], "this": round(own, 4), "page": page,
        "processes": {
            one.name: {
                "cpu": round(one.cpu_share(0.0), 4),
                "memory_mb": [round(mb, 1) for mb in one.minutes_mb()],
                "growth_mb": one.growth_mb(0),
            }
            for one in watched
        },
        "events": len(recorder.logged_ns) - len(known), "shown": len(drawn),
        "drawn_s": np.percentile(drawn, (50, 99, 100)).round(3).tolist() if drawn else None,
    }  # fmt: skip


def _drive(seconds: float, feeds: Feeds, recorder: Recorder, seen: Any, watched: list[Watched], rate: float) -> None:
    begun_s = time.monotonic()
    looked_s = decided_s = -10.0
    while (now_s := time.monotonic() - begun_s) < seconds:
        feeds.write()
        recorder.step(time.monotonic(), rate)
        if now_s - looked_s >= 1.0:
            looked_s = now_s
            for one in watched:
                one.look(now_s)
        if rate and now_s - decided_s >= 5.0:
            decided_s = now_s
            seen.decide(DECIDED_S)
        seen.take_in()
        time.sleep(STEP_S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--rate", type=float, default=36.0, help="possible violations a minute")
    parser.add_argument("--before", type=int, default=0, help="possible violations of the hour before")
    parser.add_argument("--profile", type=Path, help="write a trace of the browser here, to be read in its tools")
    parser.add_argument("--size", type=int, nargs=2, default=(1440, 900), help="of the window [px]")
    parser.add_argument("--theme", default="dark", choices=("dark", "light", "night"))
    parser.add_argument("--work", type=Path, default=Path("/tmp/bench_screen"))
    options = parser.parse_args()
    folder = options.work / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    told = watch(options, folder)
    for name, one in told["processes"].items():
        memory = one["memory_mb"]
        print(f"{name:16} {one['cpu']:6.3f} of a core  {memory[:1]} to {memory[-1:]} MB")
    browser = sum(one["cpu"] for name, one in told["processes"].items() if name not in {"console", "driver"})
    print(f"browser in all   {browser:6.3f}; logged to drawn {told['drawn_s']}, {told['shown']} of {told['events']}")
    print(f"page {told['page']}")
    print(json.dumps(told))


if __name__ == "__main__":
    main()
