"""A table of goals beside what is measured: how scripts are run, their figures kept, and the page written."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

REPOSITORY = Path(__file__).resolve().parents[1]
CHANGED = " with changes"
END = "<!-- end of goals -->"

Reuse = Literal["none", "same", "any"]

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
    return told("rev-parse", "--short=12", "HEAD") + (CHANGED if changed else "")


def machine() -> str:
    """What it is measured on, in words."""
    info = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return f"{len(os.sched_getaffinity(0))} cores {models[0]}, Python {platform.python_version()}"


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


def measured(scripts: Mapping[str, tuple[str, Sequence[str]]], kept: Path, reuse: Reuse) -> dict[str, dict[str, Any]]:
    """The last line of each script, one after the other; `failed` and why where it came to nothing.

    scripts: what the figures are kept as -> the script's name and its arguments.
    """
    results = {}
    for number, (name, (script, arguments)) in enumerate(scripts.items(), 1):
        print(f"[{number} of {len(scripts)}] ", end="", file=sys.stderr)
        results[name] = benchmark(script, arguments, kept, reuse=reuse, keep_as=name)
    return results


def benchmark(
    name: str, arguments: Sequence[str], kept: Path, *, reuse: Reuse, keep_as: str | None = None
) -> dict[str, Any]:
    """The last line of one script; `failed` and why where it came to nothing.

    reuse: "any" takes the figures that are kept; "same" if they are of this very commit, without changes, and of
    these arguments.
    """
    file = kept / f"{keep_as or name}.json"
    told, now = " ".join([f"{name}.py", *arguments]), commit()
    if reuse != "none" and file.exists():
        result: dict[str, Any] = json.loads(file.read_text("utf-8"))
        same = result["commit"] == now and result.get("arguments") == list(arguments)
        if reuse == "any" or (same and not now.endswith(CHANGED)):
            print(f"{told}: kept, of commit {result['commit']}", file=sys.stderr, flush=True)
            return result
    print(f"{told}: running", file=sys.stderr, flush=True)
    begin = time.monotonic()
    command = [sys.executable, str(REPOSITORY / "benchmarks" / f"{name}.py"), *arguments]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    why = f"ended with {done.returncode}" if done.returncode else ""
    try:
        result = json.loads((done.stdout.splitlines() or [""])[-1])
    except ValueError:
        why = why or "gave no figures"
    if why:
        print(f"{told}: {why}; its lines are not measured", file=sys.stderr, flush=True)
        return {"failed": f"`{name}.py` {why}"}
    print(f"{told}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    result |= {"commit": now, "arguments": list(arguments), "machine": machine()}
    kept.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result), "utf-8")
    return result


def finish(goals: Sequence[Goal], results: dict[str, Any], script: str, page: Path | None) -> None:
    """Print the table and its counts; write it into the page, if there is one."""
    commits, machines = ({one[key] for one in results.values() if key in one} for key in ("commit", "machine"))
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    lines = table(goals, results)
    told = f"Measured at commit {', '.join(sorted(commits))}, {day}, on {'; '.join(sorted(machines))}:"
    told += f"\n`python benchmarks/{script}.py`."
    failed = [one["failed"] for one in results.values() if "failed" in one]
    lines += ["", f"Not measured: {'; '.join(failed)}."] if failed else []
    print("\n".join([told, "", *lines]))
    if page is not None:
        page.write_text(written(page.read_text("utf-8"), [told, "", *lines], script), "utf-8")
    words = [line.rsplit("|", 2)[1].strip(" *").replace(" ", "_") for line in table(goals, results)[2:]]
    counts = {word: words.count(word) for word in ("ok", "short", "not_measured", "no_goal")}
    print(json.dumps({"benchmark": script, **counts}))
