"""The sender: claim, mark, send, record, on several connections, until nothing is claimable.

What a crash between two lines means: before the journal has confirmed a mark nothing has been written; between the
mark and the recorded outcome the mail is in doubt, and the next run says so; after the outcome is on disk all is
known. Never more is in doubt than one message a connection.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum

from newsletter.delivery.retry import RetryPolicy
from newsletter.delivery.scope import Kind, Outcome, Scope, Stage, local_refusal
from newsletter.delivery.state import Counts, DeliveryState
from newsletter.delivery.throttle import Breaker, Pace
from newsletter.errors import InputError, NewsletterError, RelayError, StoreError
from newsletter.message.merge import Merger, Message, Recipient
from newsletter.sending.feed import Feed
from newsletter.sending.journal import Journal, Moves, Written
from newsletter.sending.spare import SpareFile
from newsletter.store.database import Connection, Engine, reading, writing
from newsletter.store.database import now as database_now
from newsletter.store.deliveries import Claimed, next_due, resend_uncertain
from newsletter.store.issues import load_issue
from newsletter.store.ledger import Mark, Run, Settled
from newsletter.transport.channel import Channel, Transport, send

# A message that ends its connection again and again is put off instead: the others must not wait for it.
MAX_RETURNS = 2
# Waits before connecting again, in seconds: a relay that restarts is back within a minute; then a person is needed.
RECONNECT_WAITS = (1.0, 2.0, 5.0, 10.0, 20.0)
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
        self._pace = Pace(policy.rate)
        self._end = End.DONE
        self._reason = ""
        self._halted = asyncio.Event()  # no new message; those under way are finished
        self._aborted = False
        self._channels: set[Channel] = set()
        self._connecting: set[asyncio.Task[Channel]] = set()
        self._is_lost = False  # nobody is connected and the relay does not answer; said once
        self._failures = 0  # connections lost or refused since the last reply to a message
        self._tally: Counter[str] = Counter()
        self._clock = (datetime.min.replace(tzinfo=UTC), 0.0)
        self._sending_seconds = 0.0
        self._has_moved = False  # in this pass

    async def run(self, first: Channel) -> Ended:
        """Send until nothing is claimable within `wait_minutes`, or something stops it. `first` is open already."""
        with reading(self._engine) as conn:
            counts = load_issue(conn, self._run.issue_id).counts
            self._read_clock(conn)
        self._tally = Counter({name: getattr(counts, name) for name in Counts.__slots__})
        self._feed = Feed(self._engine, self._run, now=self._now)
        self._breaker = Breaker(
            first=self._policy.breaker_first if not counts.accepted else 0,
            same=self._policy.breaker_same,
            bounce_share=self._policy.breaker_bounce_share,
        )
        self._journal = Journal(
            self._engine, self._run, self._spare, on_moves=self._count_moves, on_busy=self._tell_busy
        )
        async with self._journal:
            await self._passes(first)
        if self._journal.failure is not None:
            self._end, self._reason = End.FAILED, str(self._journal.failure)
        return Ended(
            end=self._end,
            reason=self._reason,
            sending_milliseconds=round(self._sending_seconds * 1_000),
            failure=self._journal.failure,
        )

    def halt(self, end: End, reason: str = "") -> None:
        """Take no further message; what is under way is finished and recorded. The first reason stays."""
        if not self._halted.is_set():
            self._end, self._reason = end, reason
            self._halted.set()
            for task in self._connecting:
                task.cancel()

    def abort(self) -> None:
        """End at once: what is under way is recorded as uncertain, or as not sent where that is certain."""
        self.halt(End.INTERRUPTED, "")
        self._aborted = True
        for channel in self._channels:
            channel.abort()

    async def _passes(self, first: Channel) -> None:
        channel: Channel | None = first
        wait_until: datetime | None = None
        while True:
            await self._one_pass(channel)
            channel = None
            if self._halted.is_set():
                return
            if not self._has_moved and (self._tally["pending"] or self._feed.handed_out):
                self.halt(End.PAUSED, "the ledger lets no further delivery be sent now")
                return
            if self._tally["pending"]:
                continue  # rows that came back after the last look
            if self._policy.uncertain == "resend" and (moved := await asyncio.to_thread(self._resend)):
                self._tally.update({"pending": moved, "uncertain": -moved})
                continue
            due = await asyncio.to_thread(self._next_due)
            if due is None:
                return
            wait_until = wait_until or self._clock_now() + timedelta(minutes=self._policy.wait_minutes)
            if due > wait_until:
                self.halt(End.WAITING)
                return
            await self._wait_for(due)
            if self._halted.is_set():
                return

    async def _one_pass(self, first: Channel | None) -> None:
        self._feed.begin_pass()
        self._has_moved = False
        began = self._monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self._policy.connections):
                    group.create_task(self._work(first if number == 0 else None))
        except BaseExceptionGroup as several:
            known, unknown = several.split(NewsletterError)
            if known is None or unknown is not None:
                raise
            raise known.exceptions[0] from several
        self._sending_seconds += self._monotonic() - began

    async def _work(self, channel: Channel | None) -> None:
        """One connection: rows from the feed, each marked in the transaction that records the one before."""
        settled: Settled | None = None
        if channel is not None:
            self._channels.add(channel)
        try:
            while not self._halted.is_set():
                row = self._feed.take_now()
                if row is None:
                    settled = await self._flushed(settled)
                    row = await self._feed.take()
                    if row is None or self._halted.is_set():
                        break
                if channel is None or channel.failed:
                    settled = await self._flushed(settled)
                    self._leave(channel)
                    channel = await self._connect()
                    if channel is None:
                        self._feed.give_back(row)
                        break
                if (delay := self._pace.reserve(self._monotonic())) > 0:
                    settled = await self._flushed(settled)
                    await self._pause(delay)
                    if self._halted.is_set():
                        break
                settled = await self._deliver(row, channel, settled)
        finally:
            await self._flush(settled)
            if channel is not None:
                if not self._aborted:
                    await channel.close()
                self._leave(channel)

    async def _deliver(self, row: Claimed, channel: Channel, settled: Settled | None) -> Settled | None:
        """Mark and send one row; returns its outcome, which goes to disk with the next mark."""
        date = self._clock_now().replace(microsecond=0)
        message, refusal = self._message(row, date)
        refusal = refusal or (channel.refusal(message) if message else None)
        if refusal is not None and row.before is DeliveryState.PENDING:
            self._count(refusal)
            await self._flush(settled)
            return Settled(id=row.id, attempt=row.attempt, outcome=refusal)
        mark = Mark(
            id=row.id,
            before=row.before,
            attempt=row.attempt + 1,
            date_sent=date,
            sha256=message.sha256 if message else "",
            relay=self._transport.name,
        )
        written = await self._write(settled, mark)
        if not written.is_marked:
            return None  # suppressed meanwhile, or not ours any more
        outcome = refusal or await send(channel, message)  # type: ignore[arg-type] # one of the two is there
        return await self._judge(row, mark, outcome)

    def _message(self, row: Claimed, date: datetime) -> tuple[Message | None, Outcome | None]:
        recipient = recipient_of(row, list_id=self._run.list_id)
        try:
            return self._merger.message(recipient, date=date.astimezone(self._zone)), None
        except InputError as error:  # an address or value that got past the import: this person's, not the issue's
            return None, local_refusal(553, "5.6.0", str(error), Scope.RECIPIENT)

    async def _judge(self, row: Claimed, mark: Mark, outcome: Outcome) -> Settled | None:
        self._count(outcome)
        if outcome.kind is Kind.NOT_SENT:
            self._feed.returns[row.id] += 1
            if self._feed.returns[row.id] <= MAX_RETURNS:
                # On disk before anybody can mark the row again: the next mark needs to find it pending.
                await self._flush(Settled(id=row.id, attempt=mark.attempt, outcome=outcome))
                first_at = row.first_at or mark.date_sent
                self._feed.give_back(
                    replace(row, before=DeliveryState.PENDING, attempt=mark.attempt, first_at=first_at)
                )
                return None
            outcome = replace(outcome, kind=Kind.DEFERRED)
        next_at = None
        if outcome.kind is Kind.DEFERRED:
            first_at = row.first_at or mark.date_sent
            next_at = self._policy.retry.next_at(mark.attempt, first_at=first_at, now=self._clock_now())
        return Settled(id=row.id, attempt=mark.attempt, outcome=outcome, next_at=next_at)

    def _count(self, outcome: Outcome) -> None:
        self._breaker.count(outcome)
        if self._breaker.reason:
            self.halt(End.PAUSED, self._breaker.reason)
        if outcome.kind is not Kind.NOT_SENT:
            self._failures = 0
        elif outcome.stage is not Stage.LOCAL:
            self._lost(outcome.reply)

    def _lost(self, why: str) -> None:
        self._failures += 1
        if self._failures > len(RECONNECT_WAITS) + self._policy.connections:
            self.halt(End.PAUSED, f"the relay is lost: {why}")

    async def _connect(self) -> Channel | None:
        """Open a connection, trying again for a while; None when this worker should go."""
        for wait in (0.0, *RECONNECT_WAITS):
            if wait and not self._halted.is_set():
                await self._pause(wait)
            if self._halted.is_set():
                return None
            task = asyncio.ensure_future(self._transport.connect())
            self._connecting.add(task)
            try:
                channel = await task
            except asyncio.CancelledError:
                if not self._halted.is_set():
                    raise
                return None
            except RelayError as error:
                if self._channels:
                    return None  # others are connected: the relay allows no more of us, so go on with fewer
                why = error.message
                self._tell_lost(why)
            else:
                self._tell_back()
                self._channels.add(channel)
                return channel
            finally:
                self._connecting.discard(task)
        self.halt(End.PAUSED, f"the relay is lost: {why}")
        return None

    def _tell_lost(self, why: str) -> None:
        if not self._is_lost:
            self._is_lost = True
            until = self._clock_now() + timedelta(seconds=sum(RECONNECT_WAITS))
            shown = f"{until.astimezone(self._zone):%H:%M:%S %Z}"
            self._on_note(f"the relay does not answer ({why}); trying again until {shown}")

    def _tell_back(self) -> None:
        if self._is_lost:
            self._is_lost = False
            self._on_note(f"the relay {self._transport.name} is back")

    def _leave(self, channel: Channel | None) -> None:
        if channel is not None:
            channel.abort()
            self._channels.discard(channel)

    async def _flush(self, settled: Settled | None) -> None:
        if settled is not None:
            await self._write(settled, None)

    async def _flushed(self, settled: Settled | None) -> Settled | None:
        """Put an outcome on disk before anything that can take long; returns what is left to record: nothing."""
        await self._flush(settled)
        return None

    async def _write(self, settled: Settled | None, mark: Mark | None) -> Written:
        written = await self._journal.write(settled=settled, mark=mark)
        if written.is_stale:
            self.halt(End.TAKEN_OVER, "another run of this issue has begun")
        elif self._journal.failure is not None:
            self.halt(End.FAILED, str(self._journal.failure))
        elif written.stop_requested:
            self.halt(End.STOPPED, "stopped by a person")
        return written

    async def _pause(self, seconds: float) -> None:
        """Sleep, or wake when the run is halted."""
        sleeper = asyncio.ensure_future(self._sleep(seconds))
        halted = asyncio.ensure_future(self._halted.wait())
        try:
            await asyncio.wait((sleeper, halted), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            halted.cancel()

    async def _wait_for(self, due: datetime) -> None:
        """Wait for the next retry, seeing a `stop` on the way."""
        while not self._halted.is_set():
            self._on_progress(Progress(counts=self._counts(), next_try=due))
            if await asyncio.to_thread(self._is_stopped):
                self.halt(End.STOPPED, "stopped by a person")
            left = (due - self._clock_now()).total_seconds()
            if left <= 0:
                return
            await self._pause(min(left, STOP_POLL_SECONDS))

    # What reads or writes the database outside the journal; all of it off the event loop.

    def _is_stopped(self) -> bool:
        with reading(self._engine) as conn:
            self._read_clock(conn)
            return bool(load_issue(conn, self._run.issue_id).stop_requested)

    def _next_due(self) -> datetime | None:
        with reading(self._engine) as conn:
            self._read_clock(conn)
            return next_due(conn, self._run.issue_id)

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
            self._on_progress(Progress(counts=self._counts()))

    def _counts(self) -> Counts:
        return Counts(**{name: self._tally[name] for name in Counts.__slots__})

    def _tell_busy(self) -> None:
        self._on_note("the database is locked by another command; the send waits for it")


def recipient_of(row: Claimed, *, list_id: int) -> Recipient:
    """Return a frozen delivery as the message layer takes it."""
    return Recipient(
        delivery_id=row.id,
        subscriber_id=row.subscriber_id,
        list_id=list_id,
        address=row.address,
        variant=row.variant,
        values=row.values,
        position=row.position,
    )
