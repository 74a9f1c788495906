"""What differs between two texts, paragraph by paragraph and word by word, as pieces that a page can mark.

Where lines break is no difference: a text part is wrapped anew with every word. Pure; bounded for a hostile text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Literal

_RULE = re.compile(r"[=\-–—_*~·─━]{3,}")  # drawn under a title, as long as it is
_ENTRY = re.compile(r"\s*(?:[•*–—-]|\d{1,3}[.)])\s|\s*\S.*\S[ \u00a0]{2,}\S")  # "• 412 …", or columns set with spaces
_AROUND = 1  # paragraphs shown before and after a change
_ALIKE = 0.35  # below: another paragraph, shown as a whole, rather than one with words changed
_MAX_WORDS = 2_000  # of one paragraph; beyond, comparing word by word would take seconds
_MAX_PARAGRAPHS = 2_000
_LINK = re.compile(r"\[[0-9]{1,3}\]")  # the number of a link in a text part: one more link renumbers those behind it
_LATIN = str.maketrans("АВСЕНКМОРТХУасеорхуі", "ABCEHKMOPTXYaceopxyi")  # letters that are drawn alike

PieceKind = Literal["same", "ins", "del"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    kind: PieceKind
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A paragraph, or with `skipped` how many equal ones stand here."""

    pieces: tuple[Piece, ...] = ()
    skipped: int = 0
    under: str = ""  # the heading that it stands below, said once for all rows there

    @property
    def is_changed(self) -> bool:
        return any(piece.kind != "same" for piece in self.pieces)

    @property
    def is_alike(self) -> bool:
        return are_alike(self.pieces)


def are_alike(pieces: Sequence[Piece]) -> bool:
    """Claim that a word differs only in letters of two alphabets that are drawn alike: nobody sees what changed."""
    pairs = [(one, other) for one, other in pairwise(pieces) if (one.kind, other.kind) == ("del", "ins")]
    return any(
        old != new and old.translate(_LATIN) == new.translate(_LATIN)
        for one, other in pairs
        for old, new in zip(one.words.split(), other.words.split(), strict=False)
    )


def paragraphs_of(text: str) -> tuple[str, ...]:
    """Return the paragraphs of a text part, each on one line; an entry of a list and a row of a table are one each."""
    found: list[str] = []
    is_open = False  # a line goes on with the paragraph above it
    for line in text.replace("\r\n", "\n").split("\n"):
        words = " ".join(line.split())
        if not words or _RULE.fullmatch(words):
            is_open = False
        elif is_open and not _ENTRY.match(line):
            found[-1] += f" {words}"
        else:
            found.append(words)
            is_open = True
    return tuple(found)


def compare(before: Sequence[str], after: Sequence[str], headings: Collection[str] = ()) -> tuple[Row, ...]:
    """Return the paragraphs with their differences, few equal ones around them; nothing when they are the same.

    Another number of a link ("[5]") is no difference. `headings` are paragraphs under which others stand.
    """
    rows = list(_rows(before[:_MAX_PARAGRAPHS], after[:_MAX_PARAGRAPHS]))
    if not any(row.is_changed for row in rows):
        return ()
    return tuple(_folded(list(_headed(rows, {heading.casefold() for heading in headings}))))


def _headed(rows: Sequence[Row], headings: Collection[str]) -> Iterator[Row]:
    """Yield the rows with the heading that each stands below; the list of links, which follows all, has none."""
    under = ""
    for row in rows:
        words = " ".join(piece.words for piece in row.pieces if piece.kind != "del")
        if words.casefold() in headings:
            under = words
            yield row
            continue
        if _LINK.match(words):
            under = ""
        yield replace(row, under=under)


def _key(words: str) -> str:
    return _LINK.sub("[]", words)


def _rows(before: Sequence[str], after: Sequence[str]) -> Iterator[Row]:
    matcher = difflib.SequenceMatcher(None, [*map(_key, before)], [*map(_key, after)], autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            yield from (_whole("same", words) for words in after[new_start:new_end])
            continue
        old, new = list(before[start:end]), list(after[new_start:new_end])
        while old and new:
            yield from _pair(old.pop(0), new.pop(0))
        yield from (_whole("del", words) for words in old)
        yield from (_whole("ins", words) for words in new)


def _whole(kind: PieceKind, words: str) -> Row:
    return Row(pieces=(Piece(kind=kind, words=words),))


def _pair(before: str, after: str) -> Iterator[Row]:
    """Yield one row with words marked, or two where a paragraph was put in place of another."""
    old, new = before.split(), after.split()
    if max(len(old), len(new)) <= _MAX_WORDS:
        matcher = difflib.SequenceMatcher(None, [*map(_key, old)], [*map(_key, new)], autojunk=False)
        if matcher.ratio() >= _ALIKE:
            yield Row(pieces=tuple(_pieces(matcher, old, new)))
            return
    yield _whole("del", before)
    yield _whole("ins", after)


def _pieces(matcher: difflib.SequenceMatcher[str], old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            yield Piece(kind="same", words=" ".join(new[new_start:new_end]))
            continue
        if end > start:
            yield Piece(kind="del", words=" ".join(old[start:end]))
        if new_end > new_start:
            yield Piece(kind="ins", words=" ".join(new[new_start:new_end]))


def _folded(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows with long runs of equal ones counted instead of shown."""
    near = {number + step for number, row in enumerate(rows) if row.is_changed for step in range(-_AROUND, _AROUND + 1)}
    skipped, under = 0, ""
    for number, row in enumerate(rows):
        if number in near:
            if skipped:
                yield Row(skipped=skipped)
                skipped = 0
            yield replace(row, under="") if row.under == under else row
            under = row.under
        else:
            skipped += 1
    if skipped:
        yield Row(skipped=skipped)


class _Runs(HTMLParser):
    """Collects what a reader sees of a mail: its runs of text, and the alternatives of its pictures."""

    _UNSEEN = frozenset({"style", "script", "title", "head"})
    _INLINE = frozenset({"a", "b", "i", "em", "strong", "span", "code", "sub", "sup", "u", "s"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.runs: list[str] = []
        self._open: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in self._UNSEEN
        if tag not in self._INLINE:
            self.end_run()
        if tag == "img" and (alt := dict(attrs).get("alt")):
            self.runs.append(alt)

    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in self._UNSEEN))
        if tag not in self._INLINE:
            self.end_run()

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._open.append(data)

    def end_run(self) -> None:
        if words := " ".join("".join(self._open).split()):
            self.runs.append(words)
        self._open.clear()


def runs_of(html: str) -> tuple[str, ...]:
    """Return the texts of a mail in their order, one for each block of it."""
    runs = _Runs()
    runs.feed(html)
    runs.close()
    runs.end_run()
    return tuple(runs.runs)
