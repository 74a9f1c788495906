"""Cuts finished HTML at its tokens and finds for each slot how its value must be escaped there.

The context is found in the finished HTML, never declared in a template: what inlining or MJML moved is then escaped
for where it ended up. A slot where no escaping is safe enough is a template error.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

from newsletter.errors import TemplateError
from newsletter.render.compiled import Context, Part, SlotUse
from newsletter.render.html_scan import Zone, zones
from newsletter.render.slots import SlotKind, Tokens

TEXT_ATTRIBUTES = frozenset({"alt", "title", "aria-label"})
URL_ATTRIBUTES = frozenset({"href", "src"})

_REFUSED = {
    "style": "in CSS",
    "script": "in a script",
    "comment": "in a comment",
    "tag": "in a tag",
    "unquoted": "in an attribute without quotes",
}


class MisplacedSlotError(TemplateError):
    """A slot stands where no value of a subscriber is safe; `token` tells which, for finding its template line."""

    token = ""


def split_html(source: str, tokens: Tokens, path: str) -> Part:
    """Return `source` as text and slots with their contexts. Raises MisplacedSlotError, TemplateError."""
    uses: list[tuple[re.Match[str], SlotUse]] = []
    found = deque(tokens.pattern.finditer(source))
    for zone in zones(source, tokens.nonce):
        # A token that lies across two zones is in none, and then found as a fragment.
        while found and found[0].end() <= zone.end:
            match = found.popleft()
            if match.start() < zone.start:
                continue
            kind = tokens.kind(match[0])
            before, after = source[zone.start : match.start()], source[match.end() : zone.end]
            try:
                context = _context(zone, kind, (before, after), path)
            except MisplacedSlotError as error:
                error.token = match[0]
                raise
            uses.append((match, _use(kind, context)))
    return _cut(source, uses, tokens, path)


def split_text(source: str, tokens: Tokens, path: str, context: Context = "plain") -> Part:
    """Return plain text (or a header's value) as text and slots."""
    matches = tokens.pattern.finditer(source)
    return _cut(source, [(match, _use(tokens.kind(match[0]), context)) for match in matches], tokens, path)


def _use(kind: SlotKind, context: Context) -> SlotUse:
    return SlotUse(field=kind.name, context=context, steps=kind.steps)


def _cut(source: str, uses: Iterable[tuple[re.Match[str], SlotUse]], tokens: Tokens, path: str) -> Part:
    """Put each slot in the place of its token. Raises TemplateError when a piece of a token is left in the text."""
    pieces: list[str | SlotUse] = []
    done = 0
    for match, use in uses:
        pieces += [source[done : match.start()], use]
        done = match.end()
    pieces.append(source[done:])
    part = tuple(piece for piece in pieces if piece != "")
    for piece in part:
        if isinstance(piece, str):
            tokens.assert_no_fragment(piece, path)
    return part


def _context(zone: Zone, kind: SlotKind, around: tuple[str, str], path: str) -> Context:
    if zone.kind == "text":
        return "text"
    if zone.kind == "mso":
        return "comment"
    if zone.kind != "attribute":
        raise _refusal(kind, _REFUSED[zone.kind], path)
    if zone.attribute in TEXT_ATTRIBUTES:
        return "attribute"
    if zone.attribute not in URL_ATTRIBUTES:
        raise _refusal(kind, f"in the attribute {zone.attribute}=", path)
    before, after = around
    if kind.name.startswith("links."):
        if before or after or kind.steps:
            raise _refusal(
                kind, f"as a part of {zone.attribute}=", path, f'write {zone.attribute}="{{{{ {kind.name} }}}}"'
            )
        return "url"
    if "?" in before and "#" not in before and before[-1:] in ("=", "+"):
        return "query"
    way = f'put it into a query, such as {zone.attribute}="https://…/?name={{{{ {kind.name} }}}}"'
    raise _refusal(kind, f"as a part of {zone.attribute}=", path, way)


def _refusal(kind: SlotKind, where: str, path: str, fix: str = "") -> MisplacedSlotError:
    way = fix or "print it in text, in alt or title, or as a value in a link's query"
    return MisplacedSlotError(
        f"{kind.name} is printed {where}, where no value of a subscriber is safe", path=path, fix=way
    )
