"""One cell of a list: cleaned, refused, or guarded against spreadsheets.

A cell that begins with = + - @ is run as a formula by spreadsheets (OWASP "CSV injection"); `guard` puts an
apostrophe before it on export, `unguard` takes exactly that one away on import, so a list survives the round trip.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

MAX_CELL_CHARACTERS = 2_000  # far above any name or note; a cell beyond it is a broken row

# Controls, line ends, direction overrides (they make a name read as another) and lone surrogates (broken bytes).
_REFUSED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SPACE = " \t\r\n\u00a0\u200b\ufeff"  # what web pages and spreadsheets leave around a value
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ ,T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


def clean(cell: str) -> str:
    """Return the cell's text without the space around it and without a guard."""
    text = cell.strip(_SPACE)
    return text[1:] if text[:1] == "'" and _GUARDED.match(text) else text


def complaint(text: str) -> str:
    """Return why a cell cannot be taken, or nothing."""
    if len(text) > MAX_CELL_CHARACTERS:
        return f"is {len(text)} characters long; {MAX_CELL_CHARACTERS} is the limit"
    found = _REFUSED.search(text)
    if not found:
        return ""
    if "\udc80" <= found[0] <= "\udcff":
        return f"holds the byte 0x{ord(found[0]) - 0xDC00:02X}, which is not text in this encoding"
    return f"holds the control character U+{ord(found[0]):04X}"


def guard(text: str) -> str:
    """Return the text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


@lru_cache(maxsize=4_096)  # a list holds few times, many times over
def parse_moment(text: str, timezone: tzinfo) -> datetime:
    """Read `2026-03-01`, `2026-03-01T10:00+03:00`, `01.03.2026` or `01.03.2026 10:00` as UTC; raises ValueError.

    A time without a zone is the office's.
    """
    russian = _DATE.fullmatch(text)
    if russian:
        day, month, year, hour, minute, second = (int(part or 0) for part in russian.groups())
        moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone)
    else:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone)
    if not 1990 <= moment.year <= 2200:
        raise ValueError("the year is out of range")
    return moment.astimezone(UTC)
