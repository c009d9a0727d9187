"""An entry of the log as a CloudEvent 1.0 in JSON (cloudevents.io, structured mode)."""

from __future__ import annotations

import json
from typing import Any

from detector.log.reader import Entry
from detector.log.records import EntryKind
from detector.timebase import iso_from_ns

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
TYPE_PREFIX = "trucewatch.log."

TOLD = (EntryKind.OPENED, EntryKind.CLOSED, EntryKind.EVIDENCE, EntryKind.VERDICT, EntryKind.GAP)
"""What is handed on. The ledger of coverage and undecided cases stay in the log."""


def cloud_event(entry: Entry) -> dict[str, Any]:
    """`id` is the entry's hash in the chain: a receiver that has seen it has seen this entry, whoever sent it.

    `sequence` is its number in the log; `time` is that of the data, for the log knows no other.
    """
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": entry.hash,
        "source": f"trucewatch/{entry.source_id or ''}",
        "type": f"{TYPE_PREFIX}{entry.kind}",
        "datacontenttype": "application/json",
        "sequence": f"{entry.seq:020d}",
        "data": json.loads(entry.body),
    }
    if entry.violation_id is not None:
        event["subject"] = entry.violation_id
    if entry.t_ns is not None:
        event["time"] = iso_from_ns(entry.t_ns)
    return event


def encoded(event: dict[str, Any]) -> bytes:
    """As it is sent, and signed."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
