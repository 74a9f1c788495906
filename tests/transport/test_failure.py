"""Why a connection could not be made, in words: from the errors that the network really gives."""

from __future__ import annotations

import asyncio
import errno
import os
import socket

import pytest

from newsletter.errors import RelayError
from newsletter.relay import RelayAddress
from newsletter.transport.connect import Relay, Timeouts
from newsletter.transport.failure import plain_reason
from newsletter.transport.smtp import SmtpTransport


def reason_of(host: str, port: int, timeout: float = 10) -> str:
    relay = Relay(address=RelayAddress(host=host, port=port, security="none"), timeouts=Timeouts(connect=timeout))
    with pytest.raises(RelayError) as caught:
        asyncio.run(SmtpTransport(relay).connect())
    return caught.value.message


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_port_where_nobody_listens_is_a_refused_connection_and_the_address_stands_once(host: str) -> None:
    port = free_port()
    assert reason_of(host, port) == f"{host}:{port} cannot be reached: connection refused"


def test_server_that_never_greets_is_timed_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert reason_of("127.0.0.1", port, timeout=0.2) == f"127.0.0.1:{port} cannot be reached: timed out"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "no such host"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "the name server does not answer"),
        (TimeoutError(), "timed out"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "the connection was closed"),
        (OSError(errno.ENETUNREACH, "x"), "the network cannot be reached"),
        (OSError(errno.EACCES, "x"), os.strerror(errno.EACCES).lower()),
        (
            OSError(
                f"Multiple exceptions: [Errno {errno.ECONNREFUSED}] Connect call failed ('::1', 1, 0, 0), "
                f"[Errno {errno.ENETUNREACH}] Connect call failed ('192.0.2.1', 1)"
            ),
            "connection refused, the network cannot be reached",
        ),
        (ValueError("something else"), "something else"),
    ],
)
def test_each_error_has_its_words(error: Exception, words: str) -> None:
    assert plain_reason(error) == words


def test_reason_behind_a_librarys_error_is_found() -> None:
    error = RuntimeError("Error connecting to 192.0.2.1 on port 25")
    error.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('192.0.2.1', 25)")
    assert plain_reason(error) == "connection refused"
