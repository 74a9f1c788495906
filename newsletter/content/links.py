"""Addresses that an item may carry: links (http, https, mailto, tel) and images (https, or a file of the workspace)."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, urlsplit

from newsletter.address import ascii_domain
from newsletter.content.item import Origin
from newsletter.errors import InputError

_SAFE = "/:?#[]@!$&'()*+,;=%-._~"  # RFC 3986 reserved and unreserved characters, and what is encoded already
_FORBIDDEN = re.compile(r"[\s\x00-\x20\x7f-\x9f<>\"\\^`{|}]")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def clean_href(raw: str, origin: Origin) -> str:
    """Return a link's address in ASCII, its host in punycode. Raises InputError for what no mail should carry."""
    href = raw.strip()
    scheme, colon, rest = href.partition(":")
    scheme = scheme.lower()
    if not colon or not rest or scheme not in {"http", "https", "mailto", "tel"}:
        raise _refuse(href, "is not a full http, https, mailto or tel address", origin)
    if found := _FORBIDDEN.search(href):
        raise _refuse(href, f"holds the character {found.group()!r}", origin)
    if scheme == "tel":
        if not re.fullmatch(r"\+?[0-9().\-]{2,32}", rest):
            raise _refuse(href, "is not a telephone number", origin)
        return f"tel:{rest}"
    if scheme == "mailto":
        address, mark, query = rest.partition("?")
        local, at, domain = address.rpartition("@")
        if not at or not local:
            raise _refuse(href, "is not an e-mail address", origin)
        return f"mailto:{_encode(local)}@{_host(domain, href, origin)}{mark}{_encode(query)}"
    return _clean_web(href, scheme, origin)


def _clean_web(href: str, scheme: str, origin: Origin) -> str:
    try:
        parts = urlsplit(href)
        port = parts.port
    except ValueError as exc:
        raise _refuse(href, "is not a valid address", origin) from exc
    if not href[len(scheme) + 1 :].startswith("//") or not parts.hostname:
        raise _refuse(href, "names no host", origin)
    if "@" in parts.netloc:  # https://bank.ru@evil.example leads to evil.example
        raise _refuse(href, "carries a user name before the host", origin)
    host = parts.hostname
    netloc = f"[{host}]" if ":" in host else _host(host, href, origin)
    if port is not None:
        netloc += f":{port}"
    query = f"?{_encode(parts.query)}" if parts.query else ""
    fragment = f"#{_encode(parts.fragment)}" if parts.fragment else ""
    return f"{scheme}://{netloc}{_encode(parts.path)}{query}{fragment}"


def _host(host: str, href: str, origin: Origin) -> str:
    if re.fullmatch(r"[0-9.]+", host):
        return host
    try:
        return ascii_domain(host)
    except (InputError, UnicodeError) as exc:
        raise _refuse(href, "has no valid host name", origin) from exc


def _encode(part: str) -> str:
    return quote(_BARE_PERCENT.sub("%25", part), safe=_SAFE)


def _refuse(href: str, why: str, origin: Origin) -> InputError:
    shown = href if len(href) <= 80 else href[:77] + "…"
    return InputError(
        f"the link address {shown!r} {why}",
        path=origin.path,
        line=origin.line,
        fix="write it whole, as in https://example.org/page",
    )


def find_image(src: str, *, item: Path, root: Path, origin: Origin) -> str:
    """Return an https address, or the path from `root` of an image file that exists. Raises InputError."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:", src) or src.startswith("//"):
        if not src.lower().startswith("https://"):
            raise InputError(
                f"the image address {src[:80]!r} is not https",
                path=origin.path,
                line=origin.line,
                fix="use https://… or a file under content/",
            )
        return clean_href(src, origin)
    folders = ((root / "content").resolve(), item.resolve().parent)
    for folder in folders:
        try:
            file = (folder / src).resolve()
            found = file.is_relative_to(folder) and file.is_file()
        except (OSError, ValueError):
            continue
        if found:
            top = root.resolve()
            return file.relative_to(top).as_posix() if file.is_relative_to(top) else file.as_posix()
    raise InputError(
        f"there is no image file {src[:80]!r} under content/ or beside the item",
        path=origin.path,
        line=origin.line,
        fix="put it there, or correct the name",
    )
