"""One delivery on its way through a sender: its row, its message, its mark and the connection that carries it."""

from __future__ import annotations

from typing import Protocol

from newsletter.delivery.scope import Outcome
from newsletter.message.merge import Message
from newsletter.sending.crew import Carrier
from newsletter.sending.journal import Written
from newsletter.store.deliveries import Claimed
from newsletter.store.ledger import Mark


class Foreman(Protocol):
    """Who is told what becomes of a job."""

    def marked(self, job: Job, written: Written) -> None: ...

    def answered(self, job: Job, outcome: Outcome) -> None: ...

    def fail(self, error: BaseException) -> None: ...


class Job:
    """Made for every message, so it is no dataclass: plain slots, and its methods are the callbacks."""

    __slots__ = ("_foreman", "carrier", "lane", "mark", "message", "refusal", "row")

    def __init__(
        self, foreman: Foreman, row: Claimed, lane: int, message: Message | None, refusal: Outcome | None, mark: Mark
    ) -> None:
        self._foreman, self.row, self.lane = foreman, row, lane
        self.message, self.refusal, self.mark = message, refusal, mark
        self.carrier: Carrier  # from the moment that it is given out

    def told(self, written: Written) -> None:
        """The journal has written the mark, or refused it."""
        try:
            self._foreman.marked(self, written)
        except BaseException as error:  # noqa: BLE001 - a callback's exception would end in asyncio's log, and the run hang
            self._foreman.fail(error)

    def done(self, outcome: Outcome) -> None:
        """The channel says what became of the message."""
        try:
            self._foreman.answered(self, outcome)
        except BaseException as error:  # noqa: BLE001 - as above
            self._foreman.fail(error)
