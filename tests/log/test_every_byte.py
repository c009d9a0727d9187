"""Flip any byte, take out, put in, exchange: verify finds it, names the entry, and the command exits with 4."""

from __future__ import annotations

import copy
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, StaticPool, create_engine

from detector.cli import run
from detector.errors import LogError
from detector.log import open_reader, verify_log
from detector.log.chain import content_sha256, link
from detector.log.verify import COLUMNS, INTEGERS, _Chain, _walk

MASKS = (0x01, 0x20, 0x80)
"""Another letter, the other case, and no longer UTF-8."""


@contextmanager
def in_memory(log: Path) -> Iterator[tuple[Connection, sqlite3.Connection]]:
    """The log's table without its guards, as an attacker has it."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        with closing(sqlite3.connect(log)) as source:
            source.backup(raw)
        for name in ("entry_refuses_update", "entry_refuses_delete", "entry_only_appends"):
            raw.execute(f"DROP TRIGGER {name}")
        raw.text_factory = bytes
        yield connection, raw
    engine.dispose()


def flipped(column: str, value: object) -> Iterator[object]:
    if column in INTEGERS:
        yield from (int(value or 0) ^ (1 << bit) for bit in range(63)) if value is not None else (0,)
    elif value is None:
        yield b"x"
    else:
        assert isinstance(value, bytes)
        for at, byte in enumerate(value):
            yield value[:at] + bytes([byte ^ MASKS[at % 3]]) + value[at + 1 :]


def damage_of(connection: Connection, before: _Chain | None = None) -> list[str]:
    chain = _Chain() if before is None else copy.deepcopy(before)
    _walk(connection, chain)
    return chain.damage


@pytest.mark.no_cover
def test_every_byte_of_every_column_of_every_entry_counts(small_log: Path) -> None:
    tried, before = 0, _Chain()  # `before`: what is known of the entries before this one
    with in_memory(small_log) as (connection, raw):
        rows = raw.execute(f"SELECT {', '.join(COLUMNS)} FROM entry ORDER BY seq").fetchall()
        for row in rows:
            seq = row[0]
            raw.execute("SAVEPOINT before_it")
            raw.execute("DELETE FROM entry WHERE seq > ?", (seq + 1,))  # what comes after the next one takes time only
            for column, value in reversed(list(zip(COLUMNS, row, strict=True))):
                if column == COLUMNS[0]:
                    raw.execute("ROLLBACK TO before_it")  # moved, it may come before any other
                elif column == COLUMNS[-1]:
                    raw.execute("DELETE FROM entry WHERE seq < ?", (seq,))  # as does what came before it
                as_stored = "?" if column in INTEGERS else "CAST(? AS TEXT)"
                for other in flipped(column, value):
                    if column == "seq" and (other,) in {(one[0],) for one in rows}:
                        continue  # the table's own key refuses it
                    raw.execute("SAVEPOINT try")
                    raw.execute(f"UPDATE entry SET {column} = {as_stored} WHERE seq = ?", (other, seq))
                    damage = damage_of(connection, None if column == "seq" else before)
                    raw.execute("ROLLBACK TO try")
                    tried += 1
                    # An entry that moved away is missed where it was, by the one after it.
                    named = any(
                        f"entry {n}" in line for line in damage for n in ({seq, other} if column == "seq" else {seq})
                    )
                    assert named, (seq, column, other, damage)
            raw.execute("ROLLBACK TO before_it")
            raw.execute("DELETE FROM entry WHERE seq != ?", (seq,))
            _walk(connection, before)
            raw.execute("ROLLBACK TO before_it")
        assert damage_of(connection) == before.damage == []
    assert tried > 6000


def change(log: Path, *statements: str) -> None:
    with closing(sqlite3.connect(log)) as connection, connection:
        guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in guards:
            connection.execute(sql)


NAMES = ", ".join(name for name in COLUMNS if name != "seq")
TAMPERED = {
    "first deleted": (("DELETE FROM entry WHERE seq = 1",), "entry 1 is missing"),
    "middle deleted": (("DELETE FROM entry WHERE seq = 5",), "entry 5 is missing"),
    "several deleted": (("DELETE FROM entry WHERE seq BETWEEN 4 AND 6",), "entries 4 to 6 are missing"),
    "deleted and closed up": (
        ("DELETE FROM entry WHERE seq = 5", "UPDATE entry SET seq = seq - 1 WHERE seq > 5"),
        "entry 5 (",
    ),
    "exchanged": (
        ("UPDATE entry SET seq = -1 WHERE seq = 4", "UPDATE entry SET seq = 4 WHERE seq = 5",
         "UPDATE entry SET seq = 5 WHERE seq = -1"),
        "entry 4 (",
    ),
    "put in": (
        ("UPDATE entry SET seq = -seq WHERE seq > 4", "UPDATE entry SET seq = 1 - seq WHERE seq < 0",
         f"INSERT INTO entry SELECT 5, {NAMES.replace('content_sha256', 'hash')} FROM entry WHERE seq = 2"),
        "entry 5 (",
    ),
    "put in before the first": (
        (f"INSERT INTO entry SELECT 0, {NAMES.replace('content_sha256', 'hash')} FROM entry WHERE seq = 2",),
        "entry 0 (",
    ),
    "table added": (("CREATE TABLE notes (x)",), "table notes is not ours"),
}  # fmt: skip


@pytest.mark.parametrize("what", list(TAMPERED))
def test_what_was_done_to_the_table_is_named_and_the_command_exits_with_4(
    small_log: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    statements, expected = TAMPERED[what]
    change(small_log, *statements)
    assert run(["log", "verify", str(small_log)]) == 4
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize("kept", range(1, 12))
def test_an_end_cut_off_anywhere_shows_against_the_kept_head(small_log: Path, kept: int) -> None:
    head = verify_log(small_log).head
    change(small_log, f"DELETE FROM entry WHERE seq > {kept}")
    assert run(["log", "verify", "--head", head, str(small_log)]) == 4


def test_a_body_rewritten_with_its_hash_is_found_at_the_next_entry(small_log: Path) -> None:
    with closing(sqlite3.connect(small_log)) as connection:
        previous, body = connection.execute("SELECT previous, body FROM entry WHERE seq = 6").fetchone()
    forged = body.replace('"count":3', '"count":2')
    assert forged != body
    new = f"body = '{forged}', content_sha256 = '{content_sha256(forged)}', hash = '{link(previous, forged)}'"
    change(small_log, f"UPDATE entry SET {new} WHERE seq = 6")
    assert [line.split(" ")[1] for line in verify_log(small_log).damage] == ["7"]


@pytest.mark.parametrize("guard", ["entry_refuses_update", "entry_refuses_delete", "entry_only_appends"])
def test_a_guard_that_was_dropped_or_weakened_is_named(small_log: Path, guard: str) -> None:
    with closing(sqlite3.connect(small_log)) as connection, connection:
        connection.execute(f"DROP TRIGGER {guard}")
    assert verify_log(small_log).damage == (f"the schema: trigger {guard} is missing",)
    with closing(sqlite3.connect(small_log)) as connection, connection:
        connection.execute(f"CREATE TRIGGER {guard} BEFORE UPDATE ON entry BEGIN SELECT 1; END")
    assert verify_log(small_log).damage == (f"the schema: trigger {guard} was changed",)


def content(log: Path) -> list[list[tuple[object, ...]]]:
    """All that SQLite says the file holds; damage SQLite itself finds is raised."""
    with closing(sqlite3.connect(f"file:{log}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        queries = ("SELECT * FROM entry ORDER BY seq", "SELECT type, name, tbl_name, sql FROM sqlite_master")
        return [connection.execute(query).fetchall() for query in queries]


@pytest.mark.no_cover
def test_a_byte_flipped_anywhere_in_the_file_is_found_or_changes_nothing_that_was_logged(small_log: Path) -> None:
    good, before = small_log.read_bytes(), content(small_log)
    chance, unseen = random.Random(3), 0
    for at in [*range(100), *sorted(chance.sample(range(100, len(good)), 400))]:
        for name in ("-wal", "-shm"):
            small_log.with_name(small_log.name + name).unlink(missing_ok=True)
        small_log.write_bytes(
            good[:at] + bytes([good[at] ^ chance.choice((1, 2, 4, 8, 16, 32, 64, 128))]) + good[at + 1 :]
        )
        try:
            found = not verify_log(small_log).intact
        except LogError:
            found = True
        if not found:
            unseen += 1
            assert content(small_log) == before, at
    assert unseen < 500  # free space in pages, and counters of the header


def test_reading_a_log_with_a_flipped_byte_in_a_body_never_ends_in_a_traceback(small_log: Path) -> None:
    good = small_log.read_bytes()
    with closing(sqlite3.connect(small_log)) as connection:
        bodies = [body.encode() for (body,) in connection.execute("SELECT body FROM entry ORDER BY seq")]
    places = [good.index(body) + at for body in bodies for at in range(0, len(body), 11)]
    told = 0
    for number, at in enumerate(places):
        for name in ("-wal", "-shm"):
            small_log.with_name(small_log.name + name).unlink(missing_ok=True)
        small_log.write_bytes(good[:at] + bytes([good[at] ^ MASKS[number % 3]]) + good[at + 1 :])
        try:
            with open_reader(small_log) as log:
                for read in (log.violations, log.undecided, log.gaps, log.coverage, log.runs):
                    read()
        except LogError:
            told += 1
    assert told > len(places) / 20
