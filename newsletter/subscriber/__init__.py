"""Subscribers as a CSV list tells of them: the one reader, row by row.

A good row has an address that can be mailed and fields that can be printed; a bad one has its line and the reason.
A bad row never stops the good ones. What is wrong with the list as a whole (no such file, no address column) is an
InputError before the first row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from pathlib import Path

from newsletter.address import Address, normalise, parse_mailbox
from newsletter.errors import InputError
from newsletter.subscriber.cells import MAX_CELL_CHARACTERS, clean, complaint, parse_moment
from newsletter.subscriber.columns import FULL_NAME, NAME, Columns, parse_columns
from newsletter.subscriber.full_name import first_name, is_first_name
from newsletter.subscriber.lines import Record, Source, open_source, read_records

_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_SEVERAL = re.compile(r"[,;/\s]")
_MAX_MAILBOX = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
_MAX_RAW = 4_000  # characters of a bad row that the report repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodRow:
    line: int  # physical line of the file, 1-based; 0 when it came from no file
    address: Address
    fields: Mapping[str, str]  # only those with a value
    consent_source: str = ""
    consent_at: datetime | None = None  # aware UTC

    def __post_init__(self) -> None:
        if self.consent_at is not None and self.consent_at.tzinfo is None:
            raise ValueError("the time of consent needs a zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    line: int
    reason: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What an import says for rows that say nothing themselves."""

    source: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberFile:
    """A list that was opened: its columns are known, its rows are still to be read."""

    source: Source
    columns: Columns
    timezone: tzinfo
    consent: Consent = field(default_factory=Consent)

    @property
    def line_count(self) -> int:
        return self.source.line_count

    def rows(self) -> Iterator[GoodRow | BadRow]:
        """Yield every row below the header, in the file's order."""
        records = read_records(self.source)
        next(records, None)
        for record in records:
            row = self._read(record)
            if row is not None:
                yield row

    def _read(self, record: Record) -> GoodRow | BadRow | None:
        """Return the row, or None for one whose cells are all empty."""
        columns = self.columns
        raw = record.raw
        # Of a million rows nearly all are plain, and three tests of the whole row then stand for those of each cell.
        plain = raw.isprintable() and "'" not in raw and len(raw) <= MAX_CELL_CHARACTERS
        cells = [cell.strip() for cell in record.cells] if plain else [clean(cell) for cell in record.cells]
        if not any(cells) and not record.fault:
            return None
        if not plain or len(cells) > len(columns.headers) or record.fault:
            reason = record.fault or _complaint(cells, columns)
            if reason:
                return _bad(record, reason)
        cells += [""] * (len(columns.headers) - len(cells))
        status = cells[columns.status] if columns.status >= 0 else ""
        if status not in ("", "subscribed"):
            reason = f"this person is {status[:40]} where the list was exported"
            return _bad(record, reason)
        try:
            name, address = _read_mailbox(cells[columns.email])
        except InputError as error:
            return _bad(record, error.message)
        source = cells[columns.consent_source] if columns.consent_source >= 0 else ""
        when = cells[columns.consent_at] if columns.consent_at >= 0 else ""
        try:
            at = parse_moment(when, self.timezone) if when else None
        except (ValueError, OverflowError):
            reason = f'the time of consent "{when[:40]}" is no date; write 2026-03-01 or 01.03.2026'
            return _bad(record, reason)
        if not source and at is None:
            source, at = self.consent.source, self.consent.at
        fields = {name: cells[place] for place, name in columns.fields if cells[place]}
        if name or FULL_NAME in fields:
            fields = _named(fields, name)
        return GoodRow(line=record.line, address=address, fields=fields, consent_source=source, consent_at=at)


def open_list(
    path: Path,
    *,
    shown: str = "",
    mapping: Mapping[str, str] | None = None,
    timezone: tzinfo = UTC,
    consent: Consent | None = None,
) -> SubscriberFile:
    """Open a list and read its header; raises InputError. `shown` is the path as people know it."""
    source = open_source(path, shown=shown)
    header = next(read_records(source), None)
    if header is None:
        raise InputError("the list is empty", path=source.shown, fix="its first line must name the columns: email;name")
    if header.fault:
        raise InputError(f"the line with the columns' names: {header.fault}", path=source.shown, line=header.line)
    columns = parse_columns(header.cells, mapping or {}, path=source.shown, line=header.line)
    return SubscriberFile(source=source, columns=columns, timezone=timezone, consent=consent or Consent())


def _read_mailbox(cell: str) -> tuple[str, Address]:
    """Read the cell of addresses: bare, or «Анна <anna@press.example>» with the name that it gives."""
    if cell[-1:] == ">":
        return parse_mailbox(cell)
    if cell.count("@") > 1 and _SEVERAL.search(cell):
        raise InputError("this cell holds more than one address: give each a row of its own")
    return "", read_address(cell)


def _named(fields: dict[str, str], beside_address: str) -> dict[str, str]:
    """Return the fields with what is certain about the name: a wrong greeting is worse than none."""
    if beside_address and not is_first_name(beside_address):
        fields.setdefault(FULL_NAME, beside_address)
    elif beside_address:
        fields.setdefault(NAME, beside_address)
    if NAME not in fields and (told := first_name(fields.get(FULL_NAME, ""))):
        fields[NAME] = told
    return fields


def read_address(typed: str) -> Address:
    """Return what `normalise` would, at a tenth of its time for the plain address that nearly everybody has.

    The domain is judged by `normalise` itself, once per domain: lists hold few domains and many people.
    """
    local, sign, domain = typed.rpartition("@")
    if sign and len(local) <= 64 and _PLAIN_LOCAL.fullmatch(local):
        ascii_domain = _judged_domain(domain)
        # The typed form counts too: the library measures both it and the A-label form.
        if ascii_domain and len(local) + 1 + max(len(ascii_domain), len(domain.encode())) <= _MAX_MAILBOX - 10:
            mailbox = f"{local}@{ascii_domain}"
            return Address(display=typed, mailbox=mailbox, key=mailbox.lower())
    return normalise(typed)


@lru_cache(maxsize=65_536)  # about 10 MB at the most
def _judged_domain(domain: str) -> str:
    try:
        judged = normalise(f"a@{domain}")
    except InputError:
        return ""
    return judged.domain if judged.display == f"a@{domain}" else ""


def _bad(record: Record, reason: str) -> BadRow:
    return BadRow(line=record.line, reason=reason, raw=record.raw[:_MAX_RAW])


def _complaint(cells: list[str], columns: Columns) -> str:
    """Return why the row as a whole cannot be read, or nothing."""
    width = len(columns.headers)
    if len(cells) > width and any(cells[width:]):
        # A shifted row would print one person's data into another's greeting.
        return f"{len(cells)} cells, but the list has {width} columns: a separator inside a value needs quotes"
    for header, cell in zip(columns.headers, cells, strict=False):
        found = complaint(cell)
        if found:
            return f'the column "{header}" {found}'
    return ""
