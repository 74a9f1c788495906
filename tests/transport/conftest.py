"""Messages as the message layer would hand them over."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

import pytest

from newsletter.message.merge import Message

MakeMessage = Callable[..., Message]


@pytest.fixture
def make_message() -> MakeMessage:
    def make(rcpt: str = "anna@a.example", body: str = "Здравствуйте!", envid: str = "") -> Message:
        data = f"Subject: x\r\nTo: {rcpt}\r\n\r\n{body}\r\n".encode()
        return Message(
            mail_from="news@zarechye.example",
            rcpt_to=rcpt,
            data=data,
            smtputf8=not rcpt.isascii(),
            envid=envid or secrets.token_hex(8),
            sha256=hashlib.sha256(data).hexdigest(),
        )

    return make
