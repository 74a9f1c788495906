"""A relay some milliseconds away, for `bench latency` and `bench memory`: a server in a thread, and a wire that delays.

The wire is a queue with a time stamp on each piece, in both directions, so that any number of bytes is under way at
once. No congestion window is simulated: a real network would begin slower with large mails, for all clients alike.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import cast

_GREETING = b"220 relay.zarechye.example ESMTP\r\n"
_OFFERS = (b"250-relay.zarechye.example", b"250-SIZE 50000000", b"250-8BITMIME", b"250-SMTPUTF8", b"250-DSN")


class FarRelay(AbstractContextManager["FarRelay"]):
    """Accepts every mail. `groups`: it offers PIPELINING and CHUNKING; else it makes a client go in steps."""

    def __init__(self, *, one_way_seconds: float = 0.0, groups: bool = True) -> None:
        self._delay, self.groups = one_way_seconds, groups
        self.accepted = 0
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> FarRelay:
        self._thread.start()
        started: Future[int] = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self.port = started.result()
        self.url = f"smtp://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def count(self) -> int:
        return self.accepted

    def cpu_seconds(self) -> float:
        return time.clock_gettime(time.pthread_getcpuclockid(self._thread.ident or 0))

    async def _listen(self) -> int:
        self._server = await self._loop.create_server(lambda: _Session(self, self._delay), "127.0.0.1", 0, backlog=512)
        return int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        self._server.close()


class _Session(asyncio.Protocol):
    """One connection: what comes is read after the delay, what is said leaves after it."""

    def __init__(self, relay: FarRelay, delay: float) -> None:
        self._relay, self._delay = relay, delay
        self._loop = relay._loop
        self._coming: deque[bytes] = deque()
        self._going: deque[bytes] = deque()
        self._buffer = bytearray()
        self._is_content = False  # between DATA and its lone dot
        self._chunk = 0  # bytes of a BDAT still to come
        self._is_last = False
        self._searched = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # create_server makes no other
        self._relay.connections += 1
        self._say(_GREETING)

    def data_received(self, data: bytes) -> None:
        if not self._delay:
            self._read(data)
            return
        self._coming.append(data)
        self._loop.call_later(self._delay, self._arrive)

    def _arrive(self) -> None:
        self._read(self._coming.popleft())

    def _say(self, reply: bytes) -> None:
        if not self._delay:
            self._transport.write(reply)
            return
        self._going.append(reply)
        self._loop.call_later(self._delay, self._leave)

    def _leave(self) -> None:
        reply = self._going.popleft()
        if not self._transport.is_closing():
            self._transport.write(reply)
        if reply.startswith(b"221"):
            self._transport.close()

    def _read(self, data: bytes) -> None:
        self._buffer += data
        said = bytearray()
        while self._step(said):
            pass
        if said:
            self._say(bytes(said))
            if not self._delay and said.startswith(b"221"):
                self._transport.close()

    def _step(self, said: bytearray) -> bool:
        """Take one command, or what is there of a content; returns whether there may be more."""
        if self._chunk:
            taken = min(self._chunk, len(self._buffer))
            del self._buffer[:taken]
            self._chunk -= taken
            if not self._chunk:
                self._took(said, is_last=self._is_last)
            return not self._chunk and bool(self._buffer)
        if self._is_content:
            end = self._buffer.find(b"\r\n.\r\n", max(0, self._searched - 5))
            if end < 0:
                self._searched = len(self._buffer)
                return False
            del self._buffer[: end + 5]
            self._is_content, self._searched = False, 0
            self._took(said, is_last=True)
            return bool(self._buffer)
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        self._command(line, said)
        return bool(self._buffer)

    def _took(self, said: bytearray, *, is_last: bool) -> None:
        self._relay.accepted += is_last
        said += b"250 2.0.0 Ok: queued as %X\r\n" % self._relay.accepted if is_last else b"250 2.0.0 Ok\r\n"

    def _command(self, line: bytes, said: bytearray) -> None:
        verb = line[:4].upper()
        if verb == b"EHLO":
            more = (b"250-PIPELINING", b"250-CHUNKING") if self._relay.groups else ()
            said += b"\r\n".join((*_OFFERS, *more, b"250 ENHANCEDSTATUSCODES\r\n"))
        elif verb == b"BDAT" and self._relay.groups:
            words = line.split()
            self._chunk, self._is_last = int(words[1]), len(words) > 2
            if not self._chunk:
                self._took(said, is_last=self._is_last)
        elif verb == b"DATA":
            self._is_content = True
            self._buffer[:0] = b"\r\n"  # so that an empty content ends too
            said += b"354 go on\r\n"
        elif verb == b"QUIT":
            said += b"221 2.0.0 bye\r\n"
        elif verb in (b"MAIL", b"RCPT", b"RSET", b"NOOP", b"HELO"):
            said += b"250 2.1.0 Ok\r\n"
        else:
            said += b"500 5.5.1 unknown\r\n"
