"""Moments as a page shows them: in the office's zone, to the minute; near ones by day, each with its full date.

In a template a Moment is a `<time>` with the full date in its title; inside a sentence it is its words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from markupsafe import Markup

from newsletter.language.calendar import MONTHS_ENGLISH, MONTHS_GENITIVE, long_date
from newsletter.web.languages import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    words: str  # "сегодня, 0:20"
    full: str  # "24 ноября 2026 г., 0:20"
    iso: str

    def __str__(self) -> str:
        return self.words

    def __html__(self) -> str:
        return Markup('<time datetime="{}" title="{}">{}</time>').format(self.iso, self.full, self.words)


def moment(at: datetime, now: datetime, words: Words) -> Moment:
    """Return a moment that has been; `now` is in the office's zone."""
    full = shown_moment(at, now.tzinfo, words.language)
    iso = at.astimezone(now.tzinfo).isoformat(timespec="seconds")
    return Moment(words=_near(at, now, words) or full, full=full, iso=iso)


def shown_moment(at: datetime, zone: tzinfo | None, lang: str) -> str:
    """Return "23 ноября 2026 г., 9:05"."""
    local = at.astimezone(zone)
    return f"{long_date(local.date(), lang)}, {_time(local)}"


def _near(at: datetime, now: datetime, words: Words) -> str:
    """Return "сегодня, 9:05", "вчера, 9:05" or "23 ноября, 9:05"; "" of another year."""
    local = at.astimezone(now.tzinfo)
    day = now.date() - local.date()
    if day == timedelta(0):
        return words("list.today", time=_time(local))
    if day == timedelta(days=1):
        return words("list.yesterday", time=_time(local))
    if local.year != now.year:
        return ""
    month = (MONTHS_GENITIVE if words.language == "ru" else MONTHS_ENGLISH)[local.month - 1]
    return f"{local.day}\u00a0{month}, {_time(local)}"


def _time(local: datetime) -> str:
    return f"{local.hour}:{local:%M}"
