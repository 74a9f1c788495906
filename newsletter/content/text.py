"""Plain text as blocks: paragraphs, hard-wrapped or one to a line, lists, tab-separated tables, and a title line.

An office pastes text from anywhere, so the shape is guessed from the lines themselves; no word is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from newsletter.content.draft import Draft
from newsletter.content.item import Block, Link, ListBlock, Origin, Paragraph, Span, Table, Text
from newsletter.content.links import clean_href
from newsletter.content.spans import squeeze, text_of
from newsletter.errors import InputError

_MAX_TITLE = 120  # characters; a longer first line without a full stop is a paragraph somebody forgot to end
_MAX_WRAP = 120  # columns; wider lines are paragraphs, not wrapped text
_SENTENCE_END = re.compile(r"[.!?…][»”\")]*$")
_BEFORE_LIST = re.compile(r"[:;]$")
_BULLET = re.compile(r"(?:[•·▪●*-]|[–—])\s+(?=\S)")
_DASH = re.compile(r"[–—]\s")
_NUMBER = re.compile(r"\d{1,2}[.)]\s+(?=\S)")
_URL = re.compile(r"https?://[^\s<>«»\"`^{}|\\]+[^\s<>«»\"`^{}|\\.,;:!?)\]…]")  # none of what links.py refuses


class _Line(NamedTuple):
    number: int
    words: str


def parse_text(body: str, *, shown: str, first_line: int, is_titled: bool = True) -> Draft:
    """Return the title and blocks of a plain text whose first line is line `first_line` of the file.

    Without `is_titled` the first line is text like any other: the title is known from elsewhere.
    """
    lines = [_Line(first_line + index, line.rstrip()) for index, line in enumerate(body.split("\n"))]
    runs = list(_runs(lines))
    title, runs = _title(runs) if is_titled else (_Line(0, ""), runs)
    blocks = tuple(block for run in runs for block in _blocks(run, shown))
    return Draft(title=text_of(title.words), title_line=title.number, blocks=blocks)


def _runs(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """Yield the lines between blank ones."""
    run: list[_Line] = []
    for line in lines:
        if line.words.strip():
            run.append(line)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _title(runs: list[list[_Line]]) -> tuple[_Line, list[list[_Line]]]:
    """Take a first line that stands for itself and does not end like a sentence."""
    none = _Line(0, "")
    if not runs or (len(runs) == 1 and len(runs[0]) == 1):
        return none, runs
    first, *rest = runs[0]
    words = first.words.strip()
    if not is_title(words):
        return none, runs
    if rest and (_is_wrapped(runs[0]) or rest[0].words.lstrip()[:1].islower()):
        return none, runs
    return _Line(first.number, squeeze(words)), ([rest] if rest else []) + runs[1:]


def is_title(words: str) -> bool:
    """Claim that a first line stands for itself: short, and it does not end like a sentence."""
    ends = re.search(r"[.!…:;,][»”\")]*$", words) or re.search(r"[,;–—-]$", words)
    odd = _is_item(words) or "\t" in words or _DASH.match(words) or _URL.match(words)
    return not (ends or odd or len(words) > _MAX_TITLE)


def _is_item(words: str) -> bool:
    return bool(_BULLET.match(words) or _NUMBER.match(words))


def _is_wrapped(run: Sequence[_Line]) -> bool:
    """Claim that a fixed width broke all these lines of one paragraph."""
    return _wrapped_size(run, 0, _wrap_width(run)) == len(run) > 1


def _wrap_width(run: Sequence[_Line]) -> int:
    """Return the width at which lines may have been broken; 0 where they were not.

    Where every line ends a sentence, they are paragraphs of one line each.
    """
    width = max(len(line.words) for line in run)
    if not 40 <= width <= _MAX_WRAP or all(_SENTENCE_END.search(line.words) for line in run[:-1]):
        return 0
    return width


def _wrapped_size(run: Sequence[_Line], at: int, width: int) -> int:
    """Return how many lines from `at` are one paragraph: none has room for the next line's first word."""
    size = 1
    while width and at + size < len(run):
        line, after = run[at + size - 1].words, run[at + size].words.split()[0]
        if len(line) + 1 + len(after) <= width or _opens_list(line, run[at + size].words):
            break
        size += 1
    last = run[at + size - 1].words
    return size if at + size == len(run) or _SENTENCE_END.search(last) or _BEFORE_LIST.search(last) else 1


def _opens_list(line: str, after: str) -> bool:
    return bool(_BEFORE_LIST.search(line)) and _is_item(after.lstrip())


def _blocks(run: list[_Line], shown: str) -> Iterator[Block]:
    """Yield the blocks of lines that stand together."""
    at = 0
    width = _wrap_width(run)
    while at < len(run):
        if size := _table_size(run, at):
            yield _table(run[at : at + size], shown)
        elif size := _list_size(run, at):
            yield _list(run[at : at + size], shown)
        else:
            size = _paragraph_size(run, at, width)
            yield _paragraph(run[at : at + size], shown)
        at += size


def _table_size(run: Sequence[_Line], at: int) -> int:
    columns = run[at].words.count("\t")
    size = 0
    while columns and at + size < len(run) and run[at + size].words.count("\t") == columns:
        size += 1
    return size if size >= 2 else 0


def _table(run: Sequence[_Line], shown: str) -> Table:
    rows = [tuple(text_of(squeeze(cell)) for cell in line.words.split("\t")) for line in run]
    return Table(header=rows[0], rows=tuple(rows[1:]), origin=Origin(path=shown, line=run[0].number))


def _list_size(run: Sequence[_Line], at: int) -> int:
    mark = next((mark for mark in (_BULLET, _NUMBER) if mark.match(run[at].words.lstrip())), None)
    if mark is None:
        return 0
    size = 1
    while at + size < len(run) and (
        mark.match(run[at + size].words.lstrip()) or run[at + size].words.startswith(("  ", "\t"))
    ):
        size += 1
    lines = [line.words.strip() for line in run[at : at + size]]
    # A dash may open direct speech too: then it is a list only if it looks like one.
    if _DASH.match(lines[0]) and not (all(line.endswith((";", ",")) for line in lines[:-1]) and len(lines) > 1):
        return 0
    return size if len(lines) > 1 else 0


def _list(run: Sequence[_Line], shown: str) -> ListBlock:
    items: list[str] = []
    for line in run:
        words = squeeze(line.words)
        mark = _BULLET.match(words) or _NUMBER.match(words)
        if mark:
            items.append(words[mark.end() :])
        else:
            items[-1] += " " + words
    ordered = bool(_NUMBER.match(run[0].words.strip()))
    texts = tuple(_linked(item, Origin(path=shown, line=run[0].number)) for item in items)
    return ListBlock(ordered=ordered, items=texts, origin=Origin(path=shown, line=run[0].number))


def _paragraph_size(run: Sequence[_Line], at: int, width: int) -> int:
    """Return how many of the lines from `at` are one paragraph."""
    size = _wrapped_size(run, at, width)
    while at + size < len(run) and not _SENTENCE_END.search(run[at + size - 1].words):
        if not run[at + size].words.lstrip()[:1].islower():
            break
        size += 1
    return size


def _paragraph(run: Sequence[_Line], shown: str) -> Block:
    words = " ".join(squeeze(line.words) for line in run)
    origin = Origin(path=shown, line=run[0].number)
    if _URL.fullmatch(words):
        return Link(text=re.sub(r"^https?://|/$", "", words), href=clean_href(words, origin), origin=origin)
    return Paragraph(text=_linked(words, origin), origin=origin)


def _linked(words: str, origin: Origin) -> Text:
    """Return text in which web addresses are links; one that is no valid address stays text."""
    spans: list[Span] = []
    at = 0
    for found in _URL.finditer(words):
        try:
            href = clean_href(found.group(), origin)
        except InputError:
            continue
        spans += [Span(text=words[at : found.start()]), Span(text=found.group(), href=href)]
        at = found.end()
    return tuple(span for span in (*spans, Span(text=words[at:])) if span.text)
