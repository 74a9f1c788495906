"""How fast to send, and when to stop by ourselves. Pure: the clock's reading comes in, nothing here waits.

`Pace` spaces messages to a rate. `Breaker` watches the replies of an issue and says why to pause: a whole list must
not be spent on a refusal that is ours, and a list with many dead addresses is somebody's mistake (or an old copy).
"""

from __future__ import annotations

from newsletter.delivery.scope import Kind, Outcome

# A share means little over a handful: two typing errors among ten colleagues are no reason to stop.
MIN_REPLIES_FOR_SHARE = 50


class Pace:
    """At most `rate` messages a second, evenly: no burst after a pause, because relays count bursts."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate if rate > 0 else 0.0
        self._next = float("-inf")

    def reserve(self, now: float) -> float:
        """Take the next place and return how many seconds to wait for it. `now`: a monotonic clock, in seconds."""
        at = max(self._next, now)
        self._next = at + self._interval
        return at - now


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
