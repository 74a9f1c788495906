"""One SMTP connection after EHLO, TLS and AUTH: commands out, replies in, counted and never matched by their text.

aiosmtplib opens the connection; then this protocol takes its transport over, because what decides here is what
aiosmtplib does not tell: which bytes had left the process when the connection failed, and a reply nobody waits for
(a 421 between two messages). Replies are paired with commands by their number alone (RFC 2920 section 3.1).
A connection always ends with abort(): close() would still deliver what is buffered, after we said it had not left.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque

from newsletter.delivery.scope import Reply

# RFC 5321 sets 512 bytes a line and no number of lines; real servers exceed the first. Beyond these it is no SMTP.
MAX_LINE_BYTES = 8_192
MAX_REPLY_BYTES = 32_768


class ConnectionFailed(Exception):  # noqa: N818 - the connection has, this is no error of the program
    """The connection ended, timed out or stopped speaking SMTP; it has been aborted."""


class SmtpProtocol(asyncio.Protocol):
    """Takes over a connected transport; `reply` gives one reply for each command written, in order."""

    def __init__(self, transport: asyncio.Transport, *, over_tls: bool) -> None:
        self._transport = transport
        self._over_tls = over_tls
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._lines: list[bytes] = []  # of a reply that is not complete
        self._reply_bytes = 0
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._failed = ""  # why the connection is of no more use
        self._paused = False
        # So that "still in our buffer" is a fact: asyncio calls resume_writing only once everything has left.
        transport.set_write_buffer_limits(high=0)
        transport.set_protocol(self)

    @property
    def failed(self) -> str:
        """Why the connection can carry nothing more, "" while it can: an EOF or a reply nobody asked for."""
        if self._replies and not self._failed:
            return f"the server said {self._replies[0].code} {self._replies[0].text}".rstrip()
        return self._failed

    def write(self, data: bytes) -> bool:
        """Hand bytes to the kernel, or to the buffer behind it; returns False when it is certain that none left."""
        if self._failed:
            return False
        self._transport.write(data)
        # A failing send() closes the transport before write() returns, and sends nothing. TLS buffers: assume it left.
        return self._over_tls or not self._transport.is_closing()

    @property
    def has_all_left(self) -> bool:
        """False when it is certain that the last byte written is still, or was lost, in our own buffer."""
        return self._over_tls or not self._paused

    async def drain(self, timeout: float) -> None:
        """Wait until every byte has left. Raises ConnectionFailed; after a timeout the connection is aborted."""
        while self._paused and not self._failed:
            self._drained = self._loop.create_future()
            await self._wait(self._drained, timeout, "the server takes no more data")
        if self._failed:
            raise ConnectionFailed(self._failed)

    async def reply(self, timeout: float) -> Reply:
        """Return the next reply. Raises ConnectionFailed when the connection ends before one has come."""
        if not self._replies:
            if self._failed:
                raise ConnectionFailed(self._failed)
            self._waiter = self._loop.create_future()
            await self._wait(self._waiter, timeout, f"no reply within {timeout:g} seconds")
            if not self._replies:
                raise ConnectionFailed(self._failed)
        return self._replies.popleft()

    def has_reply(self) -> bool:
        return bool(self._replies)

    def abort(self, why: str) -> None:
        """End the connection at once; whoever waits on it gets ConnectionFailed."""
        self._failed = self._failed or why
        self._transport.abort()
        self._wake()

    async def _wait(self, future: asyncio.Future[None], timeout: float, late: str) -> None:
        timer = self._loop.call_later(timeout, self.abort, late)
        try:
            await future
        finally:
            timer.cancel()

    def _wake(self) -> None:
        for future in (self._waiter, self._drained):
            if future is not None and not future.done():
                future.set_result(None)

    # What asyncio calls.

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._wake()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[: end + 1])
            del self._buffer[: end + 1]
            if not self._take_line(line):
                return
        if len(self._buffer) > MAX_LINE_BYTES:
            self.abort("the server sent an endless line")

    def eof_received(self) -> bool:
        self._failed = self._failed or "the server closed the connection"
        self._wake()
        return True  # keep the transport: `abort` ends it, never a close that flushes

    def connection_lost(self, exc: Exception | None) -> None:
        self._read_the_rest()
        self._failed = self._failed or (f"connection lost: {exc}" if exc else "the connection was closed")
        self._wake()

    def _take_line(self, line: bytes) -> bool:
        text = line.rstrip(b"\r\n")
        code, mark = text[:3], text[3:4]
        if len(text) > MAX_LINE_BYTES or not (code.isdigit() and len(code) == 3 and mark in (b"", b" ", b"-")):
            self.abort("the server does not speak SMTP")
            return False
        self._lines.append(text[4:])
        self._reply_bytes += len(line)
        if self._reply_bytes > MAX_REPLY_BYTES:
            self.abort("the server sent an endless reply")
            return False
        if mark != b"-":
            whole = b"\n".join(self._lines).decode("utf-8", "surrogateescape")
            self._lines.clear()
            self._reply_bytes = 0
            self._replies.append(Reply(code=int(code), text=whole))
            self._wake()
        return True

    def _read_the_rest(self) -> None:
        """Take replies that had arrived when a write failed: asyncio stops reading then, and they may decide.

        The socket is still open while asyncio calls `connection_lost`.
        """
        sock = self._transport.get_extra_info("socket")
        if self._over_tls or sock is None or self._failed:
            return
        with contextlib.suppress(OSError):
            copy = socket.socket(fileno=socket.dup(sock.fileno()))
            with copy:
                copy.setblocking(False)
                while data := copy.recv(65_536):
                    self.data_received(data)
