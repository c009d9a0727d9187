"""CI's gate on accuracy and cost: fails where the detector has become worse than the recorded baselines.

    python benchmarks/gate.py [--record] [--passes N] [--no-instructions]

Generated clips only, a minute on 2 cores. Measured, and how much worse is too much (LIMITS):
- accuracy on three seeds of `scoring/field.py`, a turning camera over movers of 4 to 40 px, and one with a standing
  camera: F1 and recall of those up to 8 px and up to 16 px, - 1 point each; error of the registration against the exact
  homographies, + 20 %; confirmed tracks where nothing moves, not one more.
- cost: CPU of the whole replay to log as a ratio to decoding, 720p, moving and standing camera: + 10 %. The recorded
  commit is unpacked and timed with the code as it is, each in a process of its own and frame by frame in turns,
  A B A B; what fails is timed on, twice, and of each frame the least counts. Left out, and said so, where this checkout
  does not hold that commit (a shallow clone).
- instructions of the vision stages under callgrind, + 3 %, counted meanwhile on the other core; left out, and said so,
  where valgrind is not installed or the libraries are not those of the baseline.

`--record` writes what was measured to benchmarks/baselines.json, with the commit that is checked out. Prints a table
and, last, one JSON line; exit code 1 where something is worse.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
from scoring import field
from scoring.objects import ObjectScore, f1, score_objects
from scoring.playing import play
from scoring.registration import errors_px
from speed.clips import make_size
from speed.instructions import count_instructions
from speed.one_pass import Contestant, Least, in_turns
from speed.recorded import head, unpacked

REPOSITORY = Path(__file__).resolve().parents[1]
BASELINES = Path(__file__).with_name("baselines.json")
CONFIG = REPOSITORY / "configs" / "demo.yaml"
CAMERAS = ("moving", "static")
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
MAY_BE_LEFT_OUT = {"ratio_moving", "ratio_static", "instructions_a_frame"}


class Verdict(NamedTuple):
    """One figure held against its baseline. None where it was not measured or is not recorded."""

    name: str
    baseline: float | None
    figure: float | None
    least: float | None
    passes: bool


def judge(baselines: dict[str, float], figures: dict[str, float]) -> list[Verdict]:
    """Every figure held against its baseline. A figure without a baseline fails; one of cost may be left out."""
    verdicts = []
    for name, limit in LIMITS.items():
        baseline, figure = baselines.get(name), figures.get(name)
        if figure is None:
            verdicts.append(Verdict(name, baseline, None, None, name in MAY_BE_LEFT_OUT))
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


def costs(folder: Path, commit: str, passes: int) -> tuple[dict[str, float], dict[str, float]]:
    """CPU from the packet to the log in decoding of the same frames, and the same of a commit; empty without that."""
    tree = unpacked(commit, folder / "recorded")
    if tree is None:
        return {}, {}
    clips = [make_size(folder, "720p", CLIP_FRAMES, moving=camera == "moving") for camera in CAMERAS]
    return compared([Contestant(), Contestant(tree)], clips, passes)


def compared(
    contestants: list[Contestant], clips: list[Path], passes: int
) -> tuple[dict[str, float], dict[str, float]]:
    """The ratios of the first and of the second, a clip for each of CAMERAS; what fails is timed on, twice."""
    least: list[list[Least]] = []
    for _ in range(1 + ANEW):
        for _ in range(passes):
            one = in_turns(contestants, clips, CONFIG)
            least = [_over(*sides) for sides in zip(least, one, strict=True)] if least else one
        # Decoding is the same for both, so what disturbed it in one is known by the other.
        floors = [one.floor_ms for one in _over(*least)]
        figures, recorded = (_ratios(side, floors) for side in least)
        if all(LIMITS[name].passes(recorded[name], figures[name]) for name in figures):
            break
    return figures, recorded


def _ratios(side: list[Least], floors: list[np.ndarray]) -> dict[str, float]:
    return {
        f"ratio_{camera}": Least(one.frame_ms, floor).ratio
        for camera, one, floor in zip(CAMERAS, side, floors, strict=False)
    }


def _over(some: list[Least], more: list[Least]) -> list[Least]:
    return [one.over(other) for one, other in zip(some, more, strict=True)]


def versions() -> str:
    """What the count of instructions depends on."""
    python = ".".join(platform.python_version_tuple()[:2])
    return f"Python {python}, numpy {np.__version__}, OpenCV {cv2.__version__}, PyAV {av.__version__}"


def instructions(baselines: dict[str, Any], *, record: bool) -> tuple[float | None, str]:
    """A frame's; or None and why they are not counted."""
    if not record and baselines.get("versions", versions()) != versions():
        return None, f"the baseline is of {baselines['versions']}, this is {versions()}"
    return count_instructions()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="what is measured is the new baseline")
    parser.add_argument("--passes", type=int, default=1, help="of each ratio")
    parser.add_argument("--no-instructions", action="store_true", help="do not count instructions")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    baselines = json.loads(BASELINES.read_text("utf-8")) if BASELINES.exists() else {}
    commit = head() if options.record else baselines["commit"]
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(1) as beside:
        counting: Future[tuple[float | None, str]] | None = None
        if not options.no_instructions:
            counting = beside.submit(instructions, baselines, record=options.record)
        figures = accuracy(Path(name))
        counted, why = counting.result() if counting is not None else (None, "--no-instructions")
        timed, recorded = costs(Path(name), commit, options.passes)
    figures |= timed
    if not timed:
        print(f"CPU is not compared: this checkout does not hold commit {commit}")
    if counted is None:
        print(f"instructions are not counted: {why}")
    else:
        figures["instructions_a_frame"] = counted
    if options.record:
        kept = {name: float(f"{figures[name]:.5g}") for name in LIMITS if name in figures and name not in timed}
        baselines = {"commit": commit, "versions": versions(), **kept}
        BASELINES.write_text(json.dumps(baselines, indent=1) + "\n", "utf-8")
    baselines |= recorded
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
