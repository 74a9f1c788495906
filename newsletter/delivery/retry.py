"""When a deferred delivery is tried again, and when that ends. Pure: times in, times out.

RFC 5321 section 4.5.4.1 wants a retry delay of at least 30 minutes, with quicker tries in the first hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_WAIT_SECONDS = 5 * 60
STEADY_WAIT_SECONDS = 30 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    first_wait_seconds: int = FIRST_WAIT_SECONDS
    longest_wait_seconds: int = 2 * 3600  # doubling ends here; never below 30 minutes
    give_up_hours: float = 48.0

    def __post_init__(self) -> None:
        if self.longest_wait_seconds < STEADY_WAIT_SECONDS:
            raise ValueError("RFC 5321 section 4.5.4.1: later tries are at least 30 minutes apart")

    def wait_seconds(self, attempt: int) -> int:
        """Return how long to wait after attempt number `attempt` (1-based): 5, 10, 20, then 40 … minutes."""
        # The exponent is capped because a delivery can be tried without end where give_up_hours is long.
        return min(self.first_wait_seconds << min(attempt - 1, 20), self.longest_wait_seconds)

    def next_at(self, attempt: int, *, first_at: datetime, now: datetime) -> datetime | None:
        """Return when to try again, or None when that would be after `give_up_hours` from the first attempt."""
        at = now + timedelta(seconds=self.wait_seconds(attempt))
        return at if at - first_at <= timedelta(hours=self.give_up_hours) else None
