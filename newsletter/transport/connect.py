"""The way into a relay: TCP, EHLO, TLS, login; every failure is a RelayError with its way out.

A send and `doctor`'s look go in by the same way, so what doctor says is what a send meets.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

import aiosmtplib

from newsletter.delivery.scope import Reply, cut
from newsletter.errors import RelayError
from newsletter.relay import RelayAddress
from newsletter.transport.failure import plain_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """RFC 5321 section 4.5.3.2, in seconds. A short final one makes duplicates."""

    connect: float = 60.0
    command: float = 300.0  # MAIL, RCPT, RSET
    data: float = 120.0
    block: float = 180.0
    final: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where to send and as whom."""

    address: RelayAddress
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    local_name: str = "localhost"
    timeouts: Timeouts = Timeouts()


def new_client(relay: Relay) -> aiosmtplib.SMTP:
    """Return aiosmtplib's client for the relay, not connected yet."""
    return aiosmtplib.SMTP(
        hostname=relay.address.host,
        port=relay.address.port,
        use_tls=relay.address.security == "tls",
        start_tls=False,  # done below, where a refusal can be told from a failure
        tls_context=_tls_context(relay.ca_file) if relay.address.security != "none" or relay.ca_file else None,
        local_hostname=relay.local_name,
        timeout=relay.timeouts.connect,
    )


def _tls_context(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # ssl.SSLError is one: a file that holds no certificate
            raise RelayError(f"smtp.ca_file cannot be used: {error}", path=ca_file, fix="name a PEM file") from error
    return context


async def open_client(client: aiosmtplib.SMTP, relay: Relay) -> None:
    """Connect, say EHLO, start TLS and log in, as the relay's address asks. Raises RelayError with the way out.

    The caller ends the connection, whatever happens.
    """
    address = relay.address
    try:
        await client.connect()
        await client.ehlo()
        if address.security == "starttls":
            await _start_tls(client, address)
        if relay.user:
            await _login(client, relay)
    except aiosmtplib.SMTPResponseException as error:
        raise RelayError(
            f"{address} answered {error.code} {cut(error.message)}", fix="ask who runs the relay"
        ) from error
    except ssl.SSLError as error:
        raise _tls_error(address, error) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        if isinstance(error.__cause__, ssl.SSLError):
            raise _tls_error(address, error.__cause__) from error
        raise RelayError(
            f"{address} cannot be reached: {plain_reason(error)}", fix="check smtp.url and the firewall"
        ) from error


async def _start_tls(client: aiosmtplib.SMTP, address: RelayAddress) -> None:
    if not client.supports_extension("starttls"):
        raise RelayError(
            f"{address} offers no STARTTLS, so mail and password would go in plain text",
            fix="use smtps://, or add ?starttls=no to smtp.url if the way to it is private",
        )
    await client.starttls()
    await client.ehlo()


async def _login(client: aiosmtplib.SMTP, relay: Relay) -> None:
    address = relay.address
    if address.security == "none" and not address.is_loopback:
        raise RelayError(f"the password would go to {address} in plain text", fix="use smtps://, or leave STARTTLS on")
    if not client.supports_extension("auth"):
        raise RelayError(f"{address} offers no login", fix="leave smtp.user empty, or check port and TLS in smtp.url")
    try:
        await client.login(relay.user, relay.password)
    except aiosmtplib.SMTPAuthenticationError as error:
        raise RelayError(
            f"{address} refused the login of {relay.user}: {_code_only(error)}",
            fix="check smtp.user and the password",
        ) from error


def _code_only(error: aiosmtplib.SMTPAuthenticationError) -> str:
    """Return what a refused login was answered, without its words: a relay may repeat the line with the password."""
    return f"{error.code} {Reply(error.code, error.message).enhanced}".rstrip()


def _tls_error(address: RelayAddress, error: ssl.SSLError) -> RelayError:
    reason = getattr(error, "verify_message", "") or error.reason or str(error)
    fix = "check host and port of smtp.url; for an authority of your own set smtp.ca_file"
    return RelayError(f"no TLS with {address}: {reason}", fix=fix)
