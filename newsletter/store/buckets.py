"""Token buckets of rates in the database: the slices of a rate that senders lease before they use them.

What is leased has left the bucket on disk, so a crash loses what was not used and never doubles it; and every process
that sends draws from the same row. Times are the database's clock, passed in as `now`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from newsletter.store.schema import Moment, bucket

# A new bucket holds one message: a first run begins as slowly as it goes on.
_FIRST_TOKENS = 1.0
# A time on disk this far ahead of the clock: the clock was set back. Less is another process that came between.
_CLOCK_SET_BACK = timedelta(seconds=10)
_ROUNDING = 1e-6  # of a message: who waited exactly as long as told finds 0.999…, and would wait again for nothing

_READ = select(bucket.c.tokens, bucket.c.at).where(bucket.c.name == bindparam("bucket")).with_for_update()
_WRITE = (
    update(bucket)
    .where(bucket.c.name == bindparam("bucket"))
    .values(tokens=bindparam("left"), at=bindparam("time", type_=Moment))
)
_GIVE_BACK = (
    update(bucket).where(bucket.c.name == bindparam("bucket")).values(tokens=bucket.c.tokens + bindparam("unused"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """So many messages may begin; or none, and the next in `wait_seconds`."""

    tokens: int
    wait_seconds: float


def lease(conn: Connection, name: str, *, rate: float, capacity: float, want: int, now: datetime) -> Lease:
    """Take up to `want` messages out of a bucket that fills by `rate` a second up to `capacity`.

    One short transaction, the caller's; on PostgreSQL the row stays locked until its end.
    """
    held = conn.execute(_READ, {"bucket": name}).one_or_none()
    if held is None:
        try:
            with conn.begin_nested():
                conn.execute(insert(bucket).values(name=name, tokens=_FIRST_TOKENS, at=now))
        except IntegrityError:
            pass  # another process made it at the same moment
        held = conn.execute(_READ, {"bucket": name}).one()
    is_set_back = held.at - now > _CLOCK_SET_BACK
    at = now if is_set_back else max(held.at, now)
    passed = 0.0 if is_set_back else (at - held.at).total_seconds()
    tokens = min(capacity, held.tokens + passed * rate)
    taken = max(0, min(want, int(tokens + _ROUNDING)))
    conn.execute(_WRITE, {"bucket": name, "left": tokens - taken, "time": at})
    return Lease(tokens=taken, wait_seconds=0.0 if taken else max(0.0, (1 - tokens) / rate))


def give_back(conn: Connection, name: str, tokens: int) -> None:
    """Put back what was leased and not used, at an orderly end. The next lease cuts it to the capacity."""
    conn.execute(_GIVE_BACK, {"bucket": name, "unused": tokens})
