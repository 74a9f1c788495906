"""Trial copies on their way: one after the other over one connection, outside every ledger."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.delivery.scope import Outcome
from newsletter.message.merge import Message
from newsletter.transport.channel import Transport, send


async def send_trials(transport: Transport, messages: Sequence[Message]) -> list[Outcome]:
    """Send each message and return what became of it, in their order. Raises RelayError when nobody answers."""
    channel = await transport.connect()
    outcomes = []
    for message in messages:
        if channel.failed:
            channel.abort()
            channel = await transport.connect()
        outcomes.append(channel.refusal(message) or await send(channel, message))
    await channel.close()
    return outcomes
