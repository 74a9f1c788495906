"""An issue is frozen: its compiled text and its whole audience written in one transaction, or nothing.

What refuses it stands here too: a pair that was sent before, a list without anybody to mail.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from itertools import islice

from sqlalchemy import Connection, insert, select, update

from newsletter.delivery.state import DeliveryState, IssueState
from newsletter.errors import GateError, UsageError
from newsletter.render.compiled import Part
from newsletter.store.audience import Lacks, Meant, Person, Summary, Tally, lacks_nothing, read_audience
from newsletter.store.database import now
from newsletter.store.issues import IssueRow, Plan, latest_of_pair
from newsletter.store.schema import delivery, issue, issue_count

# Read aloud and typed by people: no 0 and o, no 1, i and l.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
CODE_LENGTH = 6
_INSERT_ROWS = 1_000
OUTBOX = "outbox:"  # how a delivery names a folder in place of a relay (transport/outbox.py)


def _accept_all(_frozen: Summary) -> None:
    """Refuse no audience."""


class Again(Enum):
    """What may be sent of a pair that was sent before."""

    NO = "no"
    ALL = "again"  # a new number of the same pair
    MISSING = "missing"  # only who has not been served by an earlier number


def freeze(
    conn: Connection,
    meant: Meant,
    *,
    plan: Plan,
    timezone: str,
    again: Again,
    embargo_until: datetime | None = None,
    approvals: Sequence[Mapping[str, object]] = (),
    retain_days: int = 0,
    lacks: Lacks = lacks_nothing,
    accept: Callable[[Summary], None] = _accept_all,
) -> int:
    """Write the issue and its whole audience; returns its id. All or nothing: the caller's transaction.

    `approvals` are those that let it through, kept as they are. Raises GateError when the pair was sent before and
    `again` does not say how to go on, or when nobody is missing; UsageError for an audience without anybody to mail;
    and whatever `accept` raises, which is shown the very audience that was written: between a person's look at the
    list and this transaction the list may have changed.
    """
    at = now(conn)
    earlier = latest_of_pair(conn, meant.key, meant.list_id)
    if earlier and again is Again.NO:
        raise already_sent(conn, earlier)
    issue_id = int(
        conn.execute(
            insert(issue).values(
                code=_new_code(conn),
                key=meant.key,
                list_id=meant.list_id,
                number=earlier.number + 1 if earlier else 1,
                state=IssueState.PREPARING.value,
                digest=meant.compiled.digest,
                format=meant.compiled.format,
                compiled=meant.compiled.to_bytes(),
                subject=shown(meant.compiled.subject),
                timezone=timezone,
                key_id=meant.keys.current,
                embargo_until=embargo_until,
                approvals=[dict(one) for one in approvals],
                relay=plan.to_json(),
                exclusions={},
                created_at=at,
                retain_until=at + timedelta(days=retain_days) if retain_days else None,
            )
        ).inserted_primary_key[0]  # type: ignore[index] # an insert of one row has a key
    )
    frozen = _insert_audience(conn, issue_id, meant, Tally(lacks))
    if not frozen.mailed:
        raise nobody(meant, frozen.audience)
    accept(frozen)
    conn.execute(update(issue).where(issue.c.id == issue_id).values(exclusions=dict(frozen.excluded)))
    first = {"issue_id": issue_id, "shard": 0, "pending": frozen.mailed, "excluded": frozen.audience - frozen.mailed}
    conn.execute(insert(issue_count), [first])
    return issue_id


def already_sent(conn: Connection, earlier: IssueRow) -> GateError:
    """Return the refusal of a pair that was sent before, with the ways out."""
    if earlier.plan.transport == "outbox" and not _has_met_a_relay(conn, earlier.id):
        return GateError(
            f'"{earlier.key}" was already sent to the list {earlier.list_name}, but to an outbox folder '
            f"({earlier.plan.target}, issue {earlier.code}), not by mail",
            fix="--again sends it for real, as a new issue",
        )
    unfinished = earlier.state is not IssueState.FINISHED
    resume = f'"newsletter resume {earlier.code}" goes on with it, ' if unfinished else ""
    return GateError(
        f'"{earlier.key}" was already sent to the list {earlier.list_name} (issue {earlier.code}, '
        f"{'not finished' if unfinished else 'finished'})",
        fix=f"{resume or 'resume would find nothing left; '}--missing mails those it did not reach, "
        "--again mails everybody once more",
    )


def _has_met_a_relay(conn: Connection, issue_id: int) -> bool:
    """True when `resume --outbox` took over from a relay: some people have the mail, and --again would repeat it."""
    by_relay = (delivery.c.relay != "", ~delivery.c.relay.startswith(OUTBOX))
    found = select(delivery.c.id).where(delivery.c.issue_id == issue_id, *by_relay).limit(1)
    return conn.execute(found).first() is not None


def nobody(meant: Meant, total: int) -> GateError | UsageError:
    """Return the refusal of an audience without anybody to mail."""
    if meant.only_missing and not total:
        return GateError(
            f"nobody on the list {meant.list_name} is missing; a send to an outbox folder counts as well",
            fix='"newsletter status" names what was sent; --again mails everybody once more',
        )
    if total:
        return UsageError(
            f"everybody on the list {meant.list_name} is suppressed or unsubscribed ({total})",
            fix='see "newsletter subscribers list"',
        )
    return UsageError(
        f"the list {meant.list_name} is empty", fix='fill it with "newsletter subscribers import FILE --list NAME"'
    )


def shown(part: Part) -> str:
    """Return a part for people, its slots as {names}."""
    return "".join(piece if isinstance(piece, str) else f"{{{piece.field.partition('.')[2]}}}" for piece in part)


def _insert_audience(conn: Connection, issue_id: int, meant: Meant, tally: Tally) -> Summary:
    people = read_audience(conn, meant)
    while batch := list(islice(people, _INSERT_ROWS)):
        for person in batch:
            tally.add(person)
        conn.execute(insert(delivery), [_delivery_row(issue_id, person) for person in batch])
    return tally.summary()


def _delivery_row(issue_id: int, person: Person) -> dict[str, object]:
    state = DeliveryState.EXCLUDED if person.exclusion else DeliveryState.PENDING
    return {
        "issue_id": issue_id,
        "subscriber_id": person.subscriber_id,
        "address": person.address,
        "address_key": person.address_key,
        "variant": person.variant,
        "slot_values": dict(person.values),
        "position": person.position,
        "state": state.value,
        "exclusion": person.exclusion,
    }


def _new_code(conn: Connection) -> str:
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        if conn.execute(select(issue.c.id).where(issue.c.code == code)).first() is None:
            return code
