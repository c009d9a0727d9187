"""What a live feed goes through: its sender killed, frozen, restarted with another size, its telemetry cut.

    python benchmarks/live_faults.py [--kind rtsp|udp] [--work DIR]

Plays sample_feeds/demo.ts in real time from a real sender to `trucewatch run`, three times 40 s, and prints gaps and
violations of each log, and how long after its return a feed was seen again. Not a test: it takes 3 minutes, and the
figures depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from detector.log import open_reader
from tests.centre.test_centre import config, running, status
from tests.live.rig import ADDRESSES, FEEDS, free_port, sending, until

DEMO = FEEDS / "demo.ts"
SMALL = ("--size", "960x540")


def rules() -> str:
    text = (FEEDS.parent / "configs" / "demo.yaml").read_text()
    return text[text.index("location:") : text.index("  - id: silence")] + "evidence: {pre_roll_s: 2}\n"


def seen_again(out: Path, since_s: float, what: str, **wanted: Any) -> None:
    until(lambda: all(status(out).get(name) == value for name, value in wanted.items()), 60.0)
    print(f"  {what}: seen again {time.monotonic() - since_s:.1f} s after the sender was ready")


def killed_and_changed(kind: str, port: int, out: Path) -> None:
    """10 s, killed, 5 s nothing, then from there on in another size."""
    with sending(kind, port, DEMO, "--to", "12"):
        until(lambda: status(out).get("state") == "running", 60.0)
        begun_s = time.monotonic()
        time.sleep(8)
    time.sleep(5)
    at_s = time.monotonic() - begun_s + 2.0  # what a sender takes to start
    with sending(kind, port, DEMO, "--from", f"{at_s:.0f}", *SMALL):
        seen_again(out, time.monotonic(), "killed for 5 s, back with another size", size_px=[960, 540])
        time.sleep(36 - at_s)


def frozen(kind: str, port: int, out: Path) -> None:
    """One picture from 12 s to 22 s."""
    with sending(kind, port, DEMO, "--freeze", "12:22", *SMALL):
        until(lambda: status(out).get("state") == "frozen", 90.0)
        until(lambda: status(out).get("state") == "running", 60.0)
        time.sleep(16)


def without_telemetry(kind: str, port: int, out: Path) -> None:
    """No telemetry from 12 s to 32 s."""
    with sending(kind, port, DEMO, "--no-klv", "12:32"):
        until(lambda: status(out).get("state") == "running", 60.0)
        time.sleep(38)


def tell(out: Path) -> None:
    with open_reader(out) as reader:
        for gap in reader.gaps():
            since_s, until_s = (t_ns / 1e9 % 60 for t_ns in (gap.t_start_ns, gap.t_end_ns))
            print(f"  gap {gap.reason:<16} {since_s:6.2f} to {until_s:6.2f} s  {gap.detail}")
        for found in reader.violations():
            one = found.violation
            since_s, until_s = (t_ns / 1e9 % 60 for t_ns in (one.t_start_ns, one.t_end_ns))
            print(f"  {one.rule_id:<20} {since_s:6.2f} to {until_s:6.2f} s  x{one.count}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=["rtsp", "udp"], default="rtsp")
    parser.add_argument("--work", type=Path, default=Path("/tmp/live_faults"))
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}")
    for fault in (killed_and_changed, frozen, without_telemetry):
        folder = options.work / fault.__name__
        subprocess.run(["rm", "-rf", str(folder)], check=True)
        folder.mkdir(parents=True)
        port, out = free_port(), folder / "out"
        file = config(folder, ADDRESSES[options.kind].format(port), rules=rules())
        file.write_text(file.read_text().replace("live: {read_timeout_s: 2}\n", ""))
        print(f"{fault.__name__}: {fault.__doc__}")
        with running(file, out):
            fault(options.kind, port, out)
        tell(out)


if __name__ == "__main__":
    main()
