"""The mail's text part, as its reader gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.render.plaintext import WIDTH
from newsletter.web.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    text: str
    is_long: bool  # longer than the text part is set; an address is never broken


def make(view: View) -> Mapping[str, object]:
    text = view.specimen.text
    lines = tuple(Line(text=line, is_long=len(line) > WIDTH) for line in text.removesuffix("\n").split("\n"))
    return {
        "lines": lines,
        "width": WIDTH,
        "characters": len(text),
        "long": sum(line.is_long for line in lines),
        "mail_lang": view.showing.result.issue.lang,
    }
