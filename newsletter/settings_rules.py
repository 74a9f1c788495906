"""What a setting's value must be, one function per rule: each returns a complaint, or "" when all is well.

Values and words only, no files. What cannot be judged from one value alone stands in `config.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

WHITE = "#ffffff"
BODY_TEXT = "#1f2933"  # the theme's darkest grey: text on the tint of cards and footer
MIN_CONTRAST = 4.5  # WCAG 2.2, 1.4.3, for text of normal size

_MAILBOX = re.compile(r"[^\s<>@,;:\"()\[\]]+@[^\s<>@,;:\"()\[\]/]+")
_SELECTOR = re.compile(
    r"(?=.{1,63}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_HOST = re.compile(r"(?=.{1,253}$)[^\W_](?:[\w-]*\w)?(?:\.[^\W_](?:[\w-]*\w)?)+")

_GLOB = re.compile(r"[\w*.-]{1,253}")
_GLOB_LABEL = re.compile(r"[^\W_*]|[*]|(?:[^\W_]|[*])[\w*-]*(?:[^\W_]|[*])")

_RATE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(?:\s*/\s*(s|sec|second|m|min|minute|h|hour|d|day))?")
_SECONDS = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("m", "min", "minute"), 60),
    **dict.fromkeys(("h", "hour"), 3_600),
    **dict.fromkeys(("d", "day"), 86_400),
}
RATE_FORM = 'a number of messages a second, or text as in "5/s", "20/min", "100/h"'


def control_character(text: str) -> str:
    """Header values come from settings: a line break in one would begin a header of its own."""
    bad = next((c for c in text if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"}), "")
    return f"holds the control character U+{ord(bad):04X}" if bad else ""


def base_url(text: str) -> str:
    """The base of links in mails: https, a host, no user, query or fragment."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a web address"
    if parts.scheme != "https" or not host:
        return "must be an address that begins with https://"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user or a password"
    if parts.query or parts.fragment or "?" in text or "#" in text:
        return "must not hold a query or a fragment"
    return "must not hold spaces" if re.search(r"\s", text) else ""


def database_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return "is not the address of a database"
    if parts.netloc.count("@") > 1:  # which of them ends the password is read differently by different readers
        return "has more than one @ before its path: write one that belongs to the password as %40"
    return "" if parts.scheme and "://" in text else "must be an address, as in sqlite:///var/newsletter.db"


def holds_password(url: str) -> bool:
    """True for the address of a database with a password in it: before the host, or among libpq's options."""
    parts = urlsplit(url)
    return parts.password is not None or any(name.lower().endswith("password") for name, _ in parse_qsl(parts.query))


def link(text: str) -> str:
    """A page that the mail links to."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "is not a web address"
    good = parts.scheme in {"https", "http"} and parts.hostname and not re.search(r"\s", text)
    return "" if good else "must be an address that begins with https://"


def mailbox(text: str) -> str:
    return "" if _MAILBOX.fullmatch(text) else "must be a bare e-mail address, as in news@example.org"


def named_mailbox(text: str) -> str:
    """`Name <local@domain>` or a bare address."""
    bare = re.fullmatch(r"[^<>]*<([^<>]*)>", text)
    if _MAILBOX.fullmatch(bare[1] if bare else text):
        return ""
    return 'must be an e-mail address, as in "Press office <news@example.org>"'


def domain(text: str) -> str:
    return "" if _HOST.fullmatch(text) else "must be a domain name, as in example.org"


def domain_glob(text: str) -> str:
    """A domain in which * stands for any letters; Cyrillic labels are whole, because mail carries them encoded."""
    if not _GLOB.fullmatch(text) or not all(_GLOB_LABEL.fullmatch(label) for label in text.split(".")):
        return "must be domains, with * for any letters, as in yandex.* or *.example.org"
    mixed = next((label for label in text.split(".") if "*" in label and not label.isascii()), "")
    return f'holds "{mixed}": * can only stand for a whole label beside letters outside ASCII' if mixed else ""


def parse_rate(text: str) -> float | None:
    """Return messages a second of "100/h", "20/min", "5/s" or a bare "5"; None when it is no rate."""
    found = _RATE.fullmatch(text.strip().lower())
    return float(found[1]) / _SECONDS[found[2] or "s"] if found else None


def dkim_selector(text: str) -> str:
    """A name in the DNS, and of a key's file: nothing that could lead out of its folder."""
    return "" if _SELECTOR.fullmatch(text) else "must be Latin letters, digits and hyphens, as in s202611"


def timezone(text: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "is not a time zone, as in Europe/Moscow"
    return ""


def language(text: str) -> str:
    return "" if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", text) else "must be a language tag, as in ru or en"


def accent(text: str) -> str:
    """The accent is text on white, and the ground of white text on buttons: one ratio for both."""
    return _contrast_complaint(text, against=WHITE, what="white")


def tint(text: str) -> str:
    return _contrast_complaint(text, against=BODY_TEXT, what=f"the body text {BODY_TEXT}")


def _contrast_complaint(text: str, *, against: str, what: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return "must be a colour of the form #rrggbb"
    ratio = contrast(text, against)
    if ratio >= MIN_CONTRAST:
        return ""
    # Rounded down: 4.49 must not read as the 4.5 that it misses.
    return f"has a contrast of {int(ratio * 10) / 10}:1 with {what}; at least {MIN_CONTRAST}:1 is needed to be read"


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two #rrggbb colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def one_of(*allowed: str) -> Callable[[str], str]:
    return lambda text: "" if text in allowed else f"must be one of {', '.join(allowed)}"


def between(low: float, high: float) -> Callable[[float], str]:
    return lambda number: "" if low <= number <= high else f"must be between {low:g} and {high:g}"
