"""A statement given to the database's driver as it is: for the few that run for every message.

SQLAlchemy's own execution makes a context and a result for each statement, which costs a small transaction more than
SQLite takes for all of it. Errors stay SQLAlchemy's, so that `failures.py` reads them as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def execute(conn: Connection, text: str, values: Any = ()) -> Any:
    """Run a statement once in the transaction of `conn`, and return the driver's cursor."""
    cursor = conn.connection.cursor()
    try:
        cursor.execute(text, values)
    except conn.dialect.loaded_dbapi.Error as error:
        raise _wrapped(conn, text, error) from error
    return cursor


def execute_many(conn: Connection, text: str, rows: Sequence[Any]) -> int:
    """Run a statement for every row in the transaction of `conn`; returns how many rows of the table it changed."""
    cursor = conn.connection.cursor()
    try:
        cursor.executemany(text, rows)
    except conn.dialect.loaded_dbapi.Error as error:
        raise _wrapped(conn, text, error) from error
    changed: int = cursor.rowcount
    return changed


def _wrapped(conn: Connection, text: str, error: BaseException) -> BaseException:
    dbapi = conn.dialect.loaded_dbapi
    return DBAPIError.instance(text, None, error, dbapi.Error, hide_parameters=True, dialect=conn.dialect)
