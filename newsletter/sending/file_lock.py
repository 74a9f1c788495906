"""Who may send an issue out of a database on this machine: a kernel lock on a file, freed at the process's death.

No clock and no lease: a stopped laptop or a slow disk never lets a second sender in. The file tells who held it last.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType

from newsletter.errors import DiskError, GateError
from newsletter.sending.holder import Holder, this_process
from newsletter.sending.places import LIST_LOCK

# Whether somebody sends is asked by trying the lock: whoever wants it meets that now and then.
_PASSING_TRIES, _PASSING_SECONDS = 5, 0.02


class IssueLock:
    """A context manager that holds the lock of one issue."""

    def __init__(self, folder: Path, code: str) -> None:
        self.path = folder / f"{code}.lock"
        self._code = code
        self._handle = -1
        self.last_holder: Holder | None = None  # before us; known once the lock is held

    def acquire(self, *, now: datetime) -> None:
        """Take the lock. Raises GateError when a living process holds it, DiskError when there can be no file.

        `now` is aware, and in the zone that people are told times in.
        """
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DiskError(
                f"cannot lock the issue: {error.strerror}", path=str(self.path), fix="check the folder and free space"
            ) from error
        holder = read_holder(self.path)
        try:
            _lock(handle)
        except OSError as error:
            os.close(handle)
            raise GateError(
                f"issue {self._code} is being sent by {holder or 'another process'}",
                fix=f'wait for it, or "newsletter stop {self._code}"',
            ) from error
        self._handle, self.last_holder = handle, holder
        written = json.dumps({"owner": this_process(), "since": f"{now:%Y-%m-%d %H:%M:%S %Z}"}).encode()
        os.truncate(handle, 0)
        os.pwrite(handle, written, 0)

    def release(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)  # frees the lock; the file stays and tells who held it
            self._handle = -1

    def fileno(self) -> int:
        return -1  # nothing to watch: while the process lives, the lock is its own

    def is_broken(self) -> bool:
        return False

    def __enter__(self) -> IssueLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class ListLock:
    """Held from the filling of a list to the freeze: two sends of files of one name share their list.

    Without it the one would freeze what the other had just put there.
    """

    def __init__(self, folder: Path, list_name: str) -> None:
        self._name = list_name
        self._path = folder / f"{LIST_LOCK}{hashlib.sha256(list_name.encode()).hexdigest()[:16]}.lock"
        self._handle = -1

    def acquire(self) -> None:
        """Take the lock. Raises GateError when another process is at it, DiskError when there can be no file."""
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DiskError(
                f"cannot lock the list: {error.strerror}", path=str(self._path), fix="check the folder and free space"
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise GateError(
                f"another send is making the list {self._name} now",
                fix="wait until it has begun; files of one name share a list, so give them different names",
            ) from error
        self._handle = handle

    def release(self) -> None:
        """Free the lock; once more does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _lock(handle: int) -> None:
    """Lock a file. Raises OSError when another process holds it, for longer than `is_held` does in passing."""
    for _ in range(_PASSING_TRIES):
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_PASSING_SECONDS)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_held(folder: Path, code: str) -> bool:
    """True while a living process sends the issue."""
    try:
        handle = os.open(folder / f"{code}.lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def read_holder(path: Path) -> Holder | None:
    """Return who holds or last held the lock, None when nobody ever did or the file tells nothing."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Holder(owner=str(raw["owner"]), since=str(raw["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
