"""Cells of a table as set: what stands in one alone is read with the header above it."""

from __future__ import annotations

import re

from newsletter.language.digits import counts_something, grouped
from newsletter.language.typography import typeset_text
from newsletter.settings import Typography

_NOTHING = re.compile(r"\s*(?:-{1,2}|–)\s*")
_NUMBER = re.compile(r"[+\u2212-]?[1-9]\d{4,14}(?:,\d{1,4})?")


def set_cell(cell: str, header: str, lang: str, settings: Typography) -> str:
    """Return a cell as set: a lone hyphen is a dash, a long number under «тонн» or «млн рублей» has groups."""
    language = lang.partition("-")[0]
    if language in {"ru", "en"} and settings.dashes and _NOTHING.fullmatch(cell):
        return "—" if language == "ru" else "–"
    done = typeset_text(cell, lang, settings)
    if language == "ru" and settings.digit_groups and _NUMBER.fullmatch(done) and counts_something(header):
        return grouped(done)
    return done
