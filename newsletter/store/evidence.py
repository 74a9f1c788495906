"""What is learned of a delivery after its try: by a person, or from a relay's log. Kept as events of the row.

An uncertain row moves by it, each move with its event in one transaction; a row of certain state never does, so the
sum stays what it was. Counters move in shard 0, which is nobody's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from newsletter.delivery.state import Cause, DeliveryState, IssueState
from newsletter.store.issues import load_issue, set_state
from newsletter.store.ledger import move_counters, require
from newsletter.store.schema import delivery, delivery_event

_S = DeliveryState
RESOLVE, BOUNCE = "resolve", "bounce"  # kinds of events
PUT_BACK = "put back by evidence; resume mails them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """An uncertain delivery."""

    id: int
    address: str
    attempt: int
    date_sent: datetime  # Date of the try whose reply was lost
    relay: str


def read_doubts(conn: Connection, issue_id: int) -> tuple[Doubt, ...]:
    """Return the uncertain deliveries of an issue, in the order of sending."""
    columns = (delivery.c.id, delivery.c.address, delivery.c.attempt, delivery.c.date_sent, delivery.c.relay)
    where = (delivery.c.issue_id == issue_id, delivery.c.state == _S.UNCERTAIN.value)
    found = select(*columns).where(*where).order_by(delivery.c.position, delivery.c.id)
    return tuple(Doubt(**row._mapping) for row in conn.execute(found))


def settle_doubt(
    conn: Connection,
    issue_id: int,
    delivery_id: int,
    after: DeliveryState,
    *,
    at: datetime,
    detail: Mapping[str, object],
    queue_id: str = "",
    attempt: int = 0,
) -> bool:
    """Move an uncertain delivery to accepted or pending, and keep what says so; False if it is uncertain no more.

    `attempt`: the try that is meant, 0 for the last; what is known of one says nothing of the next. Put back, it may be
    mailed again by `resume`: a finished issue is no longer finished.
    """
    require(_S.UNCERTAIN, after, Cause.EVIDENCE)
    values: dict[str, object] = {"state": after.value, "queue_id": queue_id}
    if after is _S.PENDING:
        values |= {"next_at": None, "first_at": None}  # its time to give up begins anew
    mine = [delivery.c.id == delivery_id, delivery.c.issue_id == issue_id, delivery.c.state == _S.UNCERTAIN.value]
    if attempt:
        mine.append(delivery.c.attempt == attempt)
    if not conn.execute(update(delivery).where(*mine).values(values)).rowcount:
        return False
    record_event(conn, delivery_id, RESOLVE, at=at, detail={"as": after.value, **detail})
    move_counters(conn, issue_id, {(_S.UNCERTAIN, after): 1})
    if after is _S.PENDING and load_issue(conn, issue_id).state is IssueState.FINISHED:
        set_state(conn, issue_id, IssueState.STOPPED, reason=PUT_BACK)
    return True


def record_event(conn: Connection, delivery_id: int, kind: str, *, at: datetime, detail: Mapping[str, object]) -> None:
    conn.execute(insert(delivery_event).values(delivery_id=delivery_id, kind=kind, at=at, detail=dict(detail)))


def has_event(conn: Connection, delivery_id: int, kind: str, *, at: datetime) -> bool:
    """True when this was learned before: the same log may be read twice."""
    where = (delivery_event.c.delivery_id == delivery_id, delivery_event.c.kind == kind, delivery_event.c.at == at)
    return conn.execute(select(delivery_event.c.id).where(*where).limit(1)).first() is not None


def list_events(conn: Connection, delivery_id: int) -> list[Row[Any]]:
    """Return what was learned of one delivery, the first first."""
    found = select(delivery_event.c.kind, delivery_event.c.at, delivery_event.c.detail)
    return list(conn.execute(found.where(delivery_event.c.delivery_id == delivery_id).order_by(delivery_event.c.id)))


def find_queued(conn: Connection, issue_id: int, address_key: bytes, queue_id: str) -> int:
    """Return the id of the delivery to an address that the relay accepted under this queue id, 0 for none."""
    where = (
        delivery.c.issue_id == issue_id,
        delivery.c.address_key == address_key,
        delivery.c.state == _S.ACCEPTED.value,
        delivery.c.queue_id == queue_id,
    )
    return int(conn.execute(select(delivery.c.id).where(*where)).scalar() or 0)


def neighbours(conn: Connection, issue_id: int, doubt: Doubt, *, within: timedelta, limit: int) -> Sequence[int]:
    """Return ids of deliveries that the same relay accepted about the same time, the nearest in time first.

    A log that shows them shows what that relay took then; a log without them is another machine's, or has a hole.
    """
    return [number for number, _ in sorted(_around(conn, issue_id, doubt, within, limit), key=lambda one: one[1])]


def _around(
    conn: Connection, issue_id: int, doubt: Doubt, within: timedelta, limit: int
) -> Iterator[tuple[int, timedelta]]:
    same = (
        delivery.c.issue_id == issue_id,
        delivery.c.state == _S.ACCEPTED.value,
        delivery.c.relay == doubt.relay,
    )
    at = delivery.c.date_sent
    sides = (
        (at.between(doubt.date_sent - within, doubt.date_sent), at.desc()),
        (at.between(doubt.date_sent, doubt.date_sent + within), at.asc()),
    )
    seen: set[int] = set()
    for side, order in sides:
        for row in conn.execute(
            select(delivery.c.id, at).where(*same, side).order_by(order, delivery.c.id).limit(limit)
        ):
            if row.id not in seen:
                seen.add(row.id)
                yield row.id, abs(row.date_sent - doubt.date_sent)
