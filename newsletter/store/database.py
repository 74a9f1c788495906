"""The database itself: opened, brought to the present schema, and every failure of it put into one line.

SQLite is opened with WAL and synchronous=FULL: "this person's mail is about to leave" must survive a power cut, else
a person is mailed twice. Transactions are begun by us, never by the driver (pysqlite begins late, and a reader that
turns writer then fails at once instead of waiting): `writing` takes the write lock at its first statement.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from newsletter.errors import ConfigError, StoreError

__all__ = ["HEAD", "Connection", "Engine", "is_busy", "now", "open_database", "reading", "store_error", "writing"]

HEAD = "0002"  # the newest revision in migrations/versions; a test holds it

# Long enough for another command's longest transaction but a freeze (200 ms each), short enough for a person.
BUSY_SECONDS = 10.0
_READ = "newsletter_read"  # execution option: begin as a reader


def open_database(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """Open the database at `url` and migrate it if it is older than the program.

    Raises StoreError: locked, from a newer version, not a database, unwritable, disk full; ConfigError for a bad URL.
    """
    engine = _engine(url, busy_seconds)
    try:
        with reading(engine) as conn:
            found = _revision(conn)
        if found == HEAD:
            return engine
        if found and found not in _known_revisions():
            raise StoreError(
                f"the database is of a newer version of newsletter (revision {found})",
                path=_shown(engine),
                fix="install that version, or restore a copy made before the upgrade",
            )
        _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write: committed at the end of the block, rolled back on any error."""
    with _translated(engine), engine.begin() as conn:
        yield conn


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view, taken without the write lock."""
    with _translated(engine), engine.connect().execution_options(**{_READ: True}) as conn:
        yield conn


def now(conn: Connection) -> datetime:
    """The database's clock, aware UTC: the only one that retries, rates and embargoes go by."""
    if conn.dialect.name == "sqlite":
        stamp = str(conn.exec_driver_sql("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')").scalar_one())
        return datetime.fromisoformat(stamp).replace(tzinfo=UTC)
    at: datetime = conn.execute(text("SELECT clock_timestamp()")).scalar_one()
    return at.astimezone(UTC)


def is_busy(error: BaseException) -> bool:
    """True when another process holds the write lock: worth trying again."""
    return isinstance(error, DBAPIError) and _sqlite_name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _engine(url: str, busy_seconds: float) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            _make_private(Path(parsed.database or ""))
            engine = create_engine(parsed, connect_args={"timeout": busy_seconds})
            event.listen(engine, "connect", _on_sqlite_connect)
            event.listen(engine, "begin", _on_sqlite_begin)
            return engine
        return create_engine(parsed)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ConfigError(
            "database.url cannot be used", fix="write sqlite:////absolute/path.db, or leave it empty"
        ) from error


def _make_private(path: Path) -> None:
    """Make the file with mode 0600 before SQLite would with the umask's; -wal and -shm take its mode from it."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreError(
            f"the database cannot be opened: {error.strerror}",
            path=str(path),
            fix="check the folder, its owner and the free space",
        ) from error


def _on_sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_sqlite_begin(conn: Connection) -> None:
    conn.exec_driver_sql("BEGIN" if conn.get_execution_options().get(_READ) else "BEGIN IMMEDIATE")


def _revision(conn: Connection) -> str:
    """Return the database's revision, "" for a new one; raises StoreError for somebody else's database."""
    tables = set(inspect(conn).get_table_names())
    if "alembic_version" in tables:
        return str(conn.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")
    if tables:
        raise StoreError(
            f"this database holds something else (table {min(tables)})",
            path=_shown(conn.engine),
            fix="set database.url to a database of newsletter's own",
        )
    return ""


def _known_revisions() -> frozenset[str]:
    from newsletter.store.migrations.upgrade import known_revisions  # Alembic: 0.2 s, and only for an upgrade

    return known_revisions()


def _migrate(engine: Engine) -> None:
    from newsletter.store.migrations.upgrade import upgrade

    with writing(engine) as conn:
        if _revision(conn) != HEAD:  # another command may have been first
            upgrade(conn)


@contextmanager
def _translated(engine: Engine) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise store_error(error, path=_shown(engine)) from error


# Which way out of which failure: the beginning of SQLite's own error name → what, how to mend.
_FAILURES = (
    ("SQLITE_BUSY", "the database is locked", "another newsletter command is writing; wait for it, or end it"),
    ("SQLITE_LOCKED", "the database is locked", "another newsletter command is writing; wait for it, or end it"),
    ("SQLITE_FULL", "the disk is full", "free some space, then run the command again"),
    ("SQLITE_NOTADB", "this is not a database", "set database.url to another file, or restore this one from a copy"),
    ("SQLITE_CORRUPT", "the database is damaged", "restore it from a copy"),
    ("SQLITE_READONLY", "the database cannot be written", "check the owner and the rights of the file and its folder"),
    ("SQLITE_CANTOPEN", "the database cannot be opened", "check the folder, its owner and the free space"),
    ("SQLITE_IOERR", "the database's disk fails or is full", "check the disk and its free space"),
)


def store_error(error: SQLAlchemyError, *, path: str = "") -> StoreError:
    """Return the one line for what the database said; `path` is the file, or the server without its password."""
    name = _sqlite_name(error)
    for beginning, what, fix in _FAILURES:
        if name.startswith(beginning):
            return StoreError(what, path=path, fix=fix)
    said = str(getattr(error, "orig", None) or error).partition("\n")[0]
    return StoreError(f"the database failed: {said}", path=path, fix="check database.url and the server")


def _sqlite_name(error: BaseException) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlite_errorname", ""))


def _shown(engine: Engine) -> str:
    return engine.url.database or "" if engine.dialect.name == "sqlite" else engine.url.render_as_string()
