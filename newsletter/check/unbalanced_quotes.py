"""Quotation marks and brackets that open and never close, or close what never opened.

A quotation may go on in the paragraphs that follow: an opening mark at the head of one is closed by a later block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.check.checked import Checked, Place
from newsletter.check.finding import Finding
from newsletter.check.texts import shown, texts_of_issue
from newsletter.language.quotation import unpaired

ID = "unbalanced_quotes"

_BRACKET = re.compile(r"[()\[\]]")
_PARTNER = {")": "(", "]": "["}
_NUMBERED = re.compile(r"(?:^|[\s(«,;])(?:\d{1,2}|[a-zа-яё])$", re.IGNORECASE)  # «1)» and «а)» count, they do not close
_SMILE = re.compile(r"[:;=]-?$")
_AROUND = 20
_FAR = 6  # texts that a quotation may go on over


@dataclass(frozen=True, slots=True)
class _Odd:
    at: int
    text: str
    place: Place
    number: int  # which text of the issue

    @property
    def char(self) -> str:
        return self.text[self.at]

    @property
    def goes_on(self) -> bool:
        """Claim that a quotation begins with the text here, and may end in another."""
        return self.char in '«“„"' and not self.text[: self.at].strip("«„“—– \u00a0")

    @property
    def ends(self) -> bool:
        return self.char in "»”“" or (self.char == '"' and not self.goes_on)


def find(subject: Checked) -> Iterator[Finding]:
    odd = [
        _Odd(at, text, place, number)
        for number, (text, place) in enumerate(texts_of_issue(subject))
        for at in sorted((*unpaired(text), *odd_brackets(text)))
    ]
    found = list(map(_finding, _without_long_quotations(odd)))
    yield from found
    # Where somebody's words were cut out as a quote, their marks are gone from the item.
    named = {(one.file, one.line) for one in found}
    for finding in map(_finding, _without_long_quotations(_as_written(subject))):
        if (finding.file, finding.line) not in named:
            yield finding


def _as_written(subject: Checked) -> list[_Odd]:
    return [
        _Odd(at, text.text, Place(file=text.origin.path, line=text.origin.line), number)
        for number, text in enumerate(text for item in subject.items for text in item.odd_quoted)
        for at in unpaired(text.text)
        if text.text[at] == '"'
    ]


def _without_long_quotations(odd: list[_Odd]) -> list[_Odd]:
    """Return what is left when each opening at the head of a text took the next closing of a later one."""
    left = list(odd)
    for one in odd:
        if not one.goes_on or one not in left:
            continue
        closing = next((other for other in left if other.ends and one.number < other.number <= one.number + _FAR), None)
        if closing is not None:
            # Each paragraph in between may open again, as books have it.
            left = [
                other
                for other in left
                if other not in (one, closing) and not (other.goes_on and one.number < other.number <= closing.number)
            ]
    return left


def odd_brackets(text: str) -> tuple[int, ...]:
    """Return the places of brackets without a partner."""
    opened: list[int] = []
    odd: list[int] = []
    for found in _BRACKET.finditer(text):
        before = text[max(found.start() - 4, 0) : found.start()]
        partner = _PARTNER.get(found.group())
        if _SMILE.search(before):
            continue
        if partner is None:
            opened.append(found.start())
        elif opened and text[opened[-1]] == partner:
            opened.pop()
        elif found.group() != ")" or not _NUMBERED.search(before):
            odd.append(found.start())
    return tuple(sorted(odd + opened))


def _finding(one: _Odd) -> Finding:
    what = "bracket" if _BRACKET.match(one.char) else "quotation mark"
    start, end = max(one.at - _AROUND, 0), one.at + 1 + _AROUND
    around = shown(one.text[start:end])
    before, after = "…" if start else "", "…" if end < len(one.text) else ""
    return Finding(
        id=ID,
        severity="warning",
        message=f"a {what} {one.char} has no partner: {before}{around}{after}",
        file=one.place.file,
        line=one.place.line,
        block=one.place.block,
        fix="close it, or delete it",
    )
