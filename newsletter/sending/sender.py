"""The sender: one run of one issue, pass after pass, until nothing is claimable within the time it may wait.

What a single message goes through is `pump.py`'s; here stands what is decided about the run as a whole: when it ends
and why, what an outcome means for the next try, and what a person is told.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum

from newsletter.delivery.lanes import Lanes
from newsletter.delivery.pool import Recycling, Width
from newsletter.delivery.retry import RetryPolicy
from newsletter.delivery.scope import Kind, Outcome, Stage
from newsletter.delivery.state import Counts, DeliveryState
from newsletter.delivery.throttle import Breaker, Throttle, Want
from newsletter.errors import StoreError
from newsletter.message.merge import Merger
from newsletter.sending.crew import RECONNECT_WAITS, Crew
from newsletter.sending.feed import Feed
from newsletter.sending.job import Job
from newsletter.sending.journal import Journal, Moves, Written
from newsletter.sending.patience import patiently
from newsletter.sending.pump import Pump
from newsletter.sending.spare import SpareFile
from newsletter.sending.workshop import Calendar, Workshop
from newsletter.settings import DomainLimit
from newsletter.store.buckets import Lease, give_back, lease
from newsletter.store.database import Connection, Engine, reading, recording, writing
from newsletter.store.database import now as database_now
from newsletter.store.deliveries import next_due, resend_uncertain
from newsletter.store.issues import load_issue
from newsletter.store.ledger import Run, Settled
from newsletter.transport.channel import Channel, Transport

# A message that ends its connection again and again is put off instead: the others must not wait for it.
MAX_RETURNS = 2
SHOW_SECONDS = 0.1  # between two looks at the progress
STOP_POLL_SECONDS = 1.0  # how soon a `stop` is seen while the sender waits for a retry


class End(Enum):
    """Why a run ended."""

    DONE = "done"  # nothing is pending or due
    WAITING = "waiting"  # deferred deliveries are left for later
    STOPPED = "stopped"  # by `stop`
    PAUSED = "paused"  # by the breaker, or because the relay was lost
    INTERRUPTED = "interrupted"  # by a signal
    TAKEN_OVER = "taken over"  # another run has begun
    FAILED = "failed"  # the ledger cannot be written


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How to send; the defaults of settings and command line are the caller's."""

    connections: int
    rate: float  # messages a second, 0 for no limit
    wait_minutes: float
    uncertain: str  # "hold" or "resend"
    retry: RetryPolicy
    breaker_first: int
    breaker_same: int
    breaker_bounce_share: float
    messages_per_connection: int = 0  # 0: no limit
    idle_seconds: float = 30.0
    limits: Mapping[str, DomainLimit] = field(default_factory=dict)  # of recipient domains, by name of the group
    processes: int = 1  # that share the rates of this run


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a person sees while it runs."""

    counts: Counts
    next_try: datetime | None = None  # while it waits for a retry


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended."""

    end: End
    reason: str
    sending_milliseconds: int
    failure: StoreError | None = None


class Sender:
    """Sends one issue in one run; `run()` once."""

    def __init__(
        self,
        *,
        engine: Engine,
        run: Run,
        merger: Merger,
        transport: Transport,
        policy: Policy,
        spare: SpareFile,
        zone: tzinfo,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        on_note: Callable[[str], None] = lambda note: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[Connection], datetime] = database_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine, self._run, self._merger, self._transport = engine, run, merger, transport
        self._policy, self._spare, self._zone = policy, spare, zone
        self._on_progress, self._on_note = on_progress, on_note
        self._sleep, self._now, self._monotonic = sleep, now, monotonic
        self._end = End.DONE
        self._reason = ""
        self._halted = asyncio.Event()  # no new message; those under way are finished
        self._crew: Crew | None = None
        self._failures = 0  # connections lost or refused since the last reply to a message
        self._tally: Counter[str] = Counter()
        self._clock = (datetime.min.replace(tzinfo=UTC), 0.0)
        self._calendar = Calendar(zone, self._clock_now, monotonic)
        self._sending_seconds = 0.0
        self._has_moved = False  # in this pass
        self._shown_at = float("-inf")
        self._faults: set[str] = set()
        self._failure: StoreError | None = None  # of a reading of the database; the journal has its own

    async def run(self, first: Channel) -> Ended:
        """Send until nothing is claimable within `wait_minutes`, or something stops it. `first` is open already."""
        with reading(self._engine) as conn:
            counts = load_issue(conn, self._run.issue_id).counts
            self._read_clock(conn)
        self._tally = Counter({name: getattr(counts, name) for name in Counts.__slots__})
        self._feed = Feed(self._engine, self._run, now=self._now)
        self._width = Width(self._policy.connections)
        self._breaker = Breaker(
            first=self._policy.breaker_first if not counts.accepted else 0,
            same=self._policy.breaker_same,
            bounce_share=self._policy.breaker_bounce_share,
        )
        self._journal = Journal(
            self._engine, self._run, self._spare, on_moves=self._count_moves, on_busy=self._tell_busy
        )
        async with self._journal:
            pump = self._pump()
            watching = asyncio.create_task(self._watch_for_stop())
            try:
                await self._passes(pump, first)
            finally:
                watching.cancel()
                pump.workshop.close()
                await asyncio.to_thread(self._give_back)
        failure = self._journal.failure or self._failure
        if failure is not None:
            self._end, self._reason = End.FAILED, str(failure)
        return Ended(
            end=self._end,
            reason=self._reason,
            sending_milliseconds=round(self._sending_seconds * 1_000),
            failure=failure,
        )

    def halt(self, end: End, reason: str = "") -> None:
        """Take no further message; what is under way is finished and recorded. The first reason stays."""
        if not self._halted.is_set():
            self._end, self._reason = end, reason
            self._halted.set()
            if self._crew is not None:
                self._crew.stop_opening()
                self._wake()

    def abort(self) -> None:
        """End at once: what is under way is recorded as uncertain, or as not sent where that is certain."""
        self.halt(End.INTERRUPTED, "")
        if self._crew is not None:
            self._crew.abort()

    def _pump(self) -> Pump:
        policy, lanes = self._policy, Lanes(self._policy.limits)
        self._throttle = Throttle(lanes, rate=policy.rate, relay=self._transport.name, processes=policy.processes)
        pump = Pump(self, self._feed, self._journal, self._throttle, monotonic=self._monotonic)
        self._wake = pump.soon
        pump.workshop = Workshop(
            self._merger,
            self._run,
            relay=self._transport.name,
            foreman=pump,
            calendar=self._calendar,
            on_made=pump.soon,
        )
        self._crew = pump.crew = Crew(
            self._transport,
            width=self._width,
            recycling=Recycling(
                messages=policy.messages_per_connection,
                idle_seconds=policy.idle_seconds,
                lane_messages=[limit.messages_per_connection for limit in lanes.limits],
            ),
            monotonic=self._monotonic,
            pause=self.pause,
            is_halted=self._halted.is_set,
            on_room=pump.soon,
            on_lost=lambda why: self.halt(End.PAUSED, f"the relay is lost: {why}"),
            on_away=self._tell_away,
            on_back=lambda: self._on_note(f"the relay {self._transport.name} is back"),
            on_failure=pump.fail,
        )
        return pump

    async def _passes(self, pump: Pump, first: Channel) -> None:
        channel: Channel | None = first
        wait_until: datetime | None = None
        while True:
            self._has_moved = False
            began = self._monotonic()
            try:
                await pump.run(channel)
            finally:
                self._sending_seconds += self._monotonic() - began
            channel = None
            self._on_progress(Progress(counts=self._counts()))
            if self._halted.is_set():
                return
            if self._feed.handed_out:
                if not self._has_moved:
                    self.halt(End.PAUSED, "the ledger lets no further delivery be sent now")
                    return
                continue  # rows that came back after the last look
            if self._policy.uncertain == "resend" and (moved := await asyncio.to_thread(patiently, self._resend)):
                self._tally.update({"pending": moved, "uncertain": -moved})
                continue
            due = await asyncio.to_thread(patiently, self._next_due)
            self._calendar.forget()
            if due is None:
                return
            wait_until = wait_until or self._clock_now() + timedelta(minutes=self._policy.wait_minutes)
            if due > wait_until:
                self.halt(End.WAITING)
                return
            await self._wait_for(due)
            if self._halted.is_set():
                return

    # What the pump asks.

    @property
    def is_halted(self) -> bool:
        return self._halted.is_set()

    def heed(self, written: Written) -> None:
        """Halt where the journal says so."""
        if written.is_stale:
            self.halt(End.TAKEN_OVER, "another run of this issue has begun")
        elif self._journal.failure is not None:
            self.halt(End.FAILED, str(self._journal.failure))
        elif written.stop_requested:
            self.halt(End.STOPPED, "stopped by a person")

    def break_off(self, error: StoreError) -> None:
        """The database cannot be read: what is under way is finished and recorded, as far as that goes."""
        self._failure = self._failure or error
        self.halt(End.FAILED, str(error))

    def judge(self, job: Job, outcome: Outcome) -> Settled:
        """Return what to record of an outcome; a message that ended its connection is handed out again."""
        row, attempt = job.row, job.mark.attempt
        if not _is_another_of_the_same_end(job, outcome):
            self._count(outcome)
        if outcome.kind is Kind.NOT_SENT:
            self._feed.returns[row.id] += not outcome.is_goodbye
            if self._feed.returns[row.id] <= MAX_RETURNS:
                first_at = row.first_at or job.mark.date_sent
                self._feed.give_back(row._replace(before=DeliveryState.PENDING, attempt=attempt, first_at=first_at))
                return Settled(id=row.id, attempt=attempt, outcome=outcome)
            outcome = outcome._replace(kind=Kind.DEFERRED)
        next_at = None
        if outcome.kind is Kind.DEFERRED:
            first_at = row.first_at or job.mark.date_sent
            next_at = self._policy.retry.next_at(attempt, first_at=first_at, now=self._clock_now())
        return Settled(id=row.id, attempt=attempt, outcome=outcome, next_at=next_at)

    def _count(self, outcome: Outcome) -> None:
        self._breaker.count(outcome)
        if self._breaker.reason:
            self.halt(End.PAUSED, self._breaker.reason)
        if outcome.fault:
            self._tell_fault(outcome.fault)
        if outcome.kind is Kind.ACCEPTED:
            self._width.accepted(self._monotonic())
        if outcome.kind is not Kind.NOT_SENT:
            self._failures = 0
        elif outcome.stage is not Stage.LOCAL:
            self._lost(outcome.reply)

    def _lost(self, why: str) -> None:
        self._failures += 1
        self._width.trouble(self._monotonic())
        if self._failures > len(RECONNECT_WAITS) + self._policy.connections:
            self.halt(End.PAUSED, f"the relay is lost: {why}")

    def _tell_away(self, why: str, seconds: float) -> None:
        until = self._clock_now() + timedelta(seconds=seconds)
        shown = f"{until.astimezone(self._zone):%H:%M:%S %Z}"
        self._on_note(f"the relay does not answer ({why}); trying again until {shown}")

    def _tell_fault(self, fault: str) -> None:
        if fault not in self._faults:
            self._faults.add(fault)
            self._on_note(f"the relay {self._transport.name} broke the rules: {fault}")

    async def pause(self, seconds: float) -> None:
        """Sleep, or wake when the run is halted."""
        sleeper = asyncio.ensure_future(self._sleep(seconds))
        halted = asyncio.ensure_future(self._halted.wait())
        try:
            await asyncio.wait((sleeper, halted), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            halted.cancel()

    async def lease(self, want: Want) -> Lease:
        """Take a slice of a rate out of the database."""
        return await asyncio.to_thread(patiently, lambda: self._lease(want))

    async def _wait_for(self, due: datetime) -> None:
        """Wait for the next retry, seeing a `stop` on the way."""
        while not self._halted.is_set():
            self._on_progress(Progress(counts=self._counts(), next_try=due))
            if await asyncio.to_thread(patiently, self._is_stopped):
                self.halt(End.STOPPED, "stopped by a person")
            left = (due - self._clock_now()).total_seconds()
            if left <= 0:
                return
            await self.pause(min(left, STOP_POLL_SECONDS))

    async def _watch_for_stop(self) -> None:
        """See a `stop` also while nothing is written: under a low rate, before a closed lane, without a relay."""
        while not self._halted.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._halted.wait(), STOP_POLL_SECONDS)
            with suppress(StoreError):  # the journal says what is wrong with the database
                if await asyncio.to_thread(self._is_stopped):
                    self.halt(End.STOPPED, "stopped by a person")

    # What reads or writes the database outside the journal; all of it off the event loop.

    def _lease(self, want: Want) -> Lease:
        with recording(self._engine) as conn:
            return lease(conn, want.name, rate=want.rate, capacity=want.capacity, want=want.want, now=self._now(conn))

    def _give_back(self) -> None:
        for name, tokens in self._throttle.leftovers():
            # An orderly end is not spoilt by it: what is not given back is a little waiting for the next run.
            with suppress(StoreError), recording(self._engine) as conn:
                give_back(conn, name, tokens)

    def _is_stopped(self) -> bool:
        with reading(self._engine) as conn:
            self._read_clock(conn)
            return bool(load_issue(conn, self._run.issue_id).stop_requested)

    def _next_due(self) -> datetime | None:
        with reading(self._engine) as conn:
            self._read_clock(conn)
            return next_due(conn, self._run.issue_id, self._run)

    def _resend(self) -> int:
        with writing(self._engine) as conn:
            return resend_uncertain(conn, self._run)

    def _read_clock(self, conn: Connection) -> None:
        self._clock = (self._now(conn), self._monotonic())

    def _clock_now(self) -> datetime:
        """The database's time: read now and then, carried on by the monotonic clock in between."""
        at, read = self._clock
        return at + timedelta(seconds=self._monotonic() - read)

    def _count_moves(self, moves: Moves) -> None:
        for (before, after), number in moves.items():
            self._tally[before.value] -= number
            self._tally[after.value] += number
        if moves:
            self._has_moved = True
            if self._monotonic() - self._shown_at >= SHOW_SECONDS:
                self._shown_at = self._monotonic()
                self._on_progress(Progress(counts=self._counts()))

    def _counts(self) -> Counts:
        return Counts(**{name: self._tally[name] for name in Counts.__slots__})

    def _tell_busy(self) -> None:
        self._on_note("the database is locked by another command; the send waits for it")


def _is_another_of_the_same_end(job: Job, outcome: Outcome) -> bool:
    """True when the end of its connection has been counted: one restart of a relay is no row of lost replies."""
    if outcome.kind not in (Kind.NOT_SENT, Kind.UNCERTAIN) or outcome.stage is Stage.LOCAL:
        return False
    was_counted, job.carrier.is_end_counted = job.carrier.is_end_counted, True
    return was_counted
