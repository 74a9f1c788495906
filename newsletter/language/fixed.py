"""Stretches of text that no rule may touch: web and mail addresses, file names, handles, codes with slashes."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(r"(?:https?|ftp)://[^\s«»„“”\"<>]+|[^\s«»„“”\"<>()\[\]|]+")
_ENDS = ".,;:!?…'’%"
_DOTTED = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z][A-Za-z0-9-]+|[\w-]+(?:\.[\w-]+)*\.рф")
_HANDLE = re.compile(r"[#@]\w")
_CODE = re.compile(r"[/\\_=&{}$^~`*]")


def fixed_ranges(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each stretch, in order."""
    for token in _TOKEN.finditer(text):
        word = token.group()
        bare = word.rstrip(_ENDS)
        while bare.endswith(")") and bare.count("(") < bare.count(")"):  # of the sentence around, not of the address
            bare = bare[:-1].rstrip(_ENDS)
        if _is_fixed(bare):
            yield token.start(), token.start() + len(bare)


def _is_fixed(word: str) -> bool:
    if "://" in word or "@" in word[1:] or _HANDLE.match(word) or word.lower().startswith(("www.", "mailto:", "tel:")):
        return True
    if "." in word and _DOTTED.match(word):
        return True
    return len(word) > 1 and word.isascii() and bool(_CODE.search(word)) and any(map(str.isalpha, word))
