"""A title proposed from the lead, when the text has none: the first statement, shortened at a boundary, never ended.

Always a proposal: a rule can shorten, not choose what matters.
"""

from __future__ import annotations

import re

from newsletter.content.spans import squeeze
from newsletter.language.periods import find_periods
from newsletter.language.sentences import sentences
from newsletter.language.speech import VERB

MAX_TITLE = 90  # characters: two lines at 28 px, and a subject that most lists show whole

_TAIL = re.compile(
    rf",?\s+(?:(?:об\s+этом\s+)?{VERB.pattern}|говорится\s+в|по\s+словам|со\s+ссылкой)\b.*$|,\s+(?:это|что|которы[а-яё]+|где|при\s+этом)\s.*$",
    re.IGNORECASE,
)
_OPENING_DAY = re.compile(r"^(?:В\s+[а-яё]+,\s+)?\d{1,2}\s+[а-яё]+(?:\s+\d{4}\s+года)?,?\s+")
_IN_PERIOD = re.compile(r"\s(?:за|в|по\s+итогам)\s+$")
_SHORTER = (
    (re.compile(r"\bна\s+(?:общую\s+)?сумму\b"), "на"),
    (re.compile(r"\b[Оо]соб(?:ая|ой|ую)\s+экономическ(?:ая|ой|ую)\s+зон(?:а|ы|е|у|ой)\b"), "ОЭЗ"),
    (re.compile(r"\s+\([^)]*\)"), ""),
)
_BREAK = re.compile(r",\s|\s[–—]\s|;\s|:\s|\s(?=(?:в|во|на|для|по|с|со|из|за|к|и|при|до|от|о|об)\s)")
_HANGING = re.compile(
    r"(?:\s+(?:и|а|но|в|во|на|с|со|по|за|к|ко|для|из|от|до|о|об|при|что|это|более|свыше|около|почти|до|не|[а-яё]+(?:ого|ему|ой|ых|ую)))+$"
)


def propose_title(lead: str) -> str:
    """Return a headline made of a lead: at most MAX_TITLE characters, no full stop; empty for an empty lead."""
    spans = sentences(lead)
    if not spans:
        return ""
    first = squeeze(lead[spans[0][0] : spans[0][1]])
    words = _TAIL.sub("", _without_when(first)).strip()
    words = words if len(words) >= 20 else first
    if len(words) > MAX_TITLE:
        words = _without_period(words)
    for pattern, short in _SHORTER:
        if len(words) > MAX_TITLE:
            words = pattern.sub(short, words)
    words = _cut(words).rstrip(" .,;:–—")
    words = words.removesuffix("…") if not words.endswith("…") else words
    return _balanced(words[:1].upper() + words[1:])


def _without_when(sentence: str) -> str:
    """Return a sentence without the time it opens with: «За девять месяцев 2023 года резиденты…»."""
    first = next(find_periods(sentence), None)
    if first is not None and re.fullmatch(r"(?:За|В|По итогам|С начала)\s+", sentence[: first.start]):
        rest = sentence[first.end :].lstrip(" ,")
        return rest[:1].upper() + rest[1:]
    day = _OPENING_DAY.match(sentence)
    rest = sentence[day.end() :] if day else sentence
    return rest[:1].upper() + rest[1:]


def _without_period(words: str) -> str:
    """Return words without their first «за девять месяцев 2026 года», wherever it stands."""
    for period in find_periods(words):
        if before := _IN_PERIOD.search(words, 0, period.start):
            return f"{words[: before.start()]}{words[period.end :]}"
    return words


def _cut(words: str) -> str:
    if len(words) <= MAX_TITLE:
        return words
    ends = [found.start() for found in _BREAK.finditer(words) if 30 <= found.start() <= MAX_TITLE]
    if ends:
        short = _HANGING.sub("", words[: ends[-1]])
        if len(short) >= 30:
            return short
    return words[: MAX_TITLE - 1].rsplit(" ", 1)[0].rstrip(" ,;:–—") + "…"


def _balanced(words: str) -> str:
    """Close a guillemet that the cut left open."""
    return words + "»" * max(0, words.count("«") - words.count("»")) if not words.endswith("…") else words
