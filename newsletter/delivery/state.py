"""What a delivery and an issue can be, and every move between those states.

Whatever moves a delivery from one state to another stands in `MOVES`; the store refuses any other. The audience of
an issue is the sum of the eight counts, always. Pure: values in, values out.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum


class DeliveryState(Enum):
    PENDING = "pending"  # frozen, nothing written yet
    IN_FLIGHT = "in_flight"  # marked on disk; its bytes may be on the wire
    ACCEPTED = "accepted"  # final reply 2xx: the relay has taken responsibility (RFC 5321 section 4.1.1.4)
    REJECTED = "rejected"  # refused for good
    DEFERRED = "deferred"  # refused for now; `next_at` says when to try again
    GAVE_UP = "gave_up"  # deferred for longer than `give_up_hours`
    UNCERTAIN = "uncertain"  # the last byte may have left, the final reply was never read (RFC 1047)
    EXCLUDED = "excluded"  # suppressed or unsubscribed: never sent, with a reason


class IssueState(Enum):
    PREPARING = "preparing"
    RUNNING = "running"
    WAITING = "waiting"  # only deferred rows are left
    PAUSED = "paused"  # the breaker stopped it
    STOPPED = "stopped"  # a person stopped it; resumable
    INTERRUPTED = "interrupted"  # derived: unfinished and nobody holds the lock; never stored
    FINISHED = "finished"  # no pending, in_flight or deferred row


class Cause(Enum):
    """Why a move happens: the evidence that must stand behind it."""

    CLAIM = "claim"  # a sender took the row
    REPLY = "reply"  # the server's final answer
    NOT_WRITTEN = "not_written"  # certain that nothing was accepted
    LOST_REPLY = "lost_reply"  # the connection or the process died after the last byte may have left
    SUPPRESSED = "suppressed"  # found at the claim
    LOCAL = "local"  # refused by ourselves: 5.6.7, no SMTPUTF8 for a Cyrillic local part
    TIME_UP = "time_up"  # `give_up_hours` are over
    EVIDENCE = "evidence"  # a late reply, a bounce with our token, `resolve`, a relay log
    RESEND = "resend"  # the `uncertain = resend` policy, once per row
    RETRY_REFUSED = "retry_refused"  # `resume --retry-refused CODE`


_S = DeliveryState

MOVES: dict[tuple[DeliveryState, DeliveryState], frozenset[Cause]] = {
    (_S.PENDING, _S.IN_FLIGHT): frozenset({Cause.CLAIM}),
    (_S.PENDING, _S.EXCLUDED): frozenset({Cause.SUPPRESSED}),
    (_S.PENDING, _S.REJECTED): frozenset({Cause.LOCAL}),
    (_S.IN_FLIGHT, _S.ACCEPTED): frozenset({Cause.REPLY}),
    (_S.IN_FLIGHT, _S.REJECTED): frozenset({Cause.REPLY}),
    (_S.IN_FLIGHT, _S.DEFERRED): frozenset({Cause.REPLY}),
    (_S.IN_FLIGHT, _S.UNCERTAIN): frozenset({Cause.LOST_REPLY}),
    (_S.IN_FLIGHT, _S.PENDING): frozenset({Cause.NOT_WRITTEN}),
    (_S.DEFERRED, _S.IN_FLIGHT): frozenset({Cause.CLAIM}),
    # SUPPRESSED: who unsubscribes between two tries is not mailed; `excluded` is only for who was never tried.
    (_S.DEFERRED, _S.GAVE_UP): frozenset({Cause.TIME_UP, Cause.SUPPRESSED}),
    (_S.UNCERTAIN, _S.ACCEPTED): frozenset({Cause.EVIDENCE}),
    (_S.UNCERTAIN, _S.REJECTED): frozenset({Cause.EVIDENCE}),
    (_S.UNCERTAIN, _S.PENDING): frozenset({Cause.EVIDENCE, Cause.RESEND}),
    (_S.REJECTED, _S.PENDING): frozenset({Cause.RETRY_REFUSED}),
}


def is_allowed(before: DeliveryState, after: DeliveryState, cause: Cause) -> bool:
    """True when the table has this move for this cause."""
    return cause in MOVES.get((before, after), frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many deliveries of an issue stand in each state."""

    accepted: int = 0
    rejected: int = 0
    gave_up: int = 0
    deferred: int = 0
    uncertain: int = 0
    excluded: int = 0
    pending: int = 0
    in_flight: int = 0

    @property
    def audience(self) -> int:
        return sum(getattr(self, entry.name) for entry in fields(self))

    @property
    def is_finished(self) -> bool:
        return self.pending == self.in_flight == self.deferred == 0

    @property
    def is_clean(self) -> bool:
        """True when the run may end with exit code 0: everybody accepted or left out on purpose."""
        return self.accepted + self.excluded == self.audience
