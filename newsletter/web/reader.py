"""Whom the mail is shown for: the specimen, a real subscriber, or somebody made up whose data test the layout.

A page names them by one word: "" the specimen, "s17" the subscriber with this id, "x-long" and so on the made-up ones.
A word nobody has is the specimen: a subscriber may be gone since the page was opened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.render.compiled import CompiledIssue
from newsletter.specimen import ANYBODY, Reader
from newsletter.store.database import Connection
from newsletter.store.people import read_person

_EXTREMES: Mapping[str, tuple[str, str]] = {  # word → name, any other field
    "x-long": (
        "Константин-Александр Всеволодович Преображенский-Задунайский и Новокрещёновский",
        "Ростов-на-Дону и Александровск-Сахалинский, Петропавловск-Камчатский городской округ",
    ),
    "x-none": ("", ""),
    "x-html": ('<b>"Имя"</b> & Ко', '"><img src=x onerror=alert(1)>'),
    "x-latin": ("Jonathan O'Connor-Smith III", "San Francisco Bay Area"),
}
EXTREMES = tuple(_EXTREMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    word: str
    reader: Reader
    subscriber_id: int | None = None  # None for the specimen and the made-up ones


def choose(word: str, compiled: CompiledIssue, conn: Connection) -> Chosen:
    """Return the reader that a page names."""
    if word in _EXTREMES:
        return Chosen(word=word, reader=_extreme(word, compiled))
    if re.fullmatch(r"s[1-9]\d{0,17}", word) and (person := read_person(conn, int(word[1:]))):
        return Chosen(word=word, reader=Reader(address=person.address, fields=person.fields), subscriber_id=person.id)
    return Chosen(word="", reader=ANYBODY)


def _extreme(word: str, compiled: CompiledIssue) -> Reader:
    name, other = _EXTREMES[word]
    printed = {field.partition(".")[2] for field in compiled.slot_fields if field.startswith("subscriber.")}
    return Reader(address=ANYBODY.address, fields={field: name if field == "name" else other for field in printed})
