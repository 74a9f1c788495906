"""Typography: what a careful compositor would change in a text, rule by rule, as edits of plain words.

Only spaces and signs change, never a letter or a digit (in «3х5 м» a sign was typed as a letter), and never what is
fixed: code, addresses, file names. Rules run in a fixed order, round after round until none has anything left to do;
so setting a set text changes nothing. Russian and English have rules of their own; in other languages only doubled
spaces go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from newsletter.language.dashes import DASHES, MINUS, RANGES, dash_edits, minus_edits, range_edits
from newsletter.language.digits import (
    ABBREVIATIONS,
    GROUPS,
    PERCENT,
    abbreviation_edits,
    group_edits,
    percent_edits,
)
from newsletter.language.edit import Edit, Sheet
from newsletter.language.fixed import fixed_ranges
from newsletter.language.nonbreaking import NUMBERS, SHORT, number_edits, short_word_edits
from newsletter.language.quotation import RULE as QUOTES
from newsletter.language.quotation import quote_edits
from newsletter.language.spacing import ELLIPSIS, doubled_space_edits, ellipsis_edits, sign_space_edits
from newsletter.language.spacing import RULE as SPACES
from newsletter.settings import Typography

RULES = (SPACES, ELLIPSIS, ABBREVIATIONS, QUOTES, DASHES, RANGES, MINUS, PERCENT, GROUPS, NUMBERS, SHORT)

_MAX_CHARS = 20_000  # a longer paragraph is no press text, and is mailed as it is
_MAX_ROUNDS = 8  # two do for any text that a person wrote

Pass = Callable[[str], Iterator[Edit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Typeset:
    """A text as set. `owners` says for each of its characters to which part of the first text it belongs."""

    text: str
    edits: tuple[Edit, ...]  # in places of the first text
    owners: Sequence[int]


@lru_cache(maxsize=4096)  # of its arguments alone; the words of a figure stand in cards, bars and figures alike
def typeset_text(text: str, lang: str, settings: Typography) -> str:
    """Return plain words as set."""
    return typeset(text, lang, settings).text


def typeset(
    text: str,
    lang: str,
    settings: Typography,
    *,
    fixed: Sequence[tuple[int, int]] = (),
    starts: Sequence[int] = (0,),
) -> Typeset:
    """Set a text. `fixed` are ranges to leave alone; `starts` is where its parts begin (spans of one style each)."""
    passes = _passes(lang.partition("-")[0], settings) if 0 < len(text) <= _MAX_CHARS else ()
    sheet = Sheet(text, fixed)
    sheet.shield(fixed_ranges(text))
    for _ in range(_MAX_ROUNDS):
        changed = False
        for one in passes:
            if sheet.make(one(sheet.masked)):
                sheet.shield(fixed_ranges(sheet.text))
                changed = True
        if not changed:
            break
    return Typeset(text=sheet.text, edits=sheet.edits(), owners=sheet.owners(starts))


def visible(edits: Sequence[Edit], text: str) -> tuple[Edit, ...]:
    """Return edits as an editor's file takes them: without new no-break spaces, those that only bind left out."""
    return tuple(
        shown
        for edit in edits
        if (shown := _ordinary(edit, text)) is not None and shown.replacement != text[edit.start : edit.end]
    )


def worth_mending(edits: Sequence[Edit], text: str) -> tuple[Edit, ...]:
    """Return the visible edits that an editor should hear of: an en dash between words is a style, no slip."""
    return tuple(edit for edit in visible(edits, text) if not _is_dash_style(edit, text))


def _is_dash_style(edit: Edit, text: str) -> bool:
    return edit.rule == DASHES and text[edit.start : edit.end].strip() in {"–", "―"} and edit.replacement.strip() == "—"


def _ordinary(edit: Edit, text: str) -> Edit | None:
    written = text[edit.start : edit.end]
    plain = edit.replacement
    if "\u00a0" not in written:  # where somebody typed one, it is meant
        plain = plain.replace("\u00a0", " ")
    if plain.replace("\u00a0", " ") == re.sub("[\u00a0\u202f\u2009]", " ", written):
        return None
    return Edit(start=edit.start, end=edit.end, replacement=plain, rule=edit.rule)


def _passes(lang: str, settings: Typography) -> tuple[Pass, ...]:
    """Return what runs in a language, in the order of RULES: the later ones trust what the former have set."""
    found: dict[str, tuple[Pass, ...]] = {SPACES: (doubled_space_edits,)}
    if lang in {"ru", "en"}:
        found |= {
            SPACES: (doubled_space_edits, sign_space_edits),
            ELLIPSIS: (ellipsis_edits,),
            QUOTES: (lambda text: quote_edits(text, lang),),
            DASHES: (lambda text: dash_edits(text, lang),),
            RANGES: (lambda text: range_edits(text, lang),),
            MINUS: (minus_edits,),
            NUMBERS: (lambda text: number_edits(text, lang),),
        }
    if lang == "ru":
        found |= {
            ABBREVIATIONS: (abbreviation_edits,),
            PERCENT: (lambda text: percent_edits(text, settings.percent),),
            GROUPS: (group_edits,),
            SHORT: (short_word_edits,),
        }
    used = [rule for rule in RULES if rule in found and (rule == PERCENT or getattr(settings, rule))]
    return tuple(one for rule in used for one in found[rule])
