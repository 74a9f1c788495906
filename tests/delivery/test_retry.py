"""When a deferred delivery is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.retry import RetryPolicy

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def test_first_waits_are_5_10_20_minutes_and_later_ones_never_under_30() -> None:
    minutes = [RetryPolicy().wait_seconds(attempt) // 60 for attempt in range(1, 9)]
    assert minutes[:3] == [5, 10, 20]
    assert min(minutes[3:]) >= 30
    assert minutes == sorted(minutes)


def test_it_ends_when_the_next_try_would_be_after_give_up_hours() -> None:
    policy = RetryPolicy(give_up_hours=1)
    assert policy.next_at(1, first_at=START, now=START) == START + timedelta(minutes=5)
    assert policy.next_at(4, first_at=START, now=START + timedelta(minutes=35)) is None


def test_long_wait_under_30_minutes_is_refused() -> None:
    with pytest.raises(ValueError, match="30 minutes"):
        RetryPolicy(longest_wait_seconds=600)


@given(st.integers(1, 10_000), st.integers(0, 10_000_000))
def test_next_try_is_ahead_and_within_the_time_given(attempt: int, passed: int) -> None:
    policy = RetryPolicy(give_up_hours=48)
    now = START + timedelta(seconds=passed)
    at = policy.next_at(attempt, first_at=START, now=now)
    if at is not None:
        assert now + timedelta(minutes=5) <= at <= START + timedelta(hours=48)
