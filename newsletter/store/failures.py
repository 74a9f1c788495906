"""What a database says when it fails, put into one line for people: what, where, the way out.

SQLite names its errors; PostgreSQL numbers them (SQLSTATE, appendix A of its manual), but a connection that is not
made has no number, only libpq's English words. `is_busy` and `is_lost` tell the journal what to try again.
"""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from newsletter.errors import StoreError

_WAIT = "another newsletter command is writing; wait for it, or end it"
_ROOM = "free some space, then run the command again"

# The beginning of SQLite's own error name → what, how to mend.
_SQLITE = (
    ("SQLITE_BUSY", "the database is locked", _WAIT),
    ("SQLITE_LOCKED", "the database is locked", _WAIT),
    ("SQLITE_FULL", "the disk is full", _ROOM),
    ("SQLITE_NOTADB", "this is not a database", "set database.url to another file, or restore this one from a copy"),
    ("SQLITE_CORRUPT", "the database is damaged", "restore it from a copy"),
    ("SQLITE_READONLY", "the database cannot be written", "check the owner and the rights of the file and its folder"),
    ("SQLITE_CANTOPEN", "the database cannot be opened", "check the folder, its owner and the free space"),
    ("SQLITE_IOERR", "the database's disk fails or is full", "check the disk and its free space"),
)

_LOGIN = "put the password into ~/.pgpass (mode 0600) or NEWSLETTER_DATABASE__URL, and check the user's name"
_SERVER = "check that the server runs, and host and port in database.url"

# The beginning of PostgreSQL's SQLSTATE → what, how to mend; the longer ones first.
_POSTGRESQL = (
    ("55P03", "the database is locked", _WAIT),
    ("40", "the database is locked", _WAIT),  # deadlock, serialization: also the journal's business
    ("53100", "the database server's disk is full", "free some space there, then run the command again"),
    ("53300", "the database server allows no more connections", "raise its max_connections, or use fewer processes"),
    ("53", "the database server lacks memory or space", "look at its log"),
    ("25006", "the database cannot be written: the server is a standby", "set database.url to the main server"),
    ("28", "the database server refuses the login", _LOGIN),
    ("3D000", "there is no such database", "make it: createdb --encoding=UTF8 NAME"),
    ("42501", "the database's user may not do this", "make it the owner of the database"),
    ("25P03", "the connection to the database was lost", _SERVER),
    ("57P03", "the database server is starting or stopping", "wait a moment and run the command again"),
    ("57P", "the connection to the database was lost", _SERVER),
    ("08", "the connection to the database was lost", _SERVER),
    ("XX001", "the database is damaged", "restore it from a copy"),
    ("XX002", "the database is damaged", "restore it from a copy"),
)
# A connection that was never made: words of libpq or of the server, because there is no SQLSTATE.
_UNCONNECTED = (
    (
        "does not support SSL",
        "the database server offers no TLS, so password and addresses would go in plain text",
        "switch ssl on in its postgresql.conf, or add ?sslmode=disable to database.url if the way to it is private",
    ),
    ("no password supplied", "the database server refuses the login", _LOGIN),
    ("password authentication failed", "the database server refuses the login", _LOGIN),
    ("authentication failed", "the database server refuses the login", _LOGIN),
    ("no pg_hba.conf entry", "the database server refuses the login", "allow this user and host in its pg_hba.conf"),
    ('role "', "the database server refuses the login", _LOGIN),
    ('database "', "there is no such database", "make it: createdb --encoding=UTF8 NAME"),
    ("too many clients", "the database server allows no more connections", "raise its max_connections"),
    ("starting up", "the database server is starting or stopping", "wait a moment and run the command again"),
    ("shutting down", "the database server is starting or stopping", "wait a moment and run the command again"),
    ("could not translate host name", "the database server's name is not known", "check the host in database.url"),
    ("failed to resolve host", "the database server's name is not known", "check the host in database.url"),
    ("", "the database server does not answer", _SERVER),
)


def store_error(error: SQLAlchemyError, *, path: str = "") -> StoreError:
    """Return the one line for what the database said; `path` is the file, or the server without its password."""
    name = _sqlite_name(error)
    for beginning, what, fix in _SQLITE:
        if name.startswith(beginning):
            return StoreError(what, path=path, fix=fix)
    state = _state(error)
    for beginning, what, fix in _POSTGRESQL if state else ():
        if state.startswith(beginning):
            return StoreError(what, path=path, fix=fix)
    said = str(getattr(error, "orig", None) or error).strip()
    if is_lost(error):
        if _was_connected(error):
            return StoreError("the connection to the database was lost", path=path, fix=_SERVER)
        what, fix = next((what, fix) for words, what, fix in _UNCONNECTED if words in said)
        return StoreError(what, path=path, fix=fix)
    return StoreError(f"the database failed: {said.partition(chr(10))[0]}", path=path, fix="check database.url")


def is_busy(error: BaseException) -> bool:
    """True when another process holds a lock, or the database chose us to try again: nothing was written."""
    if not isinstance(error, DBAPIError):
        return False
    return _sqlite_name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or _state(error) in _AGAIN


def is_lost(error: BaseException) -> bool:
    """True when the server is not there, or has cut the connection: a COMMIT under way may or may not be on disk."""
    if not isinstance(error, DBAPIError) or _sqlite_name(error):
        return False
    state = _state(error)
    # psycopg raises OperationalError without a SQLSTATE when libpq cannot connect or finds the socket closed.
    is_unnumbered = not state and type(error.orig).__name__ == "OperationalError" and not _is_sqlite(error)
    return error.connection_invalidated or state.startswith(("08", "57P", "25P03")) or is_unnumbered


_AGAIN = frozenset({"55P03", "40001", "40P01"})  # lock_timeout, serialization failure, deadlock


def _sqlite_name(error: BaseException) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlite_errorname", ""))


def _is_sqlite(error: DBAPIError) -> bool:
    return type(error.orig).__module__.startswith("sqlite3")


def _state(error: BaseException) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def _was_connected(error: BaseException) -> bool:
    # SQLAlchemy names the statement only of an error that happened on a connection.
    return bool(getattr(error, "statement", None)) or bool(getattr(error, "connection_invalidated", False))
