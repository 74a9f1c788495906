"""Cutting and joining text that carries styles: a rule works on plain characters, the styles follow."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby

from newsletter.content.item import Span, Text, plain


def text_of(words: str) -> Text:
    """Return unstyled text; empty for no words."""
    return (Span(text=words),) if words else ()


def squeeze(words: str) -> str:
    """Return words with single spaces and no line breaks; no-break spaces are somebody's typography and stay."""
    return re.sub(r"[ \t\n]+", " ", words).strip()


def letters_of(words: str) -> str:
    """Return what typography leaves alone, in one case: words copied from a mail are found in the text as written."""
    return "".join(char for char in words.casefold() if char.isalnum())


def cut(text: Text, start: int, end: int) -> Text:
    """Return the characters from `start` to `end` of `plain(text)`, styles kept, white space at both ends dropped."""
    words = plain(text)
    end = min(end, len(words))
    while start < end and words[start].isspace():
        start += 1
    while end > start and words[end - 1].isspace():
        end -= 1
    spans: list[Span] = []
    at = 0
    for span in text:
        piece = span.text[max(start - at, 0) : max(end - at, 0)]
        at += len(span.text)
        if piece:
            spans.append(replace(span, text=piece))
    return tuple(spans)


def join(*parts: Text) -> Text:
    """Return the parts as one text; neighbours of one style become one span."""
    runs = groupby((span for part in parts for span in part if span.text), key=_style)
    joined: list[Span] = []
    for _, run in runs:
        first, *rest = run
        joined.append(replace(first, text=first.text + "".join(span.text for span in rest)) if rest else first)
    return tuple(joined)


def _style(span: Span) -> tuple[bool, bool, bool, str]:
    return span.bold, span.italic, span.code, span.href


_OPENING = '«„“"'
_CLOSING = '»“”"'


def unquoted(text: Text) -> Text:
    """Return text without one pair of quotation marks around the whole of it."""
    words = plain(text)
    end = len(words.rstrip(".,"))
    if len(words) < 2 or words[0] not in _OPENING or words[end - 1] not in _CLOSING:
        return text
    depth = 0
    for at, char in enumerate(words[:end]):
        depth += (char in "«„") - (char in "»“")
        if depth <= 0 and at < end - 1 and words[0] in "«„":
            return text  # the first pair closes before the end: «А» и «Б»
    return join(cut(text, 1, end - 1), text[:0], cut(text, end, len(words)))
