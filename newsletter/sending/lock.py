"""Who may send an issue, and who is making a list: one interface over both databases.

SQLite: a kernel lock on a file of this machine. PostgreSQL: a lock of the server, by a connection of the process's
own, so that it holds between machines. Neither knows a clock. A lock of the second kind can break while its process
lives; whoever sends watches `fileno`, and halts when `is_broken`: from then on another may hold it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Protocol

from newsletter.sending.file_lock import IssueLock, ListLock, is_held, read_holder
from newsletter.sending.holder import Holder, this_host, this_process
from newsletter.sending.server_lock import ServerIssueLock, ServerListLock, being_sent
from newsletter.store.database import Engine, is_shared
from newsletter.store.issues import IssueRow

__all__ = [
    "Holder",
    "IssueLock",
    "ListLock",
    "Lock",
    "being_sent",
    "is_held",
    "is_sent_now",
    "issue_lock",
    "list_lock",
    "read_holder",
    "this_host",
    "this_process",
]


class Lock(Protocol):
    """The right to send one issue."""

    last_holder: Holder | None  # before us; known once the lock is held

    def acquire(self, *, now: datetime) -> None:
        """Take it. Raises GateError when a living process holds it. `now` is in the zone that people are told."""

    def fileno(self) -> int:
        """Return what to watch, -1 for nothing."""

    def is_broken(self) -> bool: ...

    def release(self) -> None: ...


def issue_lock(engine: Engine, folder: Path, row: IssueRow) -> IssueLock | ServerIssueLock:
    """Return the lock of an issue, not yet taken; a context manager that frees it."""
    return ServerIssueLock(engine, row) if is_shared(engine) else IssueLock(folder, row.code)


def list_lock(engine: Engine, folder: Path, name: str) -> ListLock | ServerListLock:
    """Return the lock of a list that a send makes, not yet taken."""
    return ServerListLock(engine, name) if is_shared(engine) else ListLock(folder, name)


def is_sent_now(folder: Path, row: IssueRow) -> bool:
    """True when a living process sent the issue at the moment its row was read."""
    return bool(row.sender) or is_held(folder, row.code)
