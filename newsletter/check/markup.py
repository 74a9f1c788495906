"""Reads MJML or HTML as a row of tags and texts, with lines, and never fails.

MJML-python says nothing of what it swallows, and a strict parser would stop at the first fault; a linter must see
past it. So this reader takes text as it comes: what is not a tag is text. Atomic groups keep a broken tag from being
tried in every way it could be split.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Literal

# Elements that never have an end tag (HTML standard, section "Void elements").
VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)

# Comments go first: a conditional one holds tags that only Outlook reads. An unclosed one runs to the end, as in HTML.
_TOKEN = re.compile(
    r"<!--(?:-?>|(?>.*?(?:-->|\Z)))"
    r"|<[!?][^>]*+>"
    r"|</(?P<close>[A-Za-z][\w:.-]*+)[^<>]*+>"
    r"""|<(?P<open>[A-Za-z][\w:.-]*+)(?P<rest>(?:[^<>"']|"[^"]*+"|'[^']*+')*+)>""",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"""(?P<name>[^\s=/"'<>]++)(?:\s*+=\s*+(?:"(?P<d>[^"]*+)"|'(?P<s>[^']*+)'|(?P<b>[^\s"'>]++)))?+"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    name: str
    value: str  # entities resolved; empty where none is written
    written: bool  # False: a bare word without "="


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of markup. Comments and declarations are left out."""

    kind: Literal["open", "close", "text"]
    name: str = ""  # of a tag, as written
    attributes: tuple[Attribute, ...] = ()
    self_closing: bool = False
    text: str = ""  # of a tag: the whole tag as written
    start: int  # character offset of the first character
    end: int
    line: int  # from 1


class Lines:
    """Turns character offsets of a text into lines counted from 1."""

    __slots__ = ("_starts",)

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def line_of(self, offset: int) -> int:
        return bisect_right(self._starts, offset)


@lru_cache(maxsize=8)  # half of the checks read the same few pages and sources
def read_tokens(text: str) -> tuple[Token, ...]:
    """Return the tags of `text` and the texts between them, in order."""
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    lines = Lines(text)
    position = 0
    for found in _TOKEN.finditer(text):
        if found.start() > position:
            yield _text_token(text, position, found.start(), lines)
        position = found.end()
        if found["close"]:
            yield Token(
                kind="close", name=found["close"], text=found[0], start=found.start(), end=found.end(),
                line=lines.line_of(found.start()),
            )  # fmt: skip
        elif found["open"]:
            yield _open_token(found, lines)
    if position < len(text):
        yield _text_token(text, position, len(text), lines)


def _text_token(text: str, start: int, end: int, lines: Lines) -> Token:
    run = text[start:end]
    indent = len(run) - len(run.lstrip())  # a text's line is that of its first visible character
    return Token(kind="text", text=run, start=start, end=end, line=lines.line_of(start + indent))


def _open_token(found: re.Match[str], lines: Lines) -> Token:
    rest = found["rest"].rstrip()
    return Token(
        kind="open",
        name=found["open"],
        attributes=tuple(_read_attributes(rest)),
        self_closing=rest.endswith("/"),
        text=found[0],
        start=found.start(),
        end=found.end(),
        line=lines.line_of(found.start()),
    )


def _read_attributes(rest: str) -> Iterator[Attribute]:
    for found in _ATTRIBUTE.finditer(rest):
        value = found["d"] if found["d"] is not None else found["s"] if found["s"] is not None else found["b"]
        yield Attribute(name=found["name"], value=unescape(value or ""), written=value is not None)
