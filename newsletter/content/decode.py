"""A file's bytes as text: UTF-8 with or without BOM, or windows-1251; everything else is refused with a way out.

The text that comes out has "\\n" line ends only and no control characters but tab and newline. windows-1251 is
accepted only where it reads as Russian, because every KOI8-R or Latin-1 file decodes as windows-1251 too.
"""

from __future__ import annotations

import re
from pathlib import Path

from newsletter.errors import InputError

MAX_BYTES = 2 * 1024 * 1024  # a press item is some 10 KB; 2 MB is a book, or not text at all

_SAVE_AS_UTF8 = "save it as UTF-8 text"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff]")
_CYRILLIC_WORD = re.compile("[А-Яа-яЁё]+")
_MIXED = re.compile("[A-Za-z][А-Яа-яЁё]|[А-Яа-яЁё][A-Za-z]")
_FREQUENT = frozenset("оеаинтсрвл")  # two letters in three of any Russian text
# What windows-1251 has besides Russian letters, and a press text really uses.
_TYPOGRAPHY = frozenset("«»„“”‘’–—…№•§°±©®™€·\u00a0\u00ad")


def read_text(path: Path, shown: str) -> str:
    """Return the text of a file, line ends normalised. Raises InputError; `shown` is the path to name in it."""
    return decode(_read_bytes(path, shown), shown)


def _read_bytes(path: Path, shown: str) -> bytes:
    try:
        if not path.exists():
            raise InputError("there is no such file", path=shown, fix="check the path")
        if not path.is_file():
            raise InputError("this is not a file", path=shown, fix="name a .txt or .md file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        raise InputError(f"cannot be read: {reason}", path=shown, fix="check the path and its permissions") from exc
    if len(data) > MAX_BYTES:
        raise InputError(
            "is larger than 2 MB, the limit for a news item", path=shown, fix="keep the text, link to the rest"
        )
    return data


def decode(data: bytes, shown: str) -> str:
    """Return bytes as text. Raises InputError with the line of the first thing that is not text."""
    if not data.strip():
        raise InputError("the file is empty", path=shown, fix="write the news item into it")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or _looks_like_utf16(data):
        raise InputError("is in UTF-16", path=shown, fix=_SAVE_AS_UTF8)
    if (at := data.find(b"\0")) >= 0:
        raise InputError("is a binary file, not text", path=shown, line=_line(data, at), fix=_SAVE_AS_UTF8)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        text = _decode_cp1251(data, shown, _line(data, exc.start))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Separators of Word and InDesign are white space here; a BOM in the middle comes from joined files.
    text = text.replace("\u2028", " ").replace("\u2029", " ").replace("\ufeff", "")
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        what = f"holds the control character U+{ord(found.group()):04X}"
        raise InputError(what, path=shown, line=line, fix="delete it, or save the file as plain UTF-8 text")
    if not text.strip():
        raise InputError("the file is empty", path=shown, fix="write the news item into it")
    return text


def _line(data: bytes, at: int) -> int:
    before = data[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1


def _looks_like_utf16(data: bytes) -> bool:
    head = data[:4096]
    # In UTF-16 every second byte of ASCII is 0, of Cyrillic 4.
    return len(head) >= 4 and any(
        sum(byte in (0, 4) for byte in head[side::2]) > 0.9 * len(head[side::2]) and 0 in head for side in (0, 1)
    )


def _decode_cp1251(data: bytes, shown: str, line: int) -> str:
    try:
        text = data.decode("cp1251")
    except UnicodeDecodeError as exc:
        raise InputError("is neither UTF-8 nor windows-1251", path=shown, line=line, fix=_SAVE_AS_UTF8) from exc
    if not _reads_as_russian(text):
        koi8 = " (it reads as KOI8-R)" if _reads_as_russian(data.decode("koi8-r")) else ""
        raise InputError(f"is neither UTF-8 nor windows-1251{koi8}", path=shown, line=line, fix=_SAVE_AS_UTF8)
    return text


def _reads_as_russian(text: str) -> bool:
    """Claim that the characters outside ASCII are Russian words: right letters, often used ones, sane case."""
    foreign = [char for char in text if ord(char) > 127 and char not in _TYPOGRAPHY]
    words: list[str] = _CYRILLIC_WORD.findall(text)
    letters = "".join(words)
    if not letters or len(letters) < 0.97 * len(foreign):
        return False
    if len(_MIXED.findall(text)) > 0.1 * len(words):  # «Dйjа vu»: another language's accents
        return False
    # Read in the wrong code page, «Москва» becomes «нПУЛЧБ»: small letters before capitals inside words.
    odd_case = sum(1 for word in words if not (word.islower() or word.isupper() or word[1:].islower()))
    frequent = sum(1 for char in letters.lower() if char in _FREQUENT)
    return odd_case <= 0.2 * len(words) and frequent >= 0.4 * len(letters)
