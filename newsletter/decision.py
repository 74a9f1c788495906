"""What people say of a mail before it goes: decisions about a whole issue, comments on a place in it.

Records only, checked where they are made. They stand above the store, which keeps them; the rules that count them are
`review/standing.py`. Nobody logs in: a name is what its bearer says it is, so what counts is that it is on the record.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

MAX_NAME = 100
MAX_NOTE = 4_000
MAX_QUOTED = 200
# As in front matter: controls, line and paragraph separators, lone surrogates, and what turns the order of letters.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Verdict(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """A finding that was let stand, as the approver saw it."""

    id: str
    message: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    id: int = 0  # the store's; they rise in the order of decisions
    key: str  # of the issue
    digest: str
    list_name: str = ""  # "": every list
    verdict: Verdict
    who: str
    note: str = ""
    at: datetime
    subject: str  # for people, slots shown as {names}
    manifest: Mapping[str, str] = field(default_factory=dict)  # what the mail was made of: tells later what changed
    waived: tuple[Waived, ...] = ()

    def __post_init__(self) -> None:
        _refuse(name_complaint(self.who) or note_complaint(self.note))
        _refuse_local(self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    id: int = 0
    key: str
    digest: str  # of the mail that was looked at
    item: str  # the item's path as people know it
    block: int | None = None  # index into the item's blocks; None: about the item as a whole
    quoted: str = ""  # the block's first words: found again when blocks move
    who: str
    text: str
    at: datetime
    resolved_at: datetime | None = None
    resolved_by: str = ""

    def __post_init__(self) -> None:
        _refuse(name_complaint(self.who) or comment_complaint(self.text))
        if self.resolved_by:
            _refuse(name_complaint(self.resolved_by))
        _refuse_local(self.at)
        if (self.resolved_at is None) != (not self.resolved_by):
            raise ValueError("a comment is resolved by somebody at some time, or by nobody")

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


def tidy_name(typed: str) -> str:
    """Return a name without spaces around it and doubled ones inside; control characters stay, to be refused."""
    return " ".join(part for part in typed.strip().split(" ") if part)


def tidy_note(typed: str) -> str:
    """Return what was typed into a page or an option, its line breaks as "\\n"."""
    return typed.replace("\r\n", "\n").replace("\r", "\n").strip()


def same_name(name: str) -> str:
    """Return what two spellings of one name have in common: case, width, е for ё, spaces, letters that do not show."""
    seen = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    return " ".join(seen.casefold().replace("ё", "е").split())


def name_complaint(name: str) -> str:
    """Return what is wrong with a name, or ""; the sentence begins with "the name"."""
    if _CONTROL.search(name):
        return "the name holds a control character"
    if not same_name(name):
        return "the name is empty"
    return f"the name is longer than {MAX_NAME} characters" if len(name) > MAX_NAME else ""


def note_complaint(note: str) -> str:
    """Return what is wrong with a note, or ""; it may have lines."""
    if _CONTROL.search(note.replace("\n", " ").replace("\t", " ")):
        return "the note holds a control character"
    return f"the note is longer than {MAX_NOTE:,} characters" if len(note) > MAX_NOTE else ""


def comment_complaint(text: str) -> str:
    """Return what is wrong with a comment's text, or ""."""
    return note_complaint(text).replace("note", "comment") or ("" if text.strip() else "the comment is empty")


def _refuse(complaint: str) -> None:
    if complaint:
        raise ValueError(complaint)


def _refuse_local(at: datetime) -> None:
    if at.utcoffset() != timedelta():
        raise ValueError("a decision's time is aware UTC")
