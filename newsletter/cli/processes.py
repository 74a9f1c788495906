"""`send` and `resume --processes N`: the parent's part, which freezes, opens the run, watches and closes it.

Each process has its own connections, journal, lock and counters; what they share is the database. The parent sends
nothing itself. `cli/sending_process.py` is what it starts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from newsletter.cli.output import say, warn
from newsletter.errors import StoreError, UsageError
from newsletter.own_process import command_of, environ_of_child
from newsletter.sending.holder import this_host
from newsletter.sending.processes import Processes, Word
from newsletter.sending.sender import Ended, Progress
from newsletter.store.database import Engine, application_of, is_shared, reading, writing
from newsletter.store.deliveries import orphans_to_uncertain, release_claims
from newsletter.store.issues import IssueRow, Plan, add_shards, load_issue
from newsletter.store.ledger import Run
from newsletter.store.locks import is_connected

MOST = 32
_SHOW_SECONDS = 0.5
_BURY_SECONDS = 15.0  # the longest that a dead process's connections are waited for
_MODULE = "newsletter.cli.sending_process"


def refuse_processes(engine: Engine, plan: Plan, processes: int) -> None:
    """Raise UsageError where several processes cannot send."""
    if processes == 1:
        return
    if not 1 <= processes <= MOST:
        raise UsageError(f"--processes must be between 1 and {MOST}")
    if not is_shared(engine):
        raise UsageError(
            "--processes needs PostgreSQL: an SQLite database is written by one process at a time",
            fix="leave it out (one process is seldom the limit), or set database.url to a PostgreSQL database",
        )
    if plan.transport == "outbox":
        raise UsageError("--processes and --outbox exclude each other", fix="a folder is filled by one process")
    if plan.connections < processes:
        raise UsageError(
            f"{processes} processes need at least {processes} connections, and there are {plan.connections}",
            fix=f"add --connections {processes}, or use fewer processes",
        )


@dataclass(slots=True, kw_only=True)
class Parent:
    """One run by several processes."""

    engine: Engine
    run: Run
    row: IssueRow
    plan: Plan
    processes: int
    no_wait: bool
    root: Path  # the workspace
    show: Callable[[Progress], None]
    _waits: dict[int, datetime | None] = field(default_factory=dict)  # slot → its next try
    _team: Processes | None = None

    def start(self) -> Processes:
        """Return the processes, not yet running, to be stopped by signals."""
        with writing(self.engine) as conn:
            add_shards(conn, self.row.id, self.processes)
        self._team = Processes(
            command_of(_MODULE),
            self._orders(),
            folder=self.root,
            environ=environ_of_child(),
            settle=self._settle,
            on_word=self._hear,
        )
        return self._team

    async def watch(self) -> Ended:
        """Run them to their end, showing the sum of what they have done."""
        assert self._team is not None  # noqa: S101 - `start` comes first
        showing = asyncio.create_task(self._show())
        try:
            return await self._team.run()
        finally:
            showing.cancel()

    def _orders(self) -> Mapping[int, Mapping[str, object]]:
        each = -(-self.plan.connections // self.processes)
        plan = replace(self.plan, connections=each).to_json()
        common = {"issue": self.row.id, "number": self.run.number, "epoch": self.run.epoch, "plan": plan}
        common |= {"processes": self.processes, "no_wait": self.no_wait}
        return {slot: {**common, "slot": slot} for slot in range(1, self.processes + 1)}

    def _settle(self, slot: int, pid: int) -> Sequence[str]:
        """What a dead process had in flight is in doubt; what it had claimed is free. Returns who is in doubt."""
        dead = replace(self.run, owner=f"{this_host()}:{pid}", shard=slot)
        until = time.monotonic() + _BURY_SECONDS
        with reading(self.engine) as conn:  # a last COMMIT of it may still be under way in the server
            while is_connected(conn, application_of(dead.owner)) and time.monotonic() < until:
                conn.rollback()  # the view of who is connected is kept for a transaction
                time.sleep(0.02)
        with writing(self.engine) as conn:
            doubtful = orphans_to_uncertain(conn, dead, owner=dead.owner)
            release_claims(conn, dead)
        return doubtful

    def _hear(self, slot: int, word: Word) -> None:
        if word.note:
            (say if word.note == "started again" else warn)(f"process {slot}: {word.note}")
        elif word.ended is not None:
            self._waits.pop(slot, None)
        else:
            self._waits[slot] = word.next_try

    async def _show(self) -> None:
        while True:
            try:
                row = await asyncio.to_thread(self._read)
            except StoreError:
                pass  # the processes say what is wrong with the database
            else:
                tries = [at for at in self._waits.values() if at]
                is_waiting = len(tries) == len(self._team.pids()) if self._team else False
                self.show(Progress(counts=row.counts, next_try=min(tries) if tries and is_waiting else None))
            await asyncio.sleep(_SHOW_SECONDS)

    def _read(self) -> IssueRow:
        with reading(self.engine) as conn:
            return load_issue(conn, self.row.id)
