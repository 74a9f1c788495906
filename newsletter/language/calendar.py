"""Dates as a reader expects them."""

from __future__ import annotations

from datetime import date

# fmt: off
MONTHS_GENITIVE = ("января", "февраля", "марта", "апреля", "мая", "июня",
                   "июля", "августа", "сентября", "октября", "ноября", "декабря")
MONTHS_ENGLISH = ("January", "February", "March", "April", "May", "June",
                  "July", "August", "September", "October", "November", "December")
# fmt: on


def long_date(day: date, lang: str) -> str:
    """Return "23 ноября 2026 г." (no-break spaces before month and "г."), or "23 November 2026" where not Russian."""
    if lang.partition("-")[0] == "ru":
        return f"{day.day}\u00a0{MONTHS_GENITIVE[day.month - 1]} {day.year}\u00a0г."
    return f"{day.day}\u00a0{MONTHS_ENGLISH[day.month - 1]} {day.year}"
