"""CPU against other programs on the same clip: DVR-Scan (default and -df 4), OpenCV's MOG2 and KNN.

    python benchmarks/bench_peers.py [--media CLIP] [--frames N] [--rounds N] [--venv DIR] [--cache DIR]

Ours is `trucewatch detect`, which like DVR-Scan's -so only scans; `trucewatch replay` with configs/demo.yaml is the
whole, with log and the evidence of what it finds in the clip. Each program is a process of its own and costs what the
kernel says its children used, user and system. Its start-up is measured on the first 12 frames of the clip and taken
off. The programs take turns, A B C A B C, and a peer's ratio is taken to our run of the same round; reported is the
median ratio. DVR-Scan is installed from PyPI into a virtual environment of its own. Checks that each program read
every frame. Prints a table and, last, one JSON line.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import venv
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from speed.clips import make_size

REPOSITORY = Path(__file__).resolve().parents[1]
DVR_SCAN = "dvr-scan==1.8.2.1"
SHORT_FRAMES = 12
OURS, OURS_TO_LOG = "trucewatch detect", "trucewatch replay"


class Peer(NamedTuple):
    """A command line without the clip, and the words after which it says how many frames it read."""

    name: str
    command: list[str]
    told: str


def installed(folder: Path) -> Path:
    """DVR-Scan's command, in an environment that is made if it is absent."""
    command = folder / "bin" / "dvr-scan"
    if not command.exists():
        print(f"installing {DVR_SCAN} into {folder}", file=sys.stderr, flush=True)
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", DVR_SCAN], check=True)
    return command


def peers(dvr_scan: Path, config: Path) -> list[Peer]:
    model = [sys.executable, str(REPOSITORY / "benchmarks" / "speed" / "background_model.py")]
    scan = [str(dvr_scan), "--ignore-user-config", "-so"]
    return [
        Peer(OURS, [sys.executable, "-m", "detector", "detect"], ""),
        Peer(OURS_TO_LOG, [sys.executable, "-m", "detector", "replay", str(config)], ""),
        Peer("DVR-Scan", [*scan, "-i"], r"Processed (\d+) frames"),
        Peer("DVR-Scan -df 4", [*scan, "-df", "4", "-i"], r"Processed (\d+) frames"),
        Peer("MOG2", [*model, "MOG2"], r"(\d+) frames read"),
        Peer("KNN", [*model, "KNN"], r"(\d+) frames read"),
    ]


def cpu_s(peer: Peer, clip: Path, frames: int) -> float:
    """User and system time of one run. [s]"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as out:
        found = Path(out) / "found.jsonl"
        more = {OURS: ["--out", str(found)], OURS_TO_LOG: ["--out", out]}.get(peer.name, [])
        done = subprocess.run(
            [*peer.command, str(clip), *more], check=False, capture_output=True, text=True, cwd=REPOSITORY
        )
        if peer.name == OURS:
            read = json.loads(found.read_text("utf-8").splitlines()[-1])["frames"] if found.exists() else -1
        elif peer.name == OURS_TO_LOG:
            read = _frames_logged(Path(out))
        else:
            told = re.search(peer.told, done.stdout + done.stderr)
            read = int(told[1]) if told else -1
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or read != frames:
        raise SystemExit(
            f"{peer.name}: exit code {done.returncode}, read {read} of {frames} frames\n{done.stderr[-800:]}"
        )
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _frames_logged(out: Path) -> int:
    from detector.log import open_reader

    with open_reader(out) as reader:
        return sum(end.frames for run in reader.runs() for end in run.ends)


def shortened(clip: Path, folder: Path) -> Path:
    """The first frames of the clip, packets as they are."""
    path = folder / f"short-{SHORT_FRAMES}.ts"
    with av.open(str(clip)) as source, av.open(str(path), "w", format="mpegts") as made:
        video = source.streams.video[0]
        stream = made.add_stream_from_template(video)
        for number, packet in enumerate(packet for packet in source.demux(video) if packet.dts is not None):
            if number == SHORT_FRAMES:
                break
            packet.stream = stream
            made.mux(packet)
    return path


def count_frames(clip: Path) -> tuple[int, Fraction]:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        return sum(1 for _ in container.decode(stream)), stream.average_rate


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, help="another clip than the one made here (1080p, moving camera)")
    parser.add_argument("--frames", type=int, default=180, help="of the clip made here")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "trucewatch-benchmarks")
    parser.add_argument("--venv", type=Path, help="where DVR-Scan is or will be installed (CACHE/peers)")
    parser.add_argument("--config", type=Path, default=REPOSITORY / "configs" / "demo.yaml")
    parser.add_argument("--only", nargs="*", help="only peers whose name contains one of these")
    options = parser.parse_args()
    clip = options.media or make_size(options.cache, "1080p", options.frames, moving=True)
    everyone = peers(installed(options.venv or options.cache / "peers"), options.config.resolve())
    chosen = [everyone[0]] + [p for p in everyone[1:] if not options.only or any(n in p.name for n in options.only)]
    frames, rate = count_frames(clip)
    spent: dict[str, list[float]] = {peer.name: [] for peer in chosen}
    with tempfile.TemporaryDirectory() as folder:
        short = shortened(clip, Path(folder))
        start_frames = count_frames(short)[0]
        for _ in range(options.rounds):
            for peer in chosen:
                start_up = cpu_s(peer, short, start_frames)
                spent[peer.name].append((cpu_s(peer, clip, frames) - start_up) / (frames - start_frames))
    ours = np.array(spent[OURS])
    print(f"{clip.name}, {frames} frames at {float(rate):.4g} a second, {options.rounds} rounds")
    print(f"{'':18}{'ms a frame':>12}{'feeds a core':>14}{'times ours':>12}{'of rounds':>16}")
    results = []
    for name, seconds in spent.items():
        ratios = np.array(seconds) / ours
        ms = 1000 * float(np.median(seconds))
        one = {
            "peer": name,
            "ms_a_frame": ms,
            "feeds_a_core": 1000 / float(rate) / ms,
            "ratio": float(np.median(ratios)),
        }
        results.append(one | {"ratios": ratios.round(3).tolist()})
        span = f"{ratios.min():.2f}-{ratios.max():.2f}"
        print(f"{name:18}{ms:12.1f}{one['feeds_a_core']:14.2f}{one['ratio']:12.2f}{span:>16}")
    print(json.dumps({"benchmark": "peers", "clip": clip.name, "frames": frames, "results": results}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
