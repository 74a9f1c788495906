"""Words gathered from HTML as text: white space as a browser shows it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from newsletter.content.item import Span, Text, plain
from newsletter.content.spans import cut, join


class Piece(NamedTuple):
    """A run of words and the line of the file on which it begins."""

    span: Span
    line: int


def tidy(text: Text) -> Text:
    """Return text with single spaces, none at its ends or around line breaks; no-break spaces stay inside."""
    spans: list[Span] = []
    before = "\n"
    for span in text:
        words = re.sub(r" *\n *", "\n", re.sub(r"[ \t]+", " ", span.text))
        if before in " \n":
            words = words.lstrip(" ")
        if words.startswith("\n") and spans and spans[-1].text.endswith(" "):
            spans[-1] = replace(spans[-1], text=spans[-1].text[:-1])
        if words:
            spans.append(replace(span, text=words))
            before = words[-1]
    joined = join(tuple(spans))
    return cut(joined, 0, len(plain(joined)))
