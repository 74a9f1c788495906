"""The database file itself: made private, brought up to date, and its failures told in one line."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text

from newsletter.errors import ConfigError, StoreError
from newsletter.store.database import HEAD, Connection, now, open_database, reading, writing
from newsletter.store.migrations import upgrade
from newsletter.store.schema import Moment, mailing_list, metadata


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def add_list(conn: Connection, *names: str) -> None:
    for name in names:
        conn.execute(mailing_list.insert().values(name=name, list_id=name, created_at=datetime(2026, 1, 1, tzinfo=UTC)))


def shape(path: Path) -> dict[str, list[str]]:
    """Every table and index of a SQLite file: its columns and constraints, in no order; Alembic's own table aside."""
    with sqlite3.connect(path) as conn:
        rows = conn.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name != 'alembic_version'")
        found = {name: sorted(clauses(sql)) for name, sql in rows}
    conn.close()
    return found


def clauses(sql: str) -> Iterator[str]:
    """The columns and constraints of a CREATE, split where a comma stands outside every inner parenthesis."""
    head, _, inside = " ".join(sql.split()).partition("(")
    depth, clause = 0, ""
    for letter in inside:
        depth += (letter == "(") - (letter == ")")
        if depth < 0 or (letter == "," and depth == 0):
            yield clause.strip()
            clause = ""
        else:
            clause += letter
    yield f"{head.strip()} … {clause.strip()}"


def test_migrations_make_exactly_the_schema(tmp_path: Path) -> None:
    open_database(url(tmp_path / "migrated.db")).dispose()
    direct = create_engine(url(tmp_path / "direct.db"))
    metadata.create_all(direct)
    direct.dispose()
    migrated = shape(tmp_path / "migrated.db")
    assert migrated == shape(tmp_path / "direct.db")
    assert {"delivery", "issue", "subscriber"} <= set(migrated)


def test_head_is_the_newest_revision() -> None:
    assert upgrade.head() == HEAD


def test_database_file_and_its_journal_are_private(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        engine = open_database(url(tmp_path / "n.db"))
        with writing(engine) as conn:
            add_list(conn, "a")
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(old)
    engine.dispose()
    assert modes == {"n.db": 0o600, "n.db-wal": 0o600, "n.db-shm": 0o600}


def test_ledger_survives_a_power_cut_by_its_settings(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path / "n.db"))
    with reading(engine) as conn:
        assert conn.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert conn.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
        assert conn.execute(text("PRAGMA foreign_keys")).scalar() == 1
    engine.dispose()


def test_writer_holds_the_lock_from_its_first_statement_and_readers_go_on(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path / "n.db"), busy_seconds=0.01)
    with writing(engine) as first:
        first.execute(text("SELECT 1"))
        with (
            pytest.raises(StoreError, match=r"locked.*another newsletter command") as caught,
            writing(engine) as second,
        ):
            second.execute(text("SELECT 1"))
        with reading(engine) as reader:
            assert reader.execute(text("SELECT count(*) FROM issue")).scalar() == 0
    engine.dispose()
    assert caught.value.path == str(tmp_path / "n.db")


def test_error_in_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path / "n.db"))
    with pytest.raises(StoreError), writing(engine) as conn:
        add_list(conn, "a", "a")  # the name is unique
    with reading(engine) as conn:
        assert conn.execute(text("SELECT count(*) FROM list")).scalar() == 0
    engine.dispose()


def test_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path / "n.db"))
    with writing(engine) as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match=r"newer version of newsletter .revision 9999.*install that version"):
        open_database(url(tmp_path / "n.db"))


def test_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "n.db"
    path.write_text("Дорогие друзья! " * 400, encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"this is not a database"):
        open_database(url(path))
    assert path.read_bytes() == before


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "n.db") as conn:
        conn.execute("CREATE TABLE accounts (id INTEGER)")
    conn.close()
    with pytest.raises(StoreError, match=r"holds something else .table accounts"):
        open_database(url(tmp_path / "n.db"))


def test_damaged_database_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "n.db"
    open_database(url(path)).dispose()
    data = bytearray(path.read_bytes())
    data[100:8192] = b"\xff" * 8092
    path.write_bytes(bytes(data))
    with pytest.raises(StoreError, match=r"damaged.*restore it from a copy"):
        open_database(url(path))


def test_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"No such file or directory.*check the folder"):
        open_database(url(tmp_path / "missing" / "n.db"))


def test_full_disk_is_told_in_one_line(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path / "n.db"))
    with writing(engine) as conn:
        conn.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite's own way to say that no page can be added
    with pytest.raises(StoreError, match=r"the disk is full; free some space"), writing(engine) as conn:
        add_list(conn, *(f"list {n}" for n in range(2_000)))
    engine.dispose()


@pytest.mark.parametrize("bad", ["nonsense", "oracle+none://x", "mysql+nodriver://h/db"])
def test_address_that_is_no_database_is_a_configuration_error(bad: str) -> None:
    with pytest.raises(ConfigError, match=r"database\.url cannot be used"):
        open_database(bad)


def test_database_clock_is_aware_and_near_our_own(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path / "n.db"))
    with reading(engine) as conn:
        seen = now(conn)
    engine.dispose()
    assert seen.tzinfo is UTC
    assert abs(seen - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_time_without_an_offset_is_refused_wherever_the_store_keeps_one(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path / "n.db"))
    naive = datetime(2026, 11, 23, 12)  # noqa: DTZ001 - naive on purpose
    moments = [column for table in metadata.sorted_tables for column in table.c if isinstance(column.type, Moment)]
    assert {"embargo_until", "at", "created_at", "next_at"} <= {column.name for column in moments}
    for column in moments:
        with pytest.raises(StoreError, match="a naive time reached the store"), reading(engine) as conn:
            conn.execute(select(column).where(column == naive))
    engine.dispose()
