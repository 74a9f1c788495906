"""What the sender asks of a transport: the one seam with two real implementations, a relay and a folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from newsletter.delivery.scope import Outcome
from newsletter.message.merge import Message

Done = Callable[[Outcome], None]


class Channel(Protocol):
    """One open way to the other side; used from one thread, that of its event loop."""

    window: int  # messages that may be on the way at once, from 1; the sender keeps to it, and it can change

    @property
    def failed(self) -> str:
        """Why it can carry no further message; "" while it can."""

    def refusal(self, message: Message) -> Outcome | None:
        """Return our own refusal of a message that the other side cannot take: asked before it is marked."""

    def begin(self, message: Message, done: Done) -> None:
        """Take one message; `done` is called once with what became of it, in a later turn of the event loop.

        No task and no future a message: this is the hot path. Each `done` is room for another message, which may
        begin inside it. Messages are answered in the order of their begin, but for one that the server made us try
        in another way; when the channel fails, each that is left is told *uncertain* or *not sent*, by what has left.
        """

    async def close(self) -> None:
        """Leave politely; no message is on the way."""

    def abort(self) -> None:
        """End at once; every message on the way is told *uncertain* or *not sent*, in a later turn of the loop."""


class Transport(Protocol):
    """Makes channels to one relay or folder."""

    name: str  # for the ledger and for people: no secret in it

    async def connect(self) -> Channel:
        """Open a channel. Raises RelayError."""


async def send(channel: Channel, message: Message) -> Outcome:
    """Send one message and wait for what became of it: for the few at a time, not for the send of an issue."""
    told: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def done(outcome: Outcome) -> None:
        if not told.done():
            told.set_result(outcome)

    channel.begin(message, done)
    return await told
