"""PostgreSQL itself: sessions as the ledger needs them, migrations, and every failure told in one line."""

from __future__ import annotations

import socket
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from newsletter.errors import ConfigError, StoreError
from newsletter.store.database import Engine, is_busy, is_lost, open_database, reading, recording, writing
from newsletter.store.locks import SessionLock, issue_key
from newsletter.store.postgresql import tls_of
from newsletter.store.schema import metadata
from tests.ledger import on_server
from tests.postgresql_server import USER, Server

ROOT = Path(__file__).resolve().parents[2]


def scalar(engine: Engine, statement: str) -> object:
    with reading(engine) as conn:
        return conn.scalar(text(statement))


@on_server
def test_commit_of_our_sessions_is_on_disk_whatever_the_server_says(engine: Engine, server: Server) -> None:
    for said, kept in (("off", "on"), ("remote_write", "remote_write")):
        server.execute(f"ALTER ROLE {USER} SET synchronous_commit = {said}")
        engine.dispose()
        try:
            assert scalar(engine, "SHOW synchronous_commit") == kept
        finally:
            server.execute(f"ALTER ROLE {USER} RESET synchronous_commit")
            engine.dispose()


@on_server
def test_reader_sees_one_moment_and_may_write_nothing(engine: Engine) -> None:
    with reading(engine) as conn:
        assert conn.scalar(text("SELECT count(*) FROM bucket")) == 0
        with writing(engine) as other:
            other.execute(text("INSERT INTO bucket VALUES ('a', 1, 0)"))
        assert conn.scalar(text("SELECT count(*) FROM bucket")) == 0
    with pytest.raises(StoreError, match="cannot be written"), reading(engine) as conn:
        conn.execute(text("DELETE FROM bucket"))
    with recording(engine) as conn:  # and the connection goes back as it was
        conn.execute(text("DELETE FROM bucket"))


@on_server
def test_one_office_writer_at_a_time_and_it_says_that_it_waits(engine: Engine) -> None:
    impatient = open_database(address(engine), busy_seconds=0.05)
    with writing(engine), pytest.raises(StoreError, match="is locked; another newsletter command") as caught:
        write_nothing(impatient)
    impatient.dispose()
    assert caught.value.__cause__ is not None
    assert is_busy(caught.value.__cause__)


def write_nothing(engine: Engine) -> None:
    with writing(engine):
        pass


def cut_off(engine: Engine) -> None:
    """Let the server end a connection in the middle of its transaction."""
    with recording(engine) as conn:
        own = conn.scalar(text("SELECT pg_backend_pid()"))
        with writing(engine) as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": own})
        conn.execute(text("SELECT 1"))


def address(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@on_server
def test_connection_cut_by_the_server_is_known_as_lost_and_the_next_one_works(engine: Engine) -> None:
    with pytest.raises(StoreError, match="the connection to the database was lost") as caught:
        cut_off(engine)
    assert caught.value.__cause__ is not None
    assert is_lost(caught.value.__cause__)
    assert not is_busy(caught.value.__cause__)
    with recording(engine) as conn:
        assert conn.scalar(text("SELECT 1")) == 1


@on_server
def test_lock_of_a_process_is_no_other_lock_of_the_issue(engine: Engine) -> None:
    one, other = SessionLock(engine, issue_key(7, 1)), SessionLock(engine, issue_key(7, 2))
    assert one.acquire()
    assert other.acquire()
    assert not SessionLock(engine, issue_key(7, 1)).acquire()
    one.release()
    other.release()


@pytest.mark.service
def test_two_commands_at_once_make_the_tables_once(server: Server) -> None:
    name = server.new_database()
    with ThreadPoolExecutor(2) as pool:
        engines = list(pool.map(open_database, [server.socket_url(name)] * 2))
    for engine in engines:
        assert scalar(engine, "SELECT count(*) FROM alembic_version") == 1
        engine.dispose()
    server.drop(name)


@pytest.mark.service
def test_migrations_make_exactly_the_schema_also_on_a_server(server: Server) -> None:
    name = server.new_database()
    engine = create_engine(server.url(name))
    metadata.create_all(engine)
    engine.dispose()
    assert shape(server, name) == shape(server, "migrated")
    server.drop(name)


def shape(server: Server, database: str) -> list[str]:
    """Every line that pg_dump writes about tables, in no order; Alembic's own table and what is new in a dump aside."""
    dump = server.run("pg_dump", "-h", str(server.folder), "-p", str(server.port), "-U", USER, "-s", "-O", database)
    parts = [part for part in dump.split("\n\n") if "alembic_version" not in part]
    lines = [line.strip().rstrip(",") for part in parts for line in part.splitlines()]
    return sorted(line for line in lines if line and not line.startswith(("--", "\\")))


@pytest.mark.service
def test_what_is_wrong_with_the_server_is_one_line_without_the_password(server: Server) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = taken.getsockname()[1]
        refusals = {
            f"postgresql+psycopg://me:hunter2@127.0.0.1:{nobody}/n": r"does not answer.*host and port",
            f"{server.url('nothere')}": r"no such database.*createdb",
            f"{server.url('migrated', user='stranger:hunter2')}": r"refuses the login.*pgpass",
            "postgresql+psycopg://me@nowhere.invalid/n?password=hunter2": r"name is not known|does not answer",
        }
        for url, words in refusals.items():
            with pytest.raises(StoreError, match=words) as caught:
                open_database(url)
            assert "hunter2" not in str(caught.value)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://u:hun@zzz:2@h.example/n", "postgresql://u@h.example:zzz/n"])
def test_address_that_cannot_be_read_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match=r"database\.url cannot be used") as caught:
        open_database(url)
    assert "zzz" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("address", "mode"),
    [
        ("me@db.example/n", "require"),
        ("me@192.0.2.7/n", "require"),
        ("/n?host=db.example", "require"),
        ("me@db.example/n?sslmode=disable", None),
        ("me@db.example/n?sslmode=verify-full", None),
        ("me@127.0.0.1/n", None),
        ("me@localhost/n", None),
        ("/n?host=/run/postgresql", None),
        ("/n", None),
    ],
)
def test_way_to_another_machine_is_tls_unless_the_address_says_otherwise(address: str, mode: str | None) -> None:
    assert tls_of(make_url(f"postgresql+psycopg://{address}")).get("sslmode") == mode


@pytest.mark.service
def test_database_that_cannot_hold_every_letter_is_refused(server: Server) -> None:
    server.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(ConfigError, match=r"encoding is LATIN1.*createdb --encoding=UTF8"):
        open_database(server.url("latin"))
    server.drop("latin")


@pytest.mark.service
def test_somebody_elses_database_is_refused_on_a_server_too(server: Server) -> None:
    name = server.new_database()
    server.execute("CREATE TABLE accounts (id int)", name)
    with pytest.raises(StoreError, match=r"holds something else .table accounts"):
        open_database(server.url(name))
    server.drop(name)


def test_missing_driver_is_a_line_that_says_how_to_install_it() -> None:
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from newsletter.errors import ConfigError\n"
        "from newsletter.store.database import open_database\n"
        "try:\n    open_database('postgresql+psycopg://me@db.example/n')\n"
        "except ConfigError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 'pip install "newsletter[postgres]"' in done.stdout
