"""The journal: one thread that writes the ledger, first come first written, several entries to a transaction.

It commits at once when idle; what arrives during a COMMIT is the next group; there is no timer (a timer of 50 ms cut
a slow link from 48 to 14 messages a second). What is put in one turn of the event loop goes together. A mark that is
told as written is on disk, so its bytes may follow. Nothing here raises: when the ledger cannot be written, outcomes
go to the spare file, marks are refused, and `failure` says why.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from newsletter.delivery.scope import Stage, not_sent
from newsletter.delivery.state import DeliveryState
from newsletter.errors import StoreError
from newsletter.sending.patience import LOST_WAITS, is_away, is_passing
from newsletter.sending.spare import SpareFile
from newsletter.store.database import Engine
from newsletter.store.ledger import Disagreement, GroupResult, Mark, Run, Settled, write_group
from newsletter.store.recorder import Recorder

Moves = Mapping[tuple[DeliveryState, DeliveryState], int]
MAX_GROUP = 200  # entries: keeps a transaction under 200 ms also where a row takes 1 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of one entry."""

    is_marked: bool = False  # only then may the message's bytes leave
    is_stale: bool = False
    stop_requested: bool = False


Told = Callable[[Written], None]


@dataclass(slots=True)
class _Entry:
    settled: Settled | None
    mark: Mark | None
    told: Told | None


_Word = list[_Entry] | None  # what the loop passes to the thread; None: it ends


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
        self._recorder, self._run, self._spare = Recorder(engine), run, spare
        self._on_moves, self._on_busy = on_moves, on_busy
        self._gathered: list[_Entry] = []  # put in this turn of the loop
        self._queue: queue.SimpleQueue[_Word] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)

    async def __aenter__(self) -> Journal:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._pass_on()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def put(self, *, settled: Settled | None = None, mark: Mark | None = None, told: Told | None = None) -> None:
        """Have an outcome or a mark put on disk; `told` is called once it is there, in a later turn of the loop."""
        if not self._gathered:
            self._loop.call_soon(self._pass_on)
        self._gathered.append(_Entry(settled, mark, told))

    async def write(self, *, settled: Settled | None = None, mark: Mark | None = None) -> Written:
        """Put an outcome or a mark on disk, and wait until it is there."""
        done: asyncio.Future[Written] = self._loop.create_future()

        def told(written: Written) -> None:
            if not done.done():
                done.set_result(written)

        self.put(settled=settled, mark=mark, told=told)
        return await done

    def _pass_on(self) -> None:
        if self._gathered:
            self._queue.put(self._gathered)
            self._gathered = []

    def _work(self) -> None:
        is_open, group = True, list[_Entry]()
        while is_open or group:
            if is_open and not group:
                is_open = self._take(group, self._queue.get())
            while is_open and len(group) < MAX_GROUP:
                try:
                    is_open = self._take(group, self._queue.get_nowait())
                except queue.Empty:
                    break
            now, group = group[:MAX_GROUP], group[MAX_GROUP:]
            if now:
                result = self._write(now)
                self._loop.call_soon_threadsafe(self._tell, now, result)
        with suppress(StoreError):  # all is written, or in the spare file
            self._recorder.close()

    def _take(self, group: list[_Entry], word: _Word) -> bool:
        if word is None:
            return False
        group += word
        return True

    def _write(self, group: list[_Entry]) -> GroupResult:
        settled = [entry.settled for entry in group if entry.settled is not None]
        marks = [entry.mark for entry in group if entry.mark is not None]
        careful, waits = False, iter(LOST_WAITS)
        while self.failure is None:
            try:
                with self._recorder.recording() as conn:
                    return write_group(conn, self._run, settled=settled, marks=marks, careful=careful)
            except Disagreement:
                careful = True
            except StoreError as error:
                careful = True  # its COMMIT may have done it all: a move already made is none
                if is_passing(error):
                    self._loop.call_soon_threadsafe(self._on_busy)
                    continue  # without limit: a reply that was read must be recorded
                if is_away(error) and (wait := next(waits, None)) is not None:
                    time.sleep(wait)  # on a new connection, which a server that restarts soon gives
                    continue
                self.failure = error
            except Exception as error:  # noqa: BLE001 - a defect; whoever awaits this thread must not wait for ever
                self.failure = StoreError(f"the ledger could not be written: {error!r}", fix="please report it")
        return self._rescue(settled, marks)

    def _rescue(self, settled: list[Settled], marks: list[Mark]) -> GroupResult:
        """Keep outcomes in the spare file. The fate of the marks is unknown, but their bytes are not: none leaves."""
        unsent = [Settled(id=m.id, attempt=m.attempt, outcome=not_sent(Stage.LOCAL, "not written")) for m in marks]
        if self.failure is not None and not self._spare.write(self._run.epoch, [*settled, *unsent]):
            lost = ", ".join(str(entry.id) for entry in settled)
            self.failure = StoreError(
                f"{self.failure.message}; the outcomes of deliveries {lost} are lost with it",
                path=self.failure.path,
                fix=self.failure.fix,
            )
        return GroupResult(marked=frozenset(), is_stale=False, stop_requested=False)

    def _tell(self, group: list[_Entry], result: GroupResult) -> None:
        self._on_moves(result.moves)
        told_of_all = Written(is_marked=True, is_stale=result.is_stale, stop_requested=result.stop_requested)
        told_of_none = Written(is_stale=result.is_stale, stop_requested=result.stop_requested)
        for entry in group:
            if entry.told is not None:
                is_marked = entry.mark is not None and entry.mark.id in result.marked
                entry.told(told_of_all if is_marked else told_of_none)
