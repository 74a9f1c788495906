"""Subscribers looked up for the room: one by id, a few by what an editor types, the one before and the one after.

Nothing here changes anything. Who is on no list, or off it, can be shown too: what they would get is the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii

from sqlalchemy import ColumnElement, Connection, Row, Select, String, cast, or_, select

from newsletter.store.schema import mailing_list, subscriber, subscription

FEW = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: int
    address: str  # the mailbox
    display: str  # as typed
    fields: Mapping[str, str]


def read_person(conn: Connection, subscriber_id: int) -> Person | None:
    """Return a subscriber, or None when there is none of this id."""
    row = conn.execute(_people().where(subscriber.c.id == subscriber_id)).first()
    return _record(row) if row else None


def search_people(conn: Connection, text: str, *, list_name: str = "", limit: int = FEW) -> tuple[Person, ...]:
    """Return the first few whose address or data hold `text`, whatever its case; those of one list if named."""
    found = _on(list_name)
    for word in text.split()[:5]:
        found = found.where(_holds(word))
    return tuple(_record(row) for row in conn.execute(found.order_by(subscriber.c.id).limit(limit)))


def next_person(conn: Connection, subscriber_id: int, *, list_name: str = "", step: int = 1) -> Person | None:
    """Return who comes after `subscriber_id` (with step -1 before), the first or last when nobody does."""
    is_forward = step > 0
    order = subscriber.c.id if is_forward else subscriber.c.id.desc()
    beyond = subscriber.c.id > subscriber_id if is_forward else subscriber.c.id < subscriber_id
    row = conn.execute(_on(list_name).where(beyond).order_by(order).limit(1)).first()
    row = row or conn.execute(_on(list_name).order_by(order).limit(1)).first()
    return _record(row) if row else None


def lists_of(conn: Connection, subscriber_id: int) -> tuple[str, ...]:
    """Return the names of the lists that a subscriber is on, the one they joined first before the others."""
    found = (
        select(mailing_list.c.name)
        .join(subscription, subscription.c.list_id == mailing_list.c.id)
        .where(subscription.c.subscriber_id == subscriber_id, subscription.c.status == "subscribed")
        .order_by(subscription.c.id)
    )
    return tuple(conn.scalars(found))


def _people() -> Select[tuple[int, str, str, object]]:
    return select(subscriber.c.id, subscriber.c.address, subscriber.c.display, subscriber.c.fields)


def _on(list_name: str) -> Select[tuple[int, str, str, object]]:
    if not list_name:
        return _people()
    on_list = (
        select(subscription.c.subscriber_id)
        .join(mailing_list, mailing_list.c.id == subscription.c.list_id)
        .where(mailing_list.c.name == list_name, subscription.c.status == "subscribed")
    )
    return _people().where(subscriber.c.id.in_(on_list))


def _holds(word: str) -> ColumnElement[bool]:
    # Neither database folds the case of Cyrillic letters, so the usual spellings are tried; JSON keeps them escaped.
    spellings = dict.fromkeys((word, word.lower(), word.capitalize(), word.upper()))
    written = cast(subscriber.c.fields, String)
    return or_(
        *(subscriber.c.display.contains(spelling, autoescape=True) for spelling in spellings),
        *(written.contains(encode_basestring_ascii(spelling)[1:-1], autoescape=True) for spelling in spellings),
    )


def _record(row: Row[tuple[int, str, str, object]]) -> Person:
    fields = row.fields if isinstance(row.fields, dict) else {}
    return Person(id=row.id, address=row.address, display=row.display, fields={k: str(v) for k, v in fields.items()})
