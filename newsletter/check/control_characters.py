"""Characters that should be in no mail: control characters, damaged ones, and marks that turn the reading order.

Gmail cuts a mail at some of them, whatever its size; a control character in a subject ends a header. The order marks
are how a name is made to look like another one (Unicode TR 36, "Bidirectional text spoofing").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from html import unescape

from newsletter.check.checked import Checked, place_of_words
from newsletter.check.finding import Finding, Severity

_BREAKING = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_ODD = re.compile(r"[\ufffd\ue000-\uf8ff\u2028\u2029\u202a-\u202e\ufff9-\ufffb]")
_BREAKING_A_HEADER = re.compile(f"{_BREAKING.pattern}|[\t\n\r]")


def find(subject: Checked) -> Iterator[Finding]:
    yield from _in_text(subject, "the subject", subject.subject, _BREAKING_A_HEADER)
    for html in subject.pages:
        yield from _in_text(subject, "the HTML", unescape(html))  # &#129; is a control character too
    yield from _in_text(subject, "the text part", subject.sample_text)


def _in_text(subject: Checked, where: str, text: str, breaking: re.Pattern[str] = _BREAKING) -> Iterator[Finding]:
    patterns: tuple[tuple[re.Pattern[str], Severity], ...] = ((breaking, "error"), (_ODD, "warning"))
    for pattern, severity in patterns:
        for letter in dict.fromkeys(pattern.findall(text)):
            at = text.index(letter)
            before = re.split(r"[<>\n]", text[max(0, at - 20) : at])[-1].strip()
            place = place_of_words(subject, letter)
            yield Finding(
                id="control_characters",
                severity=severity,
                message=f"{where} holds {_named(letter)}" + (f" after «{before}»" if before else ""),
                file=place.file,
                line=place.line,
                block=place.block,
                fix="take it out; it often comes with text copied from a PDF or an old program",
            )


def _named(letter: str) -> str:
    if letter == "\ufffd":
        return "U+FFFD, which stands for a character that could not be read"
    return f"U+{ord(letter):04X}, {unicodedata.name(letter, 'a control character').lower()}"
