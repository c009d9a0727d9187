"""Streaming STA/LTA at 1,024 channels against obspy's C code, one thread.

python benchmarks/bench_sta_lta.py [--channels 1024] [--seconds 120]

Ours: `energy_of_hops` and `StaLta` in pieces as a stream brings them: of one second, and of one hop (the least delay).
Theirs: `recursive_sta_lta` on each whole channel (batch), and on a ring of the last two long windows, which is how a
stream has to use it for want of carried state (one is needed to forget that it begins at 0), at the same two delays.
First the result: the correlation of our ratio with theirs at the hops' last samples. CPU time, best of 5; the ring is
timed on a part of the channels and scaled.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from obspy.signal.trigger import recursive_sta_lta

sys.path.insert(0, str(Path(__file__).parents[1]))

from detector.detectors.series.sta_lta import StaLta, energy_of_hops

RATE_HZ, STA_S, LTA_S, HOP = 100, 1.0, 10.0, 10
N_STA, N_LTA = int(STA_S * RATE_HZ), int(LTA_S * RATE_HZ)
GOALS = {"correlation": 0.999, "batch": 2.0, "ring": 80.0}


def streamed(samples: np.ndarray, piece: int) -> Iterator[np.ndarray]:
    """All channels, some samples at a time. shape (H, C) each"""
    ratio = StaLta(N_STA, N_LTA, HOP, samples.shape[1])
    for at in range(0, len(samples), piece):
        yield ratio.push(energy_of_hops(samples[at : at + piece], HOP))


def stream(samples: np.ndarray, piece: int) -> None:
    for _ in streamed(samples, piece):
        pass


def batch(columns: np.ndarray) -> None:
    """Each channel as a whole."""
    for column in columns:
        recursive_sta_lta(column, N_STA, N_LTA)


def ring(columns: np.ndarray, piece: int) -> None:
    """With each piece, each channel's last two long windows anew."""
    for end in range(2 * N_LTA, columns.shape[1] + 1, piece):
        for column in columns:
            recursive_sta_lta(column[end - 2 * N_LTA : end], N_STA, N_LTA)


def best_s(work: Callable[[], object], times: int) -> float:
    spent = []
    for _ in range(times):
        begin = time.process_time()
        work()
        spent.append(time.process_time() - begin)
    return min(spent)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, default=1024)
    parser.add_argument("--seconds", type=int, default=120)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    samples = random.normal(size=(options.seconds * RATE_HZ, options.channels))
    for channel in range(options.channels):
        at = random.integers(6 * N_LTA, len(samples) - 500)
        samples[at : at + 300, channel] *= random.uniform(2, 20)
    columns = np.ascontiguousarray(samples.T)

    late = slice(5 * N_LTA // HOP, None)
    ours = np.concatenate([*streamed(samples, RATE_HZ)])[late]
    theirs = [recursive_sta_lta(column, N_STA, N_LTA)[HOP - 1 :: HOP][late] for column in columns]
    correlation = min(float(np.corrcoef(ours[:, c], theirs[c])[0, 1]) for c in range(options.channels))

    some = columns[: max(options.channels // 64, 1), : 2 * N_LTA + 20 * RATE_HZ]
    scale = samples.size / (len(some) * 20 * RATE_HZ)
    spent = {
        "ours, pieces of 1 s": best_s(lambda: stream(samples, RATE_HZ), 5),
        "ours, pieces of 1 hop": best_s(lambda: stream(samples, HOP), 5),
        "obspy, batch": best_s(lambda: batch(columns), 5),
        "obspy, a ring each second": best_s(lambda: ring(some, RATE_HZ), 3) * scale,
        "obspy, a ring each hop": best_s(lambda: ring(some, HOP), 3) * scale,
    }
    per_s = {name: samples.size / seconds / 1e6 for name, seconds in spent.items()}
    figures = {
        "correlation": round(correlation, 5),
        "batch": round(per_s["ours, pieces of 1 s"] / per_s["obspy, batch"], 2),
        "ring": round(per_s["ours, pieces of 1 hop"] / per_s["obspy, a ring each hop"], 1),
    }
    second = per_s["ours, pieces of 1 s"] / per_s["obspy, a ring each second"]
    print(f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}, one thread")
    print(
        f"{options.channels} channels, {options.seconds} s, {RATE_HZ} Hz, STA {STA_S:g} s, LTA {LTA_S:g} s, hop {HOP}"
    )
    for name, rate in per_s.items():
        print(f"  {name:<28}{rate:>9.1f} Msamples/s")
    for name, goal in GOALS.items():
        print(f"  {name:<28}{figures[name]:>9g} (goal {goal:g}): {'met' if figures[name] >= goal else 'NOT MET'}")
    print(f"  {'ring, each second':<28}{second:>9.1f}")
    print(json.dumps({"bench": "sta_lta", **figures, "msamples_s": {n: round(v, 1) for n, v in per_s.items()}}))
    return 0 if correlation >= GOALS["correlation"] else 1


if __name__ == "__main__":
    sys.exit(main())
