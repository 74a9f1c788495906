"""The connection of a journal: kept for its many short transactions, taken anew after any error.

Taking a connection out of the pool and putting it back costs more than a small transaction itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from newsletter.store.database import own_rows_connection, translated


class Recorder:
    """Transactions that write only what their caller alone may write (`database.recording`), on one connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._conn: Connection | None = None

    @contextmanager
    def recording(self) -> Iterator[Connection]:
        """One transaction: committed at the end of the block, rolled back on any error."""
        try:
            with translated(self._engine):
                if self._conn is None:
                    self._conn = own_rows_connection(self._engine)
                with self._conn.begin():
                    yield self._conn
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back; the next transaction takes another."""
        if self._conn is not None:
            conn, self._conn = self._conn, None
            with translated(self._engine):
                conn.close()
