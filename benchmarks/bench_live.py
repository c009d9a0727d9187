"""A centre at work: feeds of 1080p at 30 pictures a second, the console, a reviewer before it: its cost and its lag.

    python benchmarks/bench_live.py [--feeds 4] [--minutes 30] [--no-browser | --browser-gives-way]
                                    [--hindsight S] [--work DIR]

Real streams (RTSP) of a generated flight with telemetry go to `trucewatch run` at their own rate; the console is open
in Chromium. Nothing is encoded while it runs. What counts begins a minute after the last feed is seen. Prints

- CPU: share of one core, by process (user and system, of /proc). The senders and the browser, which would be elsewhere
  in a real centre, apart.
- lag: from a picture's arrival until what it led to had been judged, by the newest picture that was taken in
  (`lag_s` of docs/live.md, looked at ten times a second). delay: how much older the judged picture is than that one
  (`delay_s`): the method's own. Both in seconds.
- event to screen: from the picture that decided a possible violation, at the moment when the sender sent it, until its
  row was drawn in the browser; by the sender's and the browser's clock, which are both this machine's. `logged`: until
  the log had it (looked at ten times a second). `drawn`: from then on.
- memory: resident, by process, medians of each minute; growth from the fourth minute to the last, by a straight line
  and as the last less the first.

On two cores that four feeds nearly fill, a browser that draws in software is in their way, which one on a desk
elsewhere is not: --browser-gives-way lets it take only what the others leave, so that it draws later if anything.

Ends in one JSON line. Needs Chromium, playwright and tstrans. 10 minutes more the first time: the flight is rendered.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from patrol import make_round
from process_watch import Watched, cpu_s, descendants, give_way
from screen_watch import Screen, screen

from detector import pipeline
from detector.console.accounts import Accounts
from detector.console.roles import Role
from detector.live_file import read_centre, read_live
from detector.log import LogWriter, open_reader
from detector.log.records import EntryKind
from detector.timebase import SystemClock
from tests.live.rig import free_port, running

REPOSITORY = Path(__file__).resolve().parents[1]
NAME, PASSWORD = "anna", "correct horse battery"
WARM_S = 60.0
GROWTH_FROM = 3
LOOK_S = 0.1
RULES = """
location: {sigma_pos_m: 2, sigma_att_deg: 0.3, sigma_ground_m: 2, sigma_fov_share: 0.005}
rules:
  - {id: strip-closed, kind: zone_entry, zones: [strip]}
  - {id: line-of-contact, kind: line_crossing, lines: [contact-line]}
  - {id: corridor-speed, kind: speed, zones: [corridor], limit_m_s: 15, min_time_s: 1.5}
  - {id: flashes, kind: flash, zones: [strip]}
evidence: {pre_roll_s: 2, post_roll_s: 2, max_clip_s: 10}
"""


def configured(folder: Path, feeds: int, media: int, console: int, hindsight_s: float | None) -> Path:
    file = folder / "centre.yaml"
    named = "".join(f"  - {{id: feed{k + 1}, media: 'rtsp://127.0.0.1:{media}/feed{k + 1}'}}\n" for k in range(feeds))
    file.write_text(
        f"version: 1\nmap: {REPOSITORY / 'configs' / 'demo.geojson'}\nfeeds:\n{named}"
        f"centre: {{health: null}}\nconsole: {{address: '127.0.0.1:{console}'}}\n{RULES}"
        + ("" if hindsight_s is None else f"tracking: {{kind: kalman, hindsight_s: {hindsight_s}}}\n")
    )
    return file


class Sender:
    """`round_sender.py` as a process of its own, and what it has said. sent: by feed, at its own times (monotonic)."""

    def __init__(self, file: Path, port: int, feeds: int) -> None:
        script = Path(__file__).with_name("round_sender.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script), str(file), str(port), str(feeds)], stdout=subprocess.PIPE, text=True
        )
        self.told: list[dict[str, Any]] = []
        assert self._process.stdout is not None
        if not json.loads(self._process.stdout.readline() or "{}").get("ready"):
            raise SystemExit("the sender did not begin")
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        self.told.extend(json.loads(line) for line in self._process.stdout)

    @property
    def pid(self) -> int:
        return self._process.pid

    def sent(self, feed: int) -> int:
        return int(self.told[-1]["sent"][feed]) if self.told else 0

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@dataclass(slots=True)
class Feed:
    """What was seen of one feed. counted: frames judged, passed over and sent, at the beginning and the end."""

    name: str
    watched: Watched
    lag_s: list[float] = field(default_factory=list)
    delay_s: list[float] = field(default_factory=list)
    counted: list[tuple[int, int, int]] = field(default_factory=list)
    newest_ns: int = 0

    def look(self, out: Path) -> None:
        found = read_live(out, self.name)
        said = {} if found is None else found[0]
        if said.get("lag_s") is not None and said["t_ns"] != self.newest_ns:
            self.newest_ns = said["t_ns"]
            self.lag_s.append(said["lag_s"])
            self.delay_s.append(said["delay_s"])

    def count(self, out: Path, sent: int) -> None:
        found = read_live(out, self.name)
        counters = found[0]["counters"] if found is not None else {"frames": 0, "skipped_frames": 0}
        self.counted.append((counters["frames"], counters["skipped_frames"], sent))


@dataclass(slots=True)
class Opened:
    """One possible violation. decided_ns: of the picture that decided it; logged_ns: when it was seen in the log."""

    rule_id: str
    start_ns: int
    decided_ns: int
    logged_ns: int


class Log:
    """Reads what is opened as it comes."""

    def __init__(self, out: Path) -> None:
        self._reader = open_reader(out)
        self._seq = self._reader.head().seq
        self.opened: dict[str, Opened] = {}

    def look(self) -> None:
        for entry in self._reader.entries((EntryKind.OPENED,), after=self._seq):
            self._seq = entry.seq
            said = json.loads(entry.body)
            times = (int(said["t_start_ns"]), int(said["t_end_ns"]))
            self.opened[entry.violation_id or ""] = Opened(said["rule_id"], *times, time.time_ns())


def until_seen(out: Path, feeds: list[Feed], within_s: float = 120.0) -> None:
    end_s = time.monotonic() + within_s
    while True:
        found = [read_live(out, one.name) for one in feeds]
        if all(one is not None and one[0]["t_ns"] is not None for one in found):
            return
        if time.monotonic() > end_s:
            raise SystemExit(f"not every feed was seen within {within_s:.0f} s: {out.parent / 'said.jsonl'}")
        time.sleep(0.2)


def until_open(out: Path, within_s: float = 60.0) -> int:
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        pid = (read_centre(out) or {}).get("console_pid")
        if pid:
            return int(pid)
        time.sleep(0.2)
    raise SystemExit("the console did not open")


def watch(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    recording = make_round(options.work / "rounds")
    out, media, console = folder / "out", free_port(), free_port()
    file = configured(folder, options.feeds, media, console, options.hindsight)
    LogWriter(out).close()
    accounts = Accounts(out, SystemClock())
    accounts.add(NAME, Role.REVIEWER, "A", PASSWORD)
    accounts.close()
    with ExitStack() as stack:
        sender = Sender(recording, media, options.feeds)
        stack.callback(sender.stop)
        centre = stack.enter_context(running(file, out))
        feeds = [Feed(f"feed{k + 1}", Watched(f"feed{k + 1}")) for k in range(options.feeds)]
        console_pid = until_open(out)
        before = set(descendants(os.getpid()))
        seen = _screen(stack, f"http://127.0.0.1:{console}") if not options.no_browser else None
        browser = sorted(set(descendants(os.getpid())) - before)
        if options.browser_gives_way:
            give_way(browser)
        until_seen(out, feeds)
        _wait(seen, WARM_S)
        shown = read_centre(out) or {}
        for one in feeds:
            one.watched.pids = [shown["feeds"][one.name]["pid"]]
        others = {
            "centre": Watched("centre", [centre.pid]),
            "console": Watched("console", [console_pid]),
            "senders": Watched("senders", [sender.pid]),
            "browser": Watched("browser", browser),
        }
        log = Log(out)
        own_s, begun_s = cpu_s(os.getpid()), time.monotonic()
        _count(feeds, out, sender)
        _watch_for(options.minutes * 60, begun_s, out, feeds, others, log, seen)
        _count(feeds, out, sender)
        own = (cpu_s(os.getpid()) - own_s) / (time.monotonic() - begun_s)
        on_screen = seen.seen_ms() if seen is not None else {}
        if seen is not None:
            missing = {one.name for one in feeds} - set(seen.painted())
            if missing:
                raise SystemExit(f"no picture of {', '.join(sorted(missing))} in the browser: the timing means nothing")
            seen.save(str(folder / "overview.png"))
        restarts = {name: one["starts"] - 1 for name, one in (read_centre(out) or {"feeds": {}})["feeds"].items()}
        with open_reader(out) as reader:
            gaps = [gap.reason for gap in reader.gaps()]
    if any(restarts.values()):
        raise SystemExit(f"feeds were started again, {restarts}: the figures mean nothing")
    size = sum(path.stat().st_size for path in (out / "evidence").rglob("*") if path.is_file())
    return {
        "minutes": options.minutes,
        "hindsight_s": options.hindsight,
        "browser_gives_way": options.browser_gives_way,
        "load": os.getloadavg()[0],
        "feeds": [_feed_figures(one) for one in feeds],
        "others": {name: _process_figures(one) for name, one in others.items() if one.pids} | {"this": {"cpu": own}},
        "sender_late_s": max((one["late_s"] for one in sender.told), default=0.0),
        "events": _events(log.opened, on_screen),
        "gaps": {str(reason): gaps.count(reason) for reason in sorted(set(gaps))},
        "evidence_mb": size / 1e6,
        "software": pipeline.SOFTWARE,
    }


def _screen(stack: ExitStack, address: str) -> Screen:
    end_s = time.monotonic() + 30
    while True:  # it has a process before it has an address
        try:
            return stack.enter_context(screen(address, NAME, PASSWORD))
        except Exception:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.5)


def _wait(seen: Screen | None, seconds: float) -> None:
    if seen is None:
        time.sleep(seconds)
    else:
        seen.wait(seconds)


def _watch_for(
    seconds: float,
    begun_s: float,
    out: Path,
    feeds: list[Feed],
    others: dict[str, Watched],
    log: Log,
    seen: Screen | None,
) -> None:
    looked_s = decided_s = -10.0
    while (now_s := time.monotonic() - begun_s) < seconds:
        for one in feeds:
            one.look(out)
        log.look()
        if now_s - looked_s >= 1.0:
            looked_s = now_s
            for watched in (*(one.watched for one in feeds), *others.values()):
                watched.look(now_s)
        if seen is not None and now_s - decided_s >= 5.0:
            decided_s = now_s
            seen.decide()
        _wait(seen, LOOK_S)


def _count(feeds: list[Feed], out: Path, sender: Sender) -> None:
    for k, one in enumerate(feeds):
        one.count(out, sender.sent(k))


def _feed_figures(one: Feed) -> dict[str, Any]:
    judged, skipped, sent = (last - first for first, last in zip(*one.counted, strict=True))
    lag, delay = np.array(one.lag_s), np.array(one.delay_s)
    return {
        "name": one.name,
        "sent": sent,
        "judged": judged,
        "skipped": skipped,
        "looks": len(lag),
        "lag_s": _quantiles(lag),
        "delay_s": _quantiles(delay),
        **_process_figures(one.watched),
    }


def _process_figures(one: Watched) -> dict[str, Any]:
    return {
        "cpu": round(one.cpu_share(0.0), 4),
        "memory_mb": [round(mb, 1) for mb in one.minutes_mb()],
        "growth_mb": one.growth_mb(GROWTH_FROM),
    }


def _quantiles(values: np.ndarray) -> dict[str, float] | None:
    if not len(values):
        return None
    p50, p99 = np.percentile(values, (50, 99))
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3), "max": round(float(values.max()), 3)}


def _events(opened: dict[str, Opened], on_screen: dict[str, float]) -> dict[str, Any]:
    """By rule and for all: how many, and from the deciding picture to the log and to the screen."""
    found: dict[str, Any] = {}
    for rule in ("all", *sorted({one.rule_id for one in opened.values()})):
        some = {name: one for name, one in opened.items() if rule in {"all", one.rule_id}}
        shown = {name: one for name, one in some.items() if name in on_screen}
        found[rule] = {
            "opened": len(some),
            "shown": len(shown),
            "logged_s": _quantiles(np.array([(one.logged_ns - one.decided_ns) / 1e9 for one in some.values()])),
            "drawn_s": _quantiles(
                np.array([on_screen[name] / 1e3 - one.logged_ns / 1e9 for name, one in shown.items()])
            ),
            "screen_s": _quantiles(
                np.array([on_screen[name] / 1e3 - one.decided_ns / 1e9 for name, one in shown.items()])
            ),
            "since_start_s": _quantiles(
                np.array([on_screen[name] / 1e3 - one.start_ns / 1e9 for name, one in shown.items()])
            ),
        }
    return found


def _show(told: dict[str, Any]) -> None:
    print(f"{told['software']}, {told['minutes']} min, load {told['load']:.1f}, {os.cpu_count()} cores")
    counts = f"{'CPU':>5} {'sent':>6} {'judged':>6} {'skipped':>7}"
    print(f"{'':8} {counts}  {'lag p50 p99 max':19} {'delay p50 p99 max':19} memory, growth")
    for one in told["feeds"]:
        print(
            f"{one['name']:8} {one['cpu']:5.2f} {one['sent']:6} {one['judged']:6} {one['skipped']:7}  "
            f"{_line(one['lag_s']):19} {_line(one['delay_s']):19} {_memory(one)}"
        )
    for name, one in told["others"].items():
        print(f"{name:8} {one['cpu']:5.2f} {_memory(one) if 'memory_mb' in one else ''}")
    mean = np.mean([one["cpu"] for one in told["feeds"]])
    print(f"a feed: {mean:.3f} of a core; latest sending {told['sender_late_s']:.3f} s")
    for rule, one in told["events"].items():
        print(
            f"{rule:16} {one['opened']:4} opened, {one['shown']:4} seen; logged {_line(one['logged_s'])}, "
            f"drawn {_line(one['drawn_s'])}, screen {_line(one['screen_s'])}, "
            f"since it began {_line(one['since_start_s'])}"
        )
    print(f"gaps {told['gaps']}, evidence {told['evidence_mb']:.0f} MB")


def _line(found: dict[str, float] | None) -> str:
    return "-" if found is None else " ".join(f"{found[name]:.2f}" for name in ("p50", "p99", "max"))


def _memory(one: dict[str, Any]) -> str:
    minutes = one["memory_mb"]
    grown = one["growth_mb"]
    told = f"{minutes[0]:.0f} to {minutes[-1]:.0f} MB" if minutes else ""
    return told if grown is None else f"{told}, {grown[0]:+.1f} by a line, {grown[1]:+.1f} last less first"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=30.0)
    seen = parser.add_mutually_exclusive_group()
    seen.add_argument("--no-browser", action="store_true", help="the cost of feeds, centre and console alone")
    seen.add_argument("--browser-gives-way", action="store_true", help="as if it were on a machine of its own")
    parser.add_argument(
        "--hindsight", type=float, metavar="S", help="tracking: hindsight_s, other than the default [s]"
    )
    parser.add_argument("--work", type=Path, default=Path("/tmp/bench_live"))
    options = parser.parse_args()
    folder = options.work / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    told = watch(options, folder)
    _show(told)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
