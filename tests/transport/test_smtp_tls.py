"""TLS from the first byte and by STARTTLS: the same transaction over it, and no way around it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.delivery.scope import Kind, Outcome
from newsletter.errors import RelayError
from newsletter.message.merge import Message
from newsletter.relay import parse_relay
from newsletter.transport.channel import send as send_one
from newsletter.transport.connect import Relay
from newsletter.transport.smtp import SmtpTransport
from tests.smtp_servers import CLOSE, Sink, refusing

MakeMessage = Callable[..., Message]


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def make_sink(security: str, context: ssl.SSLContext) -> Sink:
    login = ("press", "right")
    return Sink(tls=context, login=login) if security == "tls" else Sink(starttls=context, login=login)


def relay_of(sink: Sink, ca_file: Path | str) -> SmtpTransport:
    url = sink.url if sink.tls else f"{sink.url}?starttls=required"
    return SmtpTransport(Relay(address=parse_relay(url), user="press", password="right", ca_file=str(ca_file)))


def send(sink: Sink, ca_file: Path | str, *messages: Message) -> list[Outcome]:
    async def run() -> list[Outcome]:
        channel = await relay_of(sink, ca_file).connect()
        outcomes = [await send_one(channel, message) for message in messages]
        await channel.close()
        return outcomes

    return asyncio.run(run())


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_messages_go_through_tls_after_the_login(
    security: str, server_tls: ssl.SSLContext, certificate: Path, make_message: MakeMessage
) -> None:
    large = make_message(body=("x" * 900 + "\r\n") * 1_000)
    with make_sink(security, server_tls) as sink:
        outcomes = send(sink, certificate, make_message(), large)
    assert [outcome.kind for outcome in outcomes] == [Kind.ACCEPTED] * 2
    assert sink.accepted[1].data == large.data
    assert sink.accepted[0].is_logged_in


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_connection_lost_after_the_dot_is_uncertain_inside_tls_too(
    security: str, server_tls: ssl.SSLContext, certificate: Path, make_message: MakeMessage
) -> None:
    with make_sink(security, server_tls) as sink:
        sink.answers = refusing("content", CLOSE)
        (outcome,) = send(sink, certificate, make_message())
    assert outcome.kind is Kind.UNCERTAIN


def test_connection_lost_before_the_content_is_not_sent_inside_tls(
    server_tls: ssl.SSLContext, certificate: Path, make_message: MakeMessage
) -> None:
    with make_sink("starttls", server_tls) as sink:
        sink.answers = refusing("data", CLOSE)
        (outcome,) = send(sink, certificate, make_message())
    assert outcome.kind is Kind.NOT_SENT


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_certificate_that_nobody_vouches_for_ends_it(security: str, server_tls: ssl.SSLContext) -> None:
    async def run(sink: Sink) -> None:
        await relay_of(sink, "").connect()

    with make_sink(security, server_tls) as sink, pytest.raises(RelayError, match=r"no TLS with .*smtp\.ca_file"):
        asyncio.run(run(sink))
    assert not [line for line in sink.commands if line.startswith(("AUTH", "MAIL"))]


def test_file_that_holds_no_certificate_is_named(tmp_path: Path, server_tls: ssl.SSLContext) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")

    async def run(sink: Sink) -> None:
        await relay_of(sink, tmp_path / "ca.pem").connect()

    with make_sink("tls", server_tls) as sink, pytest.raises(RelayError, match=r"smtp\.ca_file cannot be used"):
        asyncio.run(run(sink))


def test_what_we_use_of_aiosmtplib_is_there() -> None:
    """The library is pinned below 5.2; these are the places where our code leans on it."""
    import aiosmtplib

    client = aiosmtplib.SMTP(hostname="x", port=1)
    assert client.transport is None
    assert isinstance(client.esmtp_extensions, dict)
    assert callable(client.connect)
    assert callable(client.login)
    assert callable(client.starttls)
