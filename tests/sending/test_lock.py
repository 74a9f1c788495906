"""One sender an issue; and a ledger that was restored from a copy waits for a person."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete

from newsletter.delivery.state import IssueState
from newsletter.errors import GateError
from newsletter.sending.lock import (
    IssueLock,
    ListLock,
    is_held,
    is_sent_now,
    issue_lock,
    list_lock,
    read_holder,
    this_process,
)
from newsletter.sending.places import Places
from newsletter.sending.run_number import begin_numbered_run
from newsletter.sending.server_lock import ServerIssueLock
from newsletter.sending.session import Opening, open_run
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, open_database, reading, writing
from newsletter.store.freezing import Again
from newsletter.store.issues import IssueRow, load_issue
from newsletter.store.runs import last_number
from newsletter.store.schema import run
from tests.ledger import on_file, on_server

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def until(what: Callable[[], bool]) -> None:
    """Look again and again until it is so; a server frees a dead process's locks when it reads the socket's end."""
    for _ in range(1_000):
        if what():
            return
        time.sleep(0.01)
    raise AssertionError("it never was so")


def test_second_sender_is_refused_with_the_name_of_the_first(tmp_path: Path) -> None:
    with IssueLock(tmp_path, "abc234") as first:
        first.acquire(now=AT)
        with pytest.raises(GateError, match=r"abc234 is being sent by process \d+ on .* since 2026-03-01 09:00:00 UTC"):
            IssueLock(tmp_path, "abc234").acquire(now=AT)
        assert is_held(tmp_path, "abc234")
        assert not is_held(tmp_path, "other")
    assert not is_held(tmp_path, "abc234")


def test_lock_is_freed_by_the_death_of_its_process(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from datetime import datetime, UTC; from pathlib import Path;"
        "from newsletter.sending.lock import IssueLock, ListLock;"
        "lock = IssueLock(Path(sys.argv[1]), 'abc234'); lock.acquire(now=datetime.now(UTC));"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=root, check=False)
    assert not is_held(tmp_path, "abc234")
    with IssueLock(tmp_path, "abc234") as lock:
        lock.acquire(now=AT)
        assert lock.last_holder is not None
        assert lock.last_holder.owner != this_process()


def test_file_that_tells_nothing_is_no_holder(tmp_path: Path) -> None:
    (tmp_path / "x.lock").write_text("{half")
    assert read_holder(tmp_path / "x.lock") is None
    assert read_holder(tmp_path / "none.lock") is None


def row_of(engine: Engine, issue_id: int) -> IssueRow:
    with reading(engine) as conn:
        return load_issue(conn, issue_id)


def test_issue_that_is_being_sent_is_refused_with_its_sender_over_both_databases(
    tmp_path: Path, engine: Engine, issue_id: int
) -> None:
    row = row_of(engine, issue_id)
    with issue_lock(engine, tmp_path, row) as first:
        first.acquire(now=AT)
        now = row_of(engine, issue_id)
        assert is_sent_now(tmp_path, now)
        with pytest.raises(GateError, match=rf"{row.code} is being sent by process {os.getpid()} on .* since 20.* UTC"):
            issue_lock(engine, tmp_path, now).acquire(now=AT)
        assert not first.is_broken()
    assert not is_sent_now(tmp_path, row_of(engine, issue_id))
    with issue_lock(engine, tmp_path, row) as again:
        again.acquire(now=AT)


@on_server
def test_lock_of_the_server_is_freed_by_the_death_of_its_process(engine: Engine, issue_id: int) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, server_address(engine), str(issue_id)], stdout=-1)
    assert holder.stdout is not None
    with holder.stdout as out:
        assert out.readline() == b"held\n"
        row = row_of(engine, issue_id)
        assert row.sender.endswith(f":{holder.pid}")
        with pytest.raises(GateError, match=f"process {holder.pid} on"):
            issue_lock(engine, Path(), row).acquire(now=AT)
        holder.kill()
        holder.wait()
    with issue_lock(engine, Path(), row) as lock:
        until(lambda: not row_of(engine, issue_id).sender)
        lock.acquire(now=AT)


HOLDS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from newsletter.sending.lock import issue_lock
from newsletter.store.database import open_database, reading
from newsletter.store.issues import IssueRow, load_issue
engine = open_database(sys.argv[1])
with reading(engine) as conn:
    row = load_issue(conn, int(sys.argv[2]))
lock = issue_lock(engine, Path(), row)
lock.acquire(now=datetime.now(UTC))
print("held", flush=True)
sys.stdin.read()
"""


def server_address(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


@on_server
def test_broken_connection_of_a_lock_shows_on_its_socket(engine: Engine, issue_id: int) -> None:
    row = row_of(engine, issue_id)
    with issue_lock(engine, Path(), row) as lock:
        lock.acquire(now=AT)
        with writing(engine) as conn:
            conn.exec_driver_sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE objsubid = 2")
        assert select.select([lock.fileno()], [], [], 10)[0]
        assert lock.is_broken()
        with issue_lock(engine, Path(), row) as other:
            other.acquire(now=AT)


@on_server
def test_processes_of_a_dead_sender_keep_others_out_until_they_have_finished(engine: Engine, issue_id: int) -> None:
    row = row_of(engine, issue_id)
    with ServerIssueLock(engine, row, slot=2) as child:
        child.acquire(now=AT)
        assert row_of(engine, issue_id).sender
        with pytest.raises(GateError, match="whose sender died are finishing"):
            issue_lock(engine, Path(), row).acquire(now=AT)
    with issue_lock(engine, Path(), row) as lock:
        lock.acquire(now=AT)


@on_server
def test_list_is_made_by_one_send_at_a_time_also_on_a_server(engine: Engine) -> None:
    first, second, others = (list_lock(engine, Path(), name) for name in ("file:люди", "file:люди", "file:others"))
    first.acquire()
    others.acquire()
    with pytest.raises(GateError, match="another send is making the list file:люди"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()
    others.release()


@pytest.fixture
def issue_id(add_people: Callable[..., None], meant: Callable[..., Meant], freeze_issue: Callable[..., int]) -> int:
    add_people("a@a.example", city="x")
    return freeze_issue(meant())


def begin(engine: Engine, folder: Path, issue_id: int) -> tuple[int, bool]:
    folder.mkdir(exist_ok=True)
    begun = begin_numbered_run(engine, Places(folder=folder), issue_id, owner="h:1")
    return begun.run.number, begun.is_restored


def test_runs_are_numbered_in_both_places(tmp_path: Path, engine: Engine, issue_id: int) -> None:
    assert [begin(engine, tmp_path, issue_id) for _ in range(3)] == [(1, False), (2, False), (3, False)]
    assert int((tmp_path / "run-number").read_text()) == 3
    with reading(engine) as conn:
        assert last_number(conn) == 3
        assert load_issue(conn, issue_id).epoch == 3


def test_crash_between_the_two_places_is_mended(tmp_path: Path, engine: Engine, issue_id: int) -> None:
    begin(engine, tmp_path, issue_id)
    begin(engine, tmp_path, issue_id)
    (tmp_path / "run-number").write_text(f"{1:020}")  # the second number never got here
    assert begin(engine, tmp_path, issue_id) == (3, False)


def test_older_copy_of_the_database_is_noticed(tmp_path: Path, engine: Engine, issue_id: int) -> None:
    for _ in range(3):
        begin(engine, tmp_path, issue_id)
    with writing(engine) as conn:
        conn.execute(delete(run).where(run.c.number > 1))  # as a copy made after the first run has it
    assert begin(engine, tmp_path, issue_id) == (4, True)


@on_server
def test_runs_of_other_machines_are_no_restored_copy(tmp_path: Path, engine: Engine, issue_id: int) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert begin(engine, first, issue_id) == (1, False)
    assert begin(engine, second, issue_id) == (2, False)  # joins: it has nothing to compare
    assert begin(engine, second, issue_id) == (3, False)
    assert begin(engine, first, issue_id) == (4, False)
    with writing(engine) as conn:
        conn.execute(delete(run).where(run.c.number > 1))
    assert begin(engine, second, issue_id) == (4, True)
    assert begin(engine, first, issue_id) == (5, True)


@on_file
def test_restored_ledger_holds_unfinished_issues_until_a_person_says_so(
    tmp_path: Path, engine: Engine, issue_id: int
) -> None:
    places = Places(folder=tmp_path)
    database = Path(str(engine.url.database))
    with reading(engine) as conn:
        row = load_issue(conn, issue_id)
    open_run(engine, places, row, Opening(is_fresh=True))
    with writing(engine) as conn:
        conn.exec_driver_sql("SELECT 1")
    engine.dispose()
    shutil.copy(database, tmp_path / "copy.db")
    later = open_database(f"sqlite:///{database}")
    for _ in range(2):
        with reading(later) as conn:
            row = load_issue(conn, issue_id)
        open_run(later, places, row, Opening(is_fresh=False))
    later.dispose()
    restored = open_database(f"sqlite:///{tmp_path / 'copy.db'}")
    with reading(restored) as conn:
        row = load_issue(conn, issue_id)
    for _ in range(2):  # also when tried again: the numbers agree by now
        with pytest.raises(GateError, match=r"restored from a copy.*--after-restore"):
            open_run(restored, places, row, Opening(is_fresh=False))
        with reading(restored) as conn:
            row = load_issue(conn, issue_id)
            assert row.state is IssueState.STOPPED
    open_run(restored, places, row, Opening(is_fresh=False, after_restore=True))
    with reading(restored) as conn:
        assert load_issue(conn, issue_id).restore_hold is False
    restored.dispose()


def test_issue_frozen_after_the_restore_waits_too(
    tmp_path: Path,
    engine: Engine,
    issue_id: int,
    meant: Callable[..., Meant],
    freeze_issue: Callable[..., int],
) -> None:
    places = Places(folder=tmp_path)
    places.side_file.write_text(f"{9:020}")  # the ledger knows of no run: it is older than this file
    fresh = freeze_issue(meant(), Again.ALL)
    with reading(engine) as conn:
        row = load_issue(conn, fresh)
        old = load_issue(conn, issue_id)
    for one in (row, old):  # what was mailed and forgotten may be the very item that is sent again
        with pytest.raises(GateError, match=r"restored.*--after-restore"):
            open_run(engine, places, one, Opening(is_fresh=one is row))
    with reading(engine) as conn:
        row = load_issue(conn, fresh)
    assert open_run(engine, places, row, Opening(is_fresh=False, after_restore=True)).run.number == 12


def test_two_sends_of_files_of_one_name_do_not_make_the_list_at_once(tmp_path: Path) -> None:
    first, second = ListLock(tmp_path, "file:people"), ListLock(tmp_path, "file:people")
    first.acquire()
    ListLock(tmp_path, "file:others").acquire()
    with pytest.raises(GateError, match="another send is making the list file:people"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()
    second.release()
