"""Dashes between words, between numbers, and the minus: three signs that a keyboard writes as one hyphen.

Russian sets an em dash with a no-break space before it; English here an en dash, set the same way (an em dash that
somebody typed stays). «из - за» is one word, and has its hyphen back. A hyphen between digits is left alone wherever
it may be a telephone, a code or a score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.language.calendar import MONTHS_GENITIVE
from newsletter.language.edit import Edit
from newsletter.language.units import CURRENCY, LENGTH, MEASURE

DASHES, RANGES, MINUS = "dashes", "ranges", "minus"
_NBSP = "\u00a0"

_SPACED = re.compile("(?P<before>[ \u00a0])(?P<dash>-{1,3}|–|—|―)(?P<after>[ \u00a0]|(?=\n|$))")
_REPLY = re.compile('(?:^|(?<=[\n«„“("]))(?P<dash>-{1,2}|–|—|―)(?P<after>[ \u00a0])(?=[^\\W\\d_]|[«„“"(])')
# «из - за», «кое - кто», «по - русски» are one word each, and «кто - то» may be; none has a dash.
_JOINED = re.compile(
    r"(?<![\w-])(?:(?:кое|кой)(?P<some> [-–—] )(?=к|ч|где)|из(?P<from> [-–—] )(?=(?:за|под)(?![\w-]))"
    r"|по(?P<way> [-–—] )(?=[а-яё]{2,}(?:ски|цки|ьи|ому|ему)(?![\w-]))"
    r"|[а-яё]+(?P<any> [-–—] )(?=(?:либо|нибудь)(?![\w-])))",
    re.IGNORECASE,
)
_PERHAPS_JOINED = re.compile(
    r"(?<![\w-])(?:к(?:то|ого|ому|ем|ак\w*|уда|огда)|ч(?:то|его|ему|ем|ей|ья|ь[еёи]\w*)|где|сколько|почему|откуда|зачем)$",
    re.IGNORECASE,
)
_ENDING = re.compile(r"то(?![\w-])")
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
_PLURAL_BEFORE = re.compile(rf"№№[ {_NBSP}]?$")
_TIMES = re.compile(
    r"(?<![\w.:-])(?:[01]?\d|2[0-4])[:.][0-5]\d(?P<dash>[-—])(?:[01]?\d|2[0-4])[:.][0-5]\d(?![\w:-]|[.]\d)"
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
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_DATE = rf"{_DAY}\.(?:0[1-9]|1[0-2])"
_DATES = re.compile(
    rf"(?<![\w.,/№-]){_DATE}(?:\.(?:19|20)\d\d)?(?P<dash>[-—]|[ {_NBSP}][-–—] ){_DATE}\.(?:19|20)?\d\d(?![\w/-]|\.\d)"
)
_DAY_AND_MONTH = rf"{_DAY}[ {_NBSP}](?:{'|'.join(MONTHS_GENITIVE)})"
# «12 апреля-15 мая»: where a part has a space, the dash has two.
_DAYS = re.compile(rf"(?<![\w.,/-]){_DAY_AND_MONTH}(?P<dash>[-–—])(?={_DAY_AND_MONTH}(?![\w-]))")
# «3х5 м»: what is typed as a letter here is a sign.
_SIZE = re.compile(
    rf"(?<![\w.,/№-])\d+(?:,\d+)?(?:[ {_NBSP}]?[xхXХ][ {_NBSP}]?\d+(?:,\d+)?){{1,2}}(?=[ {_NBSP}]?{LENGTH}(?!\w))"
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
    joined = {found.start(found.lastgroup or 0) for found in _JOINED.finditer(text)} if lang == "ru" else set()
    yield from (_edit(at, at + 3, "-", DASHES) for at in sorted(joined))
    for found in _SPACED.finditer(text):
        if found.start() in joined or _between_digits(text, found) or _is_perhaps_joined(text, found):
            continue
        dash = "—" if lang == "ru" else found["dash"] if found["dash"] in "–—" else "–"
        yield _edit(found.start(), found.end(), _NBSP + dash + (" " if found["after"] else ""), DASHES)


def _between_digits(text: str, found: re.Match[str]) -> bool:
    return text[found.start() - 1 : found.start()].isdigit() and text[found.end() : found.end() + 1].isdigit()


def _is_perhaps_joined(text: str, found: re.Match[str]) -> bool:
    """Claim that «кто - то» may be one word; who wants a dash there types one."""
    return bool(
        found["dash"] == "-"
        and _ENDING.match(text, found.end())
        and _PERHAPS_JOINED.search(text[max(found.start() - 12, 0) : found.start()])
    )


def range_edits(text: str, lang: str) -> Iterator[Edit]:
    """Yield edits for "10-15", "2024-2025", "10:00-18:00", «январь-март», days with their months, and sizes."""
    for found in _RANGE.finditer(text):
        if _is_range(found, text[max(found.start() - 20, 0) : found.start()]):
            yield _edit(found.start("dash"), found.end("dash"), "–", RANGES)
    for pattern in (_TIMES, _WORDS, _DATES) if lang == "ru" else (_TIMES,):
        for found in pattern.finditer(text):
            yield _edit(*found.span("dash"), "–", RANGES)
    if lang == "ru":
        yield from (_edit(*found.span("dash"), f"{_NBSP}— ", RANGES) for found in _DAYS.finditer(text))
        for found in _SIZE.finditer(text):
            yield from (_edit(at, at + 1, "×", RANGES) for at in range(*found.span()) if text[at] in "xхXХ")


def _is_range(found: re.Match[str], before: str) -> bool:
    """Claim that two numbers with a hyphen between are a least and a most."""
    left, right = found["left"], found["right"]
    numbered = bool(_PLURAL_BEFORE.search(before))
    if _CODE_BEFORE.search(before) and not numbered:
        return False
    if any(len(n) > 1 and n[0] == "0" and n[1] != "," for n in (left, right)):
        return False
    if _value(left) >= _value(right):
        return False
    years = all(re.fullmatch(r"(?:19|20)\d\d", number) for number in (left, right))
    if found["dash"].startswith(" "):  # may be a sum: "10 - 15 = …"
        return years or bool(found["unit"])
    small = all(len(number) <= 2 for number in (left, right))
    return years or small or numbered or bool(found["unit"])


def _value(number: str) -> float:
    return float(re.sub("[ \u00a0]", "", number).replace(",", "."))


def minus_edits(text: str) -> Iterator[Edit]:
    """Yield edits for a hyphen that is a minus: before degrees and per cent, in brackets, after «до» and «от»."""
    for found in _MINUS.finditer(text):
        yield _edit(found.start(), found.end(), "\u2212", MINUS)


def _edit(start: int, end: int, replacement: str, rule: str) -> Edit:
    return Edit(start=start, end=end, replacement=replacement, rule=rule)
