"""A list as a CSV file: whole or not at all, for its owner's eyes only, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from newsletter.cli.whole_file import whole_file
from newsletter.store.database import Connection
from newsletter.store.subscribers import Member, read_members
from newsletter.subscriber.cells import guard
from newsletter.subscriber.columns import CONSENT_AT, CONSENT_SOURCE, EMAIL, STATUS


def write_list(conn: Connection, list_name: str, *, out: str, every: bool, excel: bool, declared: Sequence[str]) -> int:
    """Write the list to the file `out`, or to stdout without one; returns how many subscribers.

    Columns: address, the declared fields, every other field that somebody has, consent; status with `every`.
    """
    names = dict.fromkeys(declared)
    for member in read_members(conn, list_name, every=every):  # also refuses an unknown list before a file is made
        names.update(dict.fromkeys(member.fields))
    fields = tuple(names)
    with whole_file(out, encoding="utf-8-sig" if excel else "utf-8") as file:
        writer = csv.writer(file, delimiter=";" if excel else ",", lineterminator="\r\n")
        status = (STATUS,) if every else ()
        writer.writerow(guard(name) for name in (EMAIL, *fields, CONSENT_SOURCE, CONSENT_AT, *status))
        count = 0
        for member in read_members(conn, list_name, every=every):
            writer.writerow(guard(cell) for cell in _cells(member, fields, every=every))
            count += 1
    return count


def _cells(member: Member, fields: Sequence[str], *, every: bool) -> Iterator[str]:
    yield member.display
    for name in fields:
        yield member.fields.get(name, "")
    yield member.consent_source
    yield member.consent_at.isoformat() if member.consent_at else ""
    if every:
        yield member.status
