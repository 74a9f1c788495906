"""The journal: one thread that writes the ledger, first come first written, several entries to a transaction.

It commits at once when idle; what arrives during a COMMIT is the next group; there is no timer (a timer of 50 ms cut
a slow link from 48 to 14 messages a second). `write` returns once its entry is on disk, so a mark that it confirms
may be followed by bytes. It never raises: when the ledger cannot be written, outcomes go to the spare file, marks are
refused, and `failure` says why.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from newsletter.delivery.scope import Stage, not_sent
from newsletter.delivery.state import DeliveryState
from newsletter.errors import StoreError
from newsletter.sending.spare import SpareFile
from newsletter.store.database import Engine, is_busy, now, writing
from newsletter.store.ledger import GroupResult, Mark, Run, Settled, write_group

Moves = Mapping[tuple[DeliveryState, DeliveryState], int]
MAX_GROUP = 200  # entries: keeps a transaction under 200 ms also where a row takes 1 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of one entry."""

    is_marked: bool = False  # only then may the message's bytes leave
    is_stale: bool = False
    stop_requested: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    settled: Settled | None
    mark: Mark | None
    done: asyncio.Future[Written]


class Journal:
    """Use as `async with`; the thread ends with the block, after the last entry."""

    def __init__(
        self,
        engine: Engine,
        run: Run,
        spare: SpareFile,
        *,
        on_moves: Callable[[Moves], None] = lambda moves: None,
        on_busy: Callable[[], None] = lambda: None,
    ) -> None:
        self.failure: StoreError | None = None
        self._engine, self._run, self._spare = engine, run, spare
        self._on_moves, self._on_busy = on_moves, on_busy
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)

    async def __aenter__(self) -> Journal:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    async def write(self, *, settled: Settled | None = None, mark: Mark | None = None) -> Written:
        """Put an outcome and the next mark on disk, in one transaction."""
        entry = _Entry(settled, mark, self._loop.create_future())
        self._queue.put(entry)
        return await entry.done

    def _work(self) -> None:
        is_open = True
        while is_open:
            group: list[_Entry] = []
            entry = self._queue.get()
            while True:
                if entry is None:
                    is_open = False
                    break
                group.append(entry)
                if len(group) == MAX_GROUP:
                    break
                try:
                    entry = self._queue.get_nowait()
                except queue.Empty:
                    break
            if group:
                result = self._write(group)
                self._loop.call_soon_threadsafe(self._tell, group, result)

    def _write(self, group: list[_Entry]) -> GroupResult:
        settled = [entry.settled for entry in group if entry.settled is not None]
        marks = [entry.mark for entry in group if entry.mark is not None]
        while self.failure is None:
            try:
                with writing(self._engine) as conn:
                    return write_group(conn, self._run, settled=settled, marks=marks, at=now(conn))
            except StoreError as error:
                if error.__cause__ is not None and is_busy(error.__cause__):
                    self._loop.call_soon_threadsafe(self._on_busy)
                    continue  # without limit: a reply that was read must be recorded
                self.failure = error
            except Exception as error:  # noqa: BLE001 - a defect; whoever awaits this thread must not wait for ever
                self.failure = StoreError(f"the ledger could not be written: {error!r}", fix="please report it")
        # The fate of the marks is unknown, but their bytes are not: none will leave.
        unsent = [Settled(id=m.id, attempt=m.attempt, outcome=not_sent(Stage.LOCAL, "not written")) for m in marks]
        if not self._spare.write(self._run.epoch, [*settled, *unsent]):
            lost = ", ".join(str(entry.id) for entry in settled)
            self.failure = StoreError(
                f"{self.failure.message}; the outcomes of deliveries {lost} are lost with it",
                path=self.failure.path,
                fix=self.failure.fix,
            )
        return GroupResult(marked=frozenset(), is_stale=False, stop_requested=False)

    def _tell(self, group: list[_Entry], result: GroupResult) -> None:
        self._on_moves(result.moves)
        for entry in group:
            if not entry.done.done():
                entry.done.set_result(
                    Written(
                        is_marked=entry.mark is not None and entry.mark.id in result.marked,
                        is_stale=result.is_stale,
                        stop_requested=result.stop_requested,
                    )
                )
