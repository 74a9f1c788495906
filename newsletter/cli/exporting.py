"""A list as a CSV file: whole or not at all, for its owner's eyes only, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from newsletter.errors import DiskError
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
    with _target(out, bom=excel) as file:
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


@contextmanager
def _target(out: str, *, bom: bool) -> Iterator[TextIO]:
    encoding = "utf-8-sig" if bom else "utf-8"
    if not out:
        # Always UTF-8, whatever the terminal is set to: this is a file on its way through a pipe.
        sys.stdout.flush()
        buffer = getattr(sys.stdout, "buffer", None)
        if buffer is None:
            yield sys.stdout
            return
        wrapped = io.TextIOWrapper(buffer, encoding=encoding, newline="")
        try:
            yield wrapped
            wrapped.flush()
        finally:
            wrapped.detach()
        return
    path = Path(out)
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:60]}-", dir=path.parent)  # mode 0600
    except OSError as error:
        raise DiskError(
            f"cannot write here: {error.strerror}", path=out, fix="check the folder and the free space"
        ) from error
    try:
        with open(handle, "w", encoding=encoding, newline="") as file:
            yield file
        os.replace(temporary, path)
    except OSError as error:
        raise DiskError(f"cannot be written: {error.strerror}", path=out, fix="check the free space") from error
    finally:
        Path(temporary).unlink(missing_ok=True)
