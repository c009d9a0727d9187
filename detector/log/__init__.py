"""The violation log: append-only, chained, readable by others (docs/log-format.md), and its evidence files."""

from __future__ import annotations

from detector.log.copying import Copied, copy_log
from detector.log.evidence import EvidenceStore
from detector.log.reader import LoggedViolation, LogReader, open_reader
from detector.log.verify import VerifyReport, verify_log
from detector.log.writer import LogWriter

__all__ = [
    "Copied",
    "EvidenceStore",
    "LogReader",
    "LogWriter",
    "LoggedViolation",
    "VerifyReport",
    "copy_log",
    "open_reader",
    "verify_log",
]
