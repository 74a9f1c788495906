"""Where each character of finished HTML stands: text, an attribute's value, a style, a script or a comment.

A small tokeniser of the WHATWG states that mail needs, kept to offsets, which no parser of the standard library
gives for attributes. It reads lxml's output: quoted attributes, no stray brackets. html5lib is its oracle in tests.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "attribute", "unquoted", "tag", "style", "script", "comment", "mso"]

_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*)")
_ATTRIBUTE = re.compile(r"""\s*([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?|\s*(/)""")
# A tag as lxml writes nearly all of them, of an element whose content is read as any text.
_PLAIN_TAG = re.compile(
    r"""<(?:/[A-Za-z][^\s/>]*|(?!(?:style|script|xml)[\s/>])[A-Za-z][^\s/>]*)(?:\s+[^\s"'<>/=]+="[^"]*")*\s*>""",
    re.IGNORECASE,
)
_MSO_OPEN = re.compile(r"<!--\[if[^\]]*\]>(?!<!)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A run of one kind between two offsets; `tag` and `attribute` are lower-case names."""

    kind: Kind
    start: int
    end: int
    tag: str = ""
    attribute: str = ""


def zones(source: str, holding: str = "") -> Iterator[Zone]:
    """Yield the zones of `source` in order; together they cover all but quotes and brackets.

    With `holding` the zones that do not hold this word may be left out: most tags are then passed over whole.
    """
    at = 0
    held = source.find(holding)
    while at < len(source):
        opening = source.find("<", at)
        if opening < 0:
            opening = len(source)
        if opening > at:
            yield Zone(kind="text", start=at, end=opening)
        if opening == len(source):
            return
        if 0 <= held < opening:
            held = source.find(holding, opening)  # the text before may hold one, and the tag the next
        if holding and (tag := _PLAIN_TAG.match(source, opening)) and not opening <= held < tag.end():
            at = tag.end()
        else:
            at = yield from _markup(source, opening)


def _markup(source: str, at: int) -> Generator[Zone, None, int]:
    """Yield the zones of what begins at `at` with a bracket; return where it ends."""
    if source.startswith("<!--", at):
        end = _end(source, "-->", at)
        kind: Kind = "mso" if _MSO_OPEN.match(source, at) else "comment"
        yield Zone(kind=kind, start=at, end=end)
        return end
    match = _TAG.match(source, at)
    if match is None:
        if source.startswith(("<!", "<?"), at):
            end = _end(source, ">", at)
            yield Zone(kind="tag", start=at, end=end)
            return end
        yield Zone(kind="text", start=at, end=at + 1)
        return at + 1
    tag = match[2].lower()
    yield Zone(kind="tag", start=at, end=match.end(), tag=tag)
    end = yield from _attributes(source, match.end(), tag)
    if not match[1] and tag in ("style", "script", "xml"):
        close = re.compile(rf"</{tag}", re.IGNORECASE).search(source, end)
        stop = close.start() if close else len(source)
        yield Zone(kind="style" if tag == "style" else "script", start=end, end=stop, tag=tag)
        return stop
    return end


def _attributes(source: str, at: int, tag: str) -> Generator[Zone, None, int]:
    while at < len(source) and not source.startswith(">", at):
        match = _ATTRIBUTE.match(source, at)
        if match is None or match.end() == at:
            yield Zone(kind="tag", start=at, end=at + 1, tag=tag)
            at += 1
            continue
        if match[1]:
            name = match[1].lower()
            yield Zone(kind="tag", start=match.start(1), end=match.end(1), tag=tag, attribute=name)
            yield from _values(match, tag, name)
        at = match.end()
    return at + 1


def _values(match: re.Match[str], tag: str, name: str) -> Iterator[Zone]:
    for group in (2, 3, 4):
        if match[group] is not None:
            kind: Kind = "unquoted" if group == 4 else "attribute"
            yield Zone(kind=kind, start=match.start(group), end=match.end(group), tag=tag, attribute=name)


def _end(source: str, mark: str, at: int) -> int:
    found = source.find(mark, at)
    return len(source) if found < 0 else found + len(mark)
