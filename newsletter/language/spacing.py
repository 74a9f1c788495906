"""Spaces that a hand left too many of, and three dots that are one sign."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.language.edit import Edit

RULE, ELLIPSIS = "spaces", "ellipsis"

_RUN = re.compile("[ \t\u00a0\u202f]{2,}")
# Only before white space, a closing mark or the end: « .NET», « :)» and « ,5» are no mistakes.
_BEFORE_SIGN = re.compile(r"(?<=[\w»”\")\]%])[ \u00a0](?=[,.:;!?](?:[\s»”\"]|$))")
_INSIDE_QUOTES = re.compile("(?<=[«„])[ \u00a0](?=\\S)|(?<=\\S)[ \u00a0](?=»)")
_INSIDE_BRACKETS = re.compile(r"(?<![:;=\-\w])\(( ?)(?=[^\s()])[^()\n]{0,300}(?<=[^\s(])( ?)\)")
_DOTS = re.compile(r"(?<![.…])\.{3,}(?!\.)")


def sign_space_edits(text: str) -> Iterator[Edit]:
    """Yield edits for Russian and English, doubled spaces gone: spaces before signs, inside brackets and quotes."""
    for pattern in (_BEFORE_SIGN, _INSIDE_QUOTES):
        yield from (Edit(start=f.start(), end=f.end(), replacement="", rule=RULE) for f in pattern.finditer(text))
    for found in _INSIDE_BRACKETS.finditer(text):
        for group in (1, 2):
            if found[group]:
                yield Edit(start=found.start(group), end=found.end(group), replacement="", rule=RULE)


def doubled_space_edits(text: str) -> Iterator[Edit]:
    """Yield edits that are right in every language. The narrowest space of a run is the one that somebody meant."""
    for found in _RUN.finditer(text):
        run = found.group()
        kept = next((space for space in "\u202f\u00a0" if space in run), " ")
        yield Edit(start=found.start(), end=found.end(), replacement=kept, rule=RULE)


def ellipsis_edits(text: str) -> Iterator[Edit]:
    """Yield edits for dots: "?.." is right as it is, "?..." has one too many."""
    for found in _DOTS.finditer(text):
        asks = text[found.start() - 1 : found.start()] in ("?", "!")
        yield Edit(start=found.start(), end=found.end(), replacement=".." if asks else "…", rule=ELLIPSIS)
