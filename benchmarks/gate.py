"""CI's gate on accuracy and cost: fails where the detector has become worse than the recorded baselines.

    python benchmarks/gate.py [--record] [--passes N] [--no-instructions]

Generated clips only, under 3 minutes on 2 cores. Measured, and how much worse is too much (LIMITS):
- accuracy on three seeds of `scoring/field.py`, a turning camera over movers of 4 to 40 px, and one with a standing
  camera: F1 and recall of those up to 8 px and up to 16 px, - 1 point each; error of the registration against the exact
  homographies, + 20 %; confirmed tracks where nothing moves, not one more.
- cost: CPU of the whole replay to log as a ratio to decoding, 720p, moving and standing camera: + 10 %. The median of
  several passes, each in a process of its own; what fails is measured anew, twice, and the best of these counts.
- instructions of the vision stages under callgrind, + 3 %; left out, and said so, where valgrind is not installed.

`--record` writes what was measured to benchmarks/baselines.json. Prints a table and, last, one JSON line; exit code 1
where something is worse.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from scoring import field
from scoring.objects import ObjectScore, f1, score_objects
from scoring.playing import play
from scoring.registration import errors_px
from speed.clips import make_size
from speed.instructions import count_instructions
from speed.one_pass import ratio_of_one_pass

REPOSITORY = Path(__file__).resolve().parents[1]
BASELINES = Path(__file__).with_name("baselines.json")
SEEDS = (1, 2, 3)
CLIP_FRAMES = 150
ANEW = 2


class Limit(NamedTuple):
    """A figure may be worse than its baseline by `by` (and `share` of it) and no more; `sign` +1: more is better."""

    sign: int
    by: float = 0.0
    share: float = 0.0

    def least(self, baseline: float) -> float:
        """The worst figure that passes."""
        return baseline - self.sign * (self.by + self.share * abs(baseline))

    def passes(self, baseline: float, figure: float) -> bool:
        return self.sign * (figure - self.least(baseline)) >= 0


LIMITS = {
    "f1": Limit(+1, by=0.01),
    "recall_to_8_px": Limit(+1, by=0.01),
    "recall_to_16_px": Limit(+1, by=0.01),
    "f1_standing_camera": Limit(+1, by=0.01),
    "tracks_where_nothing_moves": Limit(-1),
    "registration_median_px": Limit(-1, share=0.2),
    "registration_p95_px": Limit(-1, share=0.2),
    "ratio_moving": Limit(-1, share=0.10),
    "ratio_static": Limit(-1, share=0.10),
    "instructions_a_frame": Limit(-1, share=0.03),
}


class Verdict(NamedTuple):
    """One figure held against its baseline. None where it was not measured or is not recorded."""

    name: str
    baseline: float | None
    figure: float | None
    least: float | None
    passes: bool


def judge(baselines: dict[str, float], figures: dict[str, float]) -> list[Verdict]:
    """Every figure held against its baseline. A figure without a baseline fails, one left out (valgrind) passes."""
    verdicts = []
    for name, limit in LIMITS.items():
        baseline, figure = baselines.get(name), figures.get(name)
        if figure is None:
            verdicts.append(Verdict(name, baseline, None, None, name == "instructions_a_frame"))
        elif baseline is None:
            verdicts.append(Verdict(name, None, figure, None, False))
        else:
            verdicts.append(Verdict(name, baseline, figure, limit.least(baseline), limit.passes(baseline, figure)))
    return verdicts


def accuracy(folder: Path, seeds: tuple[int, ...] = SEEDS) -> dict[str, float]:
    """The figures of the field."""
    scores, errors = [], []
    for seed in seeds:
        clip = folder / f"field-{seed}.ts"
        truth = field.make(clip, seed)
        played = play(clip)
        scores.append(score_objects(played, truth))
        errors.append(errors_px(played, truth, 0.3))
    standing = folder / "standing.ts"
    truth = field.make(standing, seeds[0], moving=False)
    still = [score_objects(play(standing), truth)]
    nothing = 0
    for moving in (True, False):
        clip = folder / f"nothing-{moving}.ts"
        field.make(clip, seeds[0], moving=moving, movers=False)
        nothing += len(play(clip).confirmed_tracks())
    error = np.concatenate(errors)
    return {
        "f1": _f1(scores),
        "recall_to_8_px": _recall(scores, ("<=8",)),
        "recall_to_16_px": _recall(scores, ("<=8", "8-16")),
        "f1_standing_camera": _f1(still),
        "tracks_where_nothing_moves": float(nothing),
        "registration_median_px": float(np.median(error)),
        "registration_p95_px": float(np.percentile(error, 95)),
    }


def _f1(scores: list[ObjectScore]) -> float:
    right, wrong, needed = (sum(getattr(s, name).total() for s in scores) for name in ("right", "wrong", "needed"))
    return f1(right / max(right + wrong, 1), right / needed)


def _recall(scores: list[ObjectScore], sizes: tuple[str, ...]) -> float:
    return sum(s.right[n] for s in scores for n in sizes) / sum(s.needed[n] for s in scores for n in sizes)


def ratio(folder: Path, camera: str, passes: int, planted: float = 0.0) -> float:
    """CPU from the packet to the log, in decoding of the same frames; the median of passes in fresh processes."""
    clip = make_size(folder, "720p", CLIP_FRAMES, moving=camera == "moving")
    config = REPOSITORY / "configs" / "demo.yaml"
    return float(np.median([ratio_of_one_pass(clip, config, planted) for _ in range(passes)]))


def costs(folder: Path, baselines: dict[str, float], passes: int, *, again: bool) -> dict[str, float]:
    """Both ratios; what fails is measured anew, and the best median counts."""
    figures = {}
    for camera in ("moving", "static"):
        name = f"ratio_{camera}"
        figures[name] = ratio(folder, camera, passes)
        for _ in range(ANEW if again and name in baselines else 0):
            if LIMITS[name].passes(baselines[name], figures[name]):
                break
            figures[name] = min(figures[name], ratio(folder, camera, passes))
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="what is measured is the new baseline")
    parser.add_argument("--passes", type=int, default=3, help="of each ratio")
    parser.add_argument("--no-instructions", action="store_true", help="do not count instructions")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    baselines = json.loads(BASELINES.read_text("utf-8")) if BASELINES.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = accuracy(folder)
        figures |= costs(folder, baselines, options.passes, again=not options.record)
    if not options.no_instructions:
        counted, why = count_instructions()
        if counted is None:
            print(f"instructions are not counted: {why}")
        else:
            figures["instructions_a_frame"] = counted
    if options.record:
        kept = {name: float(f"{figures[name]:.5g}") for name in LIMITS if name in figures}
        BASELINES.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
        baselines = kept
    verdicts = judge(baselines, figures)
    print(f"{'':28}{'baseline':>12}{'now':>12}{'worst':>12}")
    for one in verdicts:
        shown = "".join(f"{'-' if x is None else f'{x:.5g}':>12}" for x in (one.baseline, one.figure, one.least))
        print(f"{one.name:28}{shown}  {'ok' if one.passes else 'WORSE' if one.baseline is not None else 'NO BASELINE'}")
    good = all(one.passes for one in verdicts)
    print(json.dumps({"benchmark": "gate", "passes": good, "figures": figures, "baselines": baselines}))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
