"""Finds the template line of a fault seen in rendered MJML.

With a line map the answer is exact. Without one the element is searched for in the templates as written: by its
whole tag first, then by name and attribute; a place is given only when there is exactly one, because a wrong line
costs a designer more than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.check.checked import Checked, Place
from newsletter.check.markup import Lines, Token

# Blanked before a search: what stands there is not rendered. Newlines stay, so that lines can still be counted.
_COMMENTS = re.compile(r"\{#(?>.*?(?:#\}|\Z))|<!--(?>.*?(?:-->|\Z))", re.DOTALL)


def place_of(subject: Checked, variant: str, token: Token, *, attribute: str = "") -> Place:
    """Return where the tag or text `token` of a rendered variant was written, as well as that can be known."""
    origins = subject.mjml_lines.get(variant, ())
    if token.line <= len(origins):
        origin = origins[token.line - 1]
        return Place(file=origin.path, line=origin.line)
    for pattern in _patterns(token, attribute):
        places = list(_search(subject, pattern))
        if len(places) == 1:
            return places[0]
        if places and len({place.file for place in places}) == 1:
            return Place(file=places[0].file)
        if places:
            return Place()
    return Place()


def place_of_source(subject: Checked, pattern: str) -> Place:
    """Return the first place in the templates where `pattern` matches what was written; nowhere where none does."""
    return next(_search(subject, pattern), Place())


def _patterns(token: Token, attribute: str) -> Iterator[str]:
    if token.kind == "text":
        yield re.escape(token.text.strip())
        return
    yield re.escape(token.text)
    if token.kind == "close":
        return
    tag = rf"<{re.escape(token.name)}(?![\w:.-])"
    if attribute:
        yield rf"""{tag}(?:[^<>"']|"[^"]*+"|'[^']*+')*?\s{re.escape(attribute)}(?![\w:.-])"""
    yield tag


def _search(subject: Checked, pattern: str) -> Iterator[Place]:
    for path, source in subject.mjml_sources.items():
        text = _COMMENTS.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)
        lines = Lines(text)
        for found in re.finditer(pattern, text):
            yield Place(file=path, line=lines.line_of(found.start()))
