"""The look at a relay, against real servers that answer as relays do."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, Session

from newsletter.errors import RelayError
from newsletter.relay import RelayAddress
from newsletter.transport.probe import RelayProbe, probe_relay


class Recorder:
    """A handler that keeps what a client began."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: object, session: Session, _envelope: object, name: str, responses: list[str]
    ) -> list[str]:
        session.host_name = name  # the hook owes it to the server
        self.seen.append("EHLO")
        return responses

    async def handle_MAIL(self, *_: object) -> str:  # noqa: N802
        self.seen.append("MAIL")
        return "250 OK"

    async def handle_QUIT(self, *_: object) -> str:  # noqa: N802
        self.seen.append("QUIT")
        return "221 Bye"


def relay_with_login() -> SMTP:
    def check(_server: object, _session: object, _envelope: object, _mechanism: object, data: object) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"me", b"hunter2")
        return AuthResult(success=good, handled=good)

    return SMTP(Recorder(), authenticator=check, auth_require_tls=False, data_size_limit=5_000_000, loop=_loop())


def open_relay() -> SMTP:
    return SMTP(Recorder(), loop=_loop())


def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


@asynccontextmanager
async def serving(protocol: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await _loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def look(
    protocol: Callable[[], asyncio.Protocol], *, security: str = "none", tls: ssl.SSLContext | None = None, **login: str
) -> RelayProbe:
    async def run() -> RelayProbe:
        async with serving(protocol, tls) as port:
            address = RelayAddress(host="127.0.0.1", port=port, security=security)  # type: ignore[arg-type]
            return await probe_relay(address, timeout=10, **login)

    return asyncio.run(run())


def greeting_with(code: str) -> Callable[[], asyncio.Protocol]:
    class Greeter(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(code.encode() + b" relay\r\n")
            if code.startswith("4"):
                transport.close()

        def data_received(self, data: bytes) -> None:
            """Never answers."""

    return Greeter


def test_what_a_relay_offers_is_told() -> None:
    seen = look(open_relay)
    assert seen.tls == ""
    assert seen.login == ""
    assert {"SIZE", "8BITMIME"} <= set(seen.extensions)


def test_no_mail_is_begun() -> None:
    recorder = Recorder()
    look(lambda: SMTP(recorder, loop=_loop()))
    assert recorder.seen == ["EHLO", "QUIT"]


def test_a_login_is_tried() -> None:
    seen = look(relay_with_login, user="me", password="hunter2")
    assert (seen.login, seen.size) == ("me", 5_000_000)
    with pytest.raises(RelayError, match="refused the login of me: 535") as caught:
        look(relay_with_login, user="me", password="wrong")
    assert "wrong" not in str(caught.value)


def test_a_relay_without_login_is_told() -> None:
    with pytest.raises(RelayError, match="offers no login"):
        look(open_relay, user="me", password="x")


def test_a_relay_without_starttls_gets_no_password() -> None:
    with pytest.raises(RelayError, match="offers no STARTTLS"):
        look(relay_with_login, security="starttls", user="me", password="hunter2")


def test_a_relay_that_turns_us_away_is_quoted() -> None:
    with pytest.raises(RelayError, match="421"):
        look(greeting_with("421 4.3.2 busy"))


def test_a_silent_relay_is_given_up() -> None:
    async def run() -> None:
        async with serving(greeting_with("220")) as port:
            await probe_relay(RelayAddress(host="127.0.0.1", port=port, security="none"), timeout=0.2)

    with pytest.raises(RelayError, match="cannot be reached"):
        asyncio.run(run())


def test_nobody_at_the_port_is_told() -> None:
    async def run() -> None:
        async with serving(open_relay) as port:
            pass
        await probe_relay(RelayAddress(host="127.0.0.1", port=port, security="none"), timeout=10)

    with pytest.raises(RelayError, match=r"127\.0\.0\.1:\d+ cannot be reached"):
        asyncio.run(run())


def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.service
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_trusted_relay_is_spoken_to_in_tls(certificate: Path, security: str) -> None:
    context = server_tls(certificate)

    def protocol() -> SMTP:
        return SMTP(Recorder(), loop=_loop(), tls_context=context if security == "starttls" else None)

    tls = context if security == "tls" else None
    assert look(protocol, security=security, tls=tls, ca_file=str(certificate)).tls.startswith("TLSv1.")


@pytest.mark.service
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path, security: str) -> None:
    context = server_tls(certificate)

    def protocol() -> SMTP:
        return SMTP(Recorder(), loop=_loop(), tls_context=context if security == "starttls" else None)

    with pytest.raises(RelayError, match="no TLS with") as caught:
        look(protocol, security=security, tls=context if security == "tls" else None)
    assert "smtp.ca_file" in caught.value.fix


def test_a_ca_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing", encoding="utf-8")
    with pytest.raises(RelayError, match=r"smtp\.ca_file") as caught:
        look(open_relay, ca_file=str(tmp_path / "ca.pem"))
    assert caught.value.path.endswith("ca.pem")
