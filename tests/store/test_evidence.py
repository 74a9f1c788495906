"""What is learned of a delivery later: uncertain rows move by it, others never, and the counters move along."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from newsletter.delivery.state import DeliveryState, IssueState
from newsletter.store.audience import Meant
from newsletter.store.database import Engine, now, reading, writing
from newsletter.store.evidence import (
    BOUNCE,
    find_queued,
    has_event,
    list_events,
    neighbours,
    read_doubts,
    record_event,
    settle_doubt,
)
from newsletter.store.issues import load_issue, set_state, verify_counts
from newsletter.store.ledger import move_counters
from newsletter.store.schema import delivery
from newsletter.tokens import Keys

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
_S = DeliveryState


@pytest.fixture
def issue_id(
    engine: Engine, add_people: Callable[..., None], meant: Callable[..., Meant], freeze_issue: Callable[..., int]
) -> int:
    add_people(*[f"p{n}@a.example" for n in range(4)], city="x")
    number = freeze_issue(meant())
    with writing(engine) as conn:
        for state, position in ((_S.UNCERTAIN, 1), (_S.ACCEPTED, 2), (_S.UNCERTAIN, 3)):
            tried = {"state": state.value, "attempt": 1, "date_sent": AT + timedelta(seconds=position), "relay": "r:25"}
            conn.execute(
                update(delivery).where(delivery.c.position == position).values(**tried, queue_id=f"Q{position}")
            )
        move_counters(conn, number, {(_S.PENDING, _S.UNCERTAIN): 2, (_S.PENDING, _S.ACCEPTED): 1})
    return number


def id_at(engine: Engine, position: int) -> int:
    with reading(engine) as conn:
        return int(conn.execute(select(delivery.c.id).where(delivery.c.position == position)).scalar_one())


@pytest.mark.parametrize("after", [_S.ACCEPTED, _S.PENDING])
def test_doubt_is_settled_with_its_evidence_and_the_counters(engine: Engine, issue_id: int, after: _S) -> None:
    number = id_at(engine, 1)
    with writing(engine) as conn:
        assert settle_doubt(conn, issue_id, number, after, at=now(conn), detail={"by": "Anna"})
        assert not settle_doubt(conn, issue_id, number, after, at=now(conn), detail={"by": "Anna"})
        counts = verify_counts(conn, issue_id)
        events = list_events(conn, number)
    assert (counts.uncertain, counts.audience) == (1, 4)
    assert [(event.kind, event.detail) for event in events] == [("resolve", {"as": after.value, "by": "Anna"})]


def test_only_uncertain_rows_of_the_issue_move(engine: Engine, issue_id: int) -> None:
    with writing(engine) as conn:
        assert not settle_doubt(conn, issue_id, id_at(engine, 2), _S.PENDING, at=now(conn), detail={})
        assert not settle_doubt(conn, issue_id + 1, id_at(engine, 1), _S.PENDING, at=now(conn), detail={})
        assert not settle_doubt(conn, issue_id, id_at(engine, 1), _S.PENDING, attempt=9, at=now(conn), detail={})
        assert verify_counts(conn, issue_id).accepted == 1
        assert list_events(conn, id_at(engine, 2)) == []


def test_no_evidence_makes_a_row_deferred(engine: Engine, issue_id: int) -> None:
    with pytest.raises(RuntimeError, match="no such move"), writing(engine) as conn:
        settle_doubt(conn, issue_id, id_at(engine, 1), _S.DEFERRED, at=now(conn), detail={})


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        (IssueState.FINISHED, _S.PENDING, IssueState.STOPPED),
        (IssueState.FINISHED, _S.ACCEPTED, IssueState.FINISHED),
        (IssueState.PAUSED, _S.PENDING, IssueState.PAUSED),
    ],
)
def test_an_issue_with_somebody_put_back_is_finished_no_more(
    engine: Engine, issue_id: int, before: IssueState, after: _S, state: IssueState
) -> None:
    with writing(engine) as conn:
        set_state(conn, issue_id, before)
        settle_doubt(conn, issue_id, id_at(engine, 1), after, at=now(conn), detail={})
        assert load_issue(conn, issue_id).state is state


def test_doubts_are_read_in_the_order_of_sending(engine: Engine, issue_id: int) -> None:
    with reading(engine) as conn:
        doubts = read_doubts(conn, issue_id)
    assert [(one.id, one.attempt, one.relay) for one in doubts] == [
        (id_at(engine, 1), 1, "r:25"),
        (id_at(engine, 3), 1, "r:25"),
    ]


def test_an_event_is_known_again_by_its_time(engine: Engine, issue_id: int) -> None:
    number = id_at(engine, 2)
    with writing(engine) as conn:
        assert not has_event(conn, number, BOUNCE, at=AT)
        record_event(conn, number, BOUNCE, at=AT, detail={"reply": "550 gone"})
        assert has_event(conn, number, BOUNCE, at=AT)
        assert not has_event(conn, number, BOUNCE, at=AT + timedelta(seconds=1))


def test_accepted_delivery_is_found_by_address_and_queue_id_together(engine: Engine, issue_id: int, keys: Keys) -> None:
    with reading(engine) as conn:
        address = conn.execute(select(delivery.c.address).where(delivery.c.position == 2)).scalar_one()
        key = keys.address_key(address)
        assert find_queued(conn, issue_id, key, "Q2") == id_at(engine, 2)
        assert find_queued(conn, issue_id, key, "Q9") == 0
        assert find_queued(conn, issue_id, b"x" * 32, "Q2") == 0


def test_neighbours_are_those_the_same_relay_took_about_then(engine: Engine, issue_id: int) -> None:
    with writing(engine) as conn:
        doubt = read_doubts(conn, issue_id)[0]
        assert neighbours(conn, issue_id, doubt, within=timedelta(minutes=1), limit=5) == [id_at(engine, 2)]
        conn.execute(update(delivery).where(delivery.c.position == 2).values(relay="other:25"))
        assert neighbours(conn, issue_id, doubt, within=timedelta(minutes=1), limit=5) == []
