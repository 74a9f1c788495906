"""Whom we must not mail, by a keyed hash that outlives the subscriber: nothing here can be read back as an address.

A suppression holds everywhere (scope "") or on one list (scope: its name). A list made by `send --to FILE` is no list
that a person knows, so who leaves one of them stays out of all of them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from newsletter.store.schema import suppression

EVERYWHERE = ""
FILE_LIST = "file:"  # how the names of lists made by `send --to FILE` begin

UNSUBSCRIBED, BOUNCED, COMPLAINED, REQUESTED, FORGOTTEN = REASONS = (
    "unsubscribed",
    "bounced",
    "complained",
    "requested",
    "forgotten",
)


# What the one-word reasons of the store mean, for people: "3 asked not to be mailed".
_IN_WORDS = {
    UNSUBSCRIBED: "unsubscribed",
    BOUNCED: "bounced",
    COMPLAINED: "complained of spam",
    REQUESTED: "asked not to be mailed",
    FORGOTTEN: "asked to be forgotten",
}


def in_words(reason: str) -> str:
    """Return a reason as it stands after a number of people."""
    return _IN_WORDS.get(reason, reason)


def holds_for(list_name: str) -> ColumnElement[bool]:
    """Return the condition on `suppression` rows that keep an address off this list.

    Comparisons, not an IN: that one cannot stand in a statement that is run for many rows at once.
    """
    scope = suppression.c.scope
    if list_name.startswith(FILE_LIST):
        return or_(scope == EVERYWHERE, scope.startswith(FILE_LIST, autoescape=True))
    return or_(scope == EVERYWHERE, scope == list_name)


def reasons_against(conn: Connection, address_key: bytes, list_name: str) -> tuple[str, ...]:
    """Return why an address is kept off this list: nothing when it is not."""
    found = select(suppression.c.reason).where(suppression.c.address_key == address_key, holds_for(list_name))
    return tuple(conn.scalars(found.order_by(suppression.c.scope)))


def scopes_against(conn: Connection, address_key: bytes) -> tuple[str, ...]:
    """Return where an address is kept from being mailed: "" is everywhere, else a list's name."""
    found = select(suppression.c.scope).where(suppression.c.address_key == address_key)
    return tuple(conn.scalars(found.order_by(suppression.c.scope)))


def suppress(conn: Connection, address_key: bytes, *, scope: str, reason: str, now: datetime, note: str = "") -> bool:
    """Keep an address from being mailed; returns False when it already was (the first reason is kept).

    Erasure aside: a forgotten person's row says only that, so that no note about them stays.
    """
    if reason not in REASONS:
        raise ValueError(f"{reason!r} is no reason for a suppression")
    place = (suppression.c.address_key == address_key, suppression.c.scope == scope)
    if conn.execute(select(suppression.c.id).where(*place)).first() is not None:
        if reason == FORGOTTEN:
            conn.execute(update(suppression).where(*place).values(reason=reason, note=""))
        return False
    row = {"address_key": address_key, "scope": scope, "reason": reason, "note": note, "created_at": now}
    conn.execute(insert(suppression), [row])
    return True


def lift(conn: Connection, address_key: bytes, *, scopes: Collection[str], reasons: Collection[str] = REASONS) -> int:
    """Take suppressions away; returns how many."""
    gone = delete(suppression).where(
        suppression.c.address_key == address_key, suppression.c.scope.in_(scopes), suppression.c.reason.in_(reasons)
    )
    return conn.execute(gone).rowcount
