"""How a log's file comes to its schema (alembic)."""
