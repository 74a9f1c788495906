"""Numbers set for reading: groups of three from five digits on, per cent signs alike, «млн» without a dot.

A long number is grouped only where something counted follows it: a code, an index or an account may look the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.language.edit import Edit
from newsletter.language.units import CURRENCY, MEASURE

GROUPS, PERCENT, ABBREVIATIONS = "digit_groups", "percent", "abbreviations"
_NBSP = "\u00a0"
_GAP = "[ \u00a0\u202f\u2009]"

_GROUPED = re.compile(r"(?<![\w.,/-])\d{1,3}(?:[ \u2009]\d{3}|[\u00a0\u202f]\d{3})+(?!\d)(?![.,/]\d{3})")
_PEOPLE = "(?:человек|мест|штук|единиц|семей|заявок|сотен|лет|га)(?![а-яё])"
_COUNTED = (
    rf"(?:{CURRENCY}|{MEASURE}|тыс|млн|млрд|трлн|{_PEOPLE}"
    r"|[а-яё]{3,}(?:ов|ев|ёв|ей|ий|ых|их)(?![а-яё-]))"
)
_OTHER_END = rf"(?:\d{{5,15}}|\d{{1,3}}(?:{_GAP}\d{{3}})+)(?:,\d{{1,4}})?"  # of «10000–15000 рублей»
_SOLID = re.compile(
    rf"(?<![\w.,/№#+:-])(?<!№{_GAP})(?P<digits>[1-9]\d{{4,14}})(?P<rest>,\d{{1,4}})?"
    rf"(?=(?:(?:–|{_GAP}до{_GAP}){_OTHER_END})?{_GAP}?{_COUNTED})"
)
_CODE_BEFORE = re.compile(
    r"(?:ИНН|КПП|ОГРН\w*|БИК|ОКПО|СНИЛС|ID|код\w*|индекс\w*|сч[её]т\w*|р/с|к/с|артикул\w*|сери[яи]|номер\w*|тел\w*\.?"
    r"|паспорт\w*|договор\w*|заявк[аи])[:\s]*$",
    re.IGNORECASE,
)
_HEADS = re.compile(
    rf"(?<![\w.])(?:{CURRENCY}|{MEASURE}|(?:тыс|млн|млрд|трлн|чел|шт|ед)(?!\w)|{_PEOPLE})", re.IGNORECASE
)
_NO_COUNT = re.compile(r"№|\b(?:ИНН|КПП|ОГРН\w*|БИК|код|индекс|сч[её]т|артикул|номер|тел|телефон|год)\b", re.IGNORECASE)
_LONG = re.compile(r"(?<![\d.,])[1-9]\d{4,14}(?!\d)")
_PERCENT = re.compile(rf"(?<=\d)(?P<gap>{_GAP}?)(?=%(?!\w))")
# A full stop before a capital, or at the end, may be the sentence's.
_GLUED = re.compile(
    rf"(?:(?<=\d)|(?<=\d{_GAP}))(?:(?:млн|млрд|трлн)(?P<dot>\.)|тыс\.)(?=(?:руб|долл|евро)[а-я]*(?![\w-]))"
)
_NO_DOT = re.compile(rf"(?<=\d)(?:{_GAP}?)(?:млн|млрд|трлн)(?P<dot>\.)(?={_GAP}[а-яё₽$€])")
_DOT = re.compile(rf"(?:(?<=\d)|(?<=млн)|(?<=млрд)|(?<=тыс\.)|(?<=тыс)){_GAP}?(?:тыс|руб|коп)(?![\w.-])")


def group_edits(text: str) -> Iterator[Edit]:
    """Yield edits that put no-break spaces between groups of digits."""
    for found in _GROUPED.finditer(text):
        for at in range(found.start(), found.end()):
            if text[at] in " \u2009":
                yield Edit(start=at, end=at + 1, replacement=_NBSP, rule=GROUPS)
    for found in _SOLID.finditer(text):
        if _CODE_BEFORE.search(text[max(found.start() - 20, 0) : found.start()]):
            continue
        start, end = found.span("digits")
        for at in range(end - 3, start, -3):
            yield Edit(start=at, end=at, replacement=_NBSP, rule=GROUPS)


def grouped(number: str) -> str:
    """Return a number that is known to count something with groups, a range or a sign before it included."""
    return _LONG.sub(lambda found: f"{int(found.group()):,}".replace(",", _NBSP), number)


def counts_something(header: str) -> bool:
    """Claim that the numbers under a header are of something, no codes or years."""
    return bool(_HEADS.search(header)) and not _NO_COUNT.search(header)


def percent_edits(text: str, style: str) -> Iterator[Edit]:
    """Yield edits that set a no-break space before each per cent sign ("space"), or none ("none")."""
    wanted = {"space": _NBSP, "none": ""}.get(style)
    for found in _PERCENT.finditer(text):
        if wanted is not None and found["gap"] != wanted and not (wanted and found["gap"] == "\u202f"):
            yield Edit(start=found.start(), end=found.end(), replacement=wanted, rule=PERCENT)


def abbreviation_edits(text: str) -> Iterator[Edit]:
    """Yield edits for the full stop of Russian abbreviations of numbers."""
    for found in _GLUED.finditer(text):  # «млн.руб.»
        start = found.start("dot") if found["dot"] else found.end()
        yield Edit(start=start, end=found.end(), replacement=" ", rule=ABBREVIATIONS)
    for found in _NO_DOT.finditer(text):
        yield Edit(start=found.start("dot"), end=found.end("dot"), replacement="", rule=ABBREVIATIONS)
    for found in _DOT.finditer(text):
        yield Edit(start=found.end(), end=found.end(), replacement=".", rule=ABBREVIATIONS)
