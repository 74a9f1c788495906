"""No-break spaces: between a number and its unit, in initials and abbreviations, behind short words.

Where every second word is bound, a narrow column overflows: a binding that would make more than `LONGEST` characters
hang together is left out, unless a number would lose its unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from newsletter.language.calendar import MONTHS_ENGLISH, MONTHS_GENITIVE
from newsletter.language.edit import Edit
from newsletter.language.numbers import SCALE
from newsletter.language.units import CURRENCY, LENGTH, MEASURE

NUMBERS, SHORT = "nbsp_numbers", "nbsp_short"
LONGEST = 20  # characters in one piece: what a title's line holds on a telephone 320 px wide

_NBSP = "\u00a0"
_NO_COUNTED = (
    r"(?!(?:в|во|на|с|со|к|ко|о|об|у|и|а|но|не|ни|от|до|из|за|по|да|или|либо|при|для|под|над|без|про|через|что|чем|как"
    r"|когда|где|же|бы|ли)(?![а-яё]))"
)
_SHORT_UNIT = (
    rf"(?:%|‰|°|{CURRENCY}|{MEASURE}|{SCALE}|(?:ч|мин|сек|с|г|гг|руб|коп|шт|чел|экз|лет|год[ауе]?|раза?|в{_NBSP}?\.)"
    rf"(?![\w-])|(?:{'|'.join(MONTHS_GENITIVE)})(?!\w))"
)
_ENGLISH_UNIT = (
    rf"(?:%|°|(?:{'|'.join(MONTHS_ENGLISH)}|thousand|million|billion|trillion|percent|km|cm|mm|m|kg|g|t|ha|kW|MW|GW|hours?"
    r"|days?|years?|times|am|pm|a\.m\.|p\.m\.|USD|EUR|RUB|rubles|roubles)(?!\w))"
)
# A space of its own in group "gap", where it must hold (True) or may be left out for length (False).
_RUSSIAN: tuple[tuple[re.Pattern[str], bool], ...] = tuple(
    (re.compile(pattern), must)
    for pattern, must in (
        (rf"(?<=\d)(?P<gap>[ ])(?={_SHORT_UNIT})", True),
        (rf"(?<=[\d½¼¾])(?P<gap>[ ])(?={_NO_COUNTED}[а-яё]{{2,12}}(?![\w-]))", False),
        (rf"\b{SCALE}(?P<gap>[ ])(?=[₽$€]|{_NO_COUNTED}[а-яё]{{2,12}}(?![\w-]))", False),
        (r"[№§](?P<gap>[ ])(?=[\dA-Za-zА-Яа-яЁё])", True),
        (r"(?<![\w.])(?:стр|рис|табл|гл|ст|п|пп|ч|т|д|кв|корп|стр|оф|вып)\.(?P<gap>[ ])(?=\d)", True),
        # «2025 г. Завод» ends a sentence, «г. Зареченск» does not.
        (
            rf"(?<!\d[ {_NBSP}])(?<![\w.])(?:г|ул|пер|пр|пл|пос|дер|обл|им|о|оз|р|м|ст|наб|ш|б-р|просп|акад|проф)\."
            r"(?P<gap>[ ])(?=[А-ЯЁ«])",
            True,
        ),
        # «100 кв. метров»: the number keeps «кв.» anyway.
        (rf"(?<![\w.])(?:кв|куб|пог)\.(?P<gap>[ ])(?={LENGTH}(?![А-Яа-яЁё]))", False),
        (r"(?<![\w.])(?:[А-ЯЁ]\.)?[А-ЯЁ]\.(?P<gap>[ ])(?=[А-ЯЁ](?:\.|[а-яё]))", False),
        (r"[А-ЯЁ][а-яё]+(?P<gap>[ ])(?=[А-ЯЁ]\.[ \u00a0]?[А-ЯЁ]\.(?!\w))", False),
        (r"(?<![\w.])(?:и(?P<gap>[ ])(?=(?:т\.|др\.|пр\.)))", True),
        (r"(?<![\w.])(?:т\.(?P<gap>[ ]?)(?=[дпекно]\.)|[нНиИпПжж]\.(?P<gap2>[ ])(?=[эопдп]\.))", True),
        (r"\b[IVX]{1,5}(?P<gap>[ ])(?=(?:век|квартал|полугоди|съезд|этап|в\.))", False),
    )
)
_ENGLISH: tuple[tuple[re.Pattern[str], bool], ...] = (
    (re.compile(rf"(?<=\d)(?P<gap>[ ])(?={_ENGLISH_UNIT})"), True),
    (re.compile(r"(?<!\w)(?:No\.|Mr\.?|Mrs\.?|Ms\.?|Dr\.?)(?P<gap>[ ])(?=\w)"), True),
    (re.compile(r"№(?P<gap>[ ])(?=\d)"), True),
)
# «+7 (495) 123-45-67», «8 800 555-35-35». Its hyphens stay what they are: U+2011 has no glyph in some fonts, and no
# telephone dials it.
_PHONE = re.compile(
    r"(?<![\w.,+-])(?:\+\d{1,3}|8)[ \u00a0]?\(?\d{3,5}\)?[ \u00a0]?\d{1,3}(?:[ \u00a0-]?\d\d){2}(?![\w-]|[.,]\d)"
)
_GLUED = re.compile(r"[№§](?=\d)")
_SHORT_WORD = re.compile(
    r"(?<![\w’'-])(?:в|во|на|с|со|к|ко|о|об|у|и|а|но|не|ни|от|до|из|за|по|да)(?P<gap>[ ])(?=[\w«„“(№])",
    re.IGNORECASE,
)
_PARTICLE = re.compile(r"(?<=[\w»”“])(?P<gap>[ ])(?=(?:же|бы|ли|ж|б|ль)(?![\w-]))", re.IGNORECASE)


def number_edits(text: str, lang: str) -> Iterator[Edit]:
    """Yield edits for numbers, signs, names and abbreviations."""
    bindings = _RUSSIAN if lang == "ru" else _ENGLISH
    if lang == "ru":
        yield from (Edit(start=f.end(), end=f.end(), replacement=_NBSP, rule=NUMBERS) for f in _GLUED.finditer(text))
    for phone in _PHONE.finditer(text):
        for at in range(phone.start(), phone.end()):
            if text[at] == " ":
                yield Edit(start=at, end=at + 1, replacement=_NBSP, rule=NUMBERS)
    yield from _bound(text, bindings, NUMBERS)


def short_word_edits(text: str) -> Iterator[Edit]:
    """Yield edits for Russian particles, which stay with the word before, and short words with the one behind."""
    yield from _bound(text, ((_PARTICLE, False), (_SHORT_WORD, False)), SHORT)


def _bound(text: str, bindings: Iterable[tuple[re.Pattern[str], bool]], rule: str) -> Iterator[Edit]:
    """Yield edits that bind gaps, the bindings in the order of their weight, while pieces stay short."""
    now = list(text)
    for pattern, must in bindings:
        for found in pattern.finditer(text):
            name = "gap2" if "gap2" in pattern.groupindex and found["gap2"] is not None else "gap"
            start, end = found.span(name)
            if start < end and now[start] == _NBSP:
                continue
            if must or _piece(now, start) <= LONGEST:
                if start < end:
                    now[start] = _NBSP
                yield Edit(start=start, end=end, replacement=_NBSP, rule=rule)


def _piece(now: list[str], gap: int) -> int:
    """Return how many characters would hang together if `gap` were bound; no more than is needed to refuse."""
    first, last = gap, gap + 1
    while first > 0 and gap - first <= LONGEST and now[first - 1] not in " \n\t":
        first -= 1
    while last < len(now) and last - gap <= LONGEST and now[last] not in " \n\t":
        last += 1
    return last - first
