"""What a digest is called when nobody gave it a title or a preheader: words around names, dates and titles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from newsletter.language.calendar import MONTHS_ENGLISH, MONTHS_GENITIVE

_DASH = "–"
_NBSP = "\u00a0"


def digest_title(name: str, days: Sequence[date], first_title: str, lang: str) -> str:
    """Return "ОЭЗ «Заречье»: новости 14–20 ноября 2026 г.", or with the first item's title where no item has a date."""
    what = first_title
    if days:
        word = "новости" if _is_russian(lang) else "news,"
        what = f"{word} {day_range(min(days), max(days), lang)}"
    return f"{name}: {what}" if name else what


def day_range(first: date, last: date, lang: str) -> str:
    """Return "14–20 ноября 2026 г.", "28 октября – 3 ноября 2026 г.", or "14–20 November 2026" where not Russian."""
    months = MONTHS_GENITIVE if _is_russian(lang) else MONTHS_ENGLISH
    end = f"{last.day}{_NBSP}{months[last.month - 1]} {last.year}" + (f"{_NBSP}г." if _is_russian(lang) else "")
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}{_DASH}{end}"
    start = f"{first.day}{_NBSP}{months[first.month - 1]}"
    year = f" {first.year}" if first.year != last.year else ""
    return f"{start}{year}{_NBSP}{_DASH} {end}"


def digest_preheader(titles: Sequence[str], *, is_rest: bool, lang: str) -> str:
    """Return the titles in one line; `is_rest` where the subject names the first item and these are the others."""
    if _is_russian(lang):
        opening = "Ещё в выпуске" if is_rest else "В выпуске"
    else:
        opening = "Also in this issue" if is_rest else "In this issue"
    return f"{opening}: {'; '.join(title.rstrip(' .;:') for title in titles)}"


def _is_russian(lang: str) -> bool:
    return lang.partition("-")[0] == "ru"
