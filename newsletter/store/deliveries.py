"""The deliveries of an issue: claimed in the order of sending, put back, and told of.

The moves themselves, and the transaction they are written in, are `ledger.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select, update

from newsletter.delivery.scope import Scope
from newsletter.delivery.state import Cause, DeliveryState
from newsletter.errors import UsageError
from newsletter.store.database import is_shared
from newsletter.store.ledger import Run, move_counters, require
from newsletter.store.schema import delivery

_S = DeliveryState
PUT_BACK_ROWS = 5_000  # a tenth of a second


class Claimed(NamedTuple):
    """A delivery that may be sent now."""

    id: int
    subscriber_id: int
    address: str
    variant: str
    values: Mapping[str, str]
    position: int
    before: DeliveryState  # pending or deferred
    attempt: int  # of the tries so far
    first_at: datetime | None


def claim_pending(conn: Connection, run: Run, *, after_position: int, limit: int) -> list[Claimed]:
    """Return the next pending deliveries in the order of sending; in a transaction of `recording`.

    SQLite: nothing is written, the mark decides. PostgreSQL: they become the run's own, and stay pending. What an
    earlier run claimed is free; so is what a dead process of this run did, once `release_claims` has been told.
    """
    where = (delivery.c.state == _S.PENDING.value, delivery.c.position > after_position)
    return _claim(conn, run, where, delivery.c.position, limit)


def claim_due(conn: Connection, run: Run, *, at: datetime, limit: int) -> list[Claimed]:
    """Return deferred deliveries whose time has come, the longest due first; else as `claim_pending`.

    On PostgreSQL a delivery is tried again by the process that tried it before, as long as that lives.
    """
    where = (delivery.c.state == _S.DEFERRED.value, delivery.c.next_at <= at)
    return _claim(conn, run, where, delivery.c.next_at, limit)


def next_due(conn: Connection, issue_id: int, run: Run | None = None) -> datetime | None:
    """Return when the next deferred delivery is to be tried again; with `run`, the next that it may try."""
    found = select(func.min(delivery.c.next_at)).where(
        delivery.c.issue_id == issue_id, delivery.c.state == _S.DEFERRED.value, *(_claimable(conn, run) if run else ())
    )
    at: datetime | None = conn.execute(found).scalar_one()
    return at


def release_claims(conn: Connection, run: Run) -> None:
    """Let other processes have what this one claimed and has not sent: it ends, or was found dead."""
    if is_shared(conn):
        waits = delivery.c.state.in_((_S.PENDING.value, _S.DEFERRED.value))
        own = (delivery.c.owner == run.owner, delivery.c.epoch == run.epoch)
        conn.execute(update(delivery).where(delivery.c.issue_id == run.issue_id, waits, *own).values(_NOBODYS))


def orphans_to_uncertain(conn: Connection, run: Run, *, owner: str = "") -> tuple[str, ...]:
    """Settle what a dead process left in flight: their last byte may have left. Returns their addresses.

    Only for who holds the issue's lock: no living process has a mail on the wire; else for one dead `owner` alone.
    """
    where = [delivery.c.issue_id == run.issue_id, delivery.c.state == _S.IN_FLIGHT.value]
    if owner:
        where += [delivery.c.owner == owner, delivery.c.epoch == run.epoch]
    addresses = tuple(conn.scalars(select(delivery.c.address).where(*where).order_by(delivery.c.id)))
    require(_S.IN_FLIGHT, _S.UNCERTAIN, Cause.LOST_REPLY)
    conn.execute(
        update(delivery).where(*where).values(state=_S.UNCERTAIN.value, stage="content", reply="the sender died")
    )
    move_counters(conn, run.issue_id, {(_S.IN_FLIGHT, _S.UNCERTAIN): len(addresses)})
    return addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A delivery that a dead sender had marked."""

    id: int
    attempt: int
    epoch: int
    sha256: str


def read_orphans(conn: Connection, issue_id: int) -> tuple[Orphan, ...]:
    """Return what is in flight; only for who holds the issue's lock is it a dead sender's."""
    columns = (delivery.c.id, delivery.c.attempt, delivery.c.epoch, delivery.c.sha256)
    where = (delivery.c.issue_id == issue_id, delivery.c.state == _S.IN_FLIGHT.value)
    return tuple(Orphan(**row._mapping) for row in conn.execute(select(*columns).where(*where)))


def last_accepted(conn: Connection, issue_id: int) -> int:
    """Return the id of the delivery that was accepted last, 0 when none was."""
    where = (delivery.c.issue_id == issue_id, delivery.c.state == _S.ACCEPTED.value)
    found = select(delivery.c.id).where(*where).order_by(delivery.c.date_sent.desc(), delivery.c.id).limit(1)
    return int(conn.execute(found).scalar() or 0)


def resend_uncertain(conn: Connection, run: Run) -> int:
    """Put uncertain deliveries back, each once in its life, at most PUT_BACK_ROWS; returns how many."""
    require(_S.UNCERTAIN, _S.PENDING, Cause.RESEND)
    return _put_back(conn, run, _S.UNCERTAIN, delivery.c.resent.is_(False), limit=PUT_BACK_ROWS, resent=True)


def retry_refused(conn: Connection, run: Run, code: str, *, limit: int = PUT_BACK_ROWS) -> int:
    """Put rejected deliveries back whose reply had this code: "550", "5.7.1", or "5.7" for every 5.7.x.

    A bare "550" takes all of that code, whatever enhanced code came with it. At most `limit` of them, so that the
    transaction is short: call it again while it returns so many. Raises UsageError for what is no code.
    """
    require(_S.REJECTED, _S.PENDING, Cause.RETRY_REFUSED)
    refuse_no_code(code)
    if code.isdigit():
        return _put_back(conn, run, _S.REJECTED, delivery.c.code == int(code), limit=limit)
    same = delivery.c.enhanced == code if code.count(".") == 2 else delivery.c.enhanced.like(f"{code}.%")
    return _put_back(conn, run, _S.REJECTED, same, limit=limit)


def refuse_no_code(code: str) -> None:
    """Raise UsageError for what no server's refusal can be: before a run has begun for it."""
    if not _CODE.fullmatch(code):
        raise UsageError(f'"{code}" is no code of a refusal', fix="write 550, 5.7.1, or 5.7 for every 5.7.x")


_CODE = re.compile(r"[45][0-9]{2}|[45](?:\.[0-9]{1,3}){1,2}")


def named(conn: Connection, issue_id: int, state: DeliveryState, *, limit: int) -> tuple[tuple[str, str], ...]:
    """Return the first of those in a state, in the order of sending: address, and what was replied last."""
    found = (
        select(delivery.c.address, delivery.c.code, delivery.c.reply, delivery.c.exclusion)
        .where(delivery.c.issue_id == issue_id, delivery.c.state == state.value)
        .order_by(delivery.c.position, delivery.c.id)
        .limit(limit)
    )
    return tuple((row.address, row.exclusion or _said(row.code, row.reply)) for row in conn.execute(found))


def resendable(conn: Connection, issue_id: int) -> int:
    """Count the uncertain who were not yet mailed once more."""
    where = (delivery.c.issue_id == issue_id, delivery.c.state == _S.UNCERTAIN.value, delivery.c.resent.is_(False))
    return int(conn.execute(select(func.count()).select_from(delivery).where(*where)).scalar_one())


def refused_by_our_fault(conn: Connection, issue_id: int, *, limit: int = 3) -> tuple[tuple[str, int], ...]:
    """Return the codes that `retry_refused` takes of those rejected for a fault of ours, the commonest first."""
    where = (delivery.c.state == _S.REJECTED.value, delivery.c.scope == Scope.OURS.value, delivery.c.code > 0)
    people = func.count()
    found = (
        select(delivery.c.code, delivery.c.enhanced, people)
        .where(delivery.c.issue_id == issue_id, *where)
        .group_by(delivery.c.code, delivery.c.enhanced)
        .order_by(people.desc(), delivery.c.code, delivery.c.enhanced)
        .limit(limit)
    )
    rows = conn.execute(found).all()
    # A bare code takes those too whose reply had an enhanced one: the number must not promise less.
    alike = select(func.count()).where(delivery.c.issue_id == issue_id, delivery.c.state == _S.REJECTED.value)
    return tuple(
        (enhanced, number) if enhanced else (str(code), int(conn.scalar(alike.where(delivery.c.code == code)) or 0))
        for code, enhanced, number in rows
    )


def excluded_by_reason(conn: Connection, issue_id: int) -> dict[str, int]:
    """Count who is left out, by reason: at the freeze or since."""
    where = (delivery.c.issue_id == issue_id, delivery.c.state == _S.EXCLUDED.value)
    found = select(delivery.c.exclusion, func.count()).where(*where).group_by(delivery.c.exclusion)
    return {str(reason): int(number) for reason, number in conn.execute(found)}


def refusals(conn: Connection, issue_id: int, *, limit: int = 10) -> tuple[tuple[str, int, str], ...]:
    """Return the commonest last replies of those who were not served: (state, people, one such reply)."""
    states = [_S.REJECTED.value, _S.DEFERRED.value, _S.GAVE_UP.value]
    kinds = (delivery.c.state, delivery.c.stage, delivery.c.code, delivery.c.enhanced)
    found = conn.execute(
        select(delivery.c.state, func.count().label("people"), delivery.c.code, func.min(delivery.c.reply))
        .where(delivery.c.issue_id == issue_id, delivery.c.state.in_(states))
        .group_by(*kinds)
        .order_by(func.count().desc())
        .limit(limit)
    )
    return tuple((state, people, _said(code, reply)) for state, people, code, reply in found)


def find_delivery(conn: Connection, issue_id: int, address_key: bytes) -> Row[Any] | None:
    """Return the whole row of one address in an issue."""
    where = (delivery.c.issue_id == issue_id, delivery.c.address_key == address_key)
    return conn.execute(select(*delivery.c).where(*where)).first()


def _said(code: int, reply: str) -> str:
    return f"{code or ''} {reply}".strip()


def _claim(conn: Connection, run: Run, where: Iterable[object], order: object, limit: int) -> list[Claimed]:
    found = (
        select(delivery)
        .where(delivery.c.issue_id == run.issue_id, *where)  # type: ignore[arg-type] # conditions, whatever their type
        .order_by(order, delivery.c.id)  # type: ignore[arg-type] # a column
        .limit(limit)
    )
    rows = _claimed_by(conn, run, found) if is_shared(conn) else conn.execute(found)
    return [
        Claimed(
            id=row.id,
            subscriber_id=row.subscriber_id or 0,
            address=row.address,
            variant=row.variant,
            values=row.slot_values,
            position=row.position,
            before=DeliveryState(row.state),
            attempt=row.attempt,
            first_at=row.first_at,
        )
        for row in rows
    ]


def _claimed_by(conn: Connection, run: Run, found: Select[Any]) -> Iterable[Row[Any]]:
    """Make what is found the run's own, past rows that other processes have or are just taking."""
    # A common table expression is run once; a subquery in WHERE might be run again and claim more than its limit.
    chosen = (
        found.with_only_columns(delivery.c.id).where(*_claimable(conn, run)).with_for_update(skip_locked=True)
    ).cte("chosen")
    claim = update(delivery).where(delivery.c.id == chosen.c.id).values(owner=run.owner, epoch=run.epoch)
    rows = conn.execute(claim.returning(*delivery.c)).all()
    return sorted(rows, key=lambda row: (row.next_at or _NEVER, row.position, row.id))


_NOBODYS: Mapping[str, object] = {"owner": "", "epoch": 0}
_NEVER = datetime.max.replace(tzinfo=UTC)


def _claimable(conn: Connection, run: Run) -> tuple[ColumnElement[bool], ...]:
    """Return the condition on rows that no living process has but the run's own."""
    if not is_shared(conn):
        return ()  # one process sends
    return (or_(delivery.c.epoch < run.epoch, delivery.c.owner == run.owner),)


def _put_back(
    conn: Connection, run: Run, before: DeliveryState, condition: ColumnElement[bool], *, limit: int, **values: object
) -> int:
    where = (delivery.c.issue_id == run.issue_id, delivery.c.state == before.value, condition)
    found = conn.execute(
        update(delivery)
        .where(delivery.c.id.in_(select(delivery.c.id).where(*where).limit(limit)))
        .values(state=_S.PENDING.value, next_at=None, first_at=None, **(_NOBODYS if is_shared(conn) else {}), **values)
    ).rowcount
    move_counters(conn, run.issue_id, {(before, _S.PENDING): found})
    return found
