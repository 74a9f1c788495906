"""Lists and who is on them: made, joined, left, counted, read out.

Whoever left a list is kept off it twice: by the subscription's status, and by a suppression for that list, which the
statement that marks a mail as leaving looks at and which outlives an erasure.
Every function works in its caller's transaction; imports are in `imports.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from newsletter.errors import InputError
from newsletter.store.database import now as database_now
from newsletter.store.schema import mailing_list, subscriber, subscription, suppression
from newsletter.store.suppression import (
    EVERYWHERE,
    FILE_LIST,
    UNSUBSCRIBED,
    holds_for,
    lift,
    reasons_against,
    suppress,
)
from newsletter.subscriber import GoodRow
from newsletter.tokens import Claim, Keys, Purpose

# A subscription's status. "removed" is the office's doing (the file has the address no more) and an import brings
# the person back; "unsubscribed" is the person's own, and only a new consent does.
SUBSCRIBED, ENDED, REMOVED = "subscribed", "unsubscribed", "removed"

MAX_NAME = 200
_NAMED = 8  # lists that a message names


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCounts:
    name: str
    list_id: str  # label of the List-ID header
    created_at: datetime
    subscribed: int  # those whom nothing suppresses: the audience of a send
    suppressed: int
    unsubscribed: int
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One subscriber as a list shows them."""

    display: str
    fields: Mapping[str, str]
    status: str  # subscribed · unsubscribed · removed · suppressed
    consent_source: str
    consent_at: datetime | None


def find_list(conn: Connection, name: str) -> int | None:
    """Return the list's row id, or None when there is none of this name."""
    return conn.scalar(select(mailing_list.c.id).where(mailing_list.c.name == name))


def list_label(conn: Connection, name: str) -> str | None:
    """Return what stands in the List-ID header of mails to this list, or None when there is none of this name."""
    return conn.scalar(select(mailing_list.c.list_id).where(mailing_list.c.name == name))


def list_names(conn: Connection) -> tuple[str, ...]:
    """Return the names of all lists in their order."""
    return tuple(conn.scalars(select(mailing_list.c.name).order_by(mailing_list.c.name)))


def need_list(conn: Connection, name: str) -> int:
    """Return the list's row id; raises InputError naming the lists there are."""
    found = find_list(conn, name)
    if found is not None:
        return found
    names = list_names(conn)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    named = ", ".join(f'"{one}"' for one in names[:_NAMED])
    have = f"the lists are {named}{more}" if names else "there is no list yet"
    raise InputError(
        f'there is no list "{name}"', fix=f"{have}; newsletter subscribers import FILE --list NAME makes one"
    )


def make_list(conn: Connection, name: str) -> int:
    """Return the list's row id, making the list if there is none. Its List-ID label is random and never changes."""
    found = find_list(conn, name)
    if found is not None:
        return found
    check_list_name(name)
    # RFC 2919 wants a label that stays and is unlike any other: not the name, which may be Russian or change.
    row = {"name": name, "list_id": f"l{secrets.token_hex(8)}", "created_at": database_now(conn)}
    try:
        with conn.begin_nested():
            conn.execute(insert(mailing_list), [row])
    except IntegrityError:  # another import made it meanwhile
        pass
    return need_list(conn, name)


def check_list_name(name: str) -> None:
    """Raise InputError for a name that people could not type, or that could not be shown."""
    if not name.strip() or name != name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise InputError(
            f"{name[:60]!r} cannot be a list's name", fix=f"1 to {MAX_NAME} printable characters, no space around them"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    added: bool  # False: was on the list already
    kept_out: tuple[str, ...] = ()  # why they were not added: reasons of suppressions, or "unsubscribed"


def add_subscriber(conn: Connection, list_name: str, row: GoodRow, *, keys: Keys, resubscribe: bool = False) -> Joined:
    """Put one person on a list. With `resubscribe` also one who left it: `row` must then say by what consent.

    A bounce, a complaint, an erasure or the office's own suppression is not undone by it.
    """
    now = database_now(conn)
    key = keys.address_key(row.address.key)
    list_id = make_list(conn, list_name)
    if resubscribe:
        lift(conn, key, scopes=(list_name,), reasons=(UNSUBSCRIBED,))
    if against := reasons_against(conn, key, list_name):
        return Joined(added=False, kept_out=against)
    person = conn.execute(select(subscriber.c.id, subscriber.c.fields).where(subscriber.c.address_key == key)).first()
    values = {"address": row.address.mailbox, "display": row.address.display, "updated_at": now}
    consent = {"consent_source": row.consent_source, "consent_at": row.consent_at}
    if person is None:
        new = {**values, "address_key": key, "fields": dict(row.fields), "created_at": now}
        person_id = conn.scalars(insert(subscriber).returning(subscriber.c.id), [new]).one()
    else:
        person_id = person.id
    place = conn.execute(
        select(subscription).where(subscription.c.list_id == list_id, subscription.c.subscriber_id == person_id)
    ).first()
    if place is not None and place.status == ENDED and not resubscribe:
        return Joined(added=False, kept_out=(UNSUBSCRIBED,))
    if person is not None:
        merged = {**person.fields, **row.fields}
        conn.execute(update(subscriber).where(subscriber.c.id == person_id).values(**values, fields=merged))
    start = {"status": SUBSCRIBED, "subscribed_at": now, "ended_at": None, "end_reason": ""}
    if place is None:
        conn.execute(insert(subscription).values(list_id=list_id, subscriber_id=person_id, **start, **consent))
        return Joined(added=True)
    if place.status == SUBSCRIBED:
        if not place.consent_source and place.consent_at is None:
            conn.execute(update(subscription).where(subscription.c.id == place.id).values(consent))
        return Joined(added=False)
    # Who comes back by their own will does so by a new consent; who was only removed keeps the first.
    new_consent = consent if place.status == ENDED or not place.consent_source else {}
    conn.execute(update(subscription).where(subscription.c.id == place.id).values(**start, **new_consent))
    return Joined(added=True)


def find_subscriber(conn: Connection, address_key: bytes) -> int | None:
    return conn.scalar(select(subscriber.c.id).where(subscriber.c.address_key == address_key))


def read_fields(conn: Connection, address_key: bytes) -> tuple[str, Mapping[str, str]] | None:
    """Return a subscriber's mailbox and fields, or None when nobody has this address."""
    row = conn.execute(
        select(subscriber.c.address, subscriber.c.fields).where(subscriber.c.address_key == address_key)
    ).first()
    return (row.address, row.fields) if row else None


def unsubscribe(conn: Connection, address_key: bytes, *, list_name: str = "", reason: str) -> tuple[str, ...]:
    """Take a person off one list, or off all they are on; returns the lists' names. Repeating it changes nothing."""
    now = database_now(conn)
    places = (
        select(subscription.c.id, subscription.c.status, mailing_list.c.name)
        .join(mailing_list, mailing_list.c.id == subscription.c.list_id)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(subscriber.c.address_key == address_key)
        .order_by(mailing_list.c.name)
    )
    left = []
    for place in conn.execute(places.where(mailing_list.c.name == list_name) if list_name else places):
        left.append(place.name)
        suppress(conn, address_key, scope=place.name, reason=UNSUBSCRIBED, now=now)
        if place.status != ENDED:
            end = {"status": ENDED, "ended_at": now, "end_reason": reason}
            conn.execute(update(subscription).where(subscription.c.id == place.id).values(end))
    return tuple(left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    list_name: str
    display: str  # "" when the person has been erased


def unsubscribe_by_claim(conn: Connection, claim: Claim, *, reason: str) -> Left:
    """Take off the list whom a genuine unsubscribe token names; an erased person is already gone.

    Raises InputError when the token is for something else.
    """
    if claim.purpose is not Purpose.UNSUBSCRIBE:
        what = "a trial mail" if claim.purpose is Purpose.TRIAL else f"another purpose ({claim.purpose.name.lower()})"
        raise InputError(
            f"this token is of {what}: it unsubscribes nobody", fix="take the link of a mail that was sent"
        )
    name = conn.scalar(select(mailing_list.c.name).where(mailing_list.c.id == claim.list_id))
    if name is None:
        raise InputError("this token is of a list that this database does not have", fix="check database.url")
    person = conn.execute(select(subscriber).where(subscriber.c.id == claim.subject_id)).first()
    if person is None:
        return Left(list_name=name, display="")
    unsubscribe(conn, person.address_key, list_name=name, reason=reason)
    # Also when they are no member any more (removed by hand): the wish holds for whatever import comes next.
    suppress(conn, person.address_key, scope=name, reason=UNSUBSCRIBED, now=database_now(conn))
    return Left(list_name=name, display=person.display)


def count_lists(conn: Connection) -> tuple[ListCounts, ...]:
    """Return every list with its counts, in one query."""
    file_wide = mailing_list.c.name.startswith(FILE_LIST, autoescape=True) & suppression.c.scope.startswith(
        FILE_LIST, autoescape=True
    )
    held = exists().where(
        suppression.c.address_key == subscriber.c.address_key,
        suppression.c.scope.in_((EVERYWHERE, mailing_list.c.name)) | file_wide,
    )
    on_list = subscription.c.status == SUBSCRIBED

    def total(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    found = (
        select(
            mailing_list,
            total(on_list & ~held).label("subscribed"),
            total(on_list & held).label("suppressed"),
            total(subscription.c.status == ENDED).label("unsubscribed"),
            total(subscription.c.status == REMOVED).label("removed"),
        )
        .outerjoin(subscription, subscription.c.list_id == mailing_list.c.id)
        .outerjoin(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .group_by(mailing_list.c.id)
        .order_by(mailing_list.c.name)
    )
    names = ("name", "list_id", "created_at", "subscribed", "suppressed", "unsubscribed", "removed")
    return tuple(ListCounts(**{name: row._mapping[name] for name in names}) for row in conn.execute(found))


def read_members(conn: Connection, list_name: str, *, every: bool = False, limit: int = 0) -> Iterator[Member]:
    """Yield who is on a list, in the order they came; with `every` also who left, was removed or is suppressed."""
    list_id = need_list(conn, list_name)
    held = exists().where(suppression.c.address_key == subscriber.c.address_key, holds_for(list_name))
    status = case((subscription.c.status == ENDED, ENDED), (held, "suppressed"), else_=subscription.c.status)
    found = (
        select(
            subscriber.c.display,
            subscriber.c.fields,
            status.label("status"),
            subscription.c.consent_source,
            subscription.c.consent_at,
        )
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .where(subscription.c.list_id == list_id)
        .order_by(subscription.c.id)
    )
    if not every:
        found = found.where(subscription.c.status == SUBSCRIBED, ~held)
    if limit:
        found = found.limit(limit)
    for row in conn.execute(found, execution_options={"yield_per": 1_000}):
        yield Member(**row._mapping)
