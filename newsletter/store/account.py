"""What the ledger tells of an issue as a whole: by domain, by reply, over time, by relay and run; and row by row.

Only sums are read into memory, so that a million deliveries cost no more than a hundred; `each_delivery` streams.
A delivery stands in the time of its last try: earlier ones leave a number behind, not a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, RowMapping, case, func, select, type_coerce

from newsletter.delivery.state import DeliveryState
from newsletter.store.schema import delivery, delivery_event, run

_S = DeliveryState
_NOT_SERVED = tuple(state.value for state in (_S.REJECTED, _S.GAVE_UP, _S.DEFERRED, _S.UNCERTAIN))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """The recipients of one domain, those left out aside; name "" for addresses that were erased since."""

    name: str
    states: Mapping[DeliveryState, int]

    @property
    def people(self) -> int:
        return sum(self.states.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Domains:
    first: Sequence[Domain]  # the largest first
    others: Domain  # all the rest as one
    number: int  # of domains in all


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyKind:
    """The last replies that say the same, with one of them."""

    state: DeliveryState
    people: int
    stage: str
    scope: str
    code: int
    enhanced: str
    reply: str  # hostile text


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """What went by one relay, as the last try of each delivery tells it."""

    relay: str
    people: int
    tries: int
    tried_again: int  # people who needed more than one
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The deliveries whose last try was in one stretch of time."""

    at: datetime
    states: Mapping[DeliveryState, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """One time that a sender had the issue in hand."""

    number: int
    owner: str  # host:pid
    started_at: datetime
    ended_at: datetime | None
    end: str  # how: a word of sending.sender.End, "died", or "" while it runs


def by_domain(conn: Connection, issue_id: int, *, limit: int) -> Domains:
    """Return the largest domains of an issue's recipients, and the rest as one."""
    position = func.instr if conn.dialect.name == "sqlite" else func.strpos
    name = func.substr(delivery.c.address, position(delivery.c.address, "@") + 1).label("name")
    sums = [func.sum(case((delivery.c.state == state.value, 1), else_=0)).label(state.value) for state in _SHOWN]
    grouped = (
        select(name, func.count().label("people"), *sums)
        .where(delivery.c.issue_id == issue_id, delivery.c.state != _S.EXCLUDED.value)
        .group_by(name)
        .subquery()
    )
    # A window counts the domains and sums the states of all in the same pass over the groups.
    columns = [grouped.c[state.value] for state in _SHOWN]
    totals = [func.sum(column).over().label(f"all_{column.name}") for column in columns]
    found = select(grouped.c.name, *columns, func.count().over().label("domains"), *totals)
    rows = conn.execute(found.order_by(grouped.c.people.desc(), grouped.c.name).limit(limit)).all()
    first = tuple(Domain(name=row.name, states=_states(row._mapping)) for row in rows)
    whole = _states(rows[0]._mapping, "all_") if rows else {}
    rest = {state: n - sum(one.states.get(state, 0) for one in first) for state, n in whole.items()}
    others = Domain(name="", states={state: n for state, n in rest.items() if n})
    return Domains(first=first, others=others, number=int(rows[0].domains) if rows else 0)


_SHOWN = tuple(state for state in DeliveryState if state is not _S.EXCLUDED)


def _states(row: RowMapping, prefix: str = "") -> dict[DeliveryState, int]:
    return {state: int(n) for state in _SHOWN if (n := row[f"{prefix}{state.value}"])}


def by_reply(conn: Connection, issue_id: int, *, limit: int) -> tuple[ReplyKind, ...]:
    """Return the kinds of last replies to those who were not served, the commonest first."""
    kind = (delivery.c.state, delivery.c.stage, delivery.c.scope, delivery.c.code, delivery.c.enhanced)
    found = (
        select(*kind, func.count().label("people"), func.min(delivery.c.reply).label("reply"))
        .where(delivery.c.issue_id == issue_id, delivery.c.state.in_(_NOT_SERVED))
        .group_by(*kind)
        .order_by(func.count().desc(), *kind)
        .limit(limit)
    )
    return tuple(
        ReplyKind(**{**row._mapping, "state": DeliveryState(row.state)})  # the rest as they are
        for row in conn.execute(found)
    )


def by_relay(conn: Connection, issue_id: int) -> tuple[Relayed, ...]:
    """Return what each relay was given, the one that took most first; who was never tried is with none."""
    people = func.count().label("people")
    found = (
        select(
            delivery.c.relay,
            people,
            func.sum(delivery.c.attempt).label("tries"),
            func.sum(case((delivery.c.attempt > 1, 1), else_=0)).label("tried_again"),
            func.min(delivery.c.first_at).label("first_at"),
            func.max(delivery.c.date_sent).label("last_at"),
        )
        .where(delivery.c.issue_id == issue_id, delivery.c.attempt > 0)
        .group_by(delivery.c.relay)
        .order_by(people.desc(), delivery.c.relay)
    )
    return tuple(
        Relayed(**{**row._mapping, "tries": int(row.tries), "tried_again": int(row.tried_again)})
        for row in conn.execute(found)
    )


def over_time(conn: Connection, issue_id: int, *, step: timedelta) -> tuple[Slice, ...]:
    """Return how many were tried last in each `step` of time, and what became of them; empty steps are left out."""
    micros = int(step / timedelta(microseconds=1))
    at = (_micros(delivery.c.date_sent) // micros).label("at")
    where = (delivery.c.issue_id == issue_id, delivery.c.date_sent.is_not(None))
    found = select(at, delivery.c.state, func.count().label("people")).where(*where).group_by(at, delivery.c.state)
    slices: dict[int, dict[DeliveryState, int]] = {}
    for row in conn.execute(found):
        slices.setdefault(int(row.at), {})[DeliveryState(row.state)] = int(row.people)
    return tuple(
        Slice(at=_EPOCH + timedelta(microseconds=number * micros), states=slices[number]) for number in sorted(slices)
    )


def _micros(column: ColumnElement[datetime]) -> ColumnElement[int]:
    return type_coerce(column, BigInteger)  # as `schema.Moment` keeps it


def runs_of(conn: Connection, issue_id: int) -> tuple[PastRun, ...]:
    """Return the runs of an issue, the first first."""
    columns = (run.c.number, run.c.owner, run.c.started_at, run.c.ended_at, run.c.end)
    found = select(*columns).where(run.c.issue_id == issue_id).order_by(run.c.number)
    return tuple(PastRun(**row._mapping) for row in conn.execute(found))


def last_run(conn: Connection, issue_id: int) -> PastRun | None:
    columns = (run.c.number, run.c.owner, run.c.started_at, run.c.ended_at, run.c.end)
    found = select(*columns).where(run.c.issue_id == issue_id).order_by(run.c.number.desc()).limit(1)
    row = conn.execute(found).first()
    return PastRun(**row._mapping) if row else None


def events_of(conn: Connection, issue_id: int) -> dict[str, int]:
    """Count the people of an issue about whom something was learned later, by kind: bounce, resolve …"""
    # The sum keeps the planner from going over all deliveries of the issue: events are few.
    of_issue = (delivery.c.issue_id + 0) == issue_id
    found = (
        select(delivery_event.c.kind, func.count(delivery_event.c.delivery_id.distinct()))
        .join(delivery, delivery.c.id == delivery_event.c.delivery_id)
        .where(of_issue)
        .group_by(delivery_event.c.kind)
        .order_by(delivery_event.c.kind)
    )
    return {str(kind): int(number) for kind, number in conn.execute(found)}


_EACH = tuple(delivery.c[name] for name in (
    "address", "state", "attempt", "first_at", "date_sent", "next_at", "relay", "code", "enhanced", "reply",
    "queue_id", "exclusion", "stage", "scope", "dkim",
))  # fmt: skip


def each_delivery(conn: Connection, issue_id: int) -> Iterator[Any]:
    """Yield every delivery of an issue in the order it was frozen, with the kinds of later events as `later`.

    By primary key, so that the database sorts nothing.
    """
    later = (
        select(func.aggregate_strings(delivery_event.c.kind, " "))
        .where(delivery_event.c.delivery_id == delivery.c.id)
        .scalar_subquery()
        .label("later")
    )
    found = select(*_EACH, later).where((delivery.c.issue_id + 0) == issue_id).order_by(delivery.c.id)
    yield from conn.execute(found, execution_options={"yield_per": 1_000})
