"""The rows of an import before they are merged: one of each address, in a table of the connection's own.

The table is TEMPORARY: filling and sorting it takes no lock that a running send would wait for, and a crash leaves
no address behind. A later row of an address overrides an earlier one, value by value; an empty value overrides
nothing; the first consent stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from operator import attrgetter

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from newsletter.store.schema import Id, Moment
from newsletter.subscriber import GoodRow
from newsletter.tokens import Keys

Progress = Callable[[str, int], None]  # what is being done, rows done so far

NEW, KNOWN, SUPPRESSED, UNSUBSCRIBED = "", "known", "suppressed", "unsubscribed"  # verdicts

_FILL = 10_000  # rows a time: bounds memory, locks nothing
_DUPLICATES = 1_000  # addresses a time

staged = Table(
    "staged_row",
    MetaData(),
    Column("id", Id, primary_key=True),  # in the file's order
    Column("address", String(320), nullable=False),
    Column("display", String(320), nullable=False),
    Column("address_key", LargeBinary(32), nullable=False),
    Column("fields", JSON, nullable=False),
    Column("consent_source", Text, nullable=False),
    Column("consent_at", Moment),
    Column("verdict", String(12), nullable=False, server_default=NEW),
    prefixes=["TEMPORARY"],
)


def fill(conn: Connection, rows: Iterable[GoodRow], keys: Keys, tell: Progress) -> int:
    """Make the table and put every row into it; returns how many."""
    with conn.begin():
        staged.create(conn, checkfirst=False)
    source, total = iter(rows), 0
    while batch := [_values(row, keys) for row in islice(source, _FILL)]:
        with conn.begin():
            conn.execute(insert(staged), batch)
        total += len(batch)
        tell("reading", total)
    with conn.begin():  # sorting once is several times cheaper than keeping an index in order while it grows
        conn.execute(text("CREATE INDEX ix_staged_row_key ON staged_row (address_key)"))
    return total


def _values(row: GoodRow, keys: Keys) -> dict[str, object]:
    return {
        "address": row.address.mailbox,
        "display": row.address.display,
        "address_key": keys.address_key(row.address.key),
        "fields": row.fields,
        "consent_source": row.consent_source,
        "consent_at": row.consent_at,
    }


def merge_duplicates(conn: Connection) -> int:
    """Leave one row of each address; returns how many went."""
    gone, last = 0, b""
    while True:
        repeated = (
            select(staged.c.address_key)
            .where(staged.c.address_key > last)
            .group_by(staged.c.address_key)
            .having(func.count() > 1)
            .order_by(staged.c.address_key)
            .limit(_DUPLICATES)
        )
        with conn.begin():
            keys = conn.scalars(repeated).all()
            if not keys:
                return gone
            gone += _merge_some(conn, keys)
        last = keys[-1]


def _merge_some(conn: Connection, keys: Iterable[bytes]) -> int:
    rows = conn.execute(
        select(staged).where(staged.c.address_key.in_(keys)).order_by(staged.c.address_key, staged.c.id),
        execution_options={"yield_per": 1_000},
    )
    kept: list[dict[str, object]] = []
    for key, group in groupby(rows, key=attrgetter("address_key")):
        fields: dict[str, str] = {}
        source, at, last = "", None, 0
        for row in group:
            fields |= row.fields
            if not source and at is None:
                source, at = row.consent_source, row.consent_at
            last = row.id
        kept.append({"key": key, "kept": last, "new_fields": fields, "new_source": source, "new_at": at})
    others = delete(staged).where(staged.c.address_key == bindparam("key"), staged.c.id != bindparam("kept"))
    gone = conn.execute(others, kept).rowcount
    # Parameters must not bear a column's name: SQLAlchemy keeps those for itself in an UPDATE.
    values = {
        staged.c.fields: bindparam("new_fields", type_=JSON()),
        staged.c.consent_source: bindparam("new_source"),
        staged.c.consent_at: bindparam("new_at", type_=Moment()),
    }
    conn.execute(update(staged).where(staged.c.id == bindparam("kept")).values(values), kept)
    return gone


def slices(conn: Connection, size: int) -> Iterator[ColumnElement[bool]]:
    """Yield conditions on `staged` that part it into runs of about `size` rows, in the order of the address key."""
    last = b""
    key = staged.c.address_key
    while True:
        with conn.begin():
            end = conn.scalar(select(key).where(key > last).order_by(key).offset(size - 1).limit(1))
        if end is None:
            yield key > last
            return
        yield and_(key > last, key <= end)
        last = end
