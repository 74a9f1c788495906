"""SMTP: connections opened by aiosmtplib, then taken over by ours.

aiosmtplib connects, starts TLS and logs in; from then on what decides is what it does not tell: which bytes had left
the process when the connection failed, and a reply nobody waits for. engine.md, "On the wire", has the rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import cast

import aiosmtplib

from newsletter.errors import RelayError
from newsletter.transport.connect import Relay, new_client, open_client
from newsletter.transport.envelope import offers_of
from newsletter.transport.manners import RelayMemory
from newsletter.transport.pipe import Pipe, PipeUser, SocketPipe, TlsPipe, take_socket
from newsletter.transport.protocol import SmtpChannel


class SmtpTransport:
    """Makes connections to one relay, and remembers for all of them what the relay was found to do.

    `window`: how many messages may be on the way on one connection; more than 1 to an own relay only.
    """

    def __init__(self, relay: Relay, *, window: int = 1) -> None:
        self.relay = relay
        self.name = str(relay.address)
        self._window = window
        self._memory = RelayMemory()

    async def connect(self) -> SmtpChannel:
        """Open a connection, with TLS and login as the relay's address asks. Raises RelayError."""
        client = new_client(self.relay)
        try:
            await open_client(client, self.relay)
            return self._take_over(client)
        except BaseException:
            if client.transport is not None:
                client.transport.abort()  # type: ignore[attr-defined] # a stream transport: it connected
            raise

    def _take_over(self, client: aiosmtplib.SMTP) -> SmtpChannel:
        """Make a channel of aiosmtplib's connection; the client object is of no further use."""
        transport = cast(asyncio.Transport | None, client.transport)
        if transport is None or transport.is_closing():
            raise RelayError("the connection ended right after it began", fix="ask who runs the relay")
        if client.protocol is not None and client.protocol._buffer:
            raise RelayError("the relay answers what nobody asked", fix="ask who runs the relay")
        return SmtpChannel(
            _pipe_over(transport),
            offers=offers_of(client.esmtp_extensions),
            manners=self._memory.recall(client.esmtp_extensions),
            timeouts=self.relay.timeouts,
            window=self._window,
        )


def _pipe_over(transport: asyncio.Transport) -> Callable[[PipeUser], Pipe]:
    if transport.get_extra_info("sslcontext") is not None:
        return partial(TlsPipe, transport)
    return partial(SocketPipe, take_socket(transport))
