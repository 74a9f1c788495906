"""Quotation marks: «ёлочки» outside, „лапки“ inside; “these” and ‘those’ in English; and apostrophes.

Each mark is first judged to open or to close, by what stands around it. Where all of them pair, they are nested by
depth, two that end together included. Where they do not (a quotation that goes on in the next paragraph, «Технополис
«Москва» with one mark for two), only straight and foreign marks change, and none is nested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from newsletter.language.edit import Edit

RULE = "quotes"
PAIRS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "ru": (("«", "»"), ("„", "“")),
    "en": (("“", "”"), ("‘", "’")),
}

_MARK = re.compile('["＂«»„“”‟]')
_STRAIGHT = '"＂'
_OPENS_AFTER = "([{/=—–-,:;«„‟"
_CLOSES_BEFORE = ".,;:!?…)]}/-—–»"
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
# 'tis and '90s are cut at the front; "residents'" at the end. A foot or a minute has a digit before it.
_CUT_FRONT = r"(?<![\w'’])'(?=(?:\d\ds|tis|twas|em|cause)\b)"
_CUT = re.compile(_CUT_FRONT + r"|(?<=s)'(?=[\s,.;:!?)]|$)")
_SINGLE = re.compile(rf"(?!{_CUT_FRONT})(?<![\w'’])'(?=[^\W_])[^'’\n]{{1,300}}(?<=[\w.,!?…])'(?!\w)")


class _Mark(NamedTuple):
    at: int
    char: str
    opens: bool


def quote_edits(text: str, lang: str) -> Iterator[Edit]:
    """Yield edits that set every mark of `text` in its shape; `lang` is a key of PAIRS."""
    if lang == "en":
        yield from _english_singles(text)
    else:
        yield from (_edit(found.start(), "’") for found in _BETWEEN_LETTERS.finditer(text))
    marks = _judged(text, inches=False)
    if not _depths(marks):
        marks = _judged(text, inches=True)
    depths = _depths(marks)
    shapes = _nested(marks, depths, PAIRS[lang]) if depths else _flat(marks, PAIRS[lang][0])
    yield from (_edit(mark.at, shape) for mark, shape in zip(marks, shapes, strict=True) if shape != mark.char)


def unpaired(text: str) -> tuple[int, ...]:
    """Return the places of marks without a partner; empty where all pair."""
    marks = _judged(text, inches=False)
    if not _depths(marks):
        marks = _judged(text, inches=True)
    partners = _partners(marks)
    return tuple(mark.at for number, mark in enumerate(marks) if number not in partners)


def _edit(at: int, shape: str) -> Edit:
    return Edit(start=at, end=at + 1, replacement=shape, rule=RULE)


def _judged(text: str, *, inches: bool) -> list[_Mark]:
    """Return the marks that open or close. `inches`: a straight one behind a digit is an inch, whatever is open."""
    marks: list[_Mark] = []
    opened: list[str] = []
    for found in _MARK.finditer(text):
        last = marks[-1] if marks and marks[-1].at == found.start() - 1 else None
        opens = _opens(text, found.start(), opened, last, inches=inches)
        if opens is None:
            continue
        marks.append(_Mark(found.start(), found.group(), opens))
        if opens:
            opened.append(found.group())
        elif opened:
            opened.pop()
    return marks


def _opens(text: str, at: int, opened: Sequence[str], last: _Mark | None, *, inches: bool) -> bool | None:
    """Say whether the mark at a place opens (True) or closes (False); None where it is no quotation mark at all."""
    char, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if char in "«„‟":
        return True
    if char == "»":
        return False
    if char in _STRAIGHT and before.isdigit() and (inches or not any(mark in _STRAIGHT for mark in opened)):
        return None
    starts, ends = not before or before.isspace(), not after or after.isspace()
    if starts or ends:
        return None if starts and ends else starts
    return _opens_inside(char, before, after, opened, last)


def _opens_inside(char: str, before: str, after: str, opened: Sequence[str], last: _Mark | None) -> bool | None:
    """Judge a mark without a space on either side."""
    closes_too = after in _CLOSES_BEFORE or bool(_MARK.match(after))
    if last is not None:
        return last.opens if not closes_too else last.opens and not opened
    if before in _OPENS_AFTER:
        return not (closes_too and opened)
    if closes_too:
        return False
    if before in ".!?…" or char == "”" or (char == "“" and opened[-1:] == ["„"]):
        return False if opened else None
    return None


def _partners(marks: Sequence[_Mark]) -> dict[int, int]:
    """Return the depth of each mark that has a partner, by its number; 0 is outermost."""
    stack: list[int] = []
    found: dict[int, int] = {}
    for number, mark in enumerate(marks):
        if mark.opens:
            stack.append(number)
        elif stack:
            partner = stack.pop()
            found[number] = found[partner] = len(stack)
    return found


def _depths(marks: Sequence[_Mark]) -> list[int]:
    """Return the depth of each mark, or nothing where they do not pair."""
    found = _partners(marks)
    return [found[number] for number in range(len(marks))] if len(found) == len(marks) else []


def _nested(marks: Sequence[_Mark], depths: Sequence[int], pairs: Sequence[tuple[str, str]]) -> list[str]:
    return [pairs[depth % 2][0 if mark.opens else 1] for mark, depth in zip(marks, depths, strict=True)]


def _flat(marks: Sequence[_Mark], pair: tuple[str, str]) -> list[str]:
    """Return the shapes where marks do not pair: those that are right in their language at any depth stay."""
    shapes: list[str] = []
    opened: list[str] = []
    for mark in marks:
        if mark.opens:
            opened.append(mark.char)
            shapes.append(mark.char if mark.char in "«„" else pair[0])
        else:
            low = opened.pop() == "„" if opened else False
            shapes.append(mark.char if mark.char == "»" or (low and mark.char == "“") else pair[1])
    return shapes


def _english_singles(text: str) -> Iterator[Edit]:
    """Yield edits for single marks and apostrophes; a word quoted by single marks keeps single ones."""
    taken: set[int] = set()
    for found in _SINGLE.finditer(text):
        taken |= {found.start(), found.end() - 1}
        yield from (_edit(found.start(), "‘"), _edit(found.end() - 1, "’"))
    for pattern in (_CUT, _BETWEEN_LETTERS):
        for found in pattern.finditer(text):
            if found.start() not in taken:
                taken.add(found.start())
                yield _edit(found.start(), "’")
