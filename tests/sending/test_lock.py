"""One sender an issue; and a ledger that was restored from a copy waits for a person."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.delivery.state import IssueState
from newsletter.errors import GateError
from newsletter.sending.lock import IssueLock, ListLock, is_held, read_holder, this_process
from newsletter.sending.places import Places
from newsletter.sending.run_number import begin_numbered_run
from newsletter.sending.session import Opening, open_run
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, open_database, reading, writing
from newsletter.store.freezing import Again
from newsletter.store.issues import load_issue
from newsletter.store.runs import last_number

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


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


@pytest.fixture
def issue_id(add_people: Callable[..., None], meant: Callable[..., Meant], freeze_issue: Callable[..., int]) -> int:
    add_people("a@a.example", city="x")
    return freeze_issue(meant())


def begin(engine: Engine, side: Path, issue_id: int, *, is_fresh: bool = False) -> tuple[int, bool]:
    begun = begin_numbered_run(engine, side, issue_id, owner="h:1", is_fresh=is_fresh)
    return begun.run.number, begun.is_restored


def test_runs_are_numbered_in_both_places(tmp_path: Path, engine: Engine, issue_id: int) -> None:
    side = tmp_path / "run-number"
    assert [begin(engine, side, issue_id) for _ in range(3)] == [(1, False), (2, False), (3, False)]
    assert int(side.read_text()) == 3
    with reading(engine) as conn:
        assert last_number(conn) == 3
        assert load_issue(conn, issue_id).epoch == 3


def test_crash_between_the_two_places_is_mended(tmp_path: Path, engine: Engine, issue_id: int) -> None:
    side = tmp_path / "run-number"
    begin(engine, side, issue_id)
    begin(engine, side, issue_id)
    side.write_text(f"{1:020}")  # the second number never got here
    assert begin(engine, side, issue_id) == (3, False)


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


def test_issue_frozen_after_the_restore_may_go_while_older_ones_wait(
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
    assert open_run(engine, places, row, Opening(is_fresh=True)).run.number == 10
    with pytest.raises(GateError, match=r"restored"):
        open_run(engine, places, old, Opening(is_fresh=False))


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
