"""Figures of a running centre in the text form that Prometheus reads (exposition format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[tuple[tuple[str, Any], ...], Any]
"""Labels and value; None: not known, and left out."""

_GAUGES = (
    ("trucewatch_feed_up", "1: its process runs and its loop turns", lambda f: int(f["alive"])),
    ("trucewatch_feed_running", "1: it sees pictures now", lambda f: int(f["status"].get("state") == "running")),
    ("trucewatch_feed_lag_seconds", "how far judging is behind the stream", lambda f: f["status"].get("lag_s")),
    (
        "trucewatch_feed_delay_seconds",
        "how much later than what was judged the detectors had to look",
        lambda f: f["status"].get("delay_s"),
    ),
    ("trucewatch_feed_cpu_share", "1 is a whole core", lambda f: f["cpu_share"]),
    ("trucewatch_feed_memory_bytes", "resident memory of its process", lambda f: f["memory_bytes"]),
)
_COUNTERS = (
    ("trucewatch_feed_starts_total", "its process was started", lambda f: f["starts"]),
    ("trucewatch_feed_frames_total", "pictures judged", lambda f: _count(f, "frames")),
    ("trucewatch_feed_skipped_frames_total", "pictures passed over", lambda f: _count(f, "skipped_frames")),
    ("trucewatch_feed_reconnects_total", "connections lost", lambda f: _count(f, "reconnects")),
    ("trucewatch_feed_violations_total", "possible violations", lambda f: _count(f, "violations")),
)

_OUTBOX = (
    ("trucewatch_outbox_depth", "gauge", "entries not yet delivered", lambda s: s["depth"]),
    ("trucewatch_outbox_failing", "gauge", "1: the last try was not taken", lambda s: int(bool(s["problem"]))),
    ("trucewatch_outbox_delivered_total", "counter", "entries delivered", lambda s: s["delivered"]),
)


def exposition(snapshot: dict[str, Any]) -> str:
    """Everything in `snapshot`, which is centre.json with the feeds' own `status` and `alive` beside."""
    return "".join(f"{line}\n" for line in _lines(snapshot))


def _lines(snapshot: dict[str, Any]) -> Iterator[str]:
    feeds = snapshot["feeds"]
    for kind, table in (("gauge", _GAUGES), ("counter", _COUNTERS)):
        for name, what, value in table:
            samples = [((("feed", feed),), value(figures)) for feed, figures in feeds.items()]
            yield from _metric(name, kind, what, samples)
    gaps = [
        ((("feed", feed), ("reason", reason)), count)
        for feed, figures in feeds.items()
        for reason, count in figures["status"].get("counters", {}).get("gaps", {}).items()
    ]
    yield from _metric("trucewatch_feed_gaps_total", "counter", "stretches in which it did not see", gaps)
    stages = [
        ((("feed", feed), ("stage", stage)), ms / 1000)
        for feed, figures in feeds.items()
        for stage, ms in figures["status"].get("stage_ms", {}).items()
    ]
    yield from _metric("trucewatch_feed_stage_seconds", "gauge", "mean processor time of a picture", stages)
    yield from _metric("trucewatch_log_entries_total", "counter", "entries appended", [((), snapshot["log_entries"])])
    yield from _metric("trucewatch_log_seq", "gauge", "number of the newest entry", [((), snapshot["log_seq"])])
    free = [((), snapshot["disk_free_bytes"])]
    yield from _metric("trucewatch_disk_free_bytes", "gauge", "room left for log and evidence", free)
    for name, kind, what, value in _OUTBOX:
        sinks = [((("sink", sink),), value(figures)) for sink, figures in snapshot["outbox"].items()]
        yield from _metric(name, kind, what, sinks)


def _metric(
    name: str, kind: str, what: str, samples: Sequence[tuple[tuple[tuple[str, Any], ...], Any]]
) -> Iterator[str]:
    known = [(labels, value) for labels, value in samples if value is not None]
    if not known:
        return
    yield f"# HELP {name} {what}"
    yield f"# TYPE {name} {kind}"
    for labels, value in known:
        inside = ",".join(f'{key}="{text}"' for key, text in labels)  # ids hold no quotes: see Identifier
        yield f"{name}{{{inside}}} {value}" if inside else f"{name} {value}"


def _count(figures: dict[str, Any], name: str) -> Any:
    return figures["status"].get("counters", {}).get(name)
