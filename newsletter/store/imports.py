"""An import: staged rows onto a list, in short transactions that a running send can pass between.

Each transaction takes the next addresses in the order of their key, marks who is kept out, then adds the others: so
nobody who unsubscribes meanwhile is put back, and the large indexes are written in order, not all over.
A crash between two leaves the list partly filled and true; the same import again does the rest.
docs/decisions/0005-import.md has the reasons and the figures.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from newsletter.errors import InputError
from newsletter.store.database import detached
from newsletter.store.database import now as database_now
from newsletter.store.schema import Moment, subscriber, subscription, suppression
from newsletter.store.staging import SUPPRESSED, Progress, at_hand, fill, merge_duplicates, next_slice, staged
from newsletter.store.subscribers import ENDED, REMOVED, SUBSCRIBED, find_list, make_list
from newsletter.store.suppression import UNSUBSCRIBED, holds_for
from newsletter.subscriber import GoodRow
from newsletter.tokens import Keys

# A transaction lasts as long as the machine at hand makes it: the next slice is sized by the last one's time, well
# below the 200 ms that engine.md allows.
_AIM_SECONDS = 0.06
_FEWEST, _FIRST, _MOST = 100, 500, 5_000  # rows a transaction
# SQLite's waiters poll, and would hardly ever find the lock free between two transactions without a pause.
_PAUSE_SECONDS = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """Where the good rows went: `rows` is the sum of all the others but `removed`."""

    rows: int = 0
    merged: int = 0  # further rows of an address that stands in the file more than once
    added: int = 0
    updated: int = 0  # on the list before, with something new
    unchanged: int = 0
    suppressed: int = 0  # kept out
    unsubscribed: int = 0  # kept out
    removed: int = 0  # taken off the list because the file no longer has them (`replace`)

    @property
    def on_list(self) -> int:
        """How many addresses of the file are on the list now."""
        return self.added + self.updated + self.unchanged


def import_rows(
    engine: Engine,
    list_name: str,
    rows: Iterable[GoodRow],
    *,
    keys: Keys,
    replace: bool = False,
    dry_run: bool = False,
    rehearse: Callable[[Connection, int], None] | None = None,
    on_progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> ImportCounts:
    """Put the rows on the list, which is made if there is none; with `replace` the list becomes equal to them.

    Suppressed and unsubscribed people stay out, and nothing about them changes. `dry_run` counts and writes nothing.
    `rehearse` sees the list (its id) as it would be, in one transaction that is then rolled back: it holds the write
    lock all that time.
    Raises InputError when there is no row at all (no list is emptied by mistake), StoreError.
    """
    tell = on_progress or _tell_nobody
    with detached(engine) as conn:  # filling the temporary table needs no write lock
        total = fill(conn, rows, keys, tell)
        if not total:
            raise InputError("no row can be put on the list", fix="each row needs an e-mail address")
        merged = merge_duplicates(conn)
        if dry_run:
            return _count_only(conn, list_name, total=total, merged=merged, replace=replace)
        if rehearse is not None:
            counts, removed = _write_and_take_back(conn, list_name, rehearse, replace=replace)
            return _result(counts, total=total, merged=merged, removed=removed)
        conn.execution_options(newsletter_read=False)
        with conn.begin():
            list_id = make_list(conn, list_name)
        counts = Counter()
        for where in _slices(conn):
            with conn.begin():
                counts += _settle(conn, list_id, list_name, where, write=True)
            tell("merging", merged + counts.total() - counts[_UPDATED])
            sleep(_PAUSE_SECONDS)
        removed = _remove_absent(conn, list_id, sleep) if replace else 0
    return _result(counts, total=total, merged=merged, removed=removed)


_NOBODY = ""  # verdict: not on the list, or never
_COMING = (_NOBODY, REMOVED)
_PERSONAL = ("address", "display", "fields")
_UPDATED = "updated"  # beside the verdicts in the counts


def _slices(conn: Connection) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that part the staged rows; the caller's work on each decides the size of the next."""
    size = _FIRST
    end: bytes | None = b""
    while end is not None:
        where, end = next_slice(conn, end, size)
        begun = time.monotonic()
        yield where
        spent = max(time.monotonic() - begun - _PAUSE_SECONDS, 0.001)
        size = max(_FEWEST, min(_MOST, int(size * min(_AIM_SECONDS / spent, 2.0))))


def _tell_nobody(_what: str, _done: int) -> None:
    """Report to no one."""


def _result(counts: Counter[str], *, total: int, merged: int, removed: int) -> ImportCounts:
    return ImportCounts(
        rows=total,
        merged=merged,
        added=counts[_NOBODY] + counts[REMOVED],
        updated=counts[_UPDATED],
        unchanged=counts[SUBSCRIBED] - counts[_UPDATED],
        suppressed=counts[SUPPRESSED],
        unsubscribed=counts[ENDED],
        removed=removed,
    )


def _count_only(conn: Connection, list_name: str, *, total: int, merged: int, replace: bool) -> ImportCounts:
    """Count what the import would do: marks stand in the temporary table only."""
    with conn.begin():
        list_id = find_list(conn, list_name) or 0  # 0: nobody is on it
    counts: Counter[str] = Counter()
    for where in _slices(conn):
        with conn.begin():
            counts += _settle(conn, list_id, list_name, where, write=False)
    with conn.begin():
        removed = conn.scalar(select(func.count()).select_from(_absent(list_id).subquery())) if replace else 0
    return _result(counts, total=total, merged=merged, removed=removed or 0)


def _write_and_take_back(
    conn: Connection, list_name: str, look: Callable[[Connection, int], None], *, replace: bool
) -> tuple[Counter[str], int]:
    """Do the import in one transaction, show the list, and undo it all."""
    slices: list[ColumnElement[bool]] = []
    end: bytes | None = b""
    while end is not None:
        where, end = next_slice(conn, end, _MOST)
        slices.append(where)
    conn.execution_options(newsletter_read=False)
    counts: Counter[str] = Counter()
    with conn.begin() as transaction:
        list_id = make_list(conn, list_name)
        for where in slices:
            counts += _settle(conn, list_id, list_name, where, write=True)
        removed = _end(conn, _absent(list_id)) if replace else 0
        look(conn, list_id)
        transaction.rollback()
    return counts, removed


def _settle(conn: Connection, list_id: int, list_name: str, where: ColumnElement[bool], *, write: bool) -> Counter[str]:
    """Give each row of a slice its verdict and do what follows from it; returns how many of each."""
    counts = _mark(conn, list_id, list_name, where)
    changed = _changed_people(conn)
    consents = _late_consents(conn) if counts[SUBSCRIBED] else {}
    known = {person for person, (_, verdict) in changed.items() if verdict == SUBSCRIBED}
    counts[_UPDATED] = len(known | consents.keys())
    if write:
        stamp = database_now(conn)
        _update(conn, [values for values, _ in changed.values()], list(consents.values()), stamp)
        if counts[_NOBODY] or counts[REMOVED]:
            _put_on_list(conn, list_id, stamp)
    return counts


def _mark(conn: Connection, list_id: int, list_name: str, where: ColumnElement[bool]) -> Counter[str]:
    """Take the slice's rows in hand, each with its verdict; returns how many of each."""
    conn.execute(delete(at_hand))
    known = (
        select(
            staged.c.id,
            staged.c.address_key,
            subscriber.c.id,
            subscription.c.id,
            func.coalesce(subscription.c.status, _NOBODY),
        )
        .outerjoin(subscriber, subscriber.c.address_key == staged.c.address_key)
        .outerjoin(
            subscription,
            and_(subscription.c.list_id == list_id, subscription.c.subscriber_id == subscriber.c.id),
        )
        .where(where)
    )
    conn.execute(insert(at_hand).from_select([column.name for column in at_hand.c], known))
    held = select(suppression.c.address_key).where(holds_for(list_name))
    kept_out = update(at_hand).where(at_hand.c.address_key.in_(held))
    # Who left the list by their own will is counted as that, whatever else speaks against mailing them.
    conn.execute(kept_out.where(at_hand.c.verdict != ENDED).values(verdict=SUPPRESSED))
    left = held.where(suppression.c.reason == UNSUBSCRIBED)
    conn.execute(update(at_hand).where(at_hand.c.address_key.in_(left)).values(verdict=ENDED))
    found = select(at_hand.c.verdict, func.count()).group_by(at_hand.c.verdict)
    return Counter({row[0]: row[1] for row in conn.execute(found)})


def _changed_people(conn: Connection) -> dict[int, tuple[dict[str, object], str]]:
    """Return new values and verdict by subscriber id, of those whose row says something new."""
    differs = or_(
        cast(subscriber.c.fields, Text) != cast(staged.c.fields, Text),  # most rows of a repeated import end here
        subscriber.c.address != staged.c.address,
        subscriber.c.display != staged.c.display,
    )
    found = (
        select(subscriber, at_hand.c.verdict, *(staged.c[name].label(f"new_{name}") for name in _PERSONAL))
        .join(at_hand, at_hand.c.subscriber_id == subscriber.c.id)
        .join(staged, staged.c.id == at_hand.c.id)
        .where(at_hand.c.verdict.in_((*_COMING, SUBSCRIBED)), differs)
    )
    changed: dict[int, tuple[dict[str, object], str]] = {}
    for row in conn.execute(found):
        fields = {**row.fields, **row.new_fields}
        if (fields, row.new_address, row.new_display) != (row.fields, row.address, row.display):
            values = {"new_address": row.new_address, "new_display": row.new_display, "new_fields": fields}
            changed[row.id] = ({"person": row.id, **values}, row.verdict)
    return changed


def _late_consents(conn: Connection) -> dict[int, dict[str, object]]:
    """Return the consent, by subscriber id, of people on the list of whom none was known: a first one stays."""
    found = (
        select(subscription.c.id, subscription.c.subscriber_id, staged.c.consent_source, staged.c.consent_at)
        .join(at_hand, at_hand.c.subscription_id == subscription.c.id)
        .join(staged, staged.c.id == at_hand.c.id)
        .where(
            at_hand.c.verdict == SUBSCRIBED,
            or_(staged.c.consent_source != "", staged.c.consent_at.is_not(None)),
            subscription.c.consent_source == "",
            subscription.c.consent_at.is_(None),
        )
    )
    return {
        row.subscriber_id: {"place": row.id, "new_source": row.consent_source, "new_at": row.consent_at}
        for row in conn.execute(found)
    }


def _update(
    conn: Connection, people: list[dict[str, object]], consents: list[dict[str, object]], stamp: datetime
) -> None:
    if people:
        person = update(subscriber).where(subscriber.c.id == bindparam("person"))
        values = {name: bindparam(f"new_{name}", type_=subscriber.c[name].type) for name in _PERSONAL}
        conn.execute(person.values(**values, updated_at=stamp), people)
    if consents:
        place = update(subscription).where(subscription.c.id == bindparam("place"))
        source: BindParameter[str] = bindparam("new_source")
        at = bindparam("new_at", type_=Moment())
        conn.execute(place.values(consent_source=source, consent_at=at), consents)


def _put_on_list(conn: Connection, list_id: int, stamp: datetime) -> None:
    """Make the people who are not in the store, and put everybody whom nothing keeps out on the list."""
    moment = literal(stamp, Moment)
    row, wide = at_hand.c, staged.c
    columns = ["address", "display", "address_key", "fields", "created_at", "updated_at"]
    people = select(*(wide[name] for name in columns[:4]), moment, moment)
    people = (
        people.join(at_hand, row.id == wide.id)
        .where(row.verdict.in_(_COMING), row.subscriber_id.is_(None))
        .order_by(row.id)
    )
    conn.execute(insert(subscriber).from_select(columns, people))
    columns = ["list_id", "subscriber_id", "status", "consent_source", "consent_at", "subscribed_at"]
    places = (
        select(literal(list_id), subscriber.c.id, literal(SUBSCRIBED), wide.consent_source, wide.consent_at, moment)
        .join(at_hand, row.address_key == subscriber.c.address_key)
        .join(staged, wide.id == row.id)
        .where(row.verdict == _NOBODY)
        .order_by(row.id)
    )
    conn.execute(insert(subscription).from_select(columns, places))
    back = select(row.subscription_id).where(row.verdict == REMOVED)
    fresh = {"status": SUBSCRIBED, "subscribed_at": stamp, "ended_at": None, "end_reason": ""}
    conn.execute(update(subscription).where(subscription.c.id.in_(back)).values(fresh))


def _absent(list_id: int) -> Select[tuple[int]]:
    """Return the subscriptions of the list whose address the file no longer has."""
    in_file = exists().where(staged.c.address_key == subscriber.c.address_key)
    return (
        select(subscription.c.id)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(subscription.c.list_id == list_id, subscription.c.status == SUBSCRIBED, ~in_file)
    )


def _remove_absent(conn: Connection, list_id: int, sleep: Callable[[float], None]) -> int:
    removed = last = 0
    while True:
        with conn.begin():
            place = subscription.c.id
            ids = select(place).where(subscription.c.list_id == list_id, place > last).order_by(place).limit(_FIRST)
            end = conn.scalar(select(func.max(ids.subquery().c.id)))
            if end is None:
                return removed
            removed += _end(conn, _absent(list_id).where(place > last, place <= end))
        last = end
        sleep(_PAUSE_SECONDS)


def _end(conn: Connection, absent: Select[tuple[int]]) -> int:
    ended = {"status": REMOVED, "ended_at": database_now(conn), "end_reason": "no longer in the file"}
    return conn.execute(update(subscription).where(subscription.c.id.in_(absent)).values(ended)).rowcount
