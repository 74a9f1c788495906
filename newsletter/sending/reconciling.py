"""What a relay's log says of the uncertain deliveries of an issue; and of accepted ones that came back.

Presence is proof, absence almost never: only where the log reaches from before the message to well after it, and
shows every other mail of the issue that the same relay took about then. Another machine's log, or one with a hole,
lacks those as well.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from enum import Enum
from pathlib import Path

from newsletter.address import normalise
from newsletter.delivery.state import DeliveryState
from newsletter.errors import InputError
from newsletter.sending.postfix_log import Bounce, Coverage, Search, Trace, read_log
from newsletter.store.database import Engine, now, reading, writing
from newsletter.store.evidence import (
    BOUNCE,
    Doubt,
    find_queued,
    has_event,
    neighbours,
    read_doubts,
    record_event,
    settle_doubt,
)
from newsletter.store.issues import IssueRow
from newsletter.tokens import Keys

_AROUND, _NEIGHBOURS = timedelta(minutes=10), 5  # on each side of a doubt in time
_BATCH = 500  # bounces looked up at a time: a relay's log tells of other people's mail too


class Found(Enum):
    ACCEPTED = "accepted"  # the relay took it on
    ABSENT = "absent"  # it demonstrably did not
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the log says of one uncertain delivery."""

    doubt: Doubt
    found: Found
    why: str
    trace: Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """An accepted delivery that came back."""

    delivery_id: int
    bounce: Bounce


@dataclass(slots=True)
class Reconciled:
    findings: list[Finding] = field(default_factory=list)
    returned: list[Returned] = field(default_factory=list)


def search_logs(engine: Engine, row: IssueRow, keys: Keys, logs: Sequence[Path], *, zone: tzinfo) -> Reconciled:
    """Return what the logs say; writes nothing. Raises InputError for a log that cannot be read."""
    pinned = keys.pinned(row.key_id)
    with reading(engine) as conn:
        doubts = read_doubts(conn, row.id)
        beside = {one.id: neighbours(conn, row.id, one, within=_AROUND, limit=_NEIGHBOURS) for one in doubts}
    ids = {one.id for one in doubts}.union(*beside.values())
    search = Search({pinned.message_id_local(row.id, number): number for number in ids})
    done, coverage = Reconciled(), Coverage()
    waiting: list[Bounce] = []
    for path in logs:
        first = last = None
        for line in read_log(path, zone=zone, near=row.created_at):
            first = first or line.at
            last = max(last or line.at, line.at)
            bounce = search.feed(line)
            if bounce is not None and line.at >= row.created_at - _AROUND:
                waiting.append(bounce)
            if len(waiting) >= _BATCH:
                done.returned += _ours(engine, row, keys, waiting)
                waiting.clear()
        if first is None or last is None:
            raise InputError("no line of Postfix is in it", path=str(path), fix="name the relay's mail log")
        coverage.add(first, last)
    done.returned += _ours(engine, row, keys, waiting)
    done.findings = [_judge(one, search, beside[one.id], coverage) for one in doubts]
    return done


def record_findings(
    engine: Engine, row: IssueRow, done: Reconciled, *, absent_is_lost: bool
) -> tuple[list[Finding], list[Returned]]:
    """Write what was found in one transaction; returns what it changed: a log may be read twice."""
    with writing(engine) as conn:
        at = now(conn)
        moved = []
        for one in done.findings:
            after = _after(one.found, absent_is_lost=absent_is_lost)
            if after and settle_doubt(
                conn,
                row.id,
                one.doubt.id,
                after,
                attempt=one.doubt.attempt,  # a sender may have tried again while the log was read
                at=at,
                detail=_detail(one),
                queue_id=one.trace.queue_id,
            ):
                moved.append(one)
                if one.trace.bounced_at:
                    record_event(conn, one.doubt.id, BOUNCE, at=one.trace.bounced_at, detail=_detail(one))
        told = {(one.delivery_id, one.bounce.at): one for one in done.returned}  # rotated logs may overlap
        new = [one for one in told.values() if not has_event(conn, one.delivery_id, BOUNCE, at=one.bounce.at)]
        for returned in new:
            detail = {"by": "relay log", "queue_id": returned.bounce.queue_id, "reply": returned.bounce.said}
            record_event(conn, returned.delivery_id, BOUNCE, at=returned.bounce.at, detail=detail)
    return moved, new


def _after(found: Found, *, absent_is_lost: bool) -> DeliveryState | None:
    if found is Found.ABSENT and absent_is_lost:
        return DeliveryState.PENDING
    return DeliveryState.ACCEPTED if found is Found.ACCEPTED else None


def _detail(one: Finding) -> dict[str, object]:
    trace = one.trace
    told = {"queue_id": trace.queue_id, "status": trace.status, "reply": trace.said}
    return {"by": "relay log", "note": one.why, "attempt": one.doubt.attempt, **{k: v for k, v in told.items() if v}}


def _judge(doubt: Doubt, search: Search, beside: Collection[int], coverage: Coverage) -> Finding:
    trace = search.traces.get(doubt.id, Trace())
    found, why = Found.UNKNOWN, ""
    taken = sum(bool(search.traces.get(number, Trace()).queue_id) for number in beside)
    if trace.queue_id:
        status = f", then {trace.status}" if trace.status else ""
        found, why = Found.ACCEPTED, f"the relay queued it as {trace.queue_id}{status}"
    elif not coverage.holds(doubt.date_sent):
        why = "the log does not reach from before it was sent to ten minutes after"
    elif not beside:
        why = "the log cannot be checked: the relay accepted no other mail of the issue about that time"
    elif taken < len(beside):
        why = (
            f"the log lacks {len(beside) - taken} of {len(beside)} other mails that the relay accepted about that time"
        )
    else:
        found = Found.ABSENT
        why = "it began to arrive and was never queued" if trace.is_seen else "the log shows the others and not it"
    return Finding(doubt=doubt, found=found, why=why, trace=trace)


def _ours(engine: Engine, row: IssueRow, keys: Keys, bounces: Sequence[Bounce]) -> list[Returned]:
    """Return the bounces that are of accepted deliveries of the issue: address and queue id must both agree."""
    found = []
    with reading(engine) as conn:
        for one in bounces:
            try:
                key = keys.address_key(normalise(one.address).key)
            except InputError:
                continue  # no address that we could have mailed
            if number := find_queued(conn, row.id, key, one.queue_id):
                found.append(Returned(delivery_id=number, bounce=one))
    return found
