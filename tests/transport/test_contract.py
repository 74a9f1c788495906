"""What every transport promises, asked of a relay and of a folder alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from newsletter.delivery.scope import Kind, Outcome
from newsletter.message.merge import Message
from newsletter.relay import parse_relay
from newsletter.transport.channel import Transport, send
from newsletter.transport.connect import Relay
from newsletter.transport.embedded import EmbeddedServer
from newsletter.transport.outbox import OutboxTransport
from newsletter.transport.smtp import SmtpTransport

MakeMessage = Callable[..., Message]


@pytest.fixture
def received(tmp_path: Path) -> Path:
    return tmp_path / "received"


@pytest.fixture(params=["smtp", "outbox"])
def transport(request: pytest.FixtureRequest, received: Path) -> Iterator[Transport]:
    if request.param == "outbox":
        yield OutboxTransport(received)
        return
    with EmbeddedServer(received) as server:
        yield SmtpTransport(Relay(address=parse_relay(server.url)))


def send_all(transport: Transport, *messages: Message) -> list[Outcome]:
    async def run() -> list[Outcome]:
        channel = await transport.connect()
        outcomes = [await send(channel, message) for message in messages]
        await channel.close()
        return outcomes

    return asyncio.run(run())


def test_accepted_message_lies_there_byte_for_byte(
    transport: Transport, received: Path, make_message: MakeMessage
) -> None:
    messages = [make_message(f"p{n}@a.example", body=f".строка {n}\r\n..\r\nконец") for n in range(3)]
    outcomes = send_all(transport, *messages)
    assert [outcome.kind for outcome in outcomes] == [Kind.ACCEPTED] * 3
    assert sorted(path.read_bytes() for path in received.glob("*.eml")) == sorted(m.data for m in messages)


def test_nothing_half_written_stays(transport: Transport, received: Path, make_message: MakeMessage) -> None:
    send_all(transport, make_message())
    assert not [path.name for path in received.iterdir() if path.name.startswith(".")]


def test_its_name_holds_no_secret_and_fits_the_ledger(transport: Transport) -> None:
    assert 0 < len(transport.name) <= 200


def test_aborted_channel_sends_nothing_more(transport: Transport, received: Path, make_message: MakeMessage) -> None:
    async def run() -> str:
        channel = await transport.connect()
        channel.abort()
        return channel.failed

    assert asyncio.run(run())


def test_plain_message_is_not_refused_by_ourselves(transport: Transport, make_message: MakeMessage) -> None:
    async def run() -> Outcome | None:
        channel = await transport.connect()
        refusal = channel.refusal(make_message())
        await channel.close()
        return refusal

    assert asyncio.run(run()) is None
