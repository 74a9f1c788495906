"""The rows of an import before they are merged: one of each address, in a table of the connection's own.

The table is TEMPORARY: filling and sorting it takes no lock that a running send would wait for, and a crash leaves
no address behind. A later row of an address overrides an earlier one, value by value; an empty value overrides
nothing; the first consent stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

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
from sqlalchemy.engine.default import DefaultDialect

from newsletter.store.schema import Id, Moment
from newsletter.subscriber import GoodRow
from newsletter.tokens import Keys

Progress = Callable[[str, int], None]  # what is being done, rows done so far

_FILL = 10_000  # rows a time: bounds memory, locks nothing
_CACHE_KIBIBYTES = 16_384  # holds the pages of one slice, whose rows lie all over the table
_FILLED = ("address", "display", "address_key", "fields", "consent_source", "consent_at")
_DUPLICATES = 1_000  # addresses a time


_temporary = MetaData()
staged = Table(
    "staged_row",
    _temporary,
    Column("id", Id, primary_key=True),  # in the file's order
    Column("address", String(320), nullable=False),
    Column("display", String(320), nullable=False),
    Column("address_key", LargeBinary(32), nullable=False),
    Column("fields", JSON, nullable=False),
    Column("consent_source", Text, nullable=False),
    Column("consent_at", Moment),
    prefixes=["TEMPORARY"],
)
# The rows of the transaction at hand, and what the store knows of them. Narrow: made from the index on keys alone.
at_hand = Table(
    "row_at_hand",
    _temporary,
    Column("id", Id, primary_key=True),
    Column("address_key", LargeBinary(32), nullable=False),
    Column("subscriber_id", Id),
    Column("subscription_id", Id),
    Column("verdict", String(12), nullable=False),  # "" for nobody on the list, else a subscription's status, or …
    prefixes=["TEMPORARY"],
)
SUPPRESSED = "suppressed"  # … this


def fill(conn: Connection, rows: Iterable[GoodRow], keys: Keys, tell: Progress) -> int:
    """Make the tables and put every row into the first; returns how many."""
    with conn.begin():
        if conn.dialect.name == "sqlite":
            conn.exec_driver_sql(f"PRAGMA temp.cache_size = -{_CACHE_KIBIBYTES}")
        _temporary.create_all(conn, checkfirst=False)
    # SQLAlchemy's own way from values to parameters takes 12 of 17 µs a row: here the statement is compiled once and
    # the values, which `_parameters` makes as the driver wants them, go straight to it.
    compiled = insert(staged).compile(dialect=conn.dialect, column_keys=_FILLED)
    source, total = iter(rows), 0
    while batch := [_parameters(row, keys) for row in islice(source, _FILL)]:
        positional = compiled.positiontup == list(_FILLED)
        given: list[Any] = batch if positional else [dict(zip(_FILLED, values, strict=True)) for values in batch]
        with conn.begin():
            conn.exec_driver_sql(str(compiled), given)
        total += len(batch)
        tell("reading", total)
    with conn.begin():  # sorting once is several times cheaper than keeping an index in order while it grows
        conn.execute(text("CREATE INDEX ix_staged_row_key ON staged_row (address_key)"))
    return total


def _parameters(row: GoodRow, keys: Keys) -> tuple[object, ...]:
    """Return the values of `_FILLED`, as the driver takes them."""
    address, at = row.address, row.consent_at
    key = keys.address_key(address.key)
    stored = _stored(at) if at else None
    return address.mailbox, address.display, key, _as_json(row.fields), row.consent_source, stored


def _as_json(fields: Mapping[str, str]) -> str:
    """Return what `json.dumps` would; `JSONEncoder` sets itself up anew for every object, and here are a million."""
    return "{" + ", ".join([f"{_quoted(name)}: {_quoted(value)}" for name, value in fields.items()]) + "}"


_quoted = json.encoder.encode_basestring_ascii


@lru_cache(maxsize=4_096)
def _stored(at: datetime) -> int | None:
    return Moment().process_bind_param(at, DefaultDialect())


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


def next_slice(conn: Connection, after: bytes, size: int) -> tuple[ColumnElement[bool], bytes | None]:
    """Return the condition on `staged` for the next `size` rows by address key, and its end: None for the last."""
    key = staged.c.address_key
    with conn.begin():
        end = conn.scalar(select(key).where(key > after).order_by(key).offset(size - 1).limit(1))
    return (key > after if end is None else and_(key > after, key <= end)), end
