"""Why a connection could not be made, in plain words: the libraries name addresses, numbers and their own functions."""

from __future__ import annotations

import errno
import os
import re
import socket

import aiosmtplib

_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "the connection was closed",
    errno.EPIPE: "the connection was closed",
    errno.ETIMEDOUT: "timed out",
    errno.ENETUNREACH: "the network cannot be reached",
    errno.EHOSTUNREACH: "there is no way to the host",
}
_NUMBER = re.compile(r"\[Errno (\d+)\]")


def plain_reason(error: BaseException) -> str:
    """Return the reason without the address, which the caller names; the error's own text where nothing is known."""
    several = [error, *_causes(error)]
    for one in several:
        if isinstance(one, socket.gaierror):
            later = one.errno == socket.EAI_AGAIN
            return "the name server does not answer" if later else "no such host"
        if isinstance(one, (TimeoutError, aiosmtplib.SMTPTimeoutError)):
            return "timed out"
        if isinstance(one, (aiosmtplib.SMTPServerDisconnected, ConnectionResetError)):
            return "the connection was closed"
    for one in several:
        if isinstance(one, OSError) and (words := _of_numbers(one)):
            return words
    return str(error)


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found


def _of_numbers(error: OSError) -> str:
    """Return words for the error's number; asyncio joins those of several addresses of one host into one text."""
    numbers = [error.errno] if error.errno else [int(number) for number in _NUMBER.findall(str(error))]
    known = dict.fromkeys(_WORDS.get(number) or os.strerror(number).lower() for number in numbers)
    return ", ".join(known)
