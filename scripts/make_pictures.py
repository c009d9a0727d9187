"""Makes the README's pictures from a real run of the demo: an annotated frame and a recorded terminal session.

    .venv/bin/python scripts/make_pictures.py          replays the demo (about a minute) and writes docs/pictures/
    .venv/bin/python scripts/make_pictures.py DIR      takes a replay with --annotate that is there already

The session is what the commands print, run here in a pseudo-terminal; nothing in it is typed by hand.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from io import StringIO
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from detector.log import open_reader

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
COLUMNS = 132
MOST_BYTES = 250_000


def main() -> None:
    """Write docs/pictures/annotated.jpg and session.svg."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("replayed", type=Path, nargs="?", help="output of `replay configs/demo.yaml --annotate`")
    parser.add_argument("--at", type=float, help="seconds into the feed; left out: when most is going on")
    arguments = parser.parse_args()
    out = arguments.replayed
    if out is None:
        out = Path("out/pictures")
        recorded(["replay", "configs/demo.yaml", "--out", str(out), "--annotate"])
    PICTURES.mkdir(parents=True, exist_ok=True)
    at_s = busiest_s(out) if arguments.at is None else arguments.at
    (PICTURES / "annotated.jpg").write_bytes(jpeg(picture_at(out / "demo.mp4", at_s)))
    commands = [["log", "list", str(out)], ["log", "coverage", str(out)], ["log", "verify", str(out)]]
    (PICTURES / "session.svg").write_text(session(commands), encoding="utf-8")
    sys.stdout.write(f"{PICTURES}/annotated.jpg (at {at_s:.2f} s) and session.svg\n")


def busiest_s(out: Path) -> float:
    """Seconds into the feed at which most possible violations are going on; the middle of the longest such stretch."""
    with open_reader(out) as reader:
        spans = [(one.violation.t_start_ns, one.violation.t_end_ns) for one in reader.violations()]
        start_ns = min(slot.t_start_ns for slot in reader.coverage())
    edges = sorted({edge for span in spans for edge in span})
    stretches = [(sum(a <= low and high <= b for a, b in spans), high - low, low) for low, high in pairwise(edges)]
    _, length_ns, low_ns = max(stretches)
    return (low_ns + length_ns / 2 - start_ns) / 1e9


def picture_at(video: Path, at_s: float) -> NDArray[np.uint8]:
    """The first picture at or after that time. BGR"""
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= at_s:
                return frame.to_ndarray(format="bgr24")
    raise SystemExit(f"{video} ends before {at_s} s")


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """The best quality that stays under the limit."""
    for quality in range(92, 30, -4):
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(data) <= MOST_BYTES:
            return data
    raise SystemExit("the picture cannot be made small enough")


def session(commands: list[list[str]]) -> str:
    """The commands with what they print, as SVG."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    for command in commands:
        console.print(Text("$ trucewatch " + " ".join(command), style="bold green"))
        console.print(Text.from_ansi(recorded(command)))  # wraps as a terminal does
    return console.export_svg(title="trucewatch", theme=MONOKAI)


def recorded(command: list[str]) -> str:
    """What `trucewatch COMMAND` prints to a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    line = [sys.executable, "-m", "detector", *command]
    with subprocess.Popen(line, stdout=theirs, stderr=subprocess.DEVNULL, stdin=theirs, cwd=ROOT) as process:
        os.close(theirs)
        text = b""
        try:
            while chunk := os.read(ours, 65536):
                text += chunk
        except OSError:  # Linux says EIO when the other end is closed
            pass
    os.close(ours)
    if process.returncode:
        raise SystemExit(f"trucewatch {' '.join(command)} ended with {process.returncode}")
    return text.decode().replace("\r\n", "\n").rstrip("\n")


if __name__ == "__main__":
    main()
