"""Header fields as bytes, by our own writer: the standard library encodes long URLs and lets line breaks through.

Promised: text outside ASCII is RFC 2047 words of at most 75 bytes, each a whole number of characters, on lines of at
most 76; other lines fold at spaces at 78 where they can; a URL or an address is never encoded nor broken. Every value
is refused when it holds a control character. Text that looks like an encoded word is encoded itself, so that readers
show it as typed. Each function returns whole lines that end in CRLF.
"""

from __future__ import annotations

import re
import unicodedata
from binascii import b2a_base64
from collections.abc import Sequence
from datetime import datetime

from newsletter.address import refuse_controls
from newsletter.errors import InputError

# The order in which fields stand in every message; those an issue does not use are left out.
HEADER_ORDER = (
    "Date",
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Message-ID",
    "List-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Post",
    "Feedback-ID",
    "Precedence",
    "X-Mailru-Msgtype",
    "X-Newsletter-Delivery",
    "MIME-Version",
    "Content-Type",
)

MAX_SUBJECT = 250  # characters after merging: no list shows more, and a hostile name must not fill a header
MAX_LINE = 998  # bytes without CRLF (RFC 5322 section 2.1.1)

_LINE = 78  # RFC 5322 section 2.1.1
_WORD_LINE = 76  # a line that holds an encoded word (RFC 2047 section 2)
_WORD = 75
_FRAME = len("=?utf-8?b?") + len("?=")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_FIELD = re.compile(rb"([A-Za-z][A-Za-z0-9-]*): (?! )[^\x00-\x1f\x7f]+")
_CONTINUATION = re.compile(rb" (?! )[^\x00-\x1f\x7f]+")
_NOT_IN_URL = re.compile(r"[^\x21-\x7e]|[<>]")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def raw_header(name: str, value: str) -> bytes:
    """Return a field whose value stands as it is on one line: an address, an id, a keyword."""
    return f"{name}: {refuse_controls(value, name)}\r\n".encode()


def text_header(name: str, text: str) -> bytes:
    """Return an unstructured field (Subject): plain where ASCII will do, else encoded whole, spaces within words."""
    refuse_controls(text, name)
    first_room = _WORD_LINE - len(name) - 2
    value = _folded(text, _LINE - len(name) - 2) or "\r\n ".join(_encoded_words(text, first_room))
    return f"{name}: {value}\r\n".encode("ascii")


def mailbox_header(name: str, display: str, mailbox: str) -> bytes:
    """Return a field with one mailbox (From, Reply-To); only the display name is ever encoded (RFC 2047 section 5)."""
    refuse_controls(display, f"the name in {name}")
    refuse_controls(mailbox, name)
    if not display:
        return raw_header(name, mailbox)
    words = _phrase(display, _WORD_LINE - len(name) - 2)
    line = f"{name}: " + "\r\n ".join(words)
    last = line.rpartition("\r\n")[2]
    break_or_space = " " if len(last) + 1 + len(mailbox) + 2 <= _WORD_LINE else "\r\n "
    return f"{line}{break_or_space}<{mailbox}>\r\n".encode()


def list_header(name: str, items: Sequence[str]) -> bytes:
    """Return a field of URLs, `<a>, <b>`, folded only after commas; a URL stays whole whatever its length."""
    for item in items:
        if _NOT_IN_URL.search(item):
            raise InputError(f"{name} cannot carry {item[:80]!r}", fix="percent-encode it")
    return (f"{name}: " + ",\r\n ".join(f"<{item}>" for item in items) + "\r\n").encode("ascii")


def date_value(moment: datetime) -> str:
    """Return what Date says, at the moment's own offset (RFC 5322 section 3.3). Raises ValueError for a naive time."""
    if moment.utcoffset() is None:
        raise ValueError("a naive time reached the Date header")
    iso = moment.isoformat(timespec="seconds")  # 2026-11-23T14:00:00+03:00, made in C: this runs for every message
    month = _MONTHS[moment.month - 1]
    return f"{_DAYS[moment.weekday()]}, {iso[8:10]} {month} {iso[:4]} {iso[11:19]} {iso[19:22]}{iso[23:25]}"


def shortened(text: str, limit: int = MAX_SUBJECT) -> str:
    """Cut `text` to `limit` characters with an ellipsis: at a space if one is near, never inside a marked letter."""
    if len(text) <= limit:
        return text
    end = limit - 1
    space = text.rfind(" ", end - 40, end + 1)
    if space > 0:
        return text[:space].rstrip() + "…"
    while end > 1 and (unicodedata.combining(text[end]) or text[end] in "\u200d\ufe0f" or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end] + "…"


def assert_headers(block: bytes, names: Sequence[str]) -> None:
    """Raise InputError unless `block` is exactly these fields, in order, once each, as this module writes them.

    The last guard against injection: whatever went wrong before, no field that nobody meant can leave.
    """
    found: list[str] = []
    lines = block.split(b"\r\n")
    if lines.pop() != b"":
        raise InputError("the header block does not end with a line end")
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field:
            found.append(field[1].decode("ascii"))
        elif not found or not _CONTINUATION.fullmatch(line):
            raise InputError(f"this is no header line: {line[:80]!r}")
        if len(line) > MAX_LINE:
            raise InputError(f"the header {found[-1]} has a line of {len(line)} bytes", fix=f"{MAX_LINE} is the limit")
    if tuple(found) != tuple(names):
        raise InputError(f"the header block holds {', '.join(found)} instead of {', '.join(names)}")
    block.decode("utf-8")  # UnicodeDecodeError is a defect of ours: nothing above cuts bytes


def _folded(text: str, room: int) -> str:
    """Return ASCII text folded at its spaces, the first line `room` long; "" where it has to be encoded instead."""
    if not text.isascii() or "=?" in text:
        return ""
    words = text.split(" ")
    if "" in words:  # a space at an end, or two running: lost or turned into an empty line by folding
        return ""
    lines: list[str] = []
    line = words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) <= (room if not lines else _LINE - 1):
            line += f" {word}"
        else:
            lines.append(line)
            line = word
    lines.append(line)
    fits = len(lines[0]) <= room and all(len(line) < _LINE for line in lines)
    return "\r\n ".join(lines) if fits else ""


def _phrase(display: str, room: int) -> list[str]:
    if display.isascii() and "=?" not in display:
        escaped = display.replace("\\", "\\\\").replace('"', '\\"')
        plain = display if _ATOMS.fullmatch(display) else f'"{escaped}"'
        if len(plain) <= room:
            return [plain]
    return _encoded_words(display, room)


def _encoded_words(text: str, first_room: int) -> list[str]:
    """Split UTF-8 into base64 words at character borders: the first within `first_room` bytes, others within 75."""
    data = text.encode()
    words: list[str] = []
    start, room = 0, min(first_room, _WORD)
    while start < len(data):
        end = min(start + (room - _FRAME) // 4 * 3, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        words.append(f"=?utf-8?b?{b2a_base64(data[start:end], newline=False).decode('ascii')}?=")
        start, room = end, _WORD
    return words
