"""The server inside the program."""

from __future__ import annotations

import asyncio
import json
import smtplib
from collections.abc import Callable
from pathlib import Path

from newsletter.delivery.scope import Kind
from newsletter.message.merge import Message
from newsletter.relay import parse_relay
from newsletter.transport.channel import send
from newsletter.transport.connect import Relay
from newsletter.transport.embedded import EmbeddedServer
from newsletter.transport.smtp import SmtpTransport


def test_mail_and_its_envelope_lie_in_the_folder(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / "in") as server:
        address = parse_relay(server.url)
        with smtplib.SMTP(address.host, address.port) as client:
            client.sendmail("a@x.example", ["b/c@y.example"], "Subject: s\r\n\r\nbody\r\n")
    assert (tmp_path / "in" / "00001-b_c@y.example.eml").read_bytes() == b"Subject: s\r\n\r\nbody\r\n"
    facts = json.loads((tmp_path / "in" / "00001-b_c@y.example.json").read_text())
    assert (facts["mail_from"], facts["rcpt_tos"]) == ("a@x.example", ["b/c@y.example"])


def test_message_above_the_librarys_own_limit_is_taken(tmp_path: Path, make_message: Callable[..., Message]) -> None:
    line = "x" * 900 + "\r\n"
    message = make_message(body=line * 40_000)  # 36 MB; aiosmtpd's default ends at 32

    async def run(url: str) -> Kind:
        channel = await SmtpTransport(Relay(address=parse_relay(url))).connect()
        outcome = await send(channel, message)
        await channel.close()
        return outcome.kind

    with EmbeddedServer(tmp_path) as server:
        assert asyncio.run(run(server.url)) is Kind.ACCEPTED
    assert next(tmp_path.glob("*.eml")).stat().st_size == message.size


def test_two_servers_do_not_share_a_port(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path / "a") as one, EmbeddedServer(tmp_path / "b") as two:
        assert one.url != two.url
