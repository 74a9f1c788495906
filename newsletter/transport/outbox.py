"""A folder in place of a relay: each message becomes an `.eml` file, complete and on disk before it counts as accepted.

A real send otherwise: the same ledger, tokens and refusals. A file is never overwritten: the same delivery sent again
(after a crash, with `--uncertain resend`) stands beside its first copy as a mailbox would have it.
Files are for their owner alone: they hold addresses, and tokens that unsubscribe.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

from newsletter.delivery.scope import Kind, Outcome, Scope, Stage, not_sent
from newsletter.errors import RelayError
from newsletter.message.merge import Message
from newsletter.transport.channel import Done


class OutboxTransport:
    """Makes "connections" to one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"outbox:{folder.name}"

    async def connect(self) -> OutboxChannel:
        """Make the folder if there is none, and see that it can be written. Raises RelayError."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # one that is there keeps its mode
            probe = self.folder / f".probe-{os.getpid()}"
            os.close(_make_private(probe))
            probe.unlink()
        except OSError as error:
            raise RelayError(
                f"the outbox cannot be written: {error.strerror}", path=str(self.folder), fix="name another folder"
            ) from error
        return OutboxChannel(self.folder)


class OutboxChannel:
    """Writes one message at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._task: asyncio.Task[None] | None = None
        self.failed = ""
        self.window = 1

    def refusal(self, message: Message) -> Outcome | None:
        """A folder takes every message."""
        return None

    def begin(self, message: Message, done: Done) -> None:
        """Write the message's file. A full disk ends the "connection": nothing was accepted."""

        async def run() -> None:
            done(await self._write(message))

        self._task = asyncio.get_running_loop().create_task(run())

    async def _write(self, message: Message) -> Outcome:
        try:
            name = await asyncio.to_thread(write_message, self._folder, message)
        except OSError as error:
            self.failed = f"the outbox cannot be written: {error.strerror}"
            return not_sent(Stage.CONTENT, self.failed)
        return _accepted(name)

    async def close(self) -> None:
        """Nothing is open."""

    def abort(self) -> None:
        self.failed = self.failed or "the sender was told to end at once"


def find_written(folder: Path, envid: str, sha256: str, *, is_kept: bool) -> Outcome | None:
    """Say from the folder what became of a message whose writer died; None where the folder cannot tell.

    A file with these very bytes was delivered. Without one nothing was, if the writer had only got to its `.part`
    (taken away here) or if nobody takes files out of the folder: `is_kept` says that an earlier one is still there.
    """
    part = folder / f".{envid}.part"
    for path in folder.glob(f"{envid}*.eml"):
        if hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
            part.unlink(missing_ok=True)
            return _accepted(path.name)
    if part.exists():
        part.unlink()
    elif not is_kept:
        return None
    return not_sent(Stage.CONTENT, "the sender died before the file was written")


def is_there(folder: Path, envid: str) -> bool:
    """Return whether a message of this delivery lies in the folder."""
    return any(folder.glob(f"{envid}*.eml"))


def _accepted(name: str) -> Outcome:
    return Outcome(kind=Kind.ACCEPTED, scope=Scope.NONE, stage=Stage.CONTENT, code=250, reply=f"written as {name}")


def write_message(folder: Path, message: Message) -> str:
    """Write the message under its delivery's token and return the file's name; on disk when this returns."""
    part = folder / f".{message.envid}.part"
    with os.fdopen(_make_private(part), "wb") as file:
        file.write(message.data)
        file.flush()
        os.fsync(file.fileno())
    number = 1
    while True:
        name = f"{message.envid}.eml" if number == 1 else f"{message.envid}-{number}.eml"
        try:
            os.link(part, folder / name)  # unlike a rename, refuses to replace
            break
        except FileExistsError:
            number += 1
    part.unlink()
    sync_folder(folder)
    return name


def _make_private(path: Path) -> int:
    """Open a new file of mode 0600. One left by a writer that died is replaced: it may be open to others."""
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def sync_folder(folder: Path) -> None:
    """Put the folder's list of names on disk: without it a power cut can take a file that was written whole."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
