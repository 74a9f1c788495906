"""An issue's deliveries as rows of a CSV file: one each, harmless in a spreadsheet, whichever way it is opened.

Addresses and replies come from outside. A spreadsheet calculates a cell that begins with = + - @ (OWASP "CSV
injection"), some also its full-width form, after blanks or quotes; and opened with another separator than it was
written with, a file has cells that begin in the middle of ours. So an apostrophe stands before any such sign that a
cell could begin with. In a file for Excel it also stands before what would turn into a date or another number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from functools import lru_cache, partial
from typing import Any

HEAD = (
    "address", "state", "attempts", "first_try", "last_try", "next_try", "relay", "code", "enhanced", "reply",
    "queue_id", "excluded", "stage", "fault", "dkim", "later",
)  # fmt: skip
# At a cell's beginning, or after anything that some program takes for a separator.
_CALCULATED = re.compile(r"""(^|[,;\t|])([\s"'`]*)(?=[=+\-@＝＋－＠])""")
# 5.1.1 is a date for Excel, 12E5 a number, and of 20 digits it keeps 15.
_NUMBERLIKE = re.compile(r"(?=.*\d)[\d\s.,:/eE+-]+")


def harmless(text: str) -> str:
    """Return text from outside as one line that no spreadsheet calculates."""
    if not text.isprintable():  # the common case, by far, in one quick look: a million rows have ten million cells
        text = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    return _CALCULATED.sub(r"\1\2'", text.strip())


def as_text_cell(text: str) -> str:
    """Return a cell that Excel leaves as it is: an apostrophe stands before what it would make a date or number."""
    return f"'{text}" if _NUMBERLIKE.fullmatch(text) else text


def rows(deliveries: Iterable[Any], *, zone: tzinfo, excel: bool) -> Iterator[tuple[str, ...]]:
    """Yield the head, then a row for each delivery of `store.account.each_delivery`; times in `zone`, with offset."""

    def guard(text: str) -> str:
        return as_text_cell(harmless(text)) if excel else harmless(text)

    # These say the same of many: kept, as are the moments, which neighbours share.
    known, moment = lru_cache(maxsize=1_000)(guard), lru_cache(maxsize=1_000)(partial(_moment, zone=zone))
    yield HEAD
    for one in deliveries:
        yield (
            harmless(one.address),
            one.state,
            str(one.attempt),
            moment(one.first_at),
            moment(one.date_sent),
            moment(one.next_at),
            known(one.relay),
            str(one.code or ""),
            known(one.enhanced),
            guard(one.reply),
            guard(one.queue_id),
            known(one.exclusion),
            known(one.stage),
            known(one.scope),
            known(one.dkim),
            one.later or "",
        )


def _moment(at: datetime | None, *, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds") if at else ""
