"""A look at the relay without sending: connect, EHLO, TLS, login, QUIT.

`doctor` says from it what a send would meet. The relay's own words are hostile text: whoever prints them cleans them.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass

import aiosmtplib

from newsletter.errors import RelayError
from newsletter.relay import RelayAddress
from newsletter.transport.failure import plain_reason

TIMEOUT_SECONDS = 20.0  # a person waits; a send itself is more patient (RFC 5321 section 4.5.3.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayProbe:
    tls: str  # "TLSv1.3", empty for plain text
    extensions: tuple[str, ...]  # of the last EHLO, upper case: PIPELINING, CHUNKING, SIZE …
    size: int  # largest message the relay takes; 0: it does not say
    login: str  # "" none asked for, else the user that was accepted


async def probe_relay(
    address: RelayAddress, *, user: str = "", password: str = "", ca_file: str = "", timeout: float = TIMEOUT_SECONDS
) -> RelayProbe:
    """Connect and log in as a send would; raises RelayError with the way out."""
    client = aiosmtplib.SMTP(
        hostname=address.host,
        port=address.port,
        use_tls=address.security == "tls",
        start_tls=False,
        tls_context=_tls_context(ca_file),
        # Not getfqdn(), the default: it asks the DNS and can hang for a minute.
        local_hostname=socket.gethostname(),
        timeout=timeout,
    )
    try:
        try:
            await client.connect()
            await client.ehlo()
            if address.security == "starttls":
                await _start_tls(client, address)
            if user:
                await _login(client, address, user, password)
            seen = _describe(client, user)
            with suppress(aiosmtplib.SMTPException, OSError):  # what we came for is known
                await client.quit()
            return seen
        finally:
            client.close()
    except aiosmtplib.SMTPResponseException as error:
        raise RelayError(f"{address} answered {error.code} {error.message}", fix="ask who runs the relay") from error
    except ssl.SSLError as error:
        raise _tls_error(address, error) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        if isinstance(error.__cause__, ssl.SSLError):
            raise _tls_error(address, error.__cause__) from error
        raise RelayError(
            f"{address} cannot be reached: {plain_reason(error)}", fix="check smtp.url and the firewall"
        ) from error


def _tls_context(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # ssl.SSLError is one: a file that holds no certificate
            raise RelayError(f"smtp.ca_file cannot be used: {error}", path=ca_file, fix="name a PEM file") from error
    return context


async def _start_tls(client: aiosmtplib.SMTP, address: RelayAddress) -> None:
    if not client.supports_extension("starttls"):
        raise RelayError(
            f"{address} offers no STARTTLS, so mail and password would go in plain text",
            fix="use smtps://, or add ?starttls=no to smtp.url if the way to it is private",
        )
    await client.starttls()
    await client.ehlo()


async def _login(client: aiosmtplib.SMTP, address: RelayAddress, user: str, password: str) -> None:
    if not client.supports_extension("auth"):
        raise RelayError(f"{address} offers no login", fix="leave smtp.user empty, or check port and TLS in smtp.url")
    try:
        await client.login(user, password)
    except aiosmtplib.SMTPAuthenticationError as error:
        raise RelayError(
            f"{address} refused the login of {user}: {error.code} {error.message}",
            fix="check smtp.user and the password",
        ) from error


def _tls_error(address: RelayAddress, error: ssl.SSLError) -> RelayError:
    reason = getattr(error, "verify_message", "") or error.reason or str(error)
    fix = "check host and port of smtp.url; for an authority of your own set smtp.ca_file"
    return RelayError(f"no TLS with {address}: {reason}", fix=fix)


def _describe(client: aiosmtplib.SMTP, user: str) -> RelayProbe:
    tls = client.transport.get_extra_info("ssl_object") if client.transport else None
    size = client.esmtp_extensions.get("size", "")
    return RelayProbe(
        tls=tls.version() or "" if tls else "",
        extensions=tuple(sorted(name.upper() for name in client.esmtp_extensions)),
        size=int(size) if size.isascii() and size.isdigit() else 0,
        login=user,
    )
