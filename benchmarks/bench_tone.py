"""Engines by ear: which of drone, helicopter, vehicle and background each clip is, on sound the model never heard.

python benchmarks/bench_tone.py [--data ../shared/data] [--no-fit]

1. Fresh synthetic sounds (another seed) by how far the background lies below the engine.
2. `sensors/acoustic`: clips named KIND_NUMBER. A clip is named by the mean of its seconds' log-probabilities, all
   channels. The shipped model knows synthetic sound only. `--no-fit` leaves out two more, each grouped by recording
   (the one that is judged is in no training set): fitted to the other recordings alone, and to them and the synthetic
   sounds, either half of the weight; and whether a new fit to the synthetic sounds is the shipped one to the last
   digit. The files' names do not tell whether two clips come from one recorder or one flight.
3. As it is used: what the detector tells of each clip, and of sound without a known engine: the gunshots there and all
   of `sensors/livefire` (a city out of doors, 12 kHz; machines that run there are not excluded).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from detector.detectors.series import ToneConfig, ToneDetector
from detector.detectors.series.tone_features import ToneFeatures
from detector.detectors.series.tone_model import MODEL_FILE, ToneModel, read_model, tone_model
from detector.model import Series
from detector.sources.series import open_series
from detector.synthetic.engines import RATE_HZ, SOUNDS, engine_sound
from detector.timebase import NS_PER_S
from scripts.fit_tone_model import fitted, training_set

KINDS = list(SOUNDS)
FRESH, FRESH_SECONDS, FRESH_SEED = 60, 10, 7
BELOW_DB = (-10.0, 0.0, 10.0, 20.0)


def features_of(sound: np.ndarray, rate_hz: float) -> np.ndarray:
    """Of each half second's window of each channel. sound: (T, C)"""
    features = ToneFeatures(rate_hz)
    starts = range(0, len(sound) - features.length + 1, round(rate_hz / 2))
    seconds = [sound[start : start + features.length] for start in starts]
    return np.concatenate([features.of(one[:, np.ptp(one, axis=0) > 0]) for one in seconds])


def named(model: ToneModel, features: np.ndarray) -> np.ndarray:
    """Probabilities of a clip."""
    mean = model.log_probability(features).mean(axis=0)
    return np.exp(mean - np.logaddexp.reduce(mean))


def blocks(file: Path) -> list[Series]:
    source = open_series(file, source_id=file.stem, start_ns=None if file.with_suffix(".json").exists() else 0)
    return [item for item in source if isinstance(item, Series)]


def told(series: list[Series]) -> list[str]:
    """Kinds that the detector tells of a recording, over all channels."""
    detector = ToneDetector(ToneConfig())
    if detector.why_not(series[0]):
        return []
    answers = [detector.detect(one) for one in series] + detector.finish()
    return [str(kind) for one in answers for kind in one.kind]


def fresh_sounds(model: ToneModel) -> dict[str, list[float]]:
    print(
        f"fresh synthetic sounds of {FRESH_SECONDS} s, {FRESH} a row: share named rightly when it must be one of four;"
    )
    print("as the detector tells it: rightly alone, undetermined alone, a wrong kind as well or alone, nothing")
    shares = {}
    for below_db in (None, *BELOW_DB):
        for kind in KINDS:
            if (kind == "background") != (below_db is None):
                continue
            right, verdicts = 0, Counter[str]()
            for number in range(FRESH):
                random = np.random.default_rng([FRESH_SEED, KINDS.index(kind), number])
                sound = engine_sound(kind, FRESH_SECONDS, random, below_db=below_db)[:, None]
                right += KINDS[int(named(model, features_of(sound, RATE_HZ)).argmax())] == kind
                kinds = set(told([series_of(sound)]))
                wrong = kinds - {kind, "undetermined"}
                verdicts["wrong" if wrong else kind if kind in kinds else "".join(kinds)] += 1
            name = kind if below_db is None else f"{kind}, background {below_db:g} dB below"
            shares[name] = [
                round(one / FRESH, 3) for one in (right, *(verdicts[v] for v in (kind, "undetermined", "wrong", "")))
            ]
            print(f"  {name:<42}", "  ".join(f"{share:.2f}" for share in shares[name]))
    return shares


def series_of(sound: np.ndarray) -> Series:
    t_ns = np.rint(np.arange(len(sound)) * NS_PER_S / RATE_HZ).astype(np.int64)
    return Series("fresh", t_ns, sound, ("0",), ("1",), np.full((1, 3), np.nan), interval_ns=NS_PER_S / RATE_HZ)


def clips(folder: Path) -> dict[str, tuple[int, np.ndarray, list[Series]]]:
    found = {}
    for file in sorted(folder.glob("*_*.*")):
        kind = file.stem.split("_")[0].lower()
        if kind in KINDS:
            series = blocks(file)
            sound = np.concatenate([one.values for one in series])
            found[file.stem] = (KINDS.index(kind), features_of(sound, NS_PER_S / series[0].interval_ns), series)
    return found


def left_out(
    found: dict[str, tuple[int, np.ndarray, list[Series]]], made: tuple[np.ndarray, np.ndarray] | None
) -> dict[str, np.ndarray]:
    """Each clip's probabilities by a model fitted to the others. made: synthetic seconds that are learnt as well."""
    answers = {}
    for name, (_, features, _) in found.items():
        others = [one for other, one in found.items() if other != name]
        x = np.concatenate([one[1] for one in others])
        y = np.repeat([one[0] for one in others], [len(one[1]) for one in others])
        if made is not None:
            times = max(1, round(len(made[1]) / len(y)))
            x, y = np.concatenate((made[0], np.tile(x, (times, 1)))), np.concatenate((made[1], np.tile(y, times)))
        kinds = np.unique(y)
        model = tone_model(fitted(x, y))
        probability = np.zeros(len(KINDS))
        probability[kinds] = named(model, features)
        answers[name] = probability
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--no-fit", action="store_true")
    arguments = parser.parse_args()
    model = read_model()
    result: dict[str, Any] = {"fresh": fresh_sounds(model)}
    sensors = arguments.data / "sensors"
    if not (sensors / "acoustic").is_dir():
        print(f"{sensors}: not there, real sound left out")
        print(json.dumps(result))
        return
    found = clips(sensors / "acoustic")
    columns = {"synthetic": {name: named(model, features) for name, (_, features, _) in found.items()}}
    if not arguments.no_fit:
        made = training_set()
        result["same_again"] = fitted(*made) == json.loads(MODEL_FILE.read_text("utf-8"))
        print(f"\na new fit is the shipped one to the last digit: {'yes' if result['same_again'] else 'NO'}")
        columns["other recordings"] = left_out(found, None)
        columns["both"] = left_out(found, made)
    print(f"\nclips, probability of each of {', '.join(KINDS)}; fitted to {', '.join(columns)}")
    for name in found:
        print(
            f"  {name:<16}",
            "   ".join(" ".join(f"{share:.2f}" for share in column[name]) for column in columns.values()),
        )
    for title, column in columns.items():
        right = sum(int(column[name].argmax()) == kind for name, (kind, _, _) in found.items())
        result[title] = [right, len(found)]
        print(f"fitted to {title}: {right} of {len(found)} clips right")

    print("\nas the detector tells it")
    for name, (_, _, series) in found.items():
        print(f"  {name:<16}", ", ".join(told(series)) or "nothing")
    others = [*sorted((sensors / "acoustic").glob("gunshot*")), *sorted(sensors.glob("livefire/FP*/test_*/*.flac"))]
    heard, seconds, judged = Counter[str](), 0.0, 0
    began = time.process_time()
    for file in others:
        series = blocks(file)
        seconds += sum(len(one) * one.interval_ns for one in series) / NS_PER_S
        heard.update(set(told(series)))
        judged += 1
    spent = time.process_time() - began
    result |= {"without_engine": dict(heard), "recordings": judged, "seconds": round(seconds)}
    print(f"of {judged} recordings without a known engine ({seconds:.0f} s): {dict(heard) or 'nothing'}")
    print(f"{spent / seconds * 1000:.1f} ms of one core a second of sound, reading included")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
