"""Where a Russian sentence ends: a full stop after «г.», «им.» or an initial does not end one."""

from __future__ import annotations

import re

# Possessive, and only from the first mark of several: a line of dots would take a minute.
_END = re.compile(r"(?<![.!?…])[.!?…]++[»”\")]*+\s++(?=[«“„\"(–—\s]*[А-ЯЁA-Z0-9])")
_ABBREVIATED = re.compile(
    r"(?:(?:^|[\s(«.])[А-ЯЁA-Z]|(?:^|[\s(«])(?:г|им|ул|д|стр|т\. ?[ед]|и\. ?о|см|др|пр|ст|п|пл|пер|обл))\.\s+$"
)


def sentences(words: str) -> list[tuple[int, int]]:
    """Return where each sentence starts and ends, in order, white space between them left out."""
    spans: list[tuple[int, int]] = []
    start = 0
    for end in _END.finditer(words):
        if _ABBREVIATED.search(words[max(start, end.start() - 8) : end.end()]):
            continue
        spans.append((start, start + len(words[start : end.end()].rstrip())))
        start = end.end()
    if words[start:].strip():
        spans.append((start, len(words.rstrip())))
    return spans
