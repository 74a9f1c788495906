"""The ledger's one writing transaction: deliveries marked before their bytes leave, settled after the reply.

`write_group` makes every move by `delivery.state.MOVES`, with the state, try and epoch before it in each WHERE; the
counters move with them. Its quick way writes what its caller believes and counts the rows that agreed. Where one does
not (suppressed meanwhile, taken over, a COMMIT of unknown fate tried again) it raises Disagreement, the caller rolls
back and asks once more with `careful`: then each row is read first and decided alone, and a move already made is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import (
    Connection,
    Exists,
    Integer,
    Update,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from newsletter.delivery.scope import Outcome
from newsletter.delivery.state import Cause, DeliveryState, is_allowed
from newsletter.store.database import is_shared, now
from newsletter.store.prepared import Prepared, Row, microseconds
from newsletter.store.schema import Moment, delivery, delivery_event, issue, issue_count, subscription, suppression
from newsletter.store.suppression import UNSUBSCRIBED, holds_for

_S = DeliveryState
Moves = Counter[tuple[DeliveryState, DeliveryState]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One sender's right to one issue: what every mark and outcome carries."""

    issue_id: int
    list_id: int
    list_name: str
    number: int  # of all runs in this store, growing
    epoch: int  # of this issue; a row marked under another one is not ours
    owner: str  # host:pid
    shard: int = 0  # of the counters: one for each process that sends in this run


class Mark(NamedTuple):
    """What goes to disk before the bytes go to the wire."""

    id: int
    before: DeliveryState
    attempt: int  # the number of this try, from 1
    date_sent: datetime
    sha256: str
    relay: str
    dkim: str = ""  # selectors that signed it


class Settled(NamedTuple):
    """What became of a marked delivery, or (stage LOCAL) of one that was refused before its mark."""

    id: int
    attempt: int
    outcome: Outcome
    next_at: datetime | None = None  # of a deferred one; None: it is not tried again
    is_marked: bool = True  # False: refused by ourselves before any mark


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupResult:
    """What the database said to a group."""

    marked: frozenset[int]  # ids whose mark is on disk: only their bytes may leave
    is_stale: bool  # another run of the issue has begun
    stop_requested: bool
    moves: Mapping[tuple[DeliveryState, DeliveryState], int] = field(default_factory=dict)


class Disagreement(Exception):  # noqa: N818 - no error: the caller asks again, with care
    """A row is not as the caller believed; nothing of this transaction may stay."""


def write_group(
    conn: Connection,
    run: Run,
    *,
    settled: Sequence[Settled],
    marks: Sequence[Mark],
    at: datetime | None = None,
    careful: bool = True,
) -> GroupResult:
    """Record outcomes and marks of one run in one transaction, counters included; see the module's head.

    `at` is the time by the database's clock; read when it matters and is not given.
    """
    epoch, stop_requested, embargo = _ISSUE.first(conn, (run.issue_id,))
    may_mark = epoch == run.epoch and (embargo is None or embargo <= microseconds(at or now(conn)))
    if careful:
        group = _Group(
            conn,
            run,
            _rows(conn, [entry.id for entry in settled] + [mark.id for mark in marks]),
            at,
            epoch == run.epoch,
        )
        group.settle(settled)
        marked = group.mark(marks) if may_mark else frozenset()
        moves = group.moves
    elif epoch != run.epoch:
        raise Disagreement
    else:
        moves = write_quickly(conn, run, settled, marks if may_mark else ())
        marked = frozenset(mark.id for mark in marks) if may_mark else frozenset()
    move_counters(conn, run.issue_id, moves, shard=run.shard)
    return GroupResult(
        marked=marked, is_stale=epoch != run.epoch, stop_requested=bool(stop_requested), moves=dict(moves)
    )


def write_quickly(conn: Connection, run: Run, settled: Sequence[Settled], marks: Sequence[Mark]) -> Moves:
    """Write what should be so, two statements for all of it. Raises Disagreement unless every row agreed."""
    moves: Moves = Counter()
    if settled:
        rows = [_quick_settle(entry, run, moves) for entry in settled]
        if _SETTLE_QUICKLY.run(conn, rows) != len(rows):
            raise Disagreement
    if marks:
        moves.update((mark.before, _S.IN_FLIGHT) for mark in marks)
        for before in {mark.before for mark in marks}:
            require(before, _S.IN_FLIGHT, Cause.CLAIM)
        statement = _quick_mark(run.list_id, run.list_name, is_shared(conn))
        if statement.run(conn, [_quick_values(mark, run) for mark in marks]) != len(marks):
            raise Disagreement
    return moves


def require(before: DeliveryState, after: DeliveryState, cause: Cause) -> None:
    if not is_allowed(before, after, cause):
        raise RuntimeError(f"no such move: {before.value} to {after.value} by {cause.value}")


def move_counters(
    conn: Connection, issue_id: int, moves: Mapping[tuple[DeliveryState, DeliveryState], int], *, shard: int = 0
) -> None:
    change: Counter[str] = Counter()
    for (before, after), number in moves.items():
        change[before.value] -= number
        change[after.value] += number
    if any(change.values()):
        _COUNT.run(conn, [(issue_id, shard, *(change[state.value] for state in _S))])


# Statements are made once: SQLAlchemy would spend more on making them than SQLite on running them.
# FOR SHARE: on PostgreSQL a new run must not raise the epoch between this look and our COMMIT.
_ISSUE = Prepared(
    select(issue.c.epoch, issue.c.stop_requested, issue.c.embargo_until)
    .where(issue.c.id == bindparam("of"))
    .with_for_update(read=True),
    ("of",),
)
_COUNT = Prepared(
    update(issue_count)
    .where(issue_count.c.issue_id == bindparam("of"), issue_count.c.shard == bindparam("of_shard"))
    .values(
        {state.value: issue_count.c[state.value] + bindparam(f"more_{state.value}", type_=Integer()) for state in _S}
    ),
    ("of", "of_shard", *(f"more_{state.value}" for state in _S)),
)
# PostgreSQL needs the lock on the rows; SQLite's writer already has it on the whole file.
_ROWS = (
    select(delivery.c.id, delivery.c.state, delivery.c.attempt, delivery.c.epoch, delivery.c.owner)
    .where(delivery.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(delivery.c.id)  # all lock in one order, or two could wait for each other
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class _Now:
    """What a row's move depends on."""

    state: DeliveryState
    attempt: int
    epoch: int
    owner: str


def _rows(conn: Connection, ids: Sequence[int]) -> dict[int, _Now]:
    return {
        number: _Now(DeliveryState(state), attempt, epoch, owner)
        for number, state, attempt, epoch, owner in conn.execute(_ROWS, {"ids": list(ids)})
    }


_SETTLE = (
    update(delivery)
    .where(
        delivery.c.id == bindparam("of"),
        delivery.c.state == bindparam("before"),
        delivery.c.attempt == bindparam("of_attempt"),
        delivery.c.epoch == bindparam("of_epoch"),
    )
    .values(
        {name: bindparam(name) for name in ("state", "stage", "scope", "code", "enhanced", "reply", "queue_id")}
        | {"next_at": bindparam("next_at", type_=Moment())}
    )
)


_MARK = (
    update(delivery)
    .where(
        delivery.c.id == bindparam("of"),
        delivery.c.state == bindparam("before"),
        delivery.c.attempt == bindparam("attempt") - 1,
    )
    .values(
        state=_S.IN_FLIGHT.value,
        attempt=bindparam("attempt"),
        first_at=func.coalesce(delivery.c.first_at, bindparam("date_sent", type_=Moment())),
        date_sent=bindparam("date_sent", type_=Moment()),
        next_at=None,
        sha256=bindparam("sha256"),
        relay=bindparam("relay"),
        dkim=bindparam("dkim"),
        owner=bindparam("owner"),
        epoch=bindparam("epoch"),
    )
)


_SETTLE_QUICKLY = Prepared(
    _SETTLE,
    ("of", "before", "of_attempt", "of_epoch", "state", "stage", "scope", "code", "enhanced", "reply", "queue_id")
    + ("next_at",),
)


@lru_cache(maxsize=64)
def _moves_of(after: DeliveryState, cause: Cause, is_tried_again: bool) -> tuple[tuple[_S, _S], ...]:
    """Return the moves of a marked delivery that is settled, each looked up in the table once for all."""
    require(_S.IN_FLIGHT, after, cause)
    if after is _S.DEFERRED and not is_tried_again:
        require(after, _S.GAVE_UP, Cause.TIME_UP)
        return (_S.IN_FLIGHT, after), (after, _S.GAVE_UP)
    return ((_S.IN_FLIGHT, after),)


def _quick_settle(entry: Settled, run: Run, moves: Moves) -> Row:
    if not entry.is_marked:
        raise Disagreement  # rare: the careful way knows what such a row may be
    outcome = entry.outcome
    made = _moves_of(outcome.state, outcome.cause, entry.next_at is not None)
    for move in made:
        moves[move] += 1
    return (
        entry.id,
        _S.IN_FLIGHT.value,
        entry.attempt,
        run.epoch,
        made[-1][1].value,
        outcome.stage.value,
        outcome.scope.value,
        outcome.code,
        outcome.enhanced,
        outcome.reply,
        outcome.queue_id,
        None if entry.next_at is None else microseconds(entry.next_at),
    )


@lru_cache(maxsize=16)
def _quick_mark(list_id: int, list_name: str, needs_claim: bool) -> Prepared:
    names = ("of", "before", "attempt", "date_sent", "sha256", "relay", "dkim", "owner", "epoch")
    return Prepared(_mark_statement(list_id, list_name, needs_claim), names)


def _quick_values(mark: Mark, run: Run) -> Row:
    at = microseconds(mark.date_sent)
    return (mark.id, mark.before.value, mark.attempt, at, mark.sha256, mark.relay, mark.dkim, run.owner, run.epoch)


@lru_cache(maxsize=16)
def _mark_statement(list_id: int, list_name: str, needs_claim: bool) -> Update:
    # Where several processes send, a row must have been claimed by the one that marks it (deliveries.py).
    claimed = (delivery.c.owner == bindparam("owner"), delivery.c.epoch == bindparam("epoch")) if needs_claim else ()
    return _MARK.where(~_suppressed(list_name), ~_unsubscribed(list_id), *claimed)


def _suppressed(list_name: str) -> Exists:
    return exists().where(suppression.c.address_key == delivery.c.address_key, holds_for(list_name))


def _unsubscribed(list_id: int) -> Exists:
    return exists().where(
        subscription.c.list_id == list_id,
        subscription.c.subscriber_id == delivery.c.subscriber_id,
        subscription.c.status == UNSUBSCRIBED,
    )


def _settle_values(entry: Settled, row: _Now) -> dict[str, object]:
    outcome = entry.outcome
    return {
        "of": entry.id,
        "before": row.state.value,
        "of_attempt": row.attempt,
        "of_epoch": row.epoch,
        "state": outcome.state.value,
        "next_at": entry.next_at,
        "stage": outcome.stage.value,
        "scope": outcome.scope.value,
        "code": outcome.code,
        "enhanced": outcome.enhanced,
        "reply": outcome.reply,
        "queue_id": outcome.queue_id,
    }


def _mark_values(mark: Mark, run: Run) -> dict[str, object]:
    return {
        "of": mark.id,
        "before": mark.before.value,
        "attempt": mark.attempt,
        "date_sent": mark.date_sent,
        "sha256": mark.sha256,
        "relay": mark.relay,
        "dkim": mark.dkim,
        "owner": run.owner,
        "epoch": run.epoch,
    }


@dataclass(slots=True)
class _Group:
    """One transaction in the making: the rows as they stand, and the moves made so far."""

    conn: Connection
    run: Run
    rows: dict[int, _Now]
    at: datetime | None
    is_current: bool  # no newer run of the issue has begun
    moves: Moves = field(default_factory=Counter)

    def settle(self, settled: Sequence[Settled]) -> None:
        writes: list[dict[str, object]] = []
        late: list[Settled] = []
        for entry in settled:
            row, after, cause = self.rows[entry.id], entry.outcome.state, entry.outcome.cause
            if not entry.is_marked:  # refused by ourselves before any mark
                if not self.is_current or (row.state, row.attempt) != (_S.PENDING, entry.attempt):
                    continue  # somebody else's row by now: whoever sends it next will see for himself
                cause = Cause.LOCAL
            elif (row.attempt, row.epoch, row.state) != (entry.attempt, self.run.epoch, _S.IN_FLIGHT):
                if row.state is not after or row.attempt != entry.attempt:
                    late.append(entry)
                continue
            require(row.state, after, cause)
            writes.append(_settle_values(entry, row))
            self.moves[row.state, after] += 1
            if after is _S.DEFERRED and entry.next_at is None:
                require(after, _S.GAVE_UP, Cause.TIME_UP)
                writes.append(_settle_values(entry, row) | {"before": after.value, "state": _S.GAVE_UP.value})
                self.moves[after, _S.GAVE_UP] += 1
                after = _S.GAVE_UP
            self.rows[entry.id] = replace(row, state=after)
        if writes and self.conn.execute(_SETTLE, writes).rowcount != len(writes):
            raise RuntimeError("a delivery changed under the write lock")
        for entry in late:
            self._keep_evidence(entry)

    def _keep_evidence(self, entry: Settled) -> None:
        """A reply after its row was taken from us: a late 250 is evidence, anything else is forgotten."""
        if entry.outcome.state is not _S.ACCEPTED:
            return
        detail = {"code": entry.outcome.code, "reply": entry.outcome.reply, "attempt": entry.attempt}
        self.conn.execute(
            insert(delivery_event).values(
                delivery_id=entry.id, kind="late_reply", at=self.at or now(self.conn), detail=detail
            )
        )
        row = self.rows[entry.id]
        if row.state is _S.UNCERTAIN and row.attempt == entry.attempt:
            require(row.state, _S.ACCEPTED, Cause.EVIDENCE)
            self.conn.execute(_SETTLE, [_settle_values(entry, row)])
            self.moves[row.state, _S.ACCEPTED] += 1
            self.rows[entry.id] = replace(row, state=_S.ACCEPTED)

    def mark(self, marks: Sequence[Mark]) -> frozenset[int]:
        """Write the marks that may be; who has unsubscribed since the freeze is refused in the very statement."""
        run, rows = self.run, self.rows
        # Marked before, by a COMMIT in doubt: by ourselves, not by another process of the run.
        done = {m.id for m in marks if rows[m.id] == _Now(_S.IN_FLIGHT, m.attempt, run.epoch, run.owner)}
        due = [m for m in marks if (rows[m.id].state, rows[m.id].attempt) == (m.before, m.attempt - 1)]
        if not due:
            return frozenset(done)
        for mark in due:
            require(mark.before, _S.IN_FLIGHT, Cause.CLAIM)
        written = self.conn.execute(
            _mark_statement(run.list_id, run.list_name, is_shared(self.conn)), [_mark_values(mark, run) for mark in due]
        ).rowcount
        refused: set[int] = set()
        if written != len(due):
            now = _rows(self.conn, [mark.id for mark in due])
            refused = {mark.id for mark in due if now[mark.id].state is not _S.IN_FLIGHT}
            self._exclude(refused)
        self.moves.update((mark.before, _S.IN_FLIGHT) for mark in due if mark.id not in refused)
        return frozenset(done | {mark.id for mark in due} - refused)

    def _exclude(self, ids: set[int]) -> None:
        reason = func.coalesce(
            select(func.min(suppression.c.reason))
            .where(suppression.c.address_key == delivery.c.address_key, holds_for(self.run.list_name))
            .scalar_subquery(),
            UNSUBSCRIBED,
        )
        kept_out = or_(_suppressed(self.run.list_name), _unsubscribed(self.run.list_id))
        for before, after in ((_S.PENDING, _S.EXCLUDED), (_S.DEFERRED, _S.GAVE_UP)):
            require(before, after, Cause.SUPPRESSED)
            where = (delivery.c.id.in_(ids), delivery.c.state == before.value, kept_out)
            gone = update(delivery).where(*where).values(state=after.value, exclusion=reason, next_at=None)
            self.moves[before, after] += self.conn.execute(gone).rowcount
