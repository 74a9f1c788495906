"""What a connection to PostgreSQL is made with, and what its transactions begin with.

The ledger's promises hang on the session, so it is set by us and not left to the server: a COMMIT is on disk
(`synchronous_commit` is never off), a transaction left alone by a stopped process ends, a dead machine's locks are
freed within half a minute. Sessions must be real ones: behind PgBouncer in transaction mode the locks would be lost.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from newsletter.errors import ConfigError
from newsletter.relay import is_loopback

INSTALL = 'pip install "newsletter[postgres]"'
CONNECT_SECONDS = 10
# A server or a line that is gone is noticed after idle + count * interval seconds, on both sides.
_KEEPALIVE = {"idle": 10, "interval": 5, "count": 3}
_IDLE_MINUTES = 5  # the longest that a transaction may be left alone: by a process that was stopped, or a dead machine

# Keys of advisory locks of one 64-bit number; those of issues are pairs (`locks.py`), another space of numbers.
OFFICE = 0x6E65_7773_0001


def create_server_engine(url: URL, *, busy_seconds: float, application: str) -> Engine:
    """Return an engine for a server's database; nothing is connected yet. Raises ConfigError without psycopg."""
    try:
        import psycopg  # noqa: F401 - LGPL and optional: only who has a server needs it
    except ImportError as error:
        raise ConfigError(
            "PostgreSQL needs a driver that is not installed", path="database.url", fix=INSTALL
        ) from error
    keepalive = {f"keepalives_{name}": number for name, number in _KEEPALIVE.items()}
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        hide_parameters=True,  # an address in a traceback is one on somebody's screen
        use_native_hstore=False,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "client_encoding": "utf8",
            "application_name": application,
            "keepalives": 1,
            **keepalive,
            **tls_of(url),
            "tcp_user_timeout": _noticed_seconds() * 1_000,
        },
    )
    session = _session(busy_seconds)

    def on_connect(connection: Any, _record: object) -> None:
        connection.autocommit = True  # else a rollback would take the settings back
        connection.execute(session)
        connection.autocommit = False

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def tls_of(url: URL) -> dict[str, str]:
    """Return libpq's options that keep password and addresses off the network in plain text; what `url` says stands.

    Its own default (`prefer`) takes a connection without TLS, or gives the password itself, to whoever asks for that.
    """
    hosts = url.host or url.query.get("host") or ""
    host = hosts if isinstance(hosts, str) else ",".join(hosts)
    is_near = all(not one or one.startswith("/") or is_loopback(one) for one in host.split(","))
    if is_near or "sslmode" in url.query:
        return {}
    import psycopg

    has_rules = psycopg.pq.version() >= _LIBPQ_WITH_AUTH_RULES
    return {"sslmode": "require", **({"require_auth": "!password"} if has_rules else {})}


_LIBPQ_WITH_AUTH_RULES = 160_000
OWN_ROWS = "newsletter_own_rows"  # execution option: writes only rows that are its own


def _on_begin(conn: Connection) -> None:
    options = conn.get_execution_options()
    if not options.get("newsletter_read") and not options.get(OWN_ROWS):
        # All code but the journal's is written for one writer at a time, as SQLite has it.
        conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({OFFICE})")


def refuse_encoding(conn: Connection, *, path: str) -> None:
    """Raise ConfigError for a database that cannot hold every letter."""
    encoding = conn.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise ConfigError(
            f"the database's encoding is {encoding}, which cannot hold every name",
            path=path,
            fix="make one with: createdb --encoding=UTF8 --template=template0 NAME",
        )


def shown(url: URL) -> str:
    """Return the address for people: without whatever is secret in it."""
    return url.set(password=None).difference_update_query(_SECRET).render_as_string()


_SECRET = ("password", "sslpassword")


def _noticed_seconds() -> int:
    return _KEEPALIVE["idle"] + _KEEPALIVE["interval"] * _KEEPALIVE["count"]


def _session(busy_seconds: float) -> str:
    """Return the statements that set up a session, for one round trip."""
    keepalive = "; ".join(f"SET tcp_keepalives_{name} = {number}" for name, number in _KEEPALIVE.items())
    return (
        # `remote_apply` and the like are stronger than `on` and stay; `off` may lose the mark of a mail that left.
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'; "
        f"SET lock_timeout = {round(busy_seconds * 1_000)}; "
        f"SET idle_in_transaction_session_timeout = '{_IDLE_MINUTES}min'; "
        "SET statement_timeout = 0; "  # a freeze of a million people is one transaction; locks have their own limit
        f"{keepalive}"
    )
