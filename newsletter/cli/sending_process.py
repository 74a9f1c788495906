"""One of the processes of `--processes N`, started by `cli/processes.py`: no command for people.

It reads its orders from stdin, sends what it claims until nothing is left for it, and tells how it went on stdout. It
takes no further message when stdin ends (the parent is dead), on SIGTERM, or when its own lock is lost; what is under
way is finished and recorded. A second SIGTERM ends it at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from newsletter.cli.context import open_context
from newsletter.cli.delivering import Job, ledger_keys, loop_factory, make_sender, open_transport, spare_file
from newsletter.cli.opening import open_store
from newsletter.cli.output import internal_failure
from newsletter.cli.reporting import office_zone, places_of
from newsletter.errors import NewsletterError, RelayError, StoreError
from newsletter.message.dkim_keys import load_signer
from newsletter.sending.lock import this_process
from newsletter.sending.lock_watch import LOST, watch
from newsletter.sending.processes import Word
from newsletter.sending.sender import End, Ended, Progress, Sender
from newsletter.sending.server_lock import ServerIssueLock
from newsletter.sending.session import Opening
from newsletter.store.database import Engine, reading, recording
from newsletter.store.deliveries import release_claims
from newsletter.store.issues import IssueRow, Plan, load_issue
from newsletter.store.ledger import Run


def main() -> int:
    orders = json.loads(sys.stdin.buffer.readline())
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            word = runner.run(_send(orders))
    except RelayError as error:  # the others may well be connected: the relay allows no more of us
        word = Word(ended=_ended(End.PAUSED, f"the relay is lost: {error.message}"))
    except NewsletterError as error:
        failure = error if isinstance(error, StoreError) else StoreError(error.message, path=error.path, fix=error.fix)
        word = Word(ended=replace(_ended(End.FAILED, error.message), failure=failure))
    except Exception as error:  # noqa: BLE001 - a defect: its traceback, which may hold addresses, goes to a private file
        internal_failure(error, as_json=False)
        word = Word(ended=_ended(End.FAILED, "a defect of the program; see what the process said"))
    _tell(word)
    return 0


def _ended(end: End, reason: str) -> Ended:
    return Ended(end=end, reason=reason, sending_milliseconds=0)


def _tell(word: Word) -> None:
    """Tell the parent. A parent that died hears nothing: the end of stdin has halted us, and the ledger has it all."""
    try:
        sys.stdout.buffer.write(word.to_line())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # what is still buffered must not fail again at the end
        os.close(nowhere)


async def _send(orders: Mapping[str, Any]) -> Word:
    context = open_context(quiet=True)
    engine = open_store(context)
    job = Job(
        context=context,
        engine=engine,
        keys=ledger_keys(context),
        plan=Plan.from_json(orders["plan"]),
        opening=Opening(is_fresh=False),
        no_wait=orders["no_wait"],
        as_json=True,
        signer=load_signer(context.settings),
        processes=orders["processes"],
    )
    try:
        with reading(engine) as conn:
            row = load_issue(conn, orders["issue"])
        run = Run(
            issue_id=row.id,
            list_id=row.list_id,
            list_name=row.list_name,
            number=orders["number"],
            epoch=orders["epoch"],
            owner=this_process(),
            shard=orders["slot"],
        )
        with ServerIssueLock(engine, row, slot=run.shard) as lock:
            lock.acquire(now=datetime.now(UTC).astimezone(office_zone(context)))
            return await _with_lock(job, row, run, lock)
    finally:
        engine.dispose()


async def _with_lock(job: Job, row: IssueRow, run: Run, lock: ServerIssueLock) -> Word:
    transport = open_transport(job.context, job.plan)
    spare = spare_file(job, places_of(job.context), row, run)
    try:
        sender = make_sender(job, row, run, transport, spare, _teller(), on_note=lambda note: _tell(Word(note=note)))
        with watch(lock, lambda: sender.halt(End.TAKEN_OVER, LOST)):
            _obey(sender)
            ended = await sender.run(await transport.connect())
    finally:
        spare.close()
    await asyncio.to_thread(_release, job.engine, run)
    is_of_all = ended.end is End.PAUSED and not ended.reason.startswith("the relay is lost")
    return Word(ended=ended, is_of_all=is_of_all)


def _release(engine: Engine, run: Run) -> None:
    try:
        with recording(engine) as conn:
            release_claims(conn, run)
    except StoreError:
        pass  # the next run has a higher epoch, for which they are free


def _teller() -> Callable[[Progress], None]:
    """Return what tells the parent when this process begins or ends to wait; the parent counts by itself."""
    told: datetime | None = None

    def tell(progress: Progress) -> None:
        nonlocal told
        if progress.next_try != told:
            told = progress.next_try
            _tell(Word(next_try=told))

    return tell


def _obey(sender: Sender) -> None:
    """Halt by SIGTERM or by the end of stdin, end at once by a second SIGTERM."""
    loop, halts = asyncio.get_running_loop(), 0

    def received() -> None:
        nonlocal halts
        halts += 1
        if halts == 1:
            sender.halt(End.INTERRUPTED, "interrupted")
        else:
            sender.abort()

    def orphaned() -> None:
        loop.remove_reader(sys.stdin.fileno())
        sender.halt(End.INTERRUPTED, "the sender that opened the run died")

    loop.add_signal_handler(signal.SIGTERM, received)
    loop.add_signal_handler(signal.SIGINT, received)
    loop.add_reader(sys.stdin.fileno(), orphaned)


if __name__ == "__main__":
    sys.exit(main())
