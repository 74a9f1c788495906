"""Claims on PostgreSQL: several processes of one run share its deliveries, and none has a row that another has."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from newsletter.delivery.scope import Reply, Stage, judge
from newsletter.delivery.state import Counts, DeliveryState
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, now, reading, recording, writing
from newsletter.store.deliveries import (
    Claimed,
    claim_due,
    claim_pending,
    next_due,
    orphans_to_uncertain,
    release_claims,
)
from newsletter.store.issues import add_shards, load_issue, verify_counts
from newsletter.store.ledger import Mark, Run, Settled, write_group
from newsletter.store.runs import begin_run
from newsletter.store.schema import delivery, issue
from tests.ledger import on_server

pytestmark = on_server

PEOPLE = 60
ACCEPTED = judge(Stage.CONTENT, Reply(code=250, text="2.0.0 Ok: queued as ABC123"))
DEFERRED = judge(Stage.RCPT, Reply(code=450, text="4.2.0 Greylisted"))


@pytest.fixture
def run(
    engine: Engine,
    add_people: Callable[..., None],
    meant: Callable[..., Meant],
    freeze_issue: Callable[..., int],
) -> Run:
    add_people(*[f"p{n}@a.example" for n in range(PEOPLE)], city="x")
    issue_id = freeze_issue(meant())
    with writing(engine) as conn:
        add_shards(conn, issue_id, 4)
        return begin_run(conn, load_issue(conn, issue_id), number=1, owner="host:1")


def process(run: Run, slot: int) -> Run:
    return replace(run, owner=f"host:{slot}0", shard=slot)


def claim(engine: Engine, run: Run, limit: int = 100) -> list[Claimed]:
    with recording(engine) as conn:
        return claim_pending(conn, run, after_position=0, limit=limit)


def mark_of(row: Claimed, at: datetime) -> Mark:
    return Mark(id=row.id, before=row.before, attempt=row.attempt + 1, date_sent=at, sha256="f", relay="r")


def write(engine: Engine, run: Run, rows: list[Claimed], settled: list[Settled] | None = None) -> frozenset[int]:
    with recording(engine) as conn:
        at = now(conn)
        marks = [
            Mark(id=r.id, before=r.before, attempt=r.attempt + 1, date_sent=at, sha256="f", relay="r") for r in rows
        ]
        return write_group(conn, run, marks=marks, settled=settled or [], at=at).marked


def test_processes_claim_disjoint_rows_at_one_time_and_each_in_the_order_of_sending(engine: Engine, run: Run) -> None:
    def all_of(one: Run) -> list[int]:
        got: list[int] = []
        while rows := [row for row in claim(engine, one, limit=7) if row.id not in got]:
            assert [row.position for row in rows] == sorted(row.position for row in rows)
            got += [row.id for row in rows]
            write(engine, one, rows)
        return got

    with ThreadPoolExecutor(3) as pool:
        shares = list(pool.map(all_of, (process(run, slot) for slot in (1, 2, 3))))
    taken = [number for share in shares for number in share]
    assert len(taken) == len(set(taken)) == PEOPLE
    with reading(engine) as conn:
        assert verify_counts(conn, run.issue_id) == Counts(in_flight=PEOPLE)


def test_claimed_rows_stay_pending_and_are_passed_over_by_others(engine: Engine, run: Run) -> None:
    one, two = process(run, 1), process(run, 2)
    first = claim(engine, one, limit=40)
    assert {row.before for row in first} == {DeliveryState.PENDING}
    with reading(engine) as conn:
        assert verify_counts(conn, run.issue_id) == Counts(pending=PEOPLE)
    assert [row.position for row in claim(engine, two)] == list(range(41, 61))
    assert [row.id for row in claim(engine, one)] == [row.id for row in first]  # its own come back to it


def test_claim_does_not_wait_for_a_row_that_another_is_taking(engine: Engine, run: Run) -> None:
    with recording(engine) as conn:
        taken = claim_pending(conn, process(run, 1), after_position=0, limit=10)
        assert [row.position for row in claim(engine, process(run, 2), limit=3)] == [11, 12, 13]
    assert len(taken) == 10


def test_mark_of_a_row_that_another_process_claimed_is_refused(engine: Engine, run: Run) -> None:
    one, two = process(run, 1), process(run, 2)
    rows = claim(engine, one, limit=2)
    assert write(engine, two, rows) == frozenset()
    assert write(engine, one, rows) == {row.id for row in rows}


def test_claims_of_an_earlier_run_are_free(engine: Engine, run: Run) -> None:
    rows = claim(engine, process(run, 1))
    with writing(engine) as conn:
        later = begin_run(conn, load_issue(conn, run.issue_id), number=2, owner="other:1")
    assert [row.id for row in claim(engine, later)] == [row.id for row in rows]
    assert write(engine, process(run, 1), rows[:1]) == frozenset()
    assert claim(engine, process(run, 1)) == []  # and the earlier run gets none back


def test_dead_process_leaves_its_claims_to_others_and_its_mails_in_doubt(engine: Engine, run: Run) -> None:
    dead, alive = process(run, 1), process(run, 2)
    rows = claim(engine, dead, limit=50)
    write(engine, dead, rows[:3])
    mine = claim(engine, alive)
    write(engine, alive, mine[:2])
    with writing(engine) as conn:
        named = orphans_to_uncertain(conn, dead, owner=dead.owner)
        release_claims(conn, dead)
    assert set(named) == {row.address for row in rows[:3]}
    assert {row.id for row in claim(engine, alive)} == {row.id for row in rows[3:] + mine[2:]}
    with reading(engine) as conn:
        assert verify_counts(conn, run.issue_id) == Counts(pending=PEOPLE - 5, in_flight=2, uncertain=3)


def test_deferred_row_is_tried_again_by_the_process_that_tried_it(engine: Engine, run: Run) -> None:
    one, two = process(run, 1), process(run, 2)
    row = claim(engine, one, limit=1)[0]
    write(engine, one, [row])
    with reading(engine) as conn:
        due = now(conn) + timedelta(minutes=5)
    write(engine, one, [], [Settled(id=row.id, attempt=1, outcome=DEFERRED, next_at=due)])
    with recording(engine) as conn:
        assert next_due(conn, run.issue_id, one) == next_due(conn, run.issue_id) == due
        assert next_due(conn, run.issue_id, two) is None
        assert claim_due(conn, two, at=due, limit=9) == []
        assert [again.id for again in claim_due(conn, one, at=due, limit=9)] == [row.id]
        release_claims(conn, one)
        assert [again.id for again in claim_due(conn, two, at=due, limit=9)] == [row.id]


def test_new_run_waits_for_a_mark_under_way_and_refuses_the_next(engine: Engine, run: Run) -> None:
    rows = claim(engine, run, limit=2)
    with ThreadPoolExecutor(1) as pool:
        with recording(engine) as conn:
            at = now(conn)
            assert write_group(conn, run, marks=[mark_of(rows[0], at)], settled=[], at=at).marked == {rows[0].id}
            beginning = pool.submit(begin_another, engine, run)
            until_waiting(engine)
        later = beginning.result(timeout=10)
    with writing(engine) as conn:
        assert orphans_to_uncertain(conn, later) == (rows[0].address,)
    assert write(engine, run, rows[1:]) == frozenset()


def begin_another(engine: Engine, run: Run) -> Run:
    with writing(engine) as conn:
        return begin_run(conn, load_issue(conn, run.issue_id), number=2, owner="other:1")


def until_waiting(engine: Engine) -> None:
    """Return once some transaction waits for the row of the issue."""
    with engine.connect().execution_options(newsletter_read=True, isolation_level="AUTOCOMMIT") as conn:
        for _ in range(1_000):
            if conn.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one():
                return
            conn.exec_driver_sql("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waits")


def test_freeze_holds_no_sender_up(engine: Engine, run: Run) -> None:
    with writing(engine) as conn:  # as a freeze does, which has the office's lock for as long as it takes
        conn.execute(select(issue.c.id))
        rows = claim(engine, run, limit=1)
        assert write(engine, run, rows) == {rows[0].id}


def test_stop_is_read_by_every_process(engine: Engine, run: Run) -> None:
    with writing(engine) as conn:
        conn.execute(update(issue).values(stop_requested=True))
    for slot in (1, 2, 3):
        with recording(engine) as conn:
            assert write_group(conn, process(run, slot), marks=[], settled=[], at=now(conn)).stop_requested


def test_updates_stay_in_their_page(engine: Engine, run: Run) -> None:
    """Else each mark and outcome would write every index of the table (HOT)."""
    before = told_updates(engine)
    rows = claim(engine, run)
    for row in rows:
        write(engine, run, [row])
        write(engine, run, [], [Settled(id=row.id, attempt=1, outcome=ACCEPTED)])
    engine.dispose()  # a session tells its numbers at its end
    for _ in range(1_000):
        after = told_updates(engine)
        if after["delivery"][0] - before["delivery"][0] >= 3 * PEOPLE:
            break
        time.sleep(0.01)
    for table in ("delivery", "issue_count"):
        all_of, hot = (now - then for now, then in zip(after[table], before[table], strict=True))
        assert all_of >= 2 * PEOPLE
        assert hot > 0.6 * all_of, (table, all_of, hot)


def told_updates(engine: Engine) -> dict[str, tuple[int, int]]:
    found = text("SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables")
    with reading(engine) as conn:
        return {row.relname: (row.n_tup_upd, row.n_tup_hot_upd) for row in conn.execute(found)}


def test_counters_of_each_process_are_its_own_row(engine: Engine, run: Run) -> None:
    for slot in (1, 2):
        one = process(run, slot)
        write(engine, one, claim(engine, one, limit=5))
    with reading(engine) as conn:
        assert load_issue(conn, run.issue_id).counts == Counts(pending=PEOPLE - 10, in_flight=10)
        states = conn.execute(select(delivery.c.owner).where(delivery.c.state == "in_flight").distinct()).scalars()
        assert set(states) == {"host:10", "host:20"}
