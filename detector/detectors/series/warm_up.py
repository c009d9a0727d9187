"""When channels of a sensor stream were warming up, as gaps."""

from __future__ import annotations

from detector.model import Gap, GapReason


def warm_up_gaps(source_id: str, channels: tuple[str, ...], found: list[tuple[int, int, int]], why: str) -> list[Gap]:
    """One gap for channels that warmed up together. found: begin, end, channel; is emptied."""
    together: dict[tuple[int, int], list[str]] = {}
    for begin_ns, end_ns, channel in sorted(found):
        together.setdefault((begin_ns, end_ns), []).append(channels[channel])
    found.clear()
    return [
        Gap(source_id, begin_ns, end_ns, GapReason.WARMING_UP, f"channels {', '.join(names)}: {why}")
        for (begin_ns, end_ns), names in together.items()
    ]
