"""Rows become messages: merged here, and signed in threads where the issue is signed.

RSA takes longer than all the rest of a message: it runs beside the event loop, some messages ahead of the wire. What
was made ahead and is not marked when a run halts is simply forgotten; the ledger has it pending.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, tzinfo

from newsletter.delivery.scope import Outcome, Scope, local_refusal
from newsletter.errors import InputError
from newsletter.message.merge import Merger, Message, Recipient
from newsletter.sending.job import Foreman, Job
from newsletter.store.deliveries import Claimed
from newsletter.store.ledger import Mark, Run

THREADS = os.cpu_count() or 1


class Calendar:
    """The Date of messages: whole seconds by the database's clock, the same objects for all of one second."""

    def __init__(self, zone: tzinfo, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._zone, self._now, self._monotonic = zone, now, monotonic
        self._until = float("-inf")
        self._dates: tuple[datetime, datetime]

    def dates(self) -> tuple[datetime, datetime]:
        """Return the present second as aware UTC and in the office's zone."""
        at = self._monotonic()
        if at >= self._until:
            now = self._now()
            self._until = at + (1_000_000 - now.microsecond) / 1_000_000
            whole = now.replace(microsecond=0)
            self._dates = (whole, whole.astimezone(self._zone))
        return self._dates

    def forget(self) -> None:
        """The clock was read anew."""
        self._until = float("-inf")


class Workshop:
    """Makes the jobs of one run."""

    def __init__(
        self, merger: Merger, run: Run, *, relay: str, foreman: Foreman, calendar: Calendar, on_made: Callable[[], None]
    ) -> None:
        self._merger, self._run, self._relay = merger, run, relay
        self._foreman, self._calendar, self._on_made = foreman, calendar, on_made
        self._dkim = merger.selectors
        self.is_ahead = merger.is_signing  # messages take so long to make that they are begun ahead of their turn
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sign")  # its threads start when one is needed
        self._made: deque[Job] = deque()
        self.in_work = 0  # begun and not taken

    def make(self, row: Claimed, lane: int) -> Job:
        """Make the job of a row at once."""
        at, local = self._calendar.dates()
        try:
            message: Message | None = self._merger.message(self._recipient(row), date=local)
            refusal = None
        except InputError as error:
            message, refusal = None, _refused(error)
        return self._job(row, lane, at, message, refusal)

    def begin(self, row: Claimed, lane: int) -> None:
        """Begin a job that `take` gives when it is made."""
        at, local = self._calendar.dates()
        self.in_work += 1
        try:
            draft = self._merger.draft(self._recipient(row), date=local)
        except InputError as error:
            self._finished(self._job(row, lane, at, None, _refused(error)))
            return
        loop = asyncio.get_running_loop()
        future = self._threads.submit(self._merger.finish, draft)

        def made() -> None:
            try:
                self._finished(self._job(row, lane, at, future.result(), None))
            except BaseException as error:  # noqa: BLE001 - a callback's exception would leave the run waiting for ever
                self._foreman.fail(error)

        future.add_done_callback(lambda _: loop.call_soon_threadsafe(made))

    def take(self) -> Job | None:
        """Return a job that was begun and is made."""
        if not self._made:
            return None
        self.in_work -= 1
        return self._made.popleft()

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _finished(self, job: Job) -> None:
        self._made.append(job)
        self._on_made()

    def _job(self, row: Claimed, lane: int, at: datetime, message: Message | None, refusal: Outcome | None) -> Job:
        sha256 = message.sha256 if message else ""
        dkim = self._dkim if message else ""
        mark = Mark(
            id=row.id,
            before=row.before,
            attempt=row.attempt + 1,
            date_sent=at,
            sha256=sha256,
            relay=self._relay,
            dkim=dkim,
        )
        return Job(self._foreman, row, lane, message, refusal, mark)

    def _recipient(self, row: Claimed) -> Recipient:
        return Recipient(
            delivery_id=row.id,
            subscriber_id=row.subscriber_id,
            list_id=self._run.list_id,
            address=row.address,
            variant=row.variant,
            values=row.values,
            position=row.position,
        )


def _refused(error: InputError) -> Outcome:
    """Return the refusal of an address or value that got past the import: this person's, not the issue's."""
    return local_refusal(553, "5.6.0", str(error), Scope.RECIPIENT)
