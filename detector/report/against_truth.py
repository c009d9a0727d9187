"""A log held against the known truth of a synthetic scene: what was found, missed, or reported without cause."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from detector.errors import SourceError
from detector.model import Violation
from detector.timebase import NS_PER_S

_SLACK_NS = 3 * NS_PER_S  # a rule asks for several fixes before it opens, and a track is found some frames late


@dataclass(frozen=True, slots=True)
class Comparison:
    """Pairs of an event of the truth and the possible violation that stands for it, and what is left over."""

    found: tuple[tuple[dict[str, Any], Violation], ...]
    missed: tuple[dict[str, Any], ...]
    without_cause: tuple[Violation, ...]

    def __str__(self) -> str:
        events = len(self.found) + len(self.missed)
        return (
            f"{len(self.found)} of {events} events of the truth found, {len(self.without_cause)} reported without cause"
        )


def load_truth(path: Path) -> dict[str, Any]:
    """The truth beside a synthetic feed: FILE.truth.json or FILE.truth.json.gz.

    Raises:
        SourceError: it is not there or not readable.
    """
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        truth: dict[str, Any] = json.loads(data)
    except (OSError, ValueError, EOFError) as error:
        raise SourceError(f"{path}: no truth can be read from it: {error}") from error
    return truth


def compare(violations: Sequence[Violation], events: Sequence[dict[str, Any]]) -> Comparison:
    """Pair them one to one, as many as possible, the best overlap in time first.

    An event and a possible violation can be a pair when rule kind and zone agree and their times overlap or lie
    within 3 s of one another.
    """
    cost = np.array([[_apart_s(event, violation) for violation in violations] for event in events])
    cost = cost.reshape(len(events), len(violations))
    rows, columns = linear_sum_assignment(np.where(np.isfinite(cost), cost, 1e9))
    pairs = [
        (row, column)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if np.isfinite(cost[row, column])
    ]
    matched_events, matched = {row for row, _ in pairs}, {column for _, column in pairs}
    return Comparison(
        tuple((events[row], violations[column]) for row, column in pairs),
        tuple(event for row, event in enumerate(events) if row not in matched_events),
        tuple(violation for column, violation in enumerate(violations) if column not in matched),
    )


def _apart_s(event: dict[str, Any], violation: Violation) -> float:
    """Seconds between the starts; infinite where they cannot be the same. [s]"""
    place = event.get("zone") or event.get("line")
    if event["kind"] != violation.rule_kind or (place and violation.zone_id and place != violation.zone_id):
        return np.inf
    late = violation.t_start_ns > event["t_end_ns"] + _SLACK_NS
    early = violation.t_end_ns < event["t_start_ns"] - _SLACK_NS
    return np.inf if late or early else abs(violation.t_start_ns - event["t_start_ns"]) / NS_PER_S
