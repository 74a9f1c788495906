"""Locks of PostgreSQL that a process holds by a connection of its own: freed by the server when that ends.

No clock and no lease, as with a file's lock: a killed process's connection is closed by its kernel, a dead machine's
by the server's keepalives (postgresql.py). An issue's locks are pairs (issue, slot): slot 0 is who opened the run,
the others its processes. A list's is a number made of its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from newsletter.store.database import store_error

_SLOTS = text("""
    SELECT l.objid::int, coalesce(a.application_name, '')
    FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted AND l.classid::bigint = :issue
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")
_CONNECTIONS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = :name"
)


class SessionLock:
    """One lock; `acquire` once."""

    def __init__(self, engine: Engine, key: Mapping[str, int]) -> None:
        self._engine, self._key = engine, key
        self._conn: Connection | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; returns whether it is ours. Raises StoreError."""
        conn = None
        try:
            conn = self._engine.connect().execution_options(newsletter_read=True, isolation_level="AUTOCOMMIT")
            conn.detach()  # closed when it is released, not given to somebody else with the lock on it
            names = ", ".join(f":{name}" for name in self._key)
            if conn.execute(text(f"SELECT pg_try_advisory_lock({names})"), self._key).scalar_one():
                self._conn, conn = conn, None
        except SQLAlchemyError as error:
            raise store_error(error) from error
        finally:
            if conn is not None:
                conn.close()
        return self._conn is not None

    def fileno(self) -> int:
        """Return the connection's socket, -1 without one: when it can be read, ask `is_broken`."""
        if self._conn is None:
            return -1
        return int(self._conn.connection.dbapi_connection.fileno())  # type: ignore[union-attr] # psycopg's own

    def is_broken(self) -> bool:
        """True when the connection is gone, and with it perhaps the lock: another may hold it now."""
        if self._conn is None:
            return True
        try:
            self._conn.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return True
        return False

    def release(self) -> None:
        """Free the lock; once more does nothing."""
        conn, self._conn = self._conn, None
        if conn is not None:
            with suppress(SQLAlchemyError):
                conn.close()


def issue_key(issue_id: int, slot: int) -> Mapping[str, int]:
    return {"issue": issue_id, "slot": slot}


def list_key(name: str) -> Mapping[str, int]:
    return {"list": int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)}


def held_slots(conn: Connection, issue_id: int) -> Mapping[int, str]:
    """Return the slots of an issue that living processes hold, and by what name the server knows each process."""
    return {row[0]: row[1] for row in conn.execute(_SLOTS, {"issue": issue_id})}


def is_connected(conn: Connection, application: str) -> bool:
    """True while the server still has a connection of this process: a dead one's last COMMIT may be under way."""
    return bool(conn.execute(_CONNECTIONS, {"name": application}).scalar_one())
