"""Progress bars that say how much faster than real time it goes."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from detector.cli.screen import Screen


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        elapsed_s = task.finished_time if task.finished and task.finished_time else task.elapsed
        if not elapsed_s or not task.completed:
            return Text("")
        return Text(f"{task.completed / elapsed_s:.1f}x real time")


class FeedProgress:
    """One bar a feed, on stderr, so that stdout stays clean. Nothing is shown where stderr is no terminal.

    unit: what is counted. after_s: nothing is shown for what is done sooner. [s]
    """

    def __init__(self, unit: str = "frames", after_s: float = 0.0) -> None:
        console = Screen(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            _Speed(),
            TextColumn(f"{{task.fields[frames]}} {unit}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._start_s, self._after_s = time.monotonic(), after_s

    def __enter__(self) -> Self:
        self._show()
        return self

    def _show(self) -> None:
        if not self._bars.live.is_started and self.elapsed_s >= self._after_s:
            self._bars.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            for task in self._bars.tasks:
                self._bars.update(task.id, total=task.completed)
        if self._bars.live.is_started:
            self._bars.stop()

    @property
    def elapsed_s(self) -> float:
        """Wall time since the bars were made. [s]"""
        return time.monotonic() - self._start_s

    def update(self, name: str, frames: int, done_s: float, total_s: float | None) -> None:
        """How far a feed has come, in seconds of recording."""
        self._show()
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total_s, frames=frames)
        self._bars.update(self._tasks[name], completed=done_s, total=total_s, frames=frames)
