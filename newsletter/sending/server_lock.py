"""Who may send an issue out of a server's database: a lock of the server, freed by it with the process's connection.

Slot 0 is who opened the run, the others its processes (`processes.py`). After the death of slot 0 the others finish
what is under way; until then nobody else may begin, because their mails in flight would be taken for lost.
"""

from __future__ import annotations

from datetime import datetime
from types import TracebackType

from newsletter.errors import GateError
from newsletter.sending.holder import Holder
from newsletter.store.database import Engine, reading
from newsletter.store.issues import IssueRow, load_issue
from newsletter.store.locks import SessionLock, held_slots, issue_key, list_key
from newsletter.store.runs import last_owner


class ServerIssueLock:
    """A context manager that holds the lock of one issue, or of one process of its run."""

    def __init__(self, engine: Engine, row: IssueRow, *, slot: int = 0) -> None:
        self._engine, self._row, self._slot = engine, row, slot
        self._lock = SessionLock(engine, issue_key(row.id, slot))
        self.last_holder: Holder | None = None  # before us; known once the lock is held

    def acquire(self, *, now: datetime) -> None:
        """Take the lock. Raises GateError when a living process holds it, StoreError."""
        if not self._lock.acquire():
            raise self._refusal(now)
        with reading(self._engine) as conn:
            others = held_slots(conn, self._row.id).keys() - {self._slot}
            last = last_owner(conn, self._row.id)
        if others and not self._slot:
            self.release()
            raise GateError(
                f"processes of issue {self._row.code} whose sender died are finishing their messages",
                fix="try again in a moment",
            )
        if last is not None:
            self.last_holder = Holder(owner=last[0], since=shown_since(last[1], now))

    def _refusal(self, now: datetime) -> GateError:
        with reading(self._engine) as conn:
            row = load_issue(conn, self._row.id)
        return being_sent(row, now)

    def fileno(self) -> int:
        return self._lock.fileno()

    def is_broken(self) -> bool:
        return self._lock.is_broken()

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> ServerIssueLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class ServerListLock:
    """Held from the filling of a list to the freeze, as `file_lock.ListLock`."""

    def __init__(self, engine: Engine, list_name: str) -> None:
        self._name, self._lock = list_name, SessionLock(engine, list_key(list_name))

    def acquire(self) -> None:
        """Take the lock. Raises GateError when another process is at it, StoreError."""
        if not self._lock.acquire():
            raise GateError(
                f"another send is making the list {self._name} now",
                fix="wait until it has begun; files of one name share a list, so give them different names",
            )

    def release(self) -> None:
        self._lock.release()


def being_sent(row: IssueRow, now: datetime) -> GateError:
    """Return the refusal of an issue that a living process sends, as its row was read."""
    holder = "another process"
    if row.sender and row.sender_since:
        holder = str(Holder(owner=row.sender, since=shown_since(row.sender_since, now)))
    return GateError(f"issue {row.code} is being sent by {holder}", fix=f'wait for it, or "newsletter stop {row.code}"')


def shown_since(at: datetime, now: datetime) -> str:
    return f"{at.astimezone(now.tzinfo):%Y-%m-%d %H:%M:%S %Z}"
