"""What can be said of a link's host by its name alone; nothing here asks the network."""

from __future__ import annotations

import ipaddress
import re
import unicodedata

# Services that hide where a link leads. Filters count them against a mail, and they outlive their targets.
_SHORTENERS = """bit.ly bitly.com buff.ly clck.ru cutt.ly goo.gl goo.su is.gd lnkd.in ow.ly rb.gy rebrand.ly
    shorturl.at surl.li t.co t.ly tiny.cc tinyurl.com u.to v.gd vk.cc"""
SHORTENERS = frozenset(_SHORTENERS.split())
# Names that only a network of one's own knows (RFC 2606, RFC 6762, RFC 8375, and what routers use).
INNER_ENDINGS = frozenset({"local", "localhost", "localdomain", "internal", "intranet", "lan", "home", "corp", "test"})


def complaint(host: str) -> str:
    """Return what is wrong with a host for readers elsewhere, or ""."""
    host = host.rstrip(".").lower()
    try:
        number = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return _complaint_of_name(host)
    if number.is_private or number.is_loopback or number.is_link_local:
        return "is an address of an inner network, which no reader reaches"
    return "is a bare IP address, which filters take for a trap"


def _complaint_of_name(host: str) -> str:
    labels = host.split(".")
    if len(labels) == 1:
        return "is a name that only your own network knows"
    if labels[-1] in INNER_ENDINGS or host.endswith("home.arpa"):
        return f"ends in .{labels[-1]}, which only your own network knows"
    if not all(_is_label(label) for label in labels):
        return "is no host name"
    return "hides where it leads: a link shortener" if host.removeprefix("www.") in SHORTENERS else ""


def _is_label(label: str) -> bool:
    """Say whether a host may have this label; an underscore, which browsers bear, is none of a public site."""
    return bool(re.fullmatch(r"(?!-)[^\W_](?:[^\W_]|-){0,62}(?<!-)", label))


def in_letters(host: str) -> str:
    """Return a host as people read it: xn--80a… as Cyrillic. What cannot be decoded stays as it is."""
    try:
        return ".".join(
            label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
            for label in host.lower().split(".")
        )
    except UnicodeError:
        return host


def mixes_alphabets(host: str) -> bool:
    """Say whether a label mixes Latin and Cyrillic letters, as a host does that imitates another one."""
    return any(
        len({unicodedata.name(letter, "").split(" ")[0] for letter in label if letter.isalpha()}) > 1
        for label in in_letters(host).split(".")
    )


def same_site(one: str, other: str) -> bool:
    """Say whether two hosts are one, or one is a part of the other ("news.zarechye.example" of "zarechye.example")."""
    first, second = (in_letters(host).lower().rstrip(".").removeprefix("www.") for host in (one, other))
    return first == second or first.endswith(f".{second}") or second.endswith(f".{first}")
