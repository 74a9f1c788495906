"""Forgetting a person: what is known of them goes, and a keyed hash stays, so that no import brings them back.

The ledger keeps its rows, or its sums would no longer add up, but not who they were about: address, printed values,
the server's words (they often repeat the address) and details of later events are emptied. A delivery that is still
to be settled keeps its address until then; its mail does not leave any more, and forgetting again empties it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, select, update

from newsletter.delivery.state import DeliveryState
from newsletter.store.database import now as database_now
from newsletter.store.schema import delivery, delivery_event, mailing_list, subscriber, subscription, suppression
from newsletter.store.suppression import EVERYWHERE, FORGOTTEN, suppress

_UNSETTLED = tuple(state.value for state in (DeliveryState.PENDING, DeliveryState.IN_FLIGHT, DeliveryState.DEFERRED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What was erased; counts, so that it can be shown and kept."""

    at: datetime
    subscribers: int  # 0 or 1
    fields: int  # values that were known beside the address
    lists: tuple[str, ...]
    deliveries: int
    events: int
    waiting: int  # deliveries that keep the address until they are settled


def is_known(conn: Connection, address_key: bytes) -> bool:
    """True while there is something about a person to erase: now, or when their mail under way is settled."""
    person = select(subscriber.c.id).where(subscriber.c.address_key == address_key)
    note = select(suppression.c.id).where(suppression.c.address_key == address_key, suppression.c.note != "")
    mail = select(delivery.c.id).where(delivery.c.address_key == address_key, delivery.c.address != "")
    return any(conn.scalar(found.limit(1)) is not None for found in (person, note, mail))


def erase(conn: Connection, address_key: bytes) -> Erasure:
    """Erase a person and suppress their address everywhere. Repeating it erases what has been settled since."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete = ON")  # else deleted values stay readable in free pages
    at = database_now(conn)
    person = conn.execute(select(subscriber).where(subscriber.c.address_key == address_key)).first()
    lists: tuple[str, ...] = ()
    if person is not None:
        names = select(mailing_list.c.name).join(subscription, subscription.c.list_id == mailing_list.c.id)
        lists = tuple(
            conn.scalars(names.where(subscription.c.subscriber_id == person.id).order_by(mailing_list.c.name))
        )
        conn.execute(delete(subscription).where(subscription.c.subscriber_id == person.id))
        conn.execute(delete(subscriber).where(subscriber.c.id == person.id))
    conn.execute(update(suppression).where(suppression.c.address_key == address_key).values(note=""))
    suppress(conn, address_key, scope=EVERYWHERE, reason=FORGOTTEN, now=at)
    settled = (delivery.c.address_key == address_key, delivery.c.state.not_in(_UNSETTLED))
    named = (*settled, delivery.c.address != "")
    ids = select(delivery.c.id).where(*settled)
    events = delivery_event.c.delivery_id.in_(ids)
    gone_events = conn.execute(update(delivery_event).where(events).values(detail={})).rowcount
    emptied: dict[str, object] = {"address": "", "slot_values": {}, "reply": "", "subscriber_id": None}
    gone = conn.execute(update(delivery).where(*named).values(emptied)).rowcount
    unsettled = select(func.count()).where(
        delivery.c.address_key == address_key, delivery.c.state.in_(_UNSETTLED), delivery.c.address != ""
    )
    return Erasure(
        at=at,
        subscribers=int(person is not None),
        fields=len(person.fields) if person is not None else 0,
        lists=lists,
        deliveries=gone,
        events=gone_events,
        waiting=conn.scalar(unsettled) or 0,
    )


def overwrite_erased(engine: Engine) -> None:
    """Have SQLite overwrite what was deleted, in its file and in its log; PostgreSQL does it by VACUUM in its time.

    Call after the erasing transaction. A reader of old pages at this moment leaves the log to the next checkpoint.
    """
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
