"""Issues as rows: found again, moved through their states (`freezing.py` writes them first).

An issue is (key, list); a number tells several sends of one pair apart. Once frozen nothing about it changes but its
state and its counters, and the counters move in the transaction that moves a delivery. Nothing heavy is imported
here: `status` must be quick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, String, and_, func, insert, literal, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from newsletter.delivery.state import Counts, IssueState
from newsletter.errors import StoreError, UsageError
from newsletter.store.database import now
from newsletter.store.schema import Moment, delivery, issue, issue_count, mailing_list


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How an issue is sent: kept in its row, so that `resume` goes on the same way."""

    transport: str  # "smtp" or "outbox"
    target: str  # the relay's URL without secrets, or the outbox folder
    connections: int
    rate: float
    uncertain: str  # "hold" or "resend"

    def to_json(self) -> dict[str, object]:
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    @classmethod
    def from_json(cls, raw: Mapping[str, object]) -> Plan:
        return cls(
            transport=str(raw["transport"]),
            target=str(raw["target"]),
            connections=int(str(raw["connections"])),
            rate=float(str(raw["rate"])),
            uncertain=str(raw["uncertain"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRow:
    """An issue as it stands in the store, without its compiled text (`load_compiled`)."""

    id: int
    code: str
    key: str
    list_id: int
    list_name: str
    list_label: str  # of the List-ID header
    number: int
    state: IssueState
    state_reason: str
    digest: str
    subject: str
    timezone: str
    key_id: int
    embargo_until: datetime | None
    plan: Plan
    exclusions: Mapping[str, int]
    created_at: datetime
    finished_at: datetime | None
    sending_milliseconds: int
    epoch: int
    stop_requested: bool
    restore_hold: bool
    approvals: Sequence[Mapping[str, object]] = ()  # that let it through: decision, who, at (ISO, UTC), list
    counts: Counts = field(default_factory=Counts)
    sender: str = ""  # host:pid of the living process that sends it out of a server's database (SQLite: a file tells)
    sender_since: datetime | None = None


def find_issue(conn: Connection, code: str) -> IssueRow:
    """Return the issue with this short id. Raises UsageError."""
    row = conn.execute(_select().where(issue.c.code == code.strip().lower())).first()
    if row is None:
        raise UsageError(f'there is no issue "{code}"', fix='"newsletter status" lists them')
    return _record(row)


def load_issue(conn: Connection, issue_id: int) -> IssueRow:
    return _record(conn.execute(_select().where(issue.c.id == issue_id)).one())


def load_compiled(conn: Connection, issue_id: int) -> bytes:
    """Return the frozen issue's written form, for `CompiledIssue.from_bytes`."""
    data: bytes = conn.execute(select(issue.c.compiled).where(issue.c.id == issue_id)).scalar_one()
    return data


def list_issues(conn: Connection) -> tuple[IssueRow, ...]:
    """Return all issues, newest first."""
    return tuple(_record(row) for row in conn.execute(_select().order_by(issue.c.id.desc())))


def latest_of_pair(conn: Connection, key: str, list_id: int) -> IssueRow | None:
    found = _select().where(issue.c.key == key, issue.c.list_id == list_id).order_by(issue.c.number.desc())
    row = conn.execute(found.limit(1)).first()
    return _record(row) if row else None


def set_state(conn: Connection, issue_id: int, state: IssueState, *, reason: str = "") -> None:
    """Write the state; FINISHED keeps the first time it was reached."""
    values: dict[str, object] = {"state": state.value, "state_reason": reason}
    if state is IssueState.FINISHED:
        values["finished_at"] = func.coalesce(issue.c.finished_at, literal(now(conn), Moment()))
    conn.execute(update(issue).where(issue.c.id == issue_id).values(values))


def add_shards(conn: Connection, issue_id: int, processes: int) -> None:
    """Make the counters of processes 1 … N, those that are not there yet: they only ever update."""
    there = set(conn.scalars(select(issue_count.c.shard).where(issue_count.c.issue_id == issue_id)))
    rows = [{"issue_id": issue_id, "shard": slot} for slot in range(1, processes + 1) if slot not in there]
    if rows:
        conn.execute(insert(issue_count), rows)


def save_plan(conn: Connection, issue_id: int, plan: Plan) -> None:
    """Keep what `resume` was told to do otherwise."""
    conn.execute(update(issue).where(issue.c.id == issue_id).values(relay=plan.to_json()))


def request_stop(conn: Connection, issue_id: int) -> None:
    """Ask the sender of a running issue to stop: it reads this in every transaction of its journal."""
    conn.execute(update(issue).where(issue.c.id == issue_id).values(stop_requested=True))


def verify_counts(conn: Connection, issue_id: int) -> Counts:
    """Count the deliveries and compare with the counters. Raises StoreError when they differ: a defect."""
    found = conn.execute(
        select(delivery.c.state, func.count()).where(delivery.c.issue_id == issue_id).group_by(delivery.c.state)
    )
    counted = Counts(**{str(state): int(number) for state, number in found})
    kept = load_issue(conn, issue_id).counts
    if counted != kept:
        raise StoreError(
            f"the counters of the issue do not agree with its deliveries ({kept} kept, {counted} counted)",
            fix="please report it; the deliveries are right",
        )
    return counted


_COUNTERS: Sequence[str] = tuple(entry.name for entry in fields(Counts))
_TOTALS = (
    select(issue_count.c.issue_id, *(func.sum(issue_count.c[name]).label(name) for name in _COUNTERS))
    .group_by(issue_count.c.issue_id)
    .subquery("totals")
)


def _select() -> Select[Any]:
    kept = [column for column in issue.c if column.name != "compiled"]
    names = [mailing_list.c.name.label("list_name"), mailing_list.c.list_id.label("list_label"), _Sender(issue.c.id)]
    return (
        select(*kept, *names, *(_TOTALS.c[name] for name in _COUNTERS))
        .join(mailing_list, and_(mailing_list.c.id == issue.c.list_id))
        .join(_TOTALS, and_(_TOTALS.c.issue_id == issue.c.id))
    )


class _Sender(FunctionElement[str]):
    """The process that holds an issue's lock on the server: "name microseconds", "" for none."""

    name = "sender"
    type = String()
    inherit_cache = True


@compiles(_Sender)
def _no_server(_element: _Sender, _compiler: SQLCompiler, **_: object) -> str:
    return "''"


@compiles(_Sender, "postgresql")
def _of_server(element: _Sender, compiler: SQLCompiler, **options: Any) -> str:
    issue_id = compiler.process(element.clauses, **options)
    return f"""coalesce((
        SELECT max(coalesce(a.application_name, '?') || ' ' || floor(extract(epoch FROM a.backend_start)))
        FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted AND l.classid::bigint = {issue_id}
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())), '')"""  # noqa: S608


def _record(row: Row[Any]) -> IssueRow:
    named, _, began = row.sender.rpartition(" ")
    return IssueRow(
        sender=named.rpartition(" ")[2],
        sender_since=datetime.fromtimestamp(int(began), UTC) if began.isdigit() else None,
        id=row.id,
        code=row.code,
        key=row.key,
        list_id=row.list_id,
        list_name=row.list_name,
        list_label=row.list_label,
        number=row.number,
        state=IssueState(row.state),
        state_reason=row.state_reason,
        digest=row.digest,
        subject=row.subject,
        timezone=row.timezone,
        key_id=row.key_id,
        embargo_until=row.embargo_until,
        plan=Plan.from_json(row.relay),
        exclusions=row.exclusions,
        created_at=row.created_at,
        finished_at=row.finished_at,
        sending_milliseconds=row.sending_milliseconds,
        epoch=row.epoch,
        stop_requested=row.stop_requested,
        restore_hold=row.restore_hold,
        approvals=row.approvals,
        counts=Counts(**{name: int(getattr(row, name)) for name in _COUNTERS}),
    )
