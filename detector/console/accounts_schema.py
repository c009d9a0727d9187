"""Tables of the accounts' own file, beside the log and never part of it."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, Table, Text

FILE_NAME = "accounts.sqlite"

APPLICATION_ID = 0x54525741
"""SQLite's application_id of this file: "TRWA"."""

VERSION = 1

metadata = MetaData()

account = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("closed_ns", Integer),
    sqlite_strict=True,
)

open_session = Table(
    "open_session",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("until_ns", Integer, nullable=False),
    Column("idle_ns", Integer, nullable=False),
    sqlite_strict=True,
)

access_token = Table(
    "access_token",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("until_ns", Integer, nullable=False),
    sqlite_strict=True,
)

spoken = Table(
    "spoken",
    metadata,
    Column("name", Text, primary_key=True),
    Column("language", Text, nullable=False),
    sqlite_strict=True,
)

saved_view = Table(
    "saved_view",
    metadata,
    Column("name", Text, primary_key=True),
    Column("title", Text, primary_key=True),
    Column("query", Text, nullable=False),
    sqlite_strict=True,
)

wrong_password = Table(
    "wrong_password",
    metadata,
    Column("key", Text, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("until_ns", Integer, nullable=False),
    sqlite_strict=True,
)
