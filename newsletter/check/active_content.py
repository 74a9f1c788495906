"""What no mail program runs and filters punish: scripts, frames, forms, event handlers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.check.checked import Checked, Place
from newsletter.check.finding import Finding
from newsletter.check.markup import Token, read_tokens
from newsletter.check.template_place import place_of

_ELEMENTS = frozenset({"script", "iframe", "frame", "frameset", "object", "embed", "applet", "form", "base"})
_HANDLER = re.compile(r"on[a-z]{3,}")


def find(subject: Checked) -> Iterator[Finding]:
    seen: set[str] = set()
    for variant, text in subject.rendered_mjml.items():
        for token, what in _active(text):
            seen.add(what)
            yield _finding(what, place_of(subject, variant, token))
    for html in subject.pages:
        yield from (_finding(what, Place()) for _, what in _active(html) if what not in seen)


def _active(text: str) -> Iterator[tuple[Token, str]]:
    for token in read_tokens(text):
        if token.kind != "open":
            continue
        name = token.name.lower()
        attributes = {attribute.name.lower(): attribute.value for attribute in token.attributes}
        if name in _ELEMENTS or (name == "meta" and attributes.get("http-equiv", "").lower() == "refresh"):
            yield token, f"<{name}>" if name != "meta" else '<meta http-equiv="refresh">'
        yield from ((token, f"{one}= of <{name}>") for one in attributes if _HANDLER.fullmatch(one))


def _finding(what: str, place: Place) -> Finding:
    return Finding(
        id="active_content",
        severity="error",
        message=f"{what} is run or shown by no mail program, and filters take it for an attack",
        file=place.file,
        line=place.line,
        fix="take it out; link to a page that does it",
    )
