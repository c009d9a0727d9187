"""A table of goals beside what is measured: how scripts are run, their figures kept, and the page written."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).resolve().parents[1]
END = "<!-- end of goals -->"

Outcome = tuple[str, bool | None]
NOT_MEASURED: Outcome = ("-", None)


class Goal(NamedTuple):
    """One line: what it is about, the best known before, the goal, and how it turned out."""

    about: str
    known: str
    goal: str
    measure: Callable[[dict[str, Any]], Outcome]


def begin(script: str) -> str:
    """What stands above the table on its page."""
    return f"<!-- goals: written by benchmarks/{script}.py -->"


def figures(values: Sequence[float | None], form: str = ".2f") -> str:
    return ", ".join("-" if value is None else f"{value:{form}}" for value in values)


def table(goals: Sequence[Goal], results: dict[str, Any]) -> list[str]:
    lines = ["| | best known before | goal | measured | |", "|---|---|---|---|---|"]
    for goal in goals:
        shown, good = goal.measure(results)
        word = "ok" if good else "not measured" if good is None else "**short**"
        if goal.goal == "-" and shown != "-":
            word = "no goal"
        lines.append(f"| {goal.about} | {goal.known} | {goal.goal} | {shown} | {word} |")
    return lines


def commit() -> str:
    """The commit that was measured, and whether something was changed since."""

    def told(*words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout.strip()

    changed = told("status", "--porcelain", "--", "detector", "benchmarks")
    return told("rev-parse", "--short=12", "HEAD") + (" with changes" if changed else "")


def written(page: str, lines: Sequence[str], script: str) -> str:
    """The page with `lines` between the markers of the script.

    Raises:
        ValueError: it has not both markers.
    """
    before, found, rest = page.partition(begin(script))
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"the page needs both markers, {begin(script)} and {END}")
    return "\n".join([before + begin(script), "", *lines, "", END + after])


def benchmark(
    name: str, arguments: Sequence[str], kept: Path, *, reuse: bool, keep_as: str | None = None
) -> dict[str, Any]:
    """The last line of one script; empty where it came to nothing, and why is on stderr."""
    file = kept / f"{keep_as or name}.json"
    if reuse and file.exists():
        return json.loads(file.read_text("utf-8"))
    print(f"running {name}.py {' '.join(arguments)}", file=sys.stderr, flush=True)
    command = [sys.executable, str(REPOSITORY / "benchmarks" / f"{name}.py"), *arguments]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        print(f"{name}.py ended with {done.returncode}: its lines are not measured", file=sys.stderr)
        return {}
    result = json.loads(done.stdout.splitlines()[-1]) | {"commit": commit()}
    kept.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result), "utf-8")
    return result


def finish(goals: Sequence[Goal], results: dict[str, Any], script: str, page: Path | None) -> None:
    """Print the table and its counts; write it into the page, if there is one."""
    measured = {one["commit"] for one in results.values() if "commit" in one}
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    lines = table(goals, results)
    told = f"Measured at commit {', '.join(sorted(measured))}, {day}: `python benchmarks/{script}.py`."
    print("\n".join([told, "", *lines]))
    if page is not None:
        page.write_text(written(page.read_text("utf-8"), [told, "", *lines], script), "utf-8")
    good = [goal.measure(results)[1] for goal in goals]
    counts = {"ok": good.count(True), "short": good.count(False), "not_measured": good.count(None)}
    print(json.dumps({"benchmark": script, **counts}))
