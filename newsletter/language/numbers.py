"""Numbers as Russian press texts write them: figures with scales and bounds, ratios, shares and counts in words."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

from newsletter.language.table import words

Bound = Literal["", "more", "less", "about"]

_SPACE = "[ \u00a0\u202f]"
NUMBER = rf"(?:\d{{1,3}}(?:{_SPACE}\d{{3}})+(?!\d)(?:,\d+)?|\d+(?:[.,]\d+)?)"
_DOT = r"(?:\.(?=\s*(?-i:[а-яё$€₽])))?"  # the full stop of a sentence is no part of an abbreviation
SCALE = (
    rf"(?:тыс{_DOT}|тысяч[аиу]?|млн{_DOT}|миллион(?:а|ов)?|млрд{_DOT}|миллиард(?:а|ов)?|трлн{_DOT}|триллион(?:а|ов)?)"
    r"(?![а-яё])"
)
_SCALES = {"тыс": 3, "млн": 6, "мил": 6, "трл": 12, "три": 12}

_BOUNDS: dict[str, Bound] = {
    "более чем": "more",
    "больше чем": "more",
    "не менее чем": "more",
    "не менее": "more",
    "не меньше": "more",
    "как минимум": "more",
    "более": "more",
    "больше": "more",
    "свыше": "more",
    "менее чем": "less",
    "не более чем": "less",
    "не более": "less",
    "не больше": "less",
    "менее": "less",
    "меньше": "less",
    "максимум": "less",
    "до": "less",
    "около": "about",
    "почти": "about",
    "порядка": "about",
    "примерно": "about",
    "приблизительно": "about",
}
BOUND = "(?:" + "|".join(re.escape(bound) for bound in sorted(_BOUNDS, key=len, reverse=True)) + ")"

_TENS = {
    "двадцать": 20,
    "тридцать": 30,
    "сорок": 40,
    "пятьдесят": 50,
    "шестьдесят": 60,
    "семьдесят": 70,
    "восемьдесят": 80,
    "девяносто": 90,
}
_TEENS = words("""
десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать
""")
_UNITS = {"один": 1, "одна": 1, "два": 2, "две": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "семь": 7}
_UNITS |= {"восемь": 8, "девять": 9}
_HUNDREDS = {"сто": 100, "двести": 200, "триста": 300, "четыреста": 400, "пятьсот": 500}
# Small counts in words («три линии») are how people talk, not figures: ten and more count.
COUNT_WORDS: dict[str, int] = {**{word: 10 + at for at, word in enumerate(_TEENS)}, **_TENS, **_HUNDREDS}
COUNT_WORD = (
    "(?:(?:"
    + "|".join([*_TENS, *_HUNDREDS])
    + ")(?: (?:"
    + "|".join(_UNITS)
    + "))?|"
    + "|".join(_TEENS)
    + ")(?![а-яё])"
)

TIMES_WORDS: dict[str, Decimal] = {
    "полтора": Decimal("1.5"),
    "два": Decimal(2),
    "три": Decimal(3),
    "четыре": Decimal(4),
    "пять": Decimal(5),
    "шесть": Decimal(6),
    "семь": Decimal(7),
    "восемь": Decimal(8),
    "девять": Decimal(9),
    "десять": Decimal(10),
}
FOLD: dict[str, Decimal] = {
    "вдвое": Decimal(2),
    "втрое": Decimal(3),
    "вчетверо": Decimal(4),
    "впятеро": Decimal(5),
    "вшестеро": Decimal(6),
}
# Stems of ordinals; every case and gender of them says the same share.
ORDINALS: dict[str, int] = {
    "втор": 2,
    "трет": 3,
    "четверт": 4,
    "четвёрт": 4,
    "пят": 5,
    "шест": 6,
    "седьм": 7,
    "восьм": 8,
    "девят": 9,
    "десят": 10,
    "двадцат": 20,
    "сот": 100,
}
ORDINAL = "(?:" + "|".join(ORDINALS) + ")(?:ый|ий|ой|ая|ья|ое|ье|ого|ьего|ом|ьем|ьей|ую|ью|ому|ьему|ым|ьим)"


def value_of(number: str, scale: str = "") -> Decimal:
    """Return the value of a written number: "1,35" and "млрд" are 1350000000."""
    value = Decimal(re.sub(_SPACE, "", number).replace(",", "."))
    if not scale:
        return value
    power = 9 if scale.startswith(("млрд", "миллиард")) else _SCALES[scale[:3]]
    scaled = value * 10**power
    return Decimal(int(scaled)) if scaled == int(scaled) else scaled  # 248000000, never 2.48E+8


def bound_of(written: str) -> Bound:
    """Return which way a number is bounded by the words before it."""
    return _BOUNDS.get(" ".join(written.lower().split()), "")


def count_of(written: str) -> int:
    """Return the value of a count in words: "тридцать пять" is 35."""
    return sum(COUNT_WORDS.get(word, _UNITS.get(word, 0)) for word in written.lower().split())


def ordinal_of(written: str) -> int:
    """Return the number of an ordinal in any case: "восьмой" is 8."""
    return next((number for stem, number in ORDINALS.items() if written.lower().startswith(stem)), 0)
