"""Who an issue is meant for: a list's subscriptions, each mailed or left out for a reason, in the order of sending.

Read as a stream, never as a list: a freeze of a million people takes no more memory than one of a thousand.
Test addresses come first, then a keyed shuffle: a fault shows on our own mailboxes, and no provider sees its people
in one burst.
"""

from __future__ import annotations

import random
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from newsletter.delivery.state import DeliveryState
from newsletter.render.compiled import CompiledIssue
from newsletter.store.schema import delivery, issue, subscriber, subscription, suppression
from newsletter.store.subscribers import REMOVED, SUBSCRIBED
from newsletter.store.suppression import holds_for
from newsletter.tokens import Keys

# Held by an earlier issue of the pair in one of these states, an address is not missing.
NOT_MISSING = (
    DeliveryState.ACCEPTED,
    DeliveryState.UNCERTAIN,
    DeliveryState.PENDING,
    DeliveryState.DEFERRED,
    DeliveryState.IN_FLIGHT,
)

_BATCH = 500  # people read at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Whose audience: the list, and what decides which of its people, in what order, with what values."""

    key: str  # of the issue
    list_id: int
    list_name: str
    compiled: CompiledIssue
    keys: Keys = field(repr=False)
    test_keys: tuple[bytes, ...] = ()  # address keys that go first
    only_missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One row of an audience."""

    subscriber_id: int
    address: str
    address_key: bytes
    values: Mapping[str, str]  # by full name ("subscriber.name"), only what the issue prints
    variant: str
    position: int  # from 1
    exclusion: str  # "" for who will be mailed


Lacks = Callable[[Person], Collection[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What `send` shows before it asks."""

    audience: int
    excluded: Mapping[str, int]  # reason → people
    first_address: str  # "" when nobody would be mailed
    lacking: Mapping[str, int]  # field printed without fallback → people who have no value
    people: int = field(repr=False)  # a fingerprint of who would be mailed: one leaving and one coming is a change

    @property
    def mailed(self) -> int:
        return self.audience - sum(self.excluded.values())


def read_audience(conn: Connection, meant: Meant) -> Iterator[Person]:
    """Yield the audience in the order of sending.

    The same for the same list, issue and secret, so what is shown is what is frozen. In this order, because rows lie
    on disk as they are written: those that are sent together then share pages, and a mark costs half of what it
    costs where each row is on a page of its own. Twelve bytes a person are kept in memory.
    """
    printed = [name for name in meant.compiled.slot_fields if name.startswith("subscriber.")]
    places, first = _places(conn, meant)
    for batch in _batches(places, first):
        found = {row.place: row for row in conn.execute(_statement(meant, batch.keys()))}
        for place, position in batch.items():
            row = found[place]
            known = {**row.fields, "email": row.address}
            yield Person(
                subscriber_id=row.id,
                address=row.address,
                address_key=row.address_key,
                values={name: str(known.get(name.partition(".")[2]) or "") for name in printed},
                variant=meant.compiled.variant_key(row.fields),
                position=position,
                exclusion=row.reason or ("" if row.status == SUBSCRIBED else row.status),
            )


def _places(conn: Connection, meant: Meant) -> tuple[Iterator[int], dict[int, int]]:
    """Return the ids of the subscriptions in their shuffled order, and those of the test addresses with their place."""
    subscriptions = (
        select(subscription.c.id)
        .join(subscriber, subscription.c.subscriber_id == subscriber.c.id)
        .where(_on_list(meant), *_missing(meant))
        .order_by(subscription.c.id)
    )
    ids = array("q", conn.scalars(subscriptions, execution_options={"yield_per": 10_000}))
    tests = select(subscriber.c.address_key, subscription.c.id).join(
        subscription, subscription.c.subscriber_id == subscriber.c.id
    )
    rows = conn.execute(tests.where(_on_list(meant), subscriber.c.address_key.in_(meant.test_keys)))
    known = {row.address_key: row.id for row in rows}
    there = [known[key] for key in dict.fromkeys(meant.test_keys) if key in known]
    missing = [place for place in there if _is_in(ids, place)]  # with --missing not all of a list are
    order = _shuffled(len(ids), meant)
    return (ids[index] for index in order), {place: number for number, place in enumerate(missing, start=1)}


def _is_in(ids: array[int], wanted: int) -> bool:
    """True when an id is among the sorted ids."""
    index = bisect_left(ids, wanted)
    return index < len(ids) and ids[index] == wanted


def _batches(places: Iterator[int], first: Mapping[int, int]) -> Iterator[dict[int, int]]:
    """Yield subscriptions with their positions, some hundred at a time: those of `first`, then the others."""
    if first:
        yield dict(first)
    position = len(first)
    while batch := list(islice(places, _BATCH)):
        numbered: dict[int, int] = {}
        for place in batch:
            if place not in first:
                position += 1
                numbered[place] = position
        if numbered:
            yield numbered


class Tally:
    """Counts an audience as it streams by, for what is shown and for what is frozen alike.

    `lacks` names the fields that the issue prints without a fallback and a person has not.
    """

    def __init__(self, lacks: Lacks) -> None:
        self._lacks = lacks
        self._audience, self._first, self._first_address = 0, 0, ""
        self._excluded: Counter[str] = Counter()
        self._lacking: Counter[str] = Counter()
        self._people = 0

    def add(self, person: Person) -> None:
        self._audience += 1
        if person.exclusion:
            self._excluded[person.exclusion] += 1
            return
        self._lacking.update(self._lacks(person))
        # In no order: one more on the list, mailed or left out, shuffles all of it anew.
        self._people ^= int.from_bytes(person.address_key)
        if not self._first or person.position < self._first:
            self._first, self._first_address = person.position, person.address

    def summary(self) -> Summary:
        return Summary(
            audience=self._audience,
            excluded=dict(self._excluded),
            first_address=self._first_address,
            lacking=dict(self._lacking),
            people=self._people,
        )


def lacks_nothing(_person: Person) -> Collection[str]:
    return ()


def summarise(conn: Connection, meant: Meant, lacks: Lacks = lacks_nothing) -> Summary:
    """Count the audience without writing."""
    tally = Tally(lacks)
    for person in read_audience(conn, meant):
        tally.add(person)
    return tally.summary()


def _statement(meant: Meant, places: Collection[int]):  # type: ignore[no-untyped-def] # SQLAlchemy's own type names every column
    reason = (
        select(func.min(suppression.c.reason))
        .where(suppression.c.address_key == subscriber.c.address_key, holds_for(meant.list_name))
        .scalar_subquery()
        .label("reason")
    )
    return (
        select(
            subscription.c.id.label("place"),
            subscriber.c.id,
            subscriber.c.address,
            subscriber.c.address_key,
            subscriber.c.fields,
            subscription.c.status,
            reason,
        )
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .where(subscription.c.id.in_(places))
    )


def _on_list(meant: Meant) -> ColumnElement[bool]:
    # Who was removed by the office is not of the audience at all; who left by their own will is, as excluded.
    return and_(subscription.c.list_id == meant.list_id, subscription.c.status != REMOVED)


def _missing(meant: Meant) -> list[ColumnElement[bool]]:
    if not meant.only_missing:
        return []
    held = exists().where(
        delivery.c.address_key == subscriber.c.address_key,
        delivery.c.issue_id == issue.c.id,
        issue.c.key == meant.key,
        issue.c.list_id == meant.list_id,
        delivery.c.state.in_([state.value for state in NOT_MISSING]),
    )
    return [~held]


def _shuffled(count: int, meant: Meant) -> array[int]:
    """Return the numbers 0 … count-1 in an order that only the holder of the secret can foretell; 4 bytes each."""
    seed = meant.keys.shuffle_key(f"{meant.key}\0{meant.list_id}\0{meant.compiled.digest}", b"")
    order = array("I", range(count))
    random.Random(seed).shuffle(order)  # noqa: S311 - a fair order, seeded by a keyed hash; no secret comes from it
    return order
