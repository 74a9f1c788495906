"""Where the relay is: `smtp://host:587` or `smtps://host:465`, read into one record.

STARTTLS is required unless the host is loopback or the address ends with `?starttls=no`. A password never stands in
an address: command lines and settings are seen by others.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from newsletter.errors import UsageError

Security = Literal["tls", "starttls", "none"]
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayAddress:
    host: str
    port: int
    security: Security

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_relay(url: str, *, starttls: str = "auto") -> RelayAddress:
    """Read an address; `starttls` ("auto", "required", "no") is what the settings say. Raises UsageError."""
    example = "write smtp://relay.example.org:587 or smtps://relay.example.org:465"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)) if parts.query else {}
    except ValueError as error:
        raise UsageError(f"the relay's address cannot be read: {error}", fix=example) from error
    if parts.username is not None or parts.password is not None:
        way = "set smtp.user, and the password by NEWSLETTER_SMTP__PASSWORD or smtp.password_file"
        raise UsageError("the relay's address holds a user or a password", fix=way)
    if parts.scheme not in _PORTS or not host or parts.path not in {"", "/"} or parts.fragment or port == 0:
        raise UsageError(f'"{url}" is not the address of a relay', fix=example)
    if set(query) - {"starttls"} or query.get("starttls", "no") not in {"no", "required"}:
        raise UsageError(f'"{url}" has an unknown option', fix="only ?starttls=no and ?starttls=required are known")
    said = query.get("starttls", starttls)
    return RelayAddress(host=host, port=port or _PORTS[parts.scheme], security=_security(parts.scheme, host, said))


def _security(scheme: str, host: str, starttls: str) -> Security:
    if scheme == "smtps":
        return "tls"
    if starttls == "auto":
        return "none" if is_loopback(host) else "starttls"
    return "none" if starttls == "no" else "starttls"


def is_loopback(host: str) -> bool:
    """True for a name or address of this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
