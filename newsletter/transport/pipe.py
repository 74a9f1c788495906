"""The bytes of a connection: out at once, in as they come, and exactly how many have left.

Plain TCP is driven here, on a copy of the socket: a failing write can be followed by reading what had arrived, and
"the last byte is still in our buffer" is a fact. TLS stays with asyncio's transport, which buffers out of sight: what
was handed to it is assumed to have left. Nothing here calls its user back from inside `write` or `abort`.
A pipe ends by abort(): a close that flushes would deliver what was said not to have left.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections import deque
from typing import Protocol

READ_BYTES = 16_384
# Linux only. A relay that answers MAIL and RCPT at once and BDAT later holds the second answer back until the first is
# acknowledged (Nagle), and our kernel does that 40 ms late: 83 messages a second to a real Postfix instead of 300.
_QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)


class PipeUser(Protocol):
    """Who talks through a pipe."""

    def received(self, data: bytes) -> None:
        """Bytes have come."""

    def drained(self) -> None:
        """Every byte written has left."""

    def progressed(self) -> None:
        """Some bytes have left, not all."""

    def lost(self, why: str) -> None:
        """The connection has ended; all that had arrived was told before."""


class Pipe(Protocol):
    left: int  # bytes that have left, or may have

    @property
    def is_full(self) -> bool:
        """True while written bytes wait for room."""

    def write(self, parts: list[bytes]) -> None:
        """Send the parts one behind the other; what cannot leave now waits."""

    def acknowledge(self) -> None:
        """Let the other side know at once that its bytes are here, when we have nothing to write that would say so."""

    def poll(self) -> None:
        """Tell at once what has already arrived, where that can be asked."""

    def abort(self) -> None:
        """End at once; what has not left never will."""


class SocketPipe:
    """Plain TCP, over a socket of our own."""

    def __init__(self, sock: socket.socket, user: PipeUser) -> None:
        self.left = 0
        self._sock, self._user = sock, user
        self._waiting: deque[memoryview] = deque()
        self._is_open = True
        self._loop = asyncio.get_running_loop()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.add_reader(sock.fileno(), self._read)

    @property
    def is_full(self) -> bool:
        return bool(self._waiting)

    def write(self, parts: list[bytes]) -> None:
        if not self._is_open:
            return
        sent = 0
        if not self._waiting:
            try:
                sent = self._sock.sendmsg(parts) if len(parts) > 1 else self._sock.send(parts[0])
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError as error:
                self._break(error)
                return
            self.left += sent
        for part in parts:
            if sent >= len(part):
                sent -= len(part)
                continue
            if not self._waiting:
                self._loop.add_writer(self._sock.fileno(), self._write_on)
            self._waiting.append(memoryview(part)[sent:])
            sent = 0

    def acknowledge(self) -> None:
        if self._is_open:
            _acknowledge(self._sock)

    def poll(self) -> None:
        while self._is_open and self._read():
            pass

    def abort(self) -> None:
        if self._is_open:
            self._is_open = False
            self._waiting.clear()
            self._loop.remove_reader(self._sock.fileno())
            self._loop.remove_writer(self._sock.fileno())
            self._sock.close()

    def _write_on(self) -> None:
        try:
            sent = self._sock.sendmsg(list(self._waiting))
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._break(error)
            return
        self.left += sent
        while self._waiting and sent >= len(self._waiting[0]):
            sent -= len(self._waiting.popleft())
        if self._waiting:
            self._waiting[0] = self._waiting[0][sent:]
            self._user.progressed()
        else:
            self._loop.remove_writer(self._sock.fileno())
            self._user.drained()

    def _break(self, error: OSError) -> None:
        """After a failed write: what had arrived is read first, in a turn of its own; it may hold the final reply."""
        self._loop.remove_writer(self._sock.fileno())
        self._loop.call_soon(self._read_to_the_end, error)

    def _read_to_the_end(self, error: OSError) -> None:
        self.poll()
        if self._is_open:
            self._user.lost(f"connection lost: {error}")

    def _read(self) -> bool:
        """Tell what has come; False when there is nothing (more)."""
        try:
            data = self._sock.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self._user.lost(f"connection lost: {error}")
            return False
        if not data:
            self._user.lost("the server closed the connection")
            return False
        self._user.received(data)
        return True


class TlsPipe(asyncio.Protocol):
    """TLS over asyncio's transport, which this takes over."""

    def __init__(self, transport: asyncio.Transport, user: PipeUser) -> None:
        self.left = 0
        self.is_full = False
        self._transport, self._user = transport, user
        self._sock = transport.get_extra_info("socket")
        if self._sock is not None:
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Not 0: asyncio compares with >= under TLS, and would then pause with nothing buffered.
        transport.set_write_buffer_limits(high=1, low=0)
        transport.set_protocol(self)

    def write(self, parts: list[bytes]) -> None:
        if not self._transport.is_closing():
            self.left += sum(map(len, parts))
            self._transport.writelines(parts)

    def acknowledge(self) -> None:
        if self._sock is not None and not self._transport.is_closing():
            _acknowledge(self._sock)

    def poll(self) -> None:
        """Nothing can be asked: records are read as the loop sees them."""

    def abort(self) -> None:
        self._transport.abort()

    # What asyncio calls.

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        self._user.drained()

    def data_received(self, data: bytes) -> None:
        self._user.received(data)

    def eof_received(self) -> None:
        self._user.lost("the server closed the connection")

    def connection_lost(self, exc: Exception | None) -> None:
        self._user.lost(f"connection lost: {exc}" if exc else "the connection was closed")


def _acknowledge(sock: socket.socket) -> None:
    if _QUICK_ACK is not None:
        with contextlib.suppress(OSError):  # what has come counts, whatever the connection is worth by now
            sock.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)  # each time: the kernel forgets it


def take_socket(transport: asyncio.Transport) -> socket.socket:
    """Return a copy of a plain transport's socket and end the transport: it closes its own, which ends nothing."""
    transport.pause_reading()
    sock = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
    sock.setblocking(False)
    transport.abort()
    return sock
