"""Live fire through the whole product: sound files in, possible violations with evidence in the log out.

python benchmarks/bench_heard.py [--data ../shared/data]

Data: `sensors/livefire`, every test with four files or more, its own weather, rule `impulse` without zones, everything
else as shipped. A round counts as found if it is counted in a violation whose place lies within 50 m of the surveyed
shooter; what is counted elsewhere, or has no place, is extra. Time is that of a replay, evidence included.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from detector import pipeline
from detector.config import load
from detector.log import open_reader
from detector.model import Violation
from detector.replay import jobs_of, replay

NEAR_M = 50.0


def configuration(folder: Path, files: list[Path], weather: dict[str, float]) -> Path:
    network = {
        "id": "microphones",
        "media": [str(file.resolve()) for file in files],
        "temperature_c": weather["temperature"],
        "wind_m_s": weather["speed"],
        "wind_from_deg": weather["direction"],
    }
    rule = {"id": "heard", "kind": "impulse", "without_place": "violation"}
    path = folder / "heard.yaml"
    path.write_text(json.dumps({"version": 1, "sensors": [network], "rules": [rule]}, indent=1), encoding="utf-8")
    return path


def violations_of(path: Path, out: Path) -> list[Violation]:
    read = pipeline.checked(load(path, pipeline.REGISTRIES))
    replay(read, jobs_of(read, [], out, annotate=False), on_progress=lambda _: None)
    with open_reader(out) as reader:
        return [logged.violation for logged in reader.violations()]


def error_m(violation: Violation, survey: dict[str, float]) -> float:
    measures = violation.measures
    if "east_m" not in measures:
        return float("inf")
    return float(np.hypot(measures["east_m"] - survey["x"], measures["north_m"] - survey["y"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    root = parser.parse_args().data / "sensors" / "livefire"
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    rounds = found = extra = tests = 0
    errors: list[float] = []
    took_s = 0.0
    for test in sorted(root.glob("FP*/test_*")):
        files = sorted(test.glob("*.flac"))
        if len(files) < 4:
            continue
        survey, weather = (json.loads(next(test.glob(f"*.{kind}.json")).read_text()) for kind in ("survey", "weather"))
        with TemporaryDirectory() as folder:
            path, begun_s = configuration(Path(folder), files, weather), time.perf_counter()
            violations = violations_of(path, Path(folder) / "out")
            took_s += time.perf_counter() - begun_s
        tests += 1
        rounds += survey["num_rounds"]
        for violation in violations:
            error = error_m(violation, survey["survey_location"])
            if error <= NEAR_M:
                found += violation.count
                errors.append(error)
            else:
                extra += violation.count
    if not tests:
        sys.exit(f"{root}: no live-fire data here")
    print(f"{tests} tests: {found} of {rounds} rounds counted within {NEAR_M:g} m, median {np.median(errors):.2f} m, "
          f"{100 * extra / rounds:.1f} extra in 100, {took_s:.0f} s")  # fmt: skip
    result = {
        "tests": tests,
        "rounds": rounds,
        "found": found,
        "extra": extra,
        "median_m": round(float(np.median(errors)), 2),
    }
    print(json.dumps({"benchmark": "heard", **result, "seconds": round(took_s, 1)}))


if __name__ == "__main__":
    main()
