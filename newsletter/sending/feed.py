"""The deliveries that may be sent now, handed out one by one: pending ones in the order of sending, then due ones.

No row is handed out twice at a time. What the ledger says decides in the end (the mark is refused for a row that has
moved), so the place kept here is only a way not to read the same rows again. The next rows are read while the last
ones are handed out.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime

from newsletter.sending.patience import patiently
from newsletter.store.database import Connection, Engine, is_shared, reading, recording
from newsletter.store.deliveries import Claimed, claim_due, claim_pending
from newsletter.store.ledger import Run

BATCH = 500
SHARE = 100  # of several processes: what one has claimed, and has not sent, the others cannot take
DUE_BATCH = 20_000  # rows in memory at once, some 20 MB; the next pass takes the next


class Feed:
    """One pass over what is claimable; `take` gives None when nothing is at hand."""

    def __init__(self, engine: Engine, run: Run, *, now: Callable[[Connection], datetime]) -> None:
        self._engine, self._run, self._now = engine, run, now
        self._batch = SHARE if run.shard else BATCH
        self._ready: deque[Claimed] = deque()
        self._position = 0
        self._reading: asyncio.Task[None] | None = None
        self.is_dry = False  # nothing more in the database for this pass
        self.handed_out = 0  # in this pass
        self.returns: Counter[int] = Counter()  # delivery → how often it came back unsent in this run

    def begin_pass(self) -> None:
        """Look at all rows again: some may have come back, some may have become due."""
        self._ready.clear()
        self.handed_out = 0
        self._position, self.is_dry = 0, False

    @property
    def is_empty(self) -> bool:
        """True when nothing is at hand and nothing more will come in this pass."""
        return not self._ready and self.is_dry and self._reading is None

    @property
    def at_hand(self) -> int:
        """Return how many rows can be taken now."""
        return len(self._ready)

    def take(self) -> Claimed | None:
        """Return the next row if it is at hand."""
        if not self._ready:
            return None
        self.handed_out += 1
        return self._ready.popleft()

    def give_back(self, row: Claimed) -> None:
        """Hand a row out again: it was not sent, and the ledger has it as it is given."""
        self._ready.appendleft(row)

    def refill(self, when_read: Callable[[asyncio.Task[None]], None]) -> None:
        """Begin to read more where that is worth it; `when_read` is given the ended task."""
        if self._reading is None and not self.is_dry and len(self._ready) < self._batch // 2:
            self._reading = asyncio.ensure_future(self._read())
            self._reading.add_done_callback(when_read)

    async def end(self) -> None:
        """Wait for a read under way."""
        if self._reading is not None:
            await asyncio.wait([self._reading])

    async def _read(self) -> None:
        try:
            rows, self.is_dry = await asyncio.to_thread(patiently, self._claim)
            self._ready.extend(rows)
        finally:
            self._reading = None

    def _claim(self) -> tuple[list[Claimed], bool]:
        """Return the next rows, and whether they are the last of this pass."""
        # SQLite's claims write nothing: they need not wait for a writer, whose one long transaction is a freeze.
        with (recording if is_shared(self._engine) else reading)(self._engine) as conn:
            rows = claim_pending(conn, self._run, after_position=self._position, limit=self._batch)
            if rows:
                self._position = rows[-1].position
                return rows, False
            # One batch a pass: a due row looks the same until its mark, so a second look would hand it out again.
            return claim_due(conn, self._run, at=self._now(conn), limit=DUE_BATCH), True
