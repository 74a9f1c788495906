"""Dashes between words, between numbers, and the minus: three signs that a keyboard writes as one hyphen.

Russian sets an em dash with a no-break space before it; English here an en dash, set the same way (an em dash that
somebody typed stays). A hyphen between digits is left alone wherever it may be a telephone, a code or a score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.language.edit import Edit
from newsletter.language.units import CURRENCY, MEASURE

DASHES, RANGES, MINUS = "dashes", "ranges", "minus"
_NBSP = "\u00a0"

_SPACED = re.compile("(?P<before>[ \u00a0])(?P<dash>-{1,3}|–|—|―)(?P<after>[ \u00a0]|(?=\n|$))")
_REPLY = re.compile('(?:^|(?<=[\n«„“("]))(?P<dash>-{1,2}|–|—|―)(?P<after>[ \u00a0])(?=[^\\W\\d_]|[«„“"(])')
_NUMBER = r"\d{1,3}(?:[ \u00a0]\d{3})+(?:,\d+)?|\d+(?:,\d+)?"
_RANGE = re.compile(
    rf"(?<![\w.,:/№\u2212‐-])(?P<left>{_NUMBER})(?P<percent> ?%)?(?P<dash>[-‐—]| [-–—] )(?P<right>{_NUMBER})"
    rf"(?![\w:/‐–—-]|[.,]\d)(?P<unit>[ \u00a0]?(?:%|°|{CURRENCY}|{MEASURE}|[а-яё]{{2,}}|[a-z]{{2,}}|гг?\.))?"
)
# What stands before a number that is no quantity.
_CODE_BEFORE = re.compile(
    r"(?:№|\b(?:[A-ZА-ЯЁ]{2,}[A-ZА-ЯЁ\d]*|СНиП|тел\.?|телефон\w*|доб\.?|факс\w*|сч[её]т\w*|код\w*|индекс\w*|артикул\w*"
    r"|модел[ьи]|сери[ияй]|приказ\w*|[Tt]el\.?|[Pp]hone|[Mm]odel|[Ss]core\w*))[:\s]*$"
)
_TIMES = re.compile(
    r"(?<![\w.:-])(?P<left>(?:[01]?\d|2[0-4])[:.][0-5]\d)[-—](?P<right>(?:[01]?\d|2[0-4])[:.][0-5]\d)(?![\w:-]|[.]\d)"
)
_MONTH = (
    r"(?:январ[еьюя]м?|феврал[еьюя]м?|март(?:ом|[аеу])?|апрел[еьюя]м?|ма[йяею]|июн[еьюя]м?|июл[еьюя]м?|август(?:ом|[аеу])?"
    r"|(?:сент|окт|но|дек)[а-я]*бр[еьюя]м?)"
)
_WORDS = re.compile(
    rf"(?<![\w-])(?:{_MONTH}(?=[-—]{_MONTH}(?![\w-]))|(?:пн|вт|ср|чт|пт|сб)(?=[-—](?:вт|ср|чт|пт|сб|вс)(?![\w-]))"
    r"|[IVX]{1,6}(?=[-—][IVX]{1,6}(?![\w-])[ \u00a0](?:в\.|вв\.|век|кв)))(?P<dash>[-—])",
    re.IGNORECASE,
)
_MINUS = re.compile(
    r"(?:(?<=\()|(?<=\b(?:до|от)[ \u00a0])|(?<=\bпри[ \u00a0]))-(?=\d)"
    r"|(?:^|(?<=[\s(]))[-–](?=\d+(?:[.,]\d+)?[ \u00a0]?(?:%|°|градус|degree))"
)


def dash_edits(text: str, lang: str) -> Iterator[Edit]:
    """Yield edits for dashes between words; ` - ` between two numbers is `range_edits`' or nobody's."""
    for found in _REPLY.finditer(text):
        if lang == "ru":
            yield _edit(found.start(), found.end(), "—" + _NBSP, DASHES)
    for found in _SPACED.finditer(text):
        if _between_digits(text, found):
            continue
        dash = "—" if lang == "ru" else found["dash"] if found["dash"] in "–—" else "–"
        yield _edit(found.start(), found.end(), _NBSP + dash + (" " if found["after"] else ""), DASHES)


def _between_digits(text: str, found: re.Match[str]) -> bool:
    return text[found.start() - 1 : found.start()].isdigit() and text[found.end() : found.end() + 1].isdigit()


def range_edits(text: str, lang: str) -> Iterator[Edit]:
    """Yield edits for "10-15", "2024-2025", "10:00-18:00" and «январь-март»."""
    for found in _RANGE.finditer(text):
        if _is_range(found, text[max(found.start() - 20, 0) : found.start()]):
            yield _edit(found.start("dash"), found.end("dash"), "–", RANGES)
    patterns = (_TIMES, _WORDS) if lang == "ru" else (_TIMES,)
    for pattern in patterns:
        for found in pattern.finditer(text):
            at = found.end("left") if pattern is _TIMES else found.start("dash")
            yield _edit(at, at + 1, "–", RANGES)


def _is_range(found: re.Match[str], before: str) -> bool:
    """Claim that two numbers with a hyphen between are a least and a most."""
    left, right = found["left"], found["right"]
    if _CODE_BEFORE.search(before) or any(len(n) > 1 and n[0] == "0" and n[1] != "," for n in (left, right)):
        return False
    if _value(left) >= _value(right):
        return False
    years = all(re.fullmatch(r"(?:19|20)\d\d", number) for number in (left, right))
    if found["dash"].startswith(" "):  # may be a sum: "10 - 15 = …"
        return years or bool(found["unit"])
    return years or bool(found["unit"]) or all(len(number) <= 2 for number in (left, right))


def _value(number: str) -> float:
    return float(re.sub("[ \u00a0]", "", number).replace(",", "."))


def minus_edits(text: str) -> Iterator[Edit]:
    """Yield edits for a hyphen that is a minus: before degrees and per cent, in brackets, after «до» and «от»."""
    for found in _MINUS.finditer(text):
        yield _edit(found.start(), found.end(), "\u2212", MINUS)


def _edit(start: int, end: int, replacement: str, rule: str) -> Edit:
    return Edit(start=start, end=end, replacement=replacement, rule=rule)
