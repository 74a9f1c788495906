"""TLS from the first byte and by STARTTLS: the same transaction over it, and no way around it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop
from aiosmtplib.protocol import SMTPProtocol

from newsletter.delivery.scope import Kind, Outcome
from newsletter.errors import RelayError
from newsletter.message.merge import Message
from newsletter.relay import parse_relay
from newsletter.transport.channel import send as send_one
from newsletter.transport.connect import Relay
from newsletter.transport.smtp import SmtpTransport
from tests.misbehaving import MisbehavingServer
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


@pytest.mark.parametrize("injected", ["250-x\r\n250 CHUNKING", "250 2.1.0 Ok", "421 4.3.2 no"])
def test_replies_injected_before_tls_are_dropped(
    server_tls: ssl.SSLContext, certificate: Path, make_message: MakeMessage, injected: str
) -> None:
    """In one packet with the answer to STARTTLS (CVE-2011-0411 and its kin): they would be off by one inside TLS."""
    with make_sink("starttls", server_tls) as sink:
        sink.before_tls = f"\r\n{injected}"
        sink.answers = refusing("rcpt", "550 5.1.1 unknown", rcpt="bad@")
        outcomes = send(sink, certificate, make_message("bad@a.example"), make_message("good@a.example"))
    assert [outcome.kind for outcome in outcomes] == [Kind.REJECTED, Kind.ACCEPTED]
    assert sink.recipients == ["good@a.example"]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_window_of_large_messages_goes_through_tls(
    security: str, loop: str, server_tls: ssl.SSLContext, certificate: Path, make_message: MakeMessage
) -> None:
    server = MisbehavingServer(
        tls=server_tls if security == "tls" else None, starttls=server_tls if security == "starttls" else None
    )
    messages = [make_message(f"p{n}@a.example", body=("x" * 900 + "\r\n") * 300) for n in range(12)]

    async def run() -> list[Outcome]:
        await server.start()
        query = "?starttls=required" if security == "starttls" else ""
        scheme = "smtps" if security == "tls" else "smtp"
        address = parse_relay(f"{scheme}://127.0.0.1:{server.port}{query}")
        channel = await SmtpTransport(Relay(address=address, ca_file=str(certificate)), window=8).connect()
        outcomes = [await send_one(channel, messages[0])]
        outcomes += await asyncio.gather(*[send_one(channel, message) for message in messages[1:9]])
        channel.begin(messages[9], outcomes.append)
        channel.abort()
        await asyncio.sleep(0)
        await server.stop()
        return outcomes

    outcomes = asyncio.run(run()) if loop == "asyncio" else uvloop.run(run())
    assert [outcome.kind for outcome in outcomes[:9]] == [Kind.ACCEPTED] * 9
    assert outcomes[9].kind is Kind.UNCERTAIN  # under TLS what was handed over may have left
    assert server.breaches == []


def test_what_we_use_of_aiosmtplib_is_there() -> None:
    """The library is pinned below 5.2; these are the places where our code leans on it."""
    import aiosmtplib

    client = aiosmtplib.SMTP(hostname="x", port=1)
    assert client.transport is None
    assert isinstance(client.esmtp_extensions, dict)
    assert callable(client.connect)
    assert callable(client.login)
    assert callable(client.starttls)
    assert "_buffer" in SMTPProtocol.__init__.__code__.co_names
