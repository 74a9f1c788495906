"""One pass over what is claimable, all by callbacks: rows become messages, marks, bytes on the wire, outcomes.

What a crash between two steps means: before the journal has told a mark nothing of its message has been written;
between the mark and the recorded outcome the mail is in doubt, and the next run says so; after the outcome is on disk
all is known. An outcome is put into the journal before the mark that takes its place on the connection, so never more
is in doubt than connections times window.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from math import inf
from typing import Protocol

from newsletter.delivery.lanes import OPEN
from newsletter.delivery.scope import Outcome, Stage, not_sent
from newsletter.delivery.state import DeliveryState
from newsletter.delivery.throttle import Throttle, Want
from newsletter.errors import StoreError
from newsletter.sending.crew import Carrier, Crew
from newsletter.sending.feed import Feed
from newsletter.sending.job import Job
from newsletter.sending.journal import Journal, Written
from newsletter.sending.workshop import THREADS, Workshop
from newsletter.store.buckets import Lease
from newsletter.store.deliveries import Claimed
from newsletter.store.ledger import Settled
from newsletter.transport.channel import Channel

MAX_PARKED = 5_000  # rows that wait for their domain's rate; beyond it the run waits with them
AHEAD = 2 * THREADS  # messages signed beyond those that a connection waits for


class Chief(Protocol):
    """What the pump asks of the run (sending/sender.py)."""

    @property
    def is_halted(self) -> bool: ...

    def heed(self, written: Written) -> None:
        """Halt where the journal says so."""

    def break_off(self, error: StoreError) -> None:
        """Halt because the database cannot be read."""

    def judge(self, job: Job, outcome: Outcome) -> Settled:
        """Return what to record of an outcome; counts it, and halts where the breaker says so."""

    def pause(self, seconds: float) -> Awaitable[None]: ...

    def lease(self, want: Want) -> Awaitable[Lease]:
        """Take a slice of a rate out of the database."""


class Pump:
    """Use `run` once a pass. `workshop` and `crew` are set by whoever makes them, before the first pass."""

    workshop: Workshop
    crew: Crew

    def __init__(
        self, chief: Chief, feed: Feed, journal: Journal, throttle: Throttle, *, monotonic: Callable[[], float]
    ) -> None:
        self._chief, self._feed, self._journal, self._throttle = chief, feed, journal, throttle
        self._monotonic = monotonic
        self._parked: dict[int, deque[Claimed]] = {}  # lane → rows whose time has not come
        self._waiting = 0  # of them
        self._held: tuple[Claimed, int] | None = None  # may leave, and there was no connection for it
        self._leasing: set[asyncio.Task[None]] = set()
        self._unwritten = 0  # entries that the journal has and has not told
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at = 0.0
        self._is_due = False
        self._over: asyncio.Future[None] | None = None
        self._is_broken = False  # a defect: nothing more may leave

    async def run(self, first: Channel | None) -> None:
        """Send what is claimable; returns when nothing is left or the run was halted, everything on disk."""
        self._over = asyncio.get_running_loop().create_future()
        self._feed.begin_pass()
        if first is not None:
            self.crew.take_over(first)
        self.soon()
        try:
            await self._over
        except BaseException:
            self.crew.abort()
            raise
        finally:
            self._over = None
            if self._alarm is not None:
                self._alarm.cancel()
            if self._leasing:
                await asyncio.wait(self._leasing)
            await self._feed.end()
            await self.crew.close()

    def soon(self) -> None:
        """Look for something to do, in a later turn of the loop."""
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def fail(self, error: BaseException) -> None:
        """End the pass: in good order where the database cannot be read, at once and with `error` for a defect."""
        if isinstance(error, StoreError):
            self._chief.break_off(error)
            self.soon()
            return
        self._is_broken = True
        if self._over is not None and not self._over.done():
            self._over.set_exception(error)

    def marked(self, job: Job, written: Written) -> None:
        """The journal has told of a mark: its bytes may leave, or must not."""
        self._unwritten -= 1
        self._chief.heed(written)
        if not written.is_marked:  # suppressed meanwhile, or not ours any more
            self._throttle.done(job.lane)
            self.crew.free(job.carrier)
            self.soon()
        elif job.refusal is not None or job.message is None:
            self.answered(job, job.refusal or not_sent(Stage.LOCAL, "there is no message"))
        elif self._chief.is_halted or self._is_broken:
            self.answered(job, not_sent(Stage.LOCAL, "the run was halted before it was written"))
        else:
            job.carrier.channel.begin(job.message, job.done)

    def answered(self, job: Job, outcome: Outcome) -> None:
        """What became of a marked message is known: it goes to disk before another takes its place."""
        self._settle(self._chief.judge(job, outcome))
        self._throttle.done(job.lane)
        self.crew.free(job.carrier)
        self.soon()

    def _settle(self, settled: Settled) -> None:
        self._unwritten += 1
        self._journal.put(settled=settled, told=self._written)

    def _written(self, written: Written) -> None:
        self._unwritten -= 1
        try:
            self._chief.heed(written)
        except BaseException as error:  # noqa: BLE001 - a callback's exception would end in asyncio's log, and the run hang
            self.fail(error)
        self.soon()

    def _turn(self) -> None:
        self._is_due = False
        if self._over is None or self._over.done():
            return
        try:
            if not self._chief.is_halted:
                self._give_out()
                self._feed.refill(self._when_read)
                for want in self._throttle.wants(self._monotonic()):
                    self._lease(want)
            if self._is_over():
                self._over.set_result(None)
        except BaseException as error:  # noqa: BLE001 - as above
            self.fail(error)

    def _is_over(self) -> bool:
        if self._unwritten or self.crew.is_busy:
            return False
        return self._chief.is_halted or (
            self._feed.is_empty and not self._waiting and not self._held and not self.workshop.in_work
        )

    def _give_out(self) -> None:
        """Give messages to connections until either runs out."""
        now = self._monotonic()
        if self.workshop.is_ahead:
            self._begin_ahead(now)
        while (carrier := self.crew.next()) is not None:
            job = self._next_job(now)
            if job is None:
                self.crew.put_back(carrier)
                self.crew.watch_idle()
                return
            self._assign(job, carrier)
            if self._chief.is_halted:
                return
        if wanted := self._wanted(now):
            self.crew.grow(wanted)

    def _wanted(self, now: float) -> int:
        """Return how many messages could leave now if there were connections for them."""
        if self.workshop.in_work:
            return self.workshop.in_work
        self._held = self._held or self._next_row(now)
        return 1 + self._feed.at_hand if self._held else 0

    def _assign(self, job: Job, carrier: Carrier) -> None:
        refusal = job.refusal or (carrier.channel.refusal(job.message) if job.message else None)
        if refusal is not None and job.row.before is DeliveryState.PENDING:
            self.crew.put_back(carrier)
            self._throttle.done(job.lane)
            self._chief.judge(job, refusal)
            self._settle(Settled(id=job.row.id, attempt=job.row.attempt, outcome=refusal, is_marked=False))
            return
        job.refusal, job.carrier = refusal, carrier
        self.crew.give(carrier, job.lane)
        self._unwritten += 1
        self._journal.put(mark=job.mark, told=job.told)

    def _next_job(self, now: float) -> Job | None:
        if self.workshop.is_ahead:
            return self.workshop.take()
        found = self._next_row(now)
        return None if found is None else self.workshop.make(*found)

    def _begin_ahead(self, now: float) -> None:
        while self.workshop.in_work < AHEAD + self.crew.room:
            found = self._next_row(now)
            if found is None:
                return
            self.workshop.begin(*found)

    def _next_row(self, now: float) -> tuple[Claimed, int] | None:
        """Return the next row whose rates let it leave now, with its lane; sets the alarm when there is none."""
        if self._held is not None:
            held, self._held = self._held, None
            return held
        if self._waiting and (parked := self._next_parked(now)) is not None:
            return parked
        throttle, at_once = self._throttle, inf
        while self._waiting < MAX_PARKED and (row := self._feed.take()) is not None:
            lane = throttle.lane_of(row.address.rpartition("@")[2])
            delay = throttle.delay(lane, now)
            if delay <= 0:
                throttle.take(lane, now)
                return row, lane
            self._parked.setdefault(lane, deque()).append(row)
            self._waiting += 1
            at_once = min(at_once, delay)
            if lane == OPEN:
                break  # it is the rate of all that holds it up: whoever comes next waits as well
        self._wake_in(at_once, now)
        return None

    def _next_parked(self, now: float) -> tuple[Claimed, int] | None:
        first = inf
        for lane, rows in self._parked.items():
            if not rows:
                continue
            delay = self._throttle.delay(lane, now)
            if delay <= 0:
                self._waiting -= 1
                self._throttle.take(lane, now)
                return rows.popleft(), lane
            first = min(first, delay)
        self._wake_in(first, now)
        return None

    def _lease(self, want: Want) -> None:
        async def ask() -> None:
            lease = await self._chief.lease(want)
            self._throttle.grant(want.name, lease.tokens, lease.wait_seconds, self._monotonic())
            if not lease.tokens:
                self._wake_in(lease.wait_seconds, self._monotonic())

        task = asyncio.ensure_future(ask())
        self._leasing.add(task)
        task.add_done_callback(self._leased)

    def _leased(self, task: asyncio.Task[None]) -> None:
        self._leasing.discard(task)
        self._when_read(task)

    def _wake_in(self, seconds: float, now: float) -> None:
        if seconds == inf or (self._alarm is not None and self._alarm_at <= now + seconds):
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = now + seconds
        self._alarm = asyncio.ensure_future(self._chief.pause(seconds))
        self._alarm.add_done_callback(self._rang)

    def _rang(self, task: asyncio.Task[None]) -> None:
        if task is self._alarm:
            self._alarm = None
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)
        self.soon()

    def _when_read(self, task: asyncio.Task[None]) -> None:
        if (error := task.exception()) is not None:
            self.fail(error)
        self.soon()
