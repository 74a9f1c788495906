"""The sender against relays that refuse, fall silent and go away: what the ledger says afterwards, and how it ended."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from newsletter.delivery.retry import RetryPolicy
from newsletter.delivery.state import Counts, IssueState
from newsletter.errors import StoreError
from newsletter.message.merge import Merger
from newsletter.relay import parse_relay
from newsletter.render.compiled import CompiledIssue
from newsletter.sending.feed import Feed
from newsletter.sending.places import Places
from newsletter.sending.sender import MAX_RETURNS, End, Ended, Policy, Progress, Sender
from newsletter.sending.session import Opening, close_run, open_run
from newsletter.sending.spare import SpareFile
from newsletter.store.audience import Meant
from newsletter.store.database import Connection, Engine, now, reading, writing
from newsletter.store.issues import IssueRow, load_issue, request_stop
from newsletter.store.schema import delivery
from newsletter.store.suppression import suppress
from newsletter.tokens import Keys
from newsletter.transport.channel import Transport
from newsletter.transport.connect import Relay, Timeouts
from newsletter.transport.outbox import OutboxTransport
from newsletter.transport.smtp import SmtpTransport
from tests.smtp_servers import (
    CLOSE,
    HANG,
    Sink,
    Transaction,
    closing_after_the_dot,
    refusing,
    refusing_first,
    saying_421_after_each,
)

PEOPLE = 30
POLICY = Policy(
    connections=3,
    rate=0.0,
    wait_minutes=0,
    uncertain="hold",
    retry=RetryPolicy(),
    breaker_first=20,
    breaker_same=5,
    breaker_bounce_share=0.5,
)
QUICK = Timeouts(connect=5, command=0.5, data=0.5, block=0.5, final=0.5)


@dataclass
class Clock:
    """The database's clock and the sleeper of one test: waiting moves it on, and takes no time."""

    ahead: timedelta = timedelta()
    slept: list[float] = field(default_factory=list)

    def now(self, conn: Connection) -> datetime:
        return now(conn) + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ahead += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Desk:
    """One frozen issue and what is needed to send it."""

    engine: Engine
    compiled: CompiledIssue
    keys: Keys
    issue_id: int
    places: Places
    clock: Clock = field(default_factory=Clock)
    progress: list[Progress] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sender: Sender | None = None

    def row(self) -> IssueRow:
        with reading(self.engine) as conn:
            return load_issue(conn, self.issue_id)

    def send(self, transport: Transport, policy: Policy = POLICY, **opening: object) -> tuple[Ended, IssueRow]:
        return asyncio.run(self._send(transport, policy, opening))

    async def _send(self, transport: Transport, policy: Policy, opening: dict[str, object]) -> tuple[Ended, IssueRow]:
        first = await transport.connect()
        row = self.row()
        opened = open_run(self.engine, self.places, row, Opening(is_fresh=False, **opening))  # type: ignore[arg-type]
        spare = SpareFile(self.places.spare(row.code), entries=20)
        self.sender = Sender(
            engine=self.engine,
            run=opened.run,
            merger=Merger(self.compiled, keys=self.keys, issue_id=row.id, list_label=row.list_label),
            transport=transport,
            policy=policy,
            spare=spare,
            zone=ZoneInfo(row.timezone),
            on_progress=self.progress.append,
            on_note=self.notes.append,
            sleep=self.clock.sleep,
            now=self.clock.now,
        )
        ended = await self.sender.run(first)
        spare.close()
        return ended, close_run(self.engine, opened.run, ended)

    def states(self) -> Counter[str]:
        with reading(self.engine) as conn:
            return Counter(conn.scalars(select(delivery.c.state)))


@pytest.fixture
def desk(
    tmp_path: Path,
    engine: Engine,
    keys: Keys,
    compiled: CompiledIssue,
    add_people: Callable[..., None],
    meant: Callable[..., Meant],
    freeze_issue: Callable[..., int],
) -> Desk:
    add_people(*[f"p{n}@a.example" for n in range(PEOPLE)], city="Зареченск", name="Имя")
    return Desk(engine, compiled, keys, freeze_issue(meant()), Places(folder=tmp_path))


def relay(sink: Sink, **changes: object) -> SmtpTransport:
    return SmtpTransport(replace(Relay(address=parse_relay(sink.url), timeouts=QUICK), **changes))  # type: ignore[arg-type]


def test_everybody_is_served_once_and_the_issue_is_finished(desk: Desk) -> None:
    with Sink() as sink:
        ended, row = desk.send(relay(sink))
    assert ended.end is End.DONE
    assert (row.state, row.counts) == (IssueState.FINISHED, Counts(accepted=PEOPLE))
    assert Counter(sink.recipients) == Counter({f"p{n}@a.example": 1 for n in range(PEOPLE)})
    assert sink.connections == 3
    assert row.finished_at is not None


def test_connections_that_are_made_anew_are_never_more_than_allowed(desk: Desk) -> None:
    with Sink() as sink:
        _, row = desk.send(relay(sink), replace(POLICY, connections=2, messages_per_connection=1))
    assert row.counts == Counts(accepted=PEOPLE)
    assert sink.connections == PEOPLE
    assert sink.most_at_once <= 2


def test_rows_are_read_while_another_command_writes(desk: Desk) -> None:
    async def read() -> bool:
        opened = open_run(desk.engine, desk.places, desk.row(), Opening(is_fresh=False))
        feed, is_read = Feed(desk.engine, opened.run, now=now), asyncio.Event()
        with writing(desk.engine):
            feed.refill(lambda task: is_read.set())
            await asyncio.wait_for(is_read.wait(), 5)  # a lock is waited for twice as long
        return feed.take() is not None

    assert asyncio.run(read())


def test_database_that_cannot_be_read_ends_the_run_in_good_order(desk: Desk) -> None:
    class Damaged(Clock):
        asked = 0

        def now(self, conn: Connection) -> datetime:
            self.asked += 1  # when the run begins; then for those that are due
            if self.asked > 1:
                raise StoreError("the database is damaged")
            return super().now(conn)

    desk.clock = Damaged()
    with Sink() as sink:
        ended, row = desk.send(relay(sink))
    assert (ended.end, str(ended.failure)) == (End.FAILED, "the database is damaged")
    assert row.counts == Counts(accepted=len(sink.accepted), pending=PEOPLE - len(sink.accepted))


def test_stop_is_seen_while_the_rate_lets_nothing_leave(desk: Desk) -> None:
    def content(state: Transaction) -> str:
        with writing(desk.engine) as conn:
            request_stop(conn, desk.issue_id)
        return ""

    with Sink(answers={"content": content}) as sink:
        ended, row = desk.send(relay(sink), replace(POLICY, rate=0.001))
    assert ended.end is End.STOPPED
    assert row.counts.pending > 0


def test_messages_differ_and_are_those_that_the_ledger_noted(desk: Desk) -> None:
    import hashlib

    with Sink() as sink:
        desk.send(relay(sink))
    with reading(desk.engine) as conn:
        noted = {row.address: row.sha256 for row in conn.execute(select(delivery.c.address, delivery.c.sha256))}
    sent = {t.rcpt_to: hashlib.sha256(t.data).hexdigest() for t in sink.accepted}
    assert sent == noted
    assert len(set(sent.values())) == PEOPLE


def test_outbox_is_a_real_send(desk: Desk, tmp_path: Path) -> None:
    _, row = desk.send(OutboxTransport(tmp_path / "outbox"))
    assert row.counts == Counts(accepted=PEOPLE)
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == PEOPLE


def test_refused_recipient_is_rejected_and_the_others_are_served(desk: Desk) -> None:
    with Sink(answers=refusing("rcpt", "550 5.1.1 unknown", rcpt="p7@")) as sink:
        ended, row = desk.send(relay(sink))
    assert ended.end is End.DONE
    assert row.counts == Counts(accepted=PEOPLE - 1, rejected=1)
    assert row.state is IssueState.FINISHED


def test_deferred_recipient_is_tried_again_when_its_time_has_come(desk: Desk) -> None:
    with Sink(answers=refusing_first("rcpt", "450 4.2.0 greylisted", 2)) as sink:
        _, row = desk.send(relay(sink), replace(POLICY, wait_minutes=15))
    assert row.counts == Counts(accepted=PEOPLE)
    assert 290 < sum(desk.clock.slept) < 310  # five minutes, less what the sending itself took
    assert any(progress.next_try for progress in desk.progress)
    assert row.sending_milliseconds < 60_000  # the wait is not counted


def test_retry_beyond_wait_minutes_leaves_the_issue_waiting_and_resume_goes_on(desk: Desk) -> None:
    with Sink(answers=refusing_first("rcpt", "450 4.2.0 greylisted", 1)) as sink:
        ended, row = desk.send(relay(sink), replace(POLICY, wait_minutes=4))
        assert (ended.end, row.state) == (End.WAITING, IssueState.WAITING)
        assert row.counts == Counts(accepted=PEOPLE - 1, deferred=1)
        desk.clock.ahead += timedelta(minutes=5)
        _, row = desk.send(relay(sink))
    assert row.counts == Counts(accepted=PEOPLE)


def test_deferred_for_too_long_gave_up(desk: Desk) -> None:
    policy = replace(POLICY, wait_minutes=10_000, retry=RetryPolicy(give_up_hours=1), breaker_same=1_000)
    with Sink(answers=refusing("rcpt", "450 4.2.0 mailbox busy", rcpt="p7@")) as sink:
        ended, row = desk.send(relay(sink), policy)
    assert ended.end is End.DONE
    assert row.counts == Counts(accepted=PEOPLE - 1, gave_up=1)
    assert row.state is IssueState.FINISHED


@pytest.mark.parametrize("stage", ["mail", "data", "content"])
def test_same_refusal_of_us_pauses_after_five_and_spares_the_list(desk: Desk, stage: str) -> None:
    with Sink(answers=refusing(stage, "550 5.7.1 Sender refused")) as sink:
        ended, row = desk.send(relay(sink))
    assert (ended.end, row.state) == (End.PAUSED, IssueState.PAUSED)
    assert "5.7.1 Sender refused" in row.state_reason
    assert 5 <= row.counts.rejected <= 5 + POLICY.connections
    assert row.counts.pending == PEOPLE - row.counts.rejected


def test_refused_rows_come_back_on_request(desk: Desk) -> None:
    with Sink(answers=refusing_first("mail", "550 5.7.1 Sender refused", 5)) as sink:
        _, row = desk.send(relay(sink), replace(POLICY, connections=1))
        assert row.counts.rejected == 5
        _, row = desk.send(relay(sink), retry_refused="5.7.1")
    assert row.counts == Counts(accepted=PEOPLE)
    assert max(Counter(sink.recipients).values()) == 1


def test_421_in_between_reconnects_and_blames_nobody(desk: Desk) -> None:
    with Sink(answers=saying_421_after_each(4)) as sink:
        ended, row = desk.send(relay(sink))
    assert ended.end is End.DONE
    assert row.counts == Counts(accepted=PEOPLE)
    assert sink.connections >= PEOPLE // 4
    assert max(Counter(sink.recipients).values()) == 1


def test_message_that_meets_one_goodbye_after_another_is_not_put_off(desk: Desk) -> None:
    def mail(state: Transaction) -> str:
        # Two rows take turns: while one is on its way the next is at hand.
        return "421 4.3.2 come back later" if state.connection <= 2 * (MAX_RETURNS + 1) else ""

    with Sink(answers={"mail": mail}) as sink:
        ended, row = desk.send(relay(sink), replace(POLICY, connections=1))
    assert (ended.end, row.counts) == (End.DONE, Counts(accepted=PEOPLE))


def test_message_that_ends_its_connection_again_and_again_is_put_off(desk: Desk) -> None:
    def data(state: Transaction) -> str:
        return CLOSE if state.rcpt_to.startswith("p7@") else ""

    with Sink(answers={"data": data}) as sink:
        _, row = desk.send(relay(sink))
    assert row.counts == Counts(accepted=PEOPLE - 1, deferred=1)


@pytest.mark.parametrize("takes_it", [True, False])
def test_connection_dropped_after_the_dot_leaves_one_in_doubt(desk: Desk, takes_it: bool) -> None:
    with Sink(answers=closing_after_the_dot(numbers=(4, 9), takes_it=takes_it)) as sink:
        ended, row = desk.send(relay(sink))
        sink.settle()
    assert ended.end is End.DONE
    assert row.counts == Counts(accepted=PEOPLE - 2, uncertain=2)
    assert len(sink.accepted) == (PEOPLE if takes_it else PEOPLE - 2)


def test_doubtful_are_mailed_once_more_where_that_is_the_policy(desk: Desk) -> None:
    with Sink(answers=closing_after_the_dot(numbers=(4, 9), takes_it=False)) as sink:
        _, row = desk.send(relay(sink), replace(POLICY, uncertain="resend"))
    assert row.counts == Counts(accepted=PEOPLE)


def test_relay_that_drops_every_mail_after_the_dot_does_not_bring_the_whole_list_into_doubt(desk: Desk) -> None:
    with Sink(answers=refusing("content", CLOSE)) as sink:
        ended, row = desk.send(relay(sink))
    assert ended.end is End.PAUSED
    assert "lost its reply" in row.state_reason
    assert row.counts.uncertain <= 5 + POLICY.connections


def test_relay_that_goes_away_pauses_the_issue_and_loses_nobody(desk: Desk) -> None:
    stopped: list[int] = []

    def mail(state: Transaction) -> str:
        if state.number > 10:
            if not stopped:
                sink.stop_listening()
                stopped.append(1)
            return CLOSE
        return ""

    with Sink(answers={"mail": mail}) as sink:
        ended, row = desk.send(relay(sink))
    assert (ended.end, row.state) == (End.PAUSED, IssueState.PAUSED)
    assert "the relay is lost" in row.state_reason
    assert row.counts == Counts(accepted=10, pending=PEOPLE - 10)


def test_lost_relay_is_told_once_with_how_long_it_is_tried(desk: Desk) -> None:
    def mail(state: Transaction) -> str:
        if state.number == 11:
            sink.stop_listening()
        return CLOSE if state.number > 10 else ""

    with Sink(answers={"mail": mail}) as sink:
        desk.send(relay(sink), replace(POLICY, connections=1))
    assert len(desk.notes) == 1
    assert re.fullmatch(
        r"the relay does not answer \(127\.0\.0\.1:\d+ cannot be reached: connection refused\); "
        r"trying again until \d\d:\d\d:\d\d MSK",
        desk.notes[0],
    )


def test_relay_that_comes_back_is_told_and_everybody_is_served(desk: Desk) -> None:
    def greet(state: Transaction) -> str:
        return "421 4.3.2 restarting" if state.connection in (2, 3) else ""

    with Sink(answers={"mail": refusing_first("mail", CLOSE, 1)["mail"], "connect": greet}) as sink:
        _, row = desk.send(relay(sink), replace(POLICY, connections=1))
    assert row.counts == Counts(accepted=PEOPLE)
    assert len(desk.notes) == 2
    assert "answered 421 4.3.2 restarting" in desk.notes[0]
    assert desk.notes[1] == f"the relay 127.0.0.1:{sink.port} is back"


def test_silent_relay_leaves_the_message_in_doubt_and_the_rest_pending(desk: Desk) -> None:
    with Sink(answers=refusing("content", HANG)) as sink:
        ended, row = desk.send(relay(sink))
    assert ended.end is End.PAUSED
    assert row.counts.accepted == 0
    assert row.counts.uncertain + row.counts.pending == PEOPLE


def test_halt_finishes_what_is_under_way(desk: Desk) -> None:
    def content(state: Transaction) -> str:
        if state.number == 5 and desk.sender is not None:
            desk.sender._journal._loop.call_soon_threadsafe(desk.sender.halt, End.INTERRUPTED, "interrupted")
        return ""

    with Sink(answers={"content": content}) as sink:
        ended, row = desk.send(relay(sink))
    assert ended.end is End.INTERRUPTED
    assert row.state is IssueState.RUNNING  # shown as interrupted: nobody holds the lock
    assert row.counts.accepted == len(sink.accepted) < PEOPLE
    assert row.counts == Counts(accepted=row.counts.accepted, pending=PEOPLE - row.counts.accepted)


def test_abort_records_what_is_under_way_as_uncertain(desk: Desk) -> None:
    async def content(state: Transaction) -> str:
        if state.number == 5 and desk.sender is not None:
            desk.sender._journal._loop.call_soon_threadsafe(desk.sender.abort)
            return HANG
        return ""

    with Sink(answers={"content": content}) as sink:
        ended, row = desk.send(relay(sink, timeouts=Timeouts()))
    assert ended.end is End.INTERRUPTED
    assert 1 <= row.counts.uncertain <= POLICY.connections
    assert row.counts.in_flight == 0
    assert row.counts.audience == PEOPLE


def test_stop_halts_within_one_message_a_connection(desk: Desk) -> None:
    stopped_at: list[int] = []

    def mail(state: Transaction) -> str:
        if state.number == 6:
            with writing(desk.engine) as conn:
                request_stop(conn, desk.issue_id)
            stopped_at.append(len(sink.accepted))
        return ""

    with Sink(answers={"mail": mail}) as sink:
        ended, row = desk.send(relay(sink))
    assert (ended.end, row.state) == (End.STOPPED, IssueState.STOPPED)
    assert row.counts.accepted - stopped_at[0] <= 2 * POLICY.connections
    with Sink() as sink:
        ended, row = desk.send(relay(sink))
    assert row.counts == Counts(accepted=PEOPLE)


def test_stop_is_seen_while_waiting_for_a_retry(desk: Desk) -> None:
    async def stopping_sleep(seconds: float) -> None:
        with writing(desk.engine) as conn:
            request_stop(conn, desk.issue_id)
        await Clock.sleep(desk.clock, seconds)

    desk.clock.sleep = stopping_sleep  # type: ignore[method-assign]
    with Sink(answers=refusing_first("rcpt", "450 4.2.0 greylisted", 1)) as sink:
        ended, row = desk.send(relay(sink), replace(POLICY, wait_minutes=15))
    assert (ended.end, row.state) == (End.STOPPED, IssueState.STOPPED)


def test_who_is_suppressed_while_it_runs_gets_nothing(desk: Desk) -> None:
    with writing(desk.engine) as conn:
        suppress(conn, desk.keys.address_key("p3@a.example"), scope="", reason="complained", now=now(conn))
    with Sink() as sink:
        _, row = desk.send(relay(sink))
    assert "p3@a.example" not in sink.recipients
    assert row.counts == Counts(accepted=PEOPLE - 1, excluded=1)


def test_address_that_the_relay_cannot_take_is_rejected_here(desk: Desk, engine: Engine) -> None:
    with writing(engine) as conn:
        first = conn.scalar(select(delivery.c.id).limit(1))
        conn.execute(update(delivery).where(delivery.c.id == first).values(address="анна@a.example"))
    with Sink(offers=()) as sink:
        _, row = desk.send(relay(sink))
    assert row.counts == Counts(accepted=PEOPLE - 1, rejected=1)
    with reading(engine) as conn:
        found = conn.execute(select(delivery.c.enhanced, delivery.c.attempt).where(delivery.c.id == first)).one()
    assert tuple(found) == ("5.6.7", 0)


def test_value_that_must_not_stand_in_a_mail_is_that_persons_refusal(desk: Desk, engine: Engine) -> None:
    with writing(engine) as conn:
        first = conn.scalar(select(delivery.c.id).limit(1))
        hostile = {"subscriber.city": "x\r\nBcc: y@z.example", "subscriber.name": ""}
        conn.execute(update(delivery).where(delivery.c.id == first).values(slot_values=hostile))
    with Sink() as sink:
        _, row = desk.send(relay(sink))
    assert row.counts == Counts(accepted=PEOPLE - 1, rejected=1)


def test_rate_is_kept_by_waiting(desk: Desk) -> None:
    with Sink() as sink:
        _, row = desk.send(relay(sink), replace(POLICY, rate=30.0))
    assert row.counts == Counts(accepted=PEOPLE)
    assert desk.clock.slept  # somebody had to wait


def test_embargo_holds_every_mail_back_without_a_hot_loop(desk: Desk, engine: Engine) -> None:
    from newsletter.store.schema import issue

    with writing(engine) as conn:
        conn.execute(update(issue).values(embargo_until=datetime.now(UTC) + timedelta(days=1)))
    with Sink() as sink:
        ended, row = desk.send(relay(sink))
    assert ended.end is End.PAUSED
    assert row.counts == Counts(pending=PEOPLE)
    assert not sink.accepted


def test_fewer_connections_are_enough_where_the_relay_allows_no_more(desk: Desk) -> None:
    def greet(state: Transaction) -> str:
        return "421 4.7.0 too many connections" if state.connection > 1 else ""

    with Sink(answers={"connect": greet}) as sink:
        ended, row = desk.send(relay(sink))
    assert ended.end is End.DONE
    assert row.counts == Counts(accepted=PEOPLE)
