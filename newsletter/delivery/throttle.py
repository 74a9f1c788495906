"""How fast to send, and when to stop by ourselves. Pure: the clock's reading comes in, nothing here waits.

`Pace` spaces messages to a rate. `Throttle` holds the global rate and those of the lanes (groups of recipient
domains): what it lets go is leased in slices from the database first (store/buckets.py), so that neither a restart nor
a second process doubles a rate. `Breaker` watches the replies of an issue and says why to pause: a whole list must
not be spent on a refusal that is ours, and a list with many dead addresses is somebody's mistake (or an old copy).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, inf

from newsletter.delivery.lanes import OPEN, Lanes
from newsletter.delivery.scope import Kind, Outcome

# A share means little over a handful: two typing errors among ten colleagues are no reason to stop.
MIN_REPLIES_FOR_SHARE = 50
# A process that wakes late catches up on so much, or the rate would never be reached; more would be a burst.
CATCH_UP_SECONDS = 0.1
# A lease covers so much of the rate: one short transaction a second, and so much is lost by a crash.
LEASE_SECONDS = 1.0


class Pace:
    """At most `rate` messages a second, evenly: no burst after a pause, because relays count bursts.

    Over any time T at most `rate * T + capacity` messages begin.
    """

    __slots__ = ("_catch_up", "_interval", "_next", "capacity")

    def __init__(self, rate: float, *, catch_up_seconds: float = 0.0) -> None:
        self._interval = 1 / rate if rate > 0 else 0.0
        self._next = -inf  # when the next message would begin by the rate alone
        self._catch_up = catch_up_seconds
        self.capacity = 1 + rate * catch_up_seconds

    def delay(self, now: float) -> float:
        """Return how many seconds to wait for the next place. `now`: a monotonic clock, in seconds."""
        left = self._next - self._catch_up - now
        return left if left > 0 else 0.0

    def take(self, now: float) -> None:
        """Take the next place; the caller has waited for it."""
        self._next = (self._next if self._next > now else now) + self._interval

    def reserve(self, now: float) -> float:
        """Take the next place and return how many seconds to wait for it."""
        at = max(self._next, now)
        self._next = at + self._interval
        return at - now


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A slice of a rate to be leased: `store.buckets.lease(conn, **)` takes it, `Throttle.grant` its answer."""

    name: str  # of the bucket
    rate: float
    capacity: float  # the bucket's
    want: int  # messages


class _Bucket:
    """One rate: the messages leased and not begun yet, and their pace."""

    __slots__ = (
        *("capacity", "is_wanted", "leased", "low", "name", "not_before", "pace", "rate", "slice"),
        "_wanted",
    )

    def __init__(self, name: str, rate: float, processes: int, wanted: list[_Bucket]) -> None:
        self.name, self.rate, self._wanted = name, rate, wanted
        self.capacity = max(1.0, rate * LEASE_SECONDS)
        self.slice = max(1, int(self.capacity / processes))
        self.low = self.slice // 2  # asked for anew while there is some left, so that nobody waits for the disk
        self.pace = Pace(rate, catch_up_seconds=CATCH_UP_SECONDS)
        self.leased = 0
        self.not_before = -inf  # the database has nothing until then
        self.is_wanted = False  # until a lease is granted

    def delay(self, now: float) -> float:
        if self.leased:
            return self.pace.delay(now)
        self._want()
        return self.not_before - now if self.not_before > now else inf

    def take(self, now: float) -> None:
        self.leased -= 1
        self.pace.take(now)
        # Not for the last message of a slow rate: what is leased and never used is lost to the others.
        if self.leased <= self.low and self.slice > 1:
            self._want()

    def _want(self) -> None:
        if not self.is_wanted:
            self.is_wanted = True
            self._wanted.append(self)


class Throttle:
    """Says when a message of a lane may begin. One for each process; `relay` names the buckets in the database."""

    def __init__(self, lanes: Lanes, *, rate: float, relay: str, processes: int = 1) -> None:
        self._lanes = lanes
        self._wanted: list[_Bucket] = []  # to be leased, not asked for yet
        self._all = _Bucket(relay, rate, processes, self._wanted) if rate > 0 else None
        self._rates = [
            _Bucket(f"{relay} {name}", limit.rate, processes, self._wanted) if limit.rate > 0 else None
            for name, limit in zip(lanes.names, lanes.limits, strict=True)
        ]
        # Of connections nothing is leased: each process has its share, rounded up.
        self._room = [ceil(limit.connections / processes) or inf for limit in lanes.limits]
        self._busy = [0] * len(self._room)
        self._buckets = {bucket.name: bucket for bucket in (self._all, *self._rates) if bucket is not None}
        self.is_free = lanes.is_open and self._all is None  # nothing is limited: no need to ask

    def lane_of(self, domain: str) -> int:
        """Return the lane of a recipient's domain (as A-label)."""
        return OPEN if self._lanes.is_open else self._lanes.of(domain)

    def delay(self, lane: int, now: float) -> float:
        """Return how many seconds until a message of this lane may begin: 0 is now, inf after a `done` or `grant`."""
        if self.is_free:
            return 0.0
        if self._busy[lane] >= self._room[lane]:
            return inf
        bucket = self._rates[lane]
        wait = bucket.delay(now) if bucket is not None else 0.0
        # The global rate is asked last, and only by who could go: no slice is leased for a lane that is closed.
        return max(wait, self._all.delay(now)) if self._all is not None and wait < inf else wait

    def take(self, lane: int, now: float) -> None:
        """Begin a message of this lane; `delay` has just returned 0 for it."""
        if self.is_free:
            return
        self._busy[lane] += 1
        bucket = self._rates[lane]
        if bucket is not None:
            bucket.take(now)
        if self._all is not None:
            self._all.take(now)

    def done(self, lane: int) -> None:
        """A message of this lane is off the wire, whatever became of it."""
        if not self.is_free:
            self._busy[lane] -= 1

    def wants(self, now: float) -> list[Want]:
        """Return what to lease now; each is returned once, until `grant` answers it. Ask after `delay` and `take`."""
        if not self._wanted:
            return []
        asked = [bucket for bucket in self._wanted if bucket.not_before <= now]
        self._wanted[:] = [bucket for bucket in self._wanted if bucket.not_before > now]
        return [Want(name=one.name, rate=one.rate, capacity=one.capacity, want=one.slice - one.leased) for one in asked]

    def grant(self, name: str, tokens: int, wait_seconds: float, now: float) -> None:
        """Take in the answer to a want: so many messages, or none for `wait_seconds`."""
        bucket = self._buckets[name]
        bucket.is_wanted = False
        bucket.leased += tokens
        bucket.not_before = now + wait_seconds

    def leftovers(self) -> Iterator[tuple[str, int]]:
        """Yield what was leased and not used, by bucket, to be given back at an orderly end; nothing is left then."""
        for bucket in self._buckets.values():
            if bucket.leased:
                yield bucket.name, bucket.leased
                bucket.leased = 0


class Breaker:
    """Counts the replies of one run; `reason` is not empty once the run should pause."""

    def __init__(self, *, first: int, same: int, bounce_share: float) -> None:
        self._first, self._same, self._share = first, same, bounce_share
        self._replies = self._accepted = self._bounces = self._running = 0
        self._last = ""
        self.reason = ""

    def count(self, outcome: Outcome) -> None:
        if outcome.kind is Kind.NOT_SENT:
            return  # the connection's: who reconnects counts it
        self._replies += 1
        self._accepted += outcome.kind is Kind.ACCEPTED
        self._bounces += outcome.is_hard_bounce
        # A server that drops the connection after each mail would bring a whole list into doubt.
        is_ours = outcome.is_ours or outcome.kind is Kind.UNCERTAIN
        refusal = f"{outcome.stage.value} {outcome.code} {outcome.enhanced}" if is_ours else ""
        self._running = self._running + 1 if refusal and refusal == self._last else int(bool(refusal))
        self._last = refusal
        self.reason = self.reason or self._judge(outcome)

    def _judge(self, outcome: Outcome) -> str:
        if self._running >= self._same:
            how = "lost its reply" if outcome.kind is Kind.UNCERTAIN else "refused us"
            return f"the relay {how} {self._running} times running: {outcome}"
        if self._replies == self._first and not self._accepted:
            return f"none of the first {self._first} messages was accepted; the last reply: {outcome}"
        if self._replies >= MIN_REPLIES_FOR_SHARE and self._bounces > self._share * self._replies:
            return f"{self._bounces} of {self._replies} recipients do not exist; the last reply: {outcome}"
        return ""
