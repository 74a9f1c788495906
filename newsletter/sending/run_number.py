"""The side file that tells a restored ledger from a living one.

Each run's number goes to the database first, then, fsynced, here. A database one run ahead is a crash between the
two. Any other difference means that the database is a copy of another time: it may have forgotten mails that left, so
its unfinished issues wait for a person to say `--after-restore`.

A server's database is shared: runs of other machines are no difference. So each side file has a random name beside it,
the run row bears it, and a file is compared with the runs of its own name alone. Whoever joins (no file yet) has
nothing to compare and is believed; any machine that sent before notices a restored server at its next run.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import DiskError
from newsletter.sending.places import Places
from newsletter.store.database import Engine, is_shared, writing
from newsletter.store.issues import load_issue
from newsletter.store.ledger import Run
from newsletter.store.runs import begin_run, hold_unfinished, last_number, last_numbers

_WIDTH = 20  # digits: written in place, always the same bytes, so a torn write cannot make another number


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    run: Run
    is_restored: bool  # the ledger was found to be a copy of another time


def begin_numbered_run(engine: Engine, places: Places, issue_id: int, *, owner: str) -> Begun:
    """Begin a run under the next number, written to both places. Raises DiskError, StoreError.

    A restored ledger holds every unfinished issue back, one that was frozen just now too: it may be the very one that
    was mailed and forgotten.
    """
    handle = _open(places.side_file)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # two sends begun at once would look like a difference of two
        beside = _read(handle)
        place = _name(places.name_file) if is_shared(engine) else ""
        with writing(engine) as conn:
            is_restored = beside not in last_numbers(conn, place)
            if is_restored:
                hold_unfinished(conn)
            number = max(last_number(conn), beside) + 1
            run = begin_run(conn, load_issue(conn, issue_id), number=number, owner=owner, place=place)
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


def _name(path: Path) -> str:
    """Return the side file's name, made and put on disk at first need; the caller holds the lock."""
    handle = _open(path)
    try:
        name = os.pread(handle, _NAME_BYTES, 0).decode("ascii", "replace")
        if len(name) < _NAME_BYTES:  # none yet, or torn by a crash before any run could bear it
            name = secrets.token_hex(_NAME_BYTES // 2)
            os.pwrite(handle, name.encode(), 0)
            os.fsync(handle)
        return name
    finally:
        os.close(handle)


_NAME_BYTES = 32


def _read(handle: int) -> int:
    text = os.pread(handle, _WIDTH, 0).strip()
    return int(text) if text.isdigit() else 0


def _write(handle: int, number: int) -> None:
    os.pwrite(handle, f"{number:0{_WIDTH}}".encode(), 0)
    os.fsync(handle)
