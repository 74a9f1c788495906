"""Moments as a page shows them: in the office's zone, to the minute."""

from __future__ import annotations

from datetime import datetime, tzinfo

from newsletter.language.calendar import long_date


def shown_moment(at: datetime, zone: tzinfo | None, lang: str) -> str:
    """Return "23 ноября 2026 г., 14:05"."""
    local = at.astimezone(zone)
    return f"{long_date(local.date(), lang)}, {local:%H:%M}"
