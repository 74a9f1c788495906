"""Moments in words: near ones by day, each with its full date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from markupsafe import escape

from newsletter.web.languages import words_of
from newsletter.web.moments import moment

ZONE = timezone(timedelta(hours=3))
NOW = datetime(2026, 11, 24, 0, 30, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("at", "russian", "english"),
    [
        (datetime(2026, 11, 23, 21, 20, tzinfo=UTC), "сегодня, 0:20", "today, 0:20"),
        (datetime(2026, 11, 23, 20, 59, tzinfo=UTC), "вчера, 23:59", "yesterday, 23:59"),
        (datetime(2026, 11, 20, 6, 5, tzinfo=UTC), "20 ноября, 9:05", "20 November, 9:05"),
        (datetime(2025, 12, 31, 9, 0, tzinfo=UTC), "31 декабря 2025 г., 12:00", "31 December 2025, 12:00"),
    ],
)
def test_a_moment_is_told_by_how_near_it_is(at: datetime, russian: str, english: str) -> None:
    assert str(moment(at, NOW, words_of("ru"))).replace("\u00a0", " ") == russian
    assert str(moment(at, NOW, words_of("en"))).replace("\u00a0", " ") == english


def test_in_a_page_a_moment_carries_its_full_date() -> None:
    shown = escape(moment(datetime(2026, 11, 23, 21, 20, tzinfo=UTC), NOW, words_of("ru"))).replace("\u00a0", " ")
    expected = '<time datetime="2026-11-24T00:20:00+03:00" title="24 ноября 2026 г., 0:20">сегодня, 0:20</time>'
    assert shown == expected
