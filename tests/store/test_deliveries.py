"""The ledger: marks before bytes, outcomes after replies, every move by the table, counts that always add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from newsletter.delivery.scope import Kind, Outcome, Reply, Scope, Stage, judge, local_refusal, not_sent, uncertain
from newsletter.delivery.state import Counts, DeliveryState
from newsletter.errors import UsageError
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, now, reading, recording, writing
from newsletter.store.deliveries import (
    Claimed,
    claim_due,
    claim_pending,
    find_delivery,
    named,
    next_due,
    orphans_to_uncertain,
    refusals,
    resend_uncertain,
    retry_refused,
)
from newsletter.store.issues import load_issue, request_stop, verify_counts
from newsletter.store.ledger import GroupResult, Mark, Run, Settled, write_group
from newsletter.store.runs import begin_run, close_dead_runs, end_run
from newsletter.store.schema import delivery, delivery_event, issue, issue_count
from newsletter.store.schema import run as run_table
from newsletter.store.subscribers import unsubscribe
from newsletter.store.suppression import suppress
from newsletter.tokens import Keys

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ACCEPTED = judge(Stage.CONTENT, Reply(code=250, text="2.0.0 Ok: queued as ABC123"))
REJECTED = judge(Stage.RCPT, Reply(code=550, text="5.1.1 User unknown"))
DEFERRED = judge(Stage.RCPT, Reply(code=450, text="4.2.0 Greylisted"))
LOST = uncertain("connection lost")
BACK = not_sent(Stage.MAIL, "connection lost")


@pytest.fixture
def run(
    engine: Engine,
    add_people: Callable[..., None],
    meant: Callable[..., Meant],
    freeze_issue: Callable[..., int],
) -> Run:
    add_people(*[f"p{n}@a.example" for n in range(8)], city="x")
    issue_id = freeze_issue(meant())
    with writing(engine) as conn:
        return begin_run(conn, load_issue(conn, issue_id), number=1, owner="host:1")


def claimed(engine: Engine, run: Run, limit: int = 100) -> list[Claimed]:
    with recording(engine) as conn:
        return claim_pending(conn, run, after_position=0, limit=limit)


def mark_of(row: Claimed, relay: str = "r") -> Mark:
    return Mark(id=row.id, before=row.before, attempt=row.attempt + 1, date_sent=AT, sha256="ff", relay=relay)


def write(
    engine: Engine, run: Run, *, marks: list[Mark] | None = None, settled: list[Settled] | None = None
) -> GroupResult:
    with writing(engine) as conn:
        return write_group(conn, run, marks=marks or [], settled=settled or [], at=AT)


def settled(mark: Mark, outcome: Outcome, next_at: datetime | None = None) -> Settled:
    return Settled(id=mark.id, attempt=mark.attempt, outcome=outcome, next_at=next_at)


def row_of(engine: Engine, delivery_id: int):  # type: ignore[no-untyped-def]
    with reading(engine) as conn:
        return conn.execute(select(delivery).where(delivery.c.id == delivery_id)).one()


def counts(engine: Engine, run: Run) -> Counts:
    with reading(engine) as conn:
        return verify_counts(conn, run.issue_id)


def test_claims_come_in_the_order_of_sending_and_move_nothing(engine: Engine, run: Run) -> None:
    first = claimed(engine, run, limit=3)
    with recording(engine) as conn:
        rest = claim_pending(conn, run, after_position=first[-1].position, limit=100)
    assert [row.position for row in first + rest] == list(range(1, 9))
    assert counts(engine, run) == Counts(pending=8)
    assert first[0].values["subscriber.city"] == "x"


def test_mark_stands_before_the_outcome_and_keeps_what_show_needs(engine: Engine, run: Run) -> None:
    mark = mark_of(claimed(engine, run)[0], relay="mx:25")
    assert write(engine, run, marks=[mark]).marked == {mark.id}
    row = row_of(engine, mark.id)
    assert (row.state, row.attempt, row.sha256, row.date_sent, row.first_at) == ("in_flight", 1, "ff", AT, AT)
    assert (row.owner, row.epoch, row.relay) == ("host:1", run.epoch, "mx:25")
    assert counts(engine, run) == Counts(pending=7, in_flight=1)


def test_outcome_and_next_mark_go_in_one_transaction(engine: Engine, run: Run) -> None:
    one, two = [mark_of(row) for row in claimed(engine, run)[:2]]
    write(engine, run, marks=[one])
    result = write(engine, run, settled=[settled(one, ACCEPTED)], marks=[two])
    assert result.marked == {two.id}
    assert counts(engine, run) == Counts(accepted=1, in_flight=1, pending=6)
    row = row_of(engine, one.id)
    assert (row.code, row.enhanced, row.queue_id, row.stage, row.scope) == (250, "2.0.0", "ABC123", "content", "none")


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(ACCEPTED, "accepted"), (REJECTED, "rejected"), (DEFERRED, "deferred"), (LOST, "uncertain"), (BACK, "pending")],
)
def test_each_kind_of_outcome_moves_the_row(engine: Engine, run: Run, outcome: Outcome, state: str) -> None:
    mark = mark_of(claimed(engine, run)[0])
    write(engine, run, marks=[mark])
    write(engine, run, settled=[settled(mark, outcome, AT + timedelta(minutes=5))])
    assert row_of(engine, mark.id).state == state
    assert counts(engine, run).audience == 8


def test_deferred_row_is_due_at_its_time_and_tried_again(engine: Engine, run: Run) -> None:
    mark = mark_of(claimed(engine, run)[0])
    due = AT + timedelta(minutes=5)
    write(engine, run, marks=[mark])
    write(engine, run, settled=[settled(mark, DEFERRED, due)])
    with recording(engine) as conn:
        assert next_due(conn, run.issue_id) == next_due(conn, run.issue_id, run) == due
        assert claim_due(conn, run, at=due - timedelta(seconds=1), limit=9) == []
        again = claim_due(conn, run, at=due, limit=9)
    assert (again[0].before, again[0].attempt, again[0].first_at) == (DeliveryState.DEFERRED, 1, AT)
    assert write(engine, run, marks=[mark_of(again[0])]).marked == {mark.id}
    assert row_of(engine, mark.id).attempt == 2


def test_deferred_without_a_next_time_gave_up(engine: Engine, run: Run) -> None:
    mark = mark_of(claimed(engine, run)[0])
    write(engine, run, marks=[mark])
    write(engine, run, settled=[settled(mark, DEFERRED, None)])
    row = row_of(engine, mark.id)
    assert (row.state, row.code) == ("gave_up", 450)
    assert counts(engine, run) == Counts(pending=7, gave_up=1)


def test_row_is_marked_once_whoever_asks(engine: Engine, run: Run) -> None:
    row = claimed(engine, run)[0]
    write(engine, run, marks=[mark_of(row)])
    write(engine, run, settled=[settled(mark_of(row), ACCEPTED)])
    assert write(engine, run, marks=[mark_of(row)]).marked == frozenset()
    assert counts(engine, run) == Counts(accepted=1, pending=7)


def test_group_written_twice_changes_nothing_the_second_time(engine: Engine, run: Run) -> None:
    one, two = [mark_of(row) for row in claimed(engine, run)[:2]]
    write(engine, run, marks=[one])
    for _ in range(3):  # a COMMIT whose answer was lost is repeated
        assert write(engine, run, settled=[settled(one, ACCEPTED)], marks=[two]).marked == {two.id}
    assert counts(engine, run) == Counts(accepted=1, in_flight=1, pending=6)


def test_who_unsubscribed_or_was_suppressed_after_the_freeze_is_excluded_at_the_mark(
    engine: Engine, keys: Keys, run: Run
) -> None:
    rows = claimed(engine, run)
    with writing(engine) as conn:
        suppress(conn, keys.address_key(rows[0].address), scope="", reason="complained", now=now(conn))
        unsubscribe(conn, keys.address_key(rows[1].address), list_name="press", reason="link")
        suppress(conn, keys.address_key(rows[2].address), scope="other list", reason="bounced", now=now(conn))
    result = write(engine, run, marks=[mark_of(row) for row in rows[:3]])
    assert result.marked == {rows[2].id}
    assert [row_of(engine, row.id).exclusion for row in rows[:3]] == ["complained", "unsubscribed", ""]
    assert counts(engine, run) == Counts(pending=5, in_flight=1, excluded=2)


def test_who_unsubscribes_between_two_tries_is_not_mailed_again(engine: Engine, keys: Keys, run: Run) -> None:
    row = claimed(engine, run)[0]
    write(engine, run, marks=[mark_of(row)])
    write(engine, run, settled=[settled(mark_of(row), DEFERRED, AT)])
    with writing(engine) as conn:
        unsubscribe(conn, keys.address_key(row.address), list_name="press", reason="link")
        again = claim_due(conn, run, at=AT, limit=1)[0]
    assert write(engine, run, marks=[mark_of(again)]).marked == frozenset()
    assert (row_of(engine, row.id).state, row_of(engine, row.id).exclusion) == ("gave_up", "unsubscribed")
    assert counts(engine, run) == Counts(pending=7, gave_up=1)


def test_own_refusal_needs_no_mark(engine: Engine, run: Run) -> None:
    row = claimed(engine, run)[0]
    refusal = local_refusal(553, "5.6.7", "no SMTPUTF8", Scope.RECIPIENT)
    write(engine, run, settled=[Settled(id=row.id, attempt=row.attempt, outcome=refusal, is_marked=False)])
    found = row_of(engine, row.id)
    assert (found.state, found.stage, found.enhanced, found.attempt) == ("rejected", "local", "5.6.7", 0)


def test_embargo_is_checked_where_the_mark_is_written(engine: Engine, run: Run) -> None:
    with writing(engine) as conn:
        conn.execute(update(issue).values(embargo_until=AT + timedelta(seconds=1)))
    mark = mark_of(claimed(engine, run)[0])
    assert write(engine, run, marks=[mark]).marked == frozenset()
    with writing(engine) as conn:
        conn.execute(update(issue).values(embargo_until=AT))
    assert write(engine, run, marks=[mark]).marked == {mark.id}


def test_stale_sender_marks_nothing_and_is_told(engine: Engine, run: Run) -> None:
    row = claimed(engine, run)[0]
    with writing(engine) as conn:
        newer = begin_run(conn, load_issue(conn, run.issue_id), number=2, owner="host:2")
    result = write(engine, run, marks=[mark_of(row)])
    assert (result.is_stale, result.marked) == (True, frozenset())
    assert not write(engine, newer, marks=[mark_of(claimed(engine, newer)[0])]).is_stale
    assert counts(engine, run) == Counts(pending=7, in_flight=1)


def test_late_acceptance_of_a_stale_sender_is_evidence(engine: Engine, run: Run) -> None:
    one, two, three = [mark_of(row) for row in claimed(engine, run)[:3]]
    write(engine, run, marks=[one, two, three])
    with writing(engine) as conn:
        newer = begin_run(conn, load_issue(conn, run.issue_id), number=2, owner="host:2")
        assert len(orphans_to_uncertain(conn, newer)) == 3
    write(engine, run, settled=[settled(one, ACCEPTED), settled(two, REJECTED)])
    with writing(engine) as conn:
        assert resend_uncertain(conn, newer) == 2
    again = next(row for row in claimed(engine, newer) if row.id == three.id)
    write(engine, newer, marks=[mark_of(again)])
    write(engine, run, settled=[settled(three, ACCEPTED)])  # of the first try; the second is on the wire
    assert [row_of(engine, mark.id).state for mark in (one, two, three)] == ["accepted", "pending", "in_flight"]
    with reading(engine) as conn:
        events = conn.execute(select(delivery_event.c.delivery_id, delivery_event.c.kind)).all()
    assert [tuple(event) for event in events] == [(one.id, "late_reply"), (three.id, "late_reply")]
    assert counts(engine, run).audience == 8


def test_orphans_of_a_dead_process_are_named(engine: Engine, run: Run) -> None:
    rows = claimed(engine, run)[:2]
    write(engine, run, marks=[mark_of(row) for row in rows])
    with writing(engine) as conn:
        newer = begin_run(conn, load_issue(conn, run.issue_id), number=2, owner="host:2")
        names = orphans_to_uncertain(conn, newer)
        in_doubt = named(conn, run.issue_id, DeliveryState.UNCERTAIN, limit=20)
        assert sorted(in_doubt) == sorted((name, "the sender died") for name in names)
    assert sorted(names) == sorted(row.address for row in rows)
    assert counts(engine, run) == Counts(pending=6, uncertain=2)


def test_killed_run_ends_at_its_last_mark_and_its_time_counts(engine: Engine, run: Run) -> None:
    with writing(engine) as conn:
        conn.execute(update(run_table).values(started_at=AT - timedelta(seconds=9)))
    write(engine, run, marks=[mark_of(row) for row in claimed(engine, run)[:2]])
    with writing(engine) as conn:
        newer = begin_run(conn, load_issue(conn, run.issue_id), number=2, owner="host:2")
        assert close_dead_runs(conn, newer)
        assert not close_dead_runs(conn, newer)  # once
        assert load_issue(conn, run.issue_id).sending_milliseconds == 10_000  # up to the end of the second of the mark
        end_run(conn, newer, how="done", milliseconds=500)
        assert load_issue(conn, run.issue_id).sending_milliseconds == 10_500
        third = begin_run(conn, load_issue(conn, run.issue_id), number=3, owner="host:3")
        assert not close_dead_runs(conn, third)  # the second one wrote its end


def test_killed_run_that_marked_nothing_took_no_time(engine: Engine, run: Run) -> None:
    with writing(engine) as conn:
        newer = begin_run(conn, load_issue(conn, run.issue_id), number=2, owner="host:2")
        assert close_dead_runs(conn, newer)
        assert load_issue(conn, run.issue_id).sending_milliseconds == 0


def test_resend_acts_once_in_a_rows_life(engine: Engine, run: Run) -> None:
    row = claimed(engine, run)[0]
    write(engine, run, marks=[mark_of(row)])
    write(engine, run, settled=[settled(mark_of(row), LOST)])
    with writing(engine) as conn:
        assert resend_uncertain(conn, run) == 1
    again = next(c for c in claimed(engine, run) if c.id == row.id)
    write(engine, run, marks=[mark_of(again)])
    write(engine, run, settled=[settled(mark_of(again), LOST)])
    with writing(engine) as conn:
        assert resend_uncertain(conn, run) == 0
    assert row_of(engine, row.id).state == "uncertain"


@pytest.mark.parametrize(
    ("code", "moved"), [("550", 1), ("5.1.1", 1), ("5.1", 1), ("554", 0), ("5.7.1", 0), ("5.7", 0)]
)
def test_refused_rows_come_back_by_their_code(engine: Engine, run: Run, code: str, moved: int) -> None:
    mark = mark_of(claimed(engine, run)[0])
    write(engine, run, marks=[mark])
    write(engine, run, settled=[settled(mark, REJECTED)])
    with reading(engine) as conn:
        assert refusals(conn, run.issue_id) == (("rejected", 1, "550 5.1.1 User unknown"),)
    with writing(engine) as conn:
        assert retry_refused(conn, run, code) == moved
    assert counts(engine, run).pending == 7 + moved


def test_many_refused_rows_come_back_in_short_transactions(engine: Engine, run: Run) -> None:
    marks = [mark_of(row) for row in claimed(engine, run)[:5]]
    write(engine, run, marks=marks)
    write(engine, run, settled=[settled(mark, REJECTED) for mark in marks])
    moved = []
    for _ in range(4):
        with writing(engine) as conn:
            moved.append(retry_refused(conn, run, "550", limit=2))
    assert moved == [2, 2, 1, 0]


@pytest.mark.parametrize("code", ["", "x", "5", "250", "5500", "5.1.1.1", "5.1.", "٥٥٠", "%"])
def test_what_is_no_code_of_a_refusal_puts_nobody_back(engine: Engine, run: Run, code: str) -> None:
    with writing(engine) as conn, pytest.raises(UsageError, match="no code of a refusal"):
        retry_refused(conn, run, code)


def test_stop_request_reaches_the_sender_with_its_next_group(engine: Engine, run: Run) -> None:
    assert not write(engine, run).stop_requested
    with writing(engine) as conn:
        request_stop(conn, run.issue_id)
    assert write(engine, run).stop_requested


def test_delivery_is_found_by_address(engine: Engine, keys: Keys, run: Run) -> None:
    with reading(engine) as conn:
        found = find_delivery(conn, run.issue_id, keys.address_key("p3@a.example"))
        assert found is not None
        assert found.address == "p3@a.example"
        assert find_delivery(conn, run.issue_id, b"nobody") is None


KINDS = st.sampled_from([ACCEPTED, REJECTED, DEFERRED, LOST, BACK])
STEP = st.tuples(st.integers(0, 7), KINDS, st.booleans(), st.sampled_from(["", "again", "new run", "resend", "550"]))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=12))
def test_whatever_happens_the_counts_add_up_to_the_audience(
    engine: Engine, run: Run, steps: list[tuple[int, Outcome, bool, str]]
) -> None:
    """Random outcomes, repeats, crashes and put-backs over one ledger, which goes on from example to example."""
    with writing(engine) as conn:
        current = replace(run, epoch=load_issue(conn, run.issue_id).epoch)
    for number, outcome, has_next, event in steps:
        with recording(engine) as conn:
            open_rows = claim_pending(conn, current, after_position=0, limit=8)
            open_rows += claim_due(conn, current, at=AT + timedelta(days=9), limit=8)
        if not open_rows:
            with writing(engine) as conn:
                conn.execute(update(delivery).values(state="pending", resent=False))
                conn.execute(update(issue_count).values(dict.fromkeys(Counts.__slots__, 0) | {"pending": 8}))
            continue
        mark = mark_of(open_rows[number % len(open_rows)])
        write(engine, current, marks=[mark])
        if event == "new run":
            with writing(engine) as conn:
                row = load_issue(conn, run.issue_id)
                current = begin_run(conn, row, number=row.epoch + 1_000, owner="host:9")
                orphans_to_uncertain(conn, current)
        for _ in range(2 if event == "again" else 1):
            write(engine, current, settled=[settled(mark, outcome, AT if has_next else None)])
        with writing(engine) as conn:
            if event == "resend":
                resend_uncertain(conn, current)
            if event == "550":
                retry_refused(conn, current, "550")
        found = counts(engine, run)
        assert found.audience == 8
        assert found.in_flight == 0


def test_kinds_of_outcome_are_all_tried_above() -> None:
    assert {outcome.kind for outcome in (ACCEPTED, REJECTED, DEFERRED, LOST, BACK)} == set(Kind)


def test_reply_with_bytes_that_no_database_keeps_is_recorded(engine: Engine, run: Run) -> None:
    mark = mark_of(claimed(engine, run)[0])
    write(engine, run, marks=[mark])
    hostile = judge(Stage.RCPT, Reply(code=550, text="5.1.1 no\0such \udcff user"))
    write(engine, run, settled=[settled(mark, hostile)])
    assert row_of(engine, mark.id).reply == "5.1.1 no\\x00such \\udcff user"
