"""How many connections to hold, and when to close one. Pure: the clock's reading comes in, nothing here connects.

`Width` begins with one connection and doubles while messages are accepted, as TCP does, because nobody knows what a
relay bears; after trouble it goes back to a few and grows slowly beyond half of what it had. `Carried` is what one
connection has carried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

FEW = 2  # connections after trouble: one alone would stand still while it waits for a slow reply
# A relay that restarts breaks all connections within a moment: that is one trouble, not sixteen.
SETTLE_SECONDS = 1.0
# A relay that refuses one more connection has a limit; it is tried again seldom, since each try is logged there.
PROBE_SECONDS = 60.0


class Width:
    """How many connections to hold: `target`, from 1 to `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._threshold: float = most  # below it every accepted message allows a connection more
        self._ceiling = most
        self._probe_at = inf
        self._settled_at = -inf
        self._since = 0  # accepted since the last growth
        self.target = 1

    def accepted(self, now: float) -> None:
        """A message was accepted. `now`: a monotonic clock, in seconds."""
        if self.target >= self._ceiling:
            if now < self._probe_at:
                return
            self._ceiling, self._probe_at = min(self._most, self._ceiling + 1), now + PROBE_SECONDS
        if now < self._settled_at:
            return  # those that survived say nothing of what broke the others
        self._since += 1
        # One more for each message is a doubling in each round of them; above the threshold one more for each round.
        if self._since >= (1 if self.target < self._threshold else self.target):
            self._since = 0
            self.target = min(self._ceiling, self.target + 1)

    def trouble(self, now: float) -> None:
        """Connect refused with none open, 421, a connection lost before a reply, a timeout: back to few."""
        if now < self._settled_at:
            return
        self._settled_at = now + SETTLE_SECONDS
        self._threshold = max(FEW, self.target // 2)
        self.target = min(FEW, self._ceiling)
        self._since = 0

    def full(self, now: float, working: int) -> None:
        """A connection was refused while `working` others carry mail: that is the relay's limit, and no trouble."""
        self._ceiling = max(1, min(working, self._most))
        self._probe_at = now + PROBE_SECONDS
        self.target = min(self.target, self._ceiling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recycling:
    """When a connection is closed; 0: never for that reason."""

    messages: int
    idle_seconds: float
    lane_messages: Sequence[int] = field(default=(0,))  # by lane: those of its domains on one connection


class Carried:
    """What one connection has carried; made when it opens."""

    __slots__ = ("_lanes", "_left", "_recycling", "_used_at", "is_spent")

    def __init__(self, recycling: Recycling, now: float) -> None:
        self._recycling = recycling
        self._left = recycling.messages or inf
        self._lanes: dict[int, int] = {}
        self._used_at = now
        self.is_spent = False  # give it no further message; close it once its replies are there

    def begin(self, lane: int, now: float) -> None:
        """A message of this lane begins on it."""
        self._used_at = now
        self._left -= 1
        if self._left <= 0:
            self.is_spent = True
        if most := self._recycling.lane_messages[lane]:
            carried = self._lanes[lane] = self._lanes.get(lane, 0) + 1
            if carried >= most:
                self.is_spent = True

    def end(self, now: float) -> None:
        """A reply came: idleness is counted from here."""
        self._used_at = now

    def idle_in(self, now: float) -> float:
        """Return in how many seconds an unused connection is to be closed; 0 is now."""
        if not self._recycling.idle_seconds:
            return inf
        return max(0.0, self._used_at + self._recycling.idle_seconds - now)
