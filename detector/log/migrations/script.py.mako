"""${message}"""

from __future__ import annotations

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Forward; there is no way back, the log is append-only."""
    ${upgrades if upgrades else "raise NotImplementedError"}
