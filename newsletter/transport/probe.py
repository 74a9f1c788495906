"""A look at the relay without sending: connect, EHLO, TLS, login, QUIT.

`doctor` says from it what a send would meet. The relay's own words are hostile text: whoever prints them cleans them.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass

import aiosmtplib

from newsletter.relay import RelayAddress
from newsletter.transport.connect import Relay, Timeouts, new_client, open_client

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
    relay = Relay(
        address=address,
        user=user,
        password=password,
        ca_file=ca_file,
        # Not getfqdn(), aiosmtplib's default: it asks the DNS and can hang for a minute.
        local_name=socket.gethostname(),
        timeouts=Timeouts(connect=timeout),
    )
    client = new_client(relay)
    try:
        await open_client(client, relay)
        seen = _describe(client, user)
        with suppress(aiosmtplib.SMTPException, OSError):  # what we came for is known
            await client.quit()
        return seen
    finally:
        client.close()


def _describe(client: aiosmtplib.SMTP, user: str) -> RelayProbe:
    tls = client.transport.get_extra_info("ssl_object") if client.transport else None
    size = client.esmtp_extensions.get("size", "")
    return RelayProbe(
        tls=tls.version() or "" if tls else "",
        extensions=tuple(sorted(name.upper() for name in client.esmtp_extensions)),
        size=int(size) if size.isascii() and size.isdigit() else 0,
        login=user,
    )
