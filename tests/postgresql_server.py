"""A private PostgreSQL for tests: made by initdb, run as an unprivileged user, stopped and erased at the end.

It knows nothing of a cluster that Debian's package may have started on port 5432, and leaves it alone.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from newsletter.store.schema import metadata

USER = "newsletter"
_CONF = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
# The machine of a test is not cut from its power; what a COMMIT means is the session's synchronous_commit.
fsync = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 60
max_wal_senders = 0
wal_level = minimal
log_min_messages = warning
"""

# What an earlier test left connected may hold locks.
_EMPTY = f"""
DO $$ DECLARE one record; BEGIN
  PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
  {" ".join(f'DELETE FROM "{table.name}";' for table in reversed(metadata.sorted_tables))}
  FOR one IN SELECT oid::regclass AS name FROM pg_class WHERE relkind = 'S' LOOP
    PERFORM setval(one.name, 1, false);
  END LOOP;
END $$
"""  # noqa: S608 - names of our own tables


def binaries() -> Path | None:
    """Return the folder of the newest installed server's programs, None when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Server:
    """A running cluster; databases are made from templates by name."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder, self._bin = folder, bin_folder
        self.port = _free_port()
        self._as_user = _unprivileged(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    def make(self) -> None:
        self.run("initdb", "-D", f"{self.folder}/data", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        with (self.folder / "data" / "postgresql.conf").open("a") as conf:
            conf.write(_CONF.format(port=self.port, folder=self.folder))

    def run(self, program: str, *args: str) -> str:
        """Run one of PostgreSQL's own programs; returns what it printed."""
        who = self._as_user
        done = subprocess.run(
            [self._bin / program, *args],
            capture_output=True,
            text=True,
            check=True,
            cwd="/",
            user=who,
            group=who and pwd.getpwuid(who).pw_gid,
            extra_groups=None if who is None else [],
        )
        return done.stdout

    def start(self) -> None:
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-l", f"{self.folder}/log", "-w", "start")

    def stop(self, how: str = "fast") -> None:
        """End the server; "immediate" is a crash."""
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", how, "-w", "stop")

    def url(self, database: str, *, user: str = USER) -> str:
        """Return the address over TCP: what can be cut, counted and refused."""
        return f"postgresql+psycopg://{user}@127.0.0.1:{self.port}/{database}"

    def socket_url(self, database: str) -> str:
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}&port={self.port}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement as the superuser, outside any transaction."""
        with psycopg.connect(self._conninfo(database), autocommit=True) as conn:
            done = conn.execute(statement)
            return done.fetchall() if done.description else []

    def new_database(self, template: str = "template1") -> str:
        """Make a database; returns its name."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def empty(self, database: str) -> None:
        """Take every row out of the store's tables and begin ids anew: a fresh copy takes ten times as long."""
        self.execute(_EMPTY, database)

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _conninfo(self, database: str) -> str:
        return f"host={self.folder} port={self.port} user={USER} dbname={database}"


@contextmanager
def running(bin_folder: Path) -> Iterator[Server]:
    """A new cluster, up until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="newsletter-pg-"))  # short: a socket's path has at most 107 bytes
    try:
        server = Server(folder, bin_folder)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> int | None:
    """Return somebody who is not root, and give them the folder; None when we are not root ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        who = pwd.getpwnam("postgres")
    except KeyError:
        who = pwd.getpwnam("nobody")
    os.chown(folder, who.pw_uid, who.pw_gid)
    return who.pw_uid


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
