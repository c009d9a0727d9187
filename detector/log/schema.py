"""The log's one table. The migrations make it; a test compares the two."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, UniqueConstraint

APPLICATION_ID = 0x54525743
"""SQLite's application_id of a violation log: "TRWC"."""

FILE_NAME = "violations.sqlite"
"""The log's name inside an output directory."""

EVIDENCE_FOLDER = "evidence"
"""The evidence folder's name, beside the log."""

REVISIONS = ("0001",)
"""Schema revisions this version can read, oldest first; the last is the one it writes."""

metadata = MetaData()

entry = Table(
    "entry",
    metadata,
    Column("seq", Integer, primary_key=True, nullable=False),
    Column("kind", Text, nullable=False),
    Column("t_ns", Integer),
    Column("source_id", Text),
    Column("violation_id", Text),
    Column("run_id", Text),
    Column("content_sha256", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("content_sha256", name="entry_content"),
    Index("entry_kind", "kind", "t_ns"),
    Index("entry_violation", "violation_id"),
    sqlite_strict=True,
)
