"""Chained entries, and triggers that refuse to change them."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

_TABLE = """
CREATE TABLE entry (
    seq INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    t_ns INTEGER,
    source_id TEXT,
    violation_id TEXT,
    run_id TEXT,
    content_sha256 TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    body TEXT NOT NULL,
    CONSTRAINT entry_content UNIQUE (content_sha256)
) STRICT
"""

_REFUSE = """
CREATE TRIGGER entry_refuses_{verb_lower} BEFORE {verb} ON entry
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: {verb} is refused');
END
"""

# INSERT OR REPLACE takes a row out without asking the DELETE trigger, so an insert may only go at the end.
_APPEND = """
CREATE TRIGGER entry_only_appends BEFORE INSERT ON entry
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM entry)
    OR EXISTS (SELECT 1 FROM entry WHERE content_sha256 = NEW.content_sha256)
BEGIN
    SELECT RAISE(ABORT, 'the log is append-only: an entry goes at the end, once');
END
"""


def upgrade() -> None:
    """Forward; there is no way back, the log is append-only."""
    op.execute("PRAGMA application_id = 1414682435")
    op.execute(_TABLE)
    op.execute("CREATE INDEX entry_kind ON entry (kind, t_ns)")
    op.execute("CREATE INDEX entry_violation ON entry (violation_id)")
    op.execute(_APPEND)
    for verb in ("UPDATE", "DELETE"):
        op.execute(_REFUSE.format(verb=verb, verb_lower=verb.lower()))
