"""The side file that tells a restored ledger from a living one.

Each run's number goes to the database first, then, fsynced, here. A database one ahead is a crash between the two.
Any other difference means that the database is a copy of another time: it may have forgotten mails that left, so its
unfinished issues wait for a person to say `--after-restore`.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import DiskError
from newsletter.store.database import Engine, writing
from newsletter.store.issues import load_issue
from newsletter.store.ledger import Run
from newsletter.store.runs import begin_run, hold_unfinished, last_number

_WIDTH = 20  # digits: written in place, always the same bytes, so a torn write cannot make another number


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    run: Run
    is_restored: bool  # the ledger was found to be a copy of another time


def begin_numbered_run(engine: Engine, side_file: Path, issue_id: int, *, owner: str, is_fresh: bool) -> Begun:
    """Begin a run under the next number, written to both places. Raises DiskError, StoreError.

    `is_fresh`: the issue was frozen just now, so the ledger knows all about it whatever else it forgot. Otherwise a
    restored ledger holds this issue back too: the caller looks at `is_restored` before it sends anything.
    """
    handle = _open(side_file)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # two sends begun at once would look like a difference of two
        beside = _read(handle)
        with writing(engine) as conn:
            known = last_number(conn)
            is_restored = known - beside not in (0, 1)
            if is_restored:
                hold_unfinished(conn, but=issue_id if is_fresh else 0)
            number = max(known, beside) + 1
            run = begin_run(conn, load_issue(conn, issue_id), number=number, owner=owner)
        _write(handle, number)
    finally:
        os.close(handle)
    return Begun(run=run, is_restored=is_restored)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DiskError(
            f"cannot write the number of the run: {error.strerror}", path=str(path), fix="check folder and free space"
        ) from error


def _read(handle: int) -> int:
    text = os.pread(handle, _WIDTH, 0).strip()
    return int(text) if text.isdigit() else 0


def _write(handle: int, number: int) -> None:
    os.pwrite(handle, f"{number:0{_WIDTH}}".encode(), 0)
    os.fsync(handle)
