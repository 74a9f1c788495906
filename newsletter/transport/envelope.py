"""The bytes of a transaction: its command lines by what the server offers, and its content as DATA wants it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from newsletter.delivery.scope import Outcome, Scope, local_refusal
from newsletter.message.merge import Message

# What would end a path or a line, and so make one command two: the last guard of several.
_UNSAFE = re.compile(r"[\x00-\x20\x7f<>]")

LF = 10
MANY_DOTS = 200  # from here on it is quicker to look for the line's beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What the server's last EHLO offered, as far as we use it."""

    size: int = 0  # largest message, 0 when it does not say
    has_size: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    dsn: bool = False
    pipelining: bool = False
    chunking: bool = False

    def refusal(self, message: Message) -> Outcome | None:
        """Return our own refusal of a message that this server cannot take, before anything is marked or written."""
        if message.smtputf8 and not self.smtputf8:
            return local_refusal(553, "5.6.7", "the relay takes no address outside ASCII (SMTPUTF8)", Scope.RECIPIENT)
        if self.size and message.size > self.size:
            text = f"the message of {message.size} bytes is above the relay's limit of {self.size}"
            return local_refusal(552, "5.3.4", text, Scope.MESSAGE)
        return None


def offers_of(extensions: Mapping[str, str]) -> Offers:
    """Read the extensions of an EHLO, named in lower case."""
    size = extensions.get("size", "")
    return Offers(
        size=int(size) if size.isascii() and size.isdigit() else 0,
        has_size="size" in extensions,
        eight_bit="8bitmime" in extensions,
        smtputf8="smtputf8" in extensions,
        dsn="dsn" in extensions,
        pipelining="pipelining" in extensions,
        chunking="chunking" in extensions,
    )


def envelope(message: Message, offers: Offers) -> bytes:
    """Return the MAIL and RCPT lines. Raises ValueError for an address that would make them say something else."""
    if _UNSAFE.search(message.mail_from + message.rcpt_to + message.envid):
        raise ValueError("a character in an SMTP command that must not stand there")
    size = f" SIZE={len(message.data)}" if offers.has_size else ""
    body = " BODY=8BITMIME" if offers.eight_bit else ""
    utf8 = " SMTPUTF8" if message.smtputf8 else ""
    dsn, notify = (f" RET=HDRS ENVID={message.envid}", " NOTIFY=FAILURE") if offers.dsn else ("", "")
    return (
        f"MAIL FROM:<{message.mail_from}>{size}{body}{utf8}{dsn}\r\nRCPT TO:<{message.rcpt_to}>{notify}\r\n"
    ).encode()


def data_content(data: bytes) -> list[bytes]:
    """Return what to write after 354: lines that begin with a dot get another, and the lone dot ends it.

    `data` has CRLF lines throughout and ends with one: the message layer made it so. It is hardly ever copied.
    """
    if _has_line_with_dot(data):
        data = (b"\r\n" + data).replace(b"\r\n.", b"\r\n..")[2:]
    return [data, b".\r\n"]


def _has_line_with_dot(data: bytes) -> bool:
    """True when a line begins with a dot. Looked for by the dots: base64 has none, and `find` of one byte is memchr."""
    at = data.find(b".")
    for _ in range(MANY_DOTS):
        if at <= 0 or data[at - 1] == LF:
            return at >= 0
        at = data.find(b".", at + 1)
    return b"\n." in data
