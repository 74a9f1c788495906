"""E-mail addresses: which are taken, how each is written down, and which two are the same.

The domain becomes its A-label here, once, so that headers and SMTP commands carry ASCII; a local part outside ASCII
stays as it is and needs SMTPUTF8 on every hop (RFC 6531). Nothing is looked up in DNS. A value with a control
character is refused, never cleaned: what was cleaned is not what somebody wrote.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import SplitResult, quote, urlsplit

from newsletter.errors import InputError

# C0, DEL and C1; the two Unicode line ends; lone surrogates, which have no UTF-8 form.
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_MAX_TYPED = 1_000  # characters; an address is at most 254 bytes (RFC 5321 section 4.5.3.1)
_PLAIN_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Below every limit of length, and without quotes or letters that need a look at Unicode's tables.
_ORDINARY_LENGTH = 64
_ORDINARY_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
# Names that no public DNS serves but that samples, tests and private relays use (RFC 2606).
_RESERVED_BUT_TAKEN = ("invalid", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One person's address in its three forms."""

    display: str  # as typed, for people
    mailbox: str  # local part as typed in NFC, domain as A-label: what SMTP and headers carry
    key: str  # casefolded: equal for two spellings of one mailbox

    @property
    def needs_smtputf8(self) -> bool:
        return not self.mailbox.isascii()

    @property
    def domain(self) -> str:
        return self.mailbox.rpartition("@")[2]


def refuse_controls(value: str, what: str) -> str:
    """Return `value` unless it holds a control character, a Unicode line end or half a surrogate pair (InputError)."""
    found = CONTROLS.search(value)
    if found:
        raise InputError(
            f"{what} holds the control character U+{ord(found[0]):04X} at position {found.start() + 1}",
            fix="remove it",
        )
    return value


def normalise(raw: str) -> Address:
    """Return the address that `raw` spells; spaces around it are dropped. Raises InputError.

    Refused: quoted local parts, domain literals, a local part over 64 bytes (RFC 5321 section 4.5.3.1.1), direction
    overrides and other format characters.
    """
    typed = raw.strip(" \t\u00a0\ufeff")
    if not typed:
        raise InputError("the address is empty")
    if len(typed) > _MAX_TYPED:
        raise InputError(f"the address {typed[:40]!r}… is {len(typed)} characters long", fix="254 is the limit")
    refuse_controls(typed, f"the address {typed[:60]!r}")
    local, domain = _validated(typed)
    folded = unicodedata.normalize("NFC", local.casefold())
    return Address(display=typed, mailbox=f"{local}@{domain}", key=f"{folded}@{domain}")


def parse_mailbox(raw: str) -> tuple[str, Address]:
    """Read `Имя <a@b>`, `"Имя, отчество" <a@b>` or a bare address; returns the name ("" for none) and the address.

    An own parser: the standard library's takes `a@b, c <d@e>` for one mailbox and decodes encoded words that
    somebody typed. One mailbox only; anything odd is an InputError.
    """
    text = refuse_controls(raw.strip(), f"the mailbox {raw.strip()[:60]!r}")
    if not text.endswith(">"):
        return "", normalise(text)
    name, opened, address = text[:-1].rpartition("<")
    if not opened:
        raise InputError(f"the mailbox {text[:60]!r} has > but no <", fix="write it as: Name <name@domain>")
    name = _unquoted(name.strip())
    if any(sign in name for sign in "<>@"):
        raise InputError(f"the mailbox {text[:60]!r} is not one name and one address", fix="Name <name@domain>")
    return name, normalise(address)


def ascii_domain(raw: str) -> str:
    """Return a host name in lower case with every label as A-label (IDNA 2008 over UTS 46). Raises InputError."""
    import idna

    name = raw.strip().rstrip(".")
    try:
        domain = name.lower() if name.isascii() else idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise InputError(f"{raw[:80]!r} is not a host name: {error}") from error
    if len(domain) > 253 or not _PLAIN_DOMAIN.fullmatch(domain):
        raise InputError(f"{raw[:80]!r} is not a host name", fix="letters, digits and hyphens between dots")
    return domain


def ascii_url(raw: str) -> str:
    """Return an absolute http(s) URL as ASCII that can stand between < and > in a header. Raises InputError."""
    refuse_controls(raw, f"the address {raw[:60]!r}")
    try:
        parts = urlsplit(raw.strip())
        port = parts.port
    except ValueError as error:
        raise InputError(f"{raw[:80]!r} is not a web address: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise InputError(f"{raw[:80]!r} is not a web address", fix="write it as https://host/path")
    host = parts.hostname if parts.netloc.startswith("[") else ascii_domain(parts.hostname)
    netloc = f"[{host}]" if ":" in host else host
    # Already percent-encoded bytes stay; a space, a quote, a bracket or a letter outside ASCII is encoded.
    path, query, fragment = (quote(part, safe="%/:@!$&'()*+,;=?~-._") for part in parts[2:])
    return SplitResult(parts.scheme, netloc + (f":{port}" if port else ""), path, query, fragment).geturl()


@cache
def _reserved_names_allowed() -> None:
    """Let `.invalid` and `.test` through: the library's list is a documented setting of it."""
    import email_validator

    email_validator.SPECIAL_USE_DOMAIN_NAMES = [
        name for name in email_validator.SPECIAL_USE_DOMAIN_NAMES if name not in _RESERVED_BUT_TAKEN
    ]


def _validated(typed: str) -> tuple[str, str]:
    """Return local part and ASCII domain; an import has a million of them in few domains: each is judged once."""
    local, _, domain = typed.rpartition("@")
    if len(typed) <= _ORDINARY_LENGTH and _ORDINARY_LOCAL.fullmatch(local):
        known = _ordinary_domain(domain)
        if known:
            return local, known
    return _judged(typed)


@lru_cache(maxsize=10_000)
def _ordinary_domain(domain: str) -> str:
    try:
        return _judged(f"a@{domain}")[1]
    except InputError:
        return ""  # the whole address gets the complaint


def _judged(typed: str) -> tuple[str, str]:
    from email_validator import EmailNotValidError, validate_email  # 60 ms: not for `newsletter --help`

    _reserved_names_allowed()
    try:
        valid = validate_email(typed, check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise InputError(f"{typed[:80]!r} is not an e-mail address: {error}".rstrip(".")) from error
    return valid.local_part, valid.ascii_domain


def _unquoted(name: str) -> str:
    if len(name) >= 2 and name[0] == name[-1] == '"':
        return re.sub(r"\\(.)", r"\1", name[1:-1]).strip()
    return name
