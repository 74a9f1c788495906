"""What the sender asks of a transport: the one seam with two real implementations, a relay and a folder."""

from __future__ import annotations

from typing import Protocol

from newsletter.delivery.scope import Outcome
from newsletter.message.merge import Message


class Channel(Protocol):
    """One open way to the other side; used by one task at a time."""

    @property
    def failed(self) -> str:
        """Why it can carry no further message; "" while it can."""

    def refusal(self, message: Message) -> Outcome | None:
        """Return our own refusal of a message that the other side cannot take: asked before it is marked."""

    async def send(self, message: Message) -> Outcome:
        """Send one message and say what became of it; whatever the network does is an outcome, never an exception."""

    async def close(self) -> None:
        """Leave politely."""

    def abort(self) -> None:
        """End at once, from any task: a `send` under way returns *uncertain* or *not sent*."""


class Transport(Protocol):
    """Makes channels to one relay or folder."""

    name: str  # for the ledger and for people: no secret in it

    async def connect(self) -> Channel:
        """Open a channel. Raises RelayError."""
