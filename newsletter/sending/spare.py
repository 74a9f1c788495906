"""Where outcomes go when the ledger's disk is full: a file whose blocks were taken before the send began.

A reply that cannot be recorded would leave its recipient in doubt. The next `resume` reads the file into the ledger
before anything else; its entries are keyed by (delivery, attempt, epoch), so reading it twice changes nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from newsletter.delivery.scope import Kind, Outcome, Scope, Stage
from newsletter.errors import DiskError
from newsletter.store.ledger import Settled

_ENTRY_BYTES = 4_096  # a reply of 500 bytes, escaped at its worst, and the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class SpareEntry:
    epoch: int
    settled: Settled


class SpareFile:
    """One issue's spare file, open for writing."""

    def __init__(self, path: Path, *, entries: int) -> None:
        """Take the blocks for so many entries. Raises DiskError: a send must not begin without them.

        What a process that died has left there stays, and is read in by the next run.
        """
        self.path = path
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._at = _end_of_entries(path.read_bytes())
            self._size = self._at + entries * _ENTRY_BYTES
            os.ftruncate(self._handle, self._at)
            os.posix_fallocate(self._handle, 0, self._size)
            os.fsync(self._handle)
        except OSError as error:
            raise DiskError(
                f"no room for the spare file: {error.strerror}", path=str(path), fix="free some space"
            ) from error

    def write(self, epoch: int, settled: Iterable[Settled]) -> bool:
        """Append outcomes and put them on disk; returns False when even that failed."""
        data = b"".join(_line(epoch, entry) for entry in settled)
        if self._at + len(data) > self._size:
            return False
        try:
            os.pwrite(self._handle, data, self._at)
            os.fdatasync(self._handle)
        except OSError:
            return False
        self._at += len(data)
        return True

    def close(self) -> None:
        """Keep the file if it holds anything, else take it away."""
        os.close(self._handle)
        if self._at == 0:
            self.path.unlink(missing_ok=True)


def read_spare(path: Path) -> tuple[SpareEntry, ...]:
    """Return what a spare file holds, nothing when there is none; a torn last line is left out."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    return tuple(_entries(data))


def _line(epoch: int, entry: Settled) -> bytes:
    outcome = entry.outcome
    return (
        json.dumps(
            {
                "epoch": epoch,
                "id": entry.id,
                "attempt": entry.attempt,
                "is_marked": entry.is_marked,
                "next_at": entry.next_at.timestamp() if entry.next_at else None,
                "kind": outcome.kind.value,
                "scope": outcome.scope.value,
                "stage": outcome.stage.value,
                "code": outcome.code,
                "enhanced": outcome.enhanced,
                "reply": outcome.reply,
                "queue_id": outcome.queue_id,
            }
        ).encode()
        + b"\n"
    )


def _end_of_entries(data: bytes) -> int:
    """Return where the last whole entry ends."""
    return data.rstrip(b"\0").rfind(b"\n") + 1


def _entries(data: bytes) -> Iterator[SpareEntry]:
    for line in data.split(b"\n"):
        try:
            raw = json.loads(line)
        except ValueError:
            return  # the zeros behind the last entry
        yield SpareEntry(
            epoch=raw["epoch"],
            settled=Settled(
                id=raw["id"],
                attempt=raw["attempt"],
                is_marked=raw["is_marked"],
                next_at=datetime.fromtimestamp(raw["next_at"], UTC) if raw["next_at"] is not None else None,
                outcome=Outcome(
                    kind=Kind(raw["kind"]),
                    scope=Scope(raw["scope"]),
                    stage=Stage(raw["stage"]),
                    code=raw["code"],
                    enhanced=raw["enhanced"],
                    reply=raw["reply"],
                    queue_id=raw["queue_id"],
                ),
            ),
        )
