"""The database itself: opened, brought to the present schema, and every failure of it put into one line.

SQLite is opened with WAL and synchronous=FULL: "this person's mail is about to leave" must survive a power cut, else
a person is mailed twice. Transactions are begun by us, never by the driver (pysqlite begins late, and a reader that
turns writer then fails at once instead of waiting): `writing` takes the write lock at its first statement, on
PostgreSQL (postgresql.py) a lock of the same meaning. `recording` is the journal's: there several go on at once.
"""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from newsletter.errors import ConfigError, StoreError
from newsletter.store import postgresql
from newsletter.store.driver import execute
from newsletter.store.failures import is_busy, is_lost, store_error

__all__ = [
    "HEAD",
    "Connection",
    "Engine",
    "application_of",
    "detached",
    "is_busy",
    "is_lost",
    "is_shared",
    "now",
    "open_database",
    "reading",
    "recording",
    "store_error",
    "writing",
]

HEAD = "0002"  # the newest revision in migrations/versions; a test holds it

# Long enough for another command's longest transaction but a freeze (200 ms each), short enough for a person.
BUSY_SECONDS = 10.0
_READ = "newsletter_read"  # execution option: begin as a reader
_SNAPSHOT: Mapping[str, object] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def open_database(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """Open the database at `url` and migrate it if it is older than the program.

    Raises StoreError: locked, from a newer version, not a database, unwritable, disk full; ConfigError for a bad URL.
    """
    engine = _engine(url, busy_seconds)
    try:
        with reading(engine) as conn:
            found = _revision(conn)
            if not found and is_shared(conn):
                postgresql.refuse_encoding(conn, path=_shown(engine))
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
    """One transaction that may write anything, and the only one that does: others wait, the journals of senders aside.

    Committed at the end of the block, rolled back on any error.
    """
    with translated(engine), engine.begin() as conn:
        yield conn


@contextmanager
def recording(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes only what its caller alone may write: its own claims, marks and outcomes.

    On PostgreSQL several go on at once, beside one of `writing`; on SQLite it is the same as `writing`.
    """
    with translated(engine), own_rows_connection(engine) as conn, conn.begin():
        yield conn


def own_rows_connection(engine: Engine) -> Connection:
    """Return a connection whose transactions are those of `recording`."""
    return engine.connect().execution_options(**{postgresql.OWN_ROWS: True})


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view, taken without the write lock."""
    options = {_READ: True, **(_SNAPSHOT if is_shared(engine) else {})}
    with translated(engine), engine.connect().execution_options(**options) as conn:
        yield conn


@contextmanager
def detached(engine: Engine) -> Iterator[Connection]:
    """A connection of the caller's own, closed at the end, and with it its temporary tables.

    Transactions begun on it read, until `execution_options(newsletter_read=False)` lets them write.
    """
    with translated(engine), engine.connect().execution_options(**{_READ: True}) as conn:
        conn.detach()
        yield conn


def is_shared(engine: Engine | Connection) -> bool:
    """True for a server's database: several processes, of several machines, may send from it at once."""
    return engine.dialect.name != "sqlite"


def now(conn: Connection) -> datetime:
    """The database's clock, aware UTC: the only one that retries, rates and embargoes go by."""
    if conn.dialect.name == "sqlite":
        stamp = str(conn.exec_driver_sql("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')").scalar_one())
        return datetime.fromisoformat(stamp).replace(tzinfo=UTC)
    at: datetime = conn.execute(text("SELECT clock_timestamp()")).scalar_one()
    return at.astimezone(UTC)


def _engine(url: str, busy_seconds: float) -> Engine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise _unusable() from None  # the cause may quote the password
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return postgresql.create_server_engine(
            parsed.set(drivername="postgresql+psycopg"),
            busy_seconds=busy_seconds,
            application=application_of(f"{socket.gethostname()[:40]}:{os.getpid()}"),
        )
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise _unusable()
    _make_private(Path(parsed.database or ""))
    engine = create_engine(parsed, connect_args={"timeout": busy_seconds}, hide_parameters=True)
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _unusable() -> ConfigError:
    return ConfigError(
        "database.url cannot be used",
        fix="write sqlite:////absolute/path.db or postgresql+psycopg://user@host/name, or leave it empty",
    )


def application_of(process: str) -> str:
    """Return what a process (host:pid) calls itself to a server: its locks and connections are found by it."""
    return f"newsletter {process}"


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
    execute(conn, "BEGIN" if conn.get_execution_options().get(_READ) else "BEGIN IMMEDIATE")


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
def translated(engine: Engine) -> Iterator[None]:
    """Raise what the database says as StoreError, one line for a person."""
    try:
        yield
    except SQLAlchemyError as error:
        raise store_error(error, path=_shown(engine)) from error


def _shown(engine: Engine) -> str:
    return postgresql.shown(engine.url) if is_shared(engine) else engine.url.database or ""
