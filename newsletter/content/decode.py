"""A file's bytes as text: UTF-8, UTF-16 with its mark, or a Cyrillic code page told from the letters themselves.

The text that comes out has "\\n" line ends only and no control characters but tab and newline. What a file says of its
own encoding (HTML, XML) counts where its bytes agree; everything else is refused with a way out.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from newsletter.content.codepage import CODE_PAGES, NAMES, reads_as_russian, tell_code_page
from newsletter.errors import InputError

MAX_BYTES = 2 * 1024 * 1024  # a press item is some 10 KB; 2 MB is a book, or not text at all

_SAVE_AS_UTF8 = "save it as UTF-8 text"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff]")
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Python knows encodings that unpack, escape or rotate: a file may only name one with a byte a letter.
_MAY_BE_NAMED = re.compile(r"cp125\d|iso8859-\d+|latin\d|koi8-[ru]|cp866|mac-cyrillic")


def read_text(path: Path, shown: str) -> str:
    """Return the text of a file, line ends normalised. Raises InputError; `shown` is the path to name in it."""
    return decode(read_bytes(path, shown), shown)


def read_bytes(path: Path, shown: str, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the bytes of a file. Raises InputError where it is missing, unreadable or too large."""
    try:
        if not path.exists():
            raise InputError("there is no such file", path=shown, fix="check the path")
        if not path.is_file():
            raise InputError("this is not a file", path=shown, fix="name a file with a news item")
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        raise InputError(f"cannot be read: {reason}", path=shown, fix="check the path and its permissions") from exc
    if len(data) > max_bytes:
        limit = f"is larger than {max_bytes // 1024 // 1024} MB, the limit for a news item"
        raise InputError(limit, path=shown, fix="keep the text, link to the rest")
    return data


def decode(data: bytes, shown: str, *, named: str = "") -> str:
    """Return bytes as text; `named` is the encoding that they claim. Raises InputError with the first bad line."""
    if not data.strip():
        raise InputError("the file is empty", path=shown, fix="write the news item into it")
    text = _clean(_decoded(data, shown, named))
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        what = f"holds the control character U+{ord(found.group()):04X}"
        raise InputError(what, path=shown, line=line, fix="delete it, or save the file as plain UTF-8 text")
    if not text.strip():
        raise InputError("the file is empty", path=shown, fix="write the news item into it")
    return text


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Separators of Word and InDesign are white space here; a BOM in the middle comes from joined files.
    return text.replace("\u2028", " ").replace("\u2029", " ").replace("\ufeff", "")


def _decoded(data: bytes, shown: str, named: str) -> str:
    encoding = encoding_of(data, shown, named=named)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as exc:  # the others were told by decoding
        raise InputError("is broken UTF-16", path=shown, fix=_SAVE_AS_UTF8) from exc


def encoding_of(data: bytes, shown: str, *, named: str = "") -> str:
    """Return the encoding that bytes are read in, by Python's name; one with a mark takes it off. Raises InputError."""
    if data.startswith(_UTF16_MARKS):
        return "utf-16"
    if _looks_like_utf16(data):
        raise InputError("is in UTF-16 without its mark", path=shown, fix=_SAVE_AS_UTF8)
    if (at := data.find(b"\0")) >= 0:
        raise InputError("is a binary file, not text", path=shown, line=_line(data, at), fix=_SAVE_AS_UTF8)
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        if page := _named_page(data, named) or tell_code_page(data):
            return page
        what = f"is neither UTF-8 nor Russian text in {NAMES}"
        raise InputError(what, path=shown, line=_line(data, exc.start), fix=_SAVE_AS_UTF8) from exc
    return "utf-8-sig"


def _named_page(data: bytes, named: str) -> str:
    """Return the code page that the file claims, if its bytes agree; exports often claim the wrong one."""
    try:
        page = codecs.lookup(named.strip()).name
        text = data.decode(page) if _MAY_BE_NAMED.fullmatch(page) else ""
    except (LookupError, ValueError):  # UnicodeDecodeError is a ValueError
        return ""
    fits = reads_as_russian(text) if page in CODE_PAGES else not tell_code_page(data)
    return page if text and fits else ""


def _line(data: bytes, at: int) -> int:
    before = data[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1


def _looks_like_utf16(data: bytes) -> bool:
    head = data[:4096]
    # In UTF-16 every second byte of ASCII is 0, of Cyrillic 4.
    return len(head) >= 4 and any(
        sum(byte in (0, 4) for byte in head[side::2]) > 0.9 * len(head[side::2]) and 0 in head for side in (0, 1)
    )
