"""Numbers as Russian press texts write them: figures with scales and bounds, ratios, shares and counts in words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from newsletter.language.table import any_of, words

Bound = Literal["", "more", "less", "about"]

_SPACE = "[ \u00a0\u202f]"
# No more than seven groups: a page of «111 111 111 …» would be read again from each of them.
NUMBER = rf"(?:\d{{1,3}}(?:{_SPACE}\d{{3}}){{1,6}}(?!\d)(?:,\d+)?|\d+(?:[.,]\d+)?)"
_DOT = r"(?:\.(?=\s*(?-i:[а-яё$€₽])))?"  # the full stop of a sentence is no part of an abbreviation
SCALE = (
    rf"(?:тыс{_DOT}|тысяч(?:а|и|у|ам|ами|ах|ей)?|(?:млн|млрд|трлн){_DOT}"
    r"|(?:миллион|миллиард|триллион)(?:а|у|ом|е|ов|ам|ами|ах)?|десятк(?:а|ов|ам|ами|ах)|сот(?:ен|ни|ням|нями|нях))(?![а-яё])"
)
_SCALES = {"дес": 1, "сот": 2, "тыс": 3, "млн": 6, "мил": 6, "трл": 12, "три": 12}

_BOUNDS: dict[str, Bound] = {
    "более чем": "more",
    "больше чем": "more",
    "чуть больше": "more",
    "чуть более": "more",
    "немногим больше": "more",
    "немногим более": "more",
    "не ниже": "more",
    "минимум": "more",
    "не менее чем": "more",
    "не менее": "more",
    "не меньше": "more",
    "как минимум": "more",
    "более": "more",
    "больше": "more",
    "свыше": "more",
    "менее чем": "less",
    "меньше чем": "less",
    "чуть меньше": "less",
    "чуть менее": "less",
    "не выше": "less",
    "не свыше": "less",
    "не больше чем": "less",
    "не более чем": "less",
    "не более": "less",
    "не больше": "less",
    "менее": "less",
    "меньше": "less",
    "максимум": "less",
    "до": "less",
    "около": "about",
    "без малого": "about",
    "почти": "about",
    "порядка": "about",
    "примерно": "about",
    "приблизительно": "about",
}
BOUND = any_of(_BOUNDS)

_TENS = {
    **dict.fromkeys(words("двадцать двадцати двадцатью"), 20),
    **dict.fromkeys(words("тридцать тридцати тридцатью"), 30),
    **dict.fromkeys(words("сорок сорока"), 40),
    **dict.fromkeys(words("пятьдесят пятидесяти"), 50),
    **dict.fromkeys(words("шестьдесят шестидесяти"), 60),
    **dict.fromkeys(words("семьдесят семидесяти"), 70),
    **dict.fromkeys(words("восемьдесят восьмидесяти"), 80),
    **dict.fromkeys(words("девяносто девяноста"), 90),
}
_TEENS = words("""
десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать
""")
_UNITS = {"один": 1, "одна": 1, "два": 2, "две": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "семь": 7}
_UNITS |= {"восемь": 8, "девять": 9, "одного": 1, "одной": 1, "двух": 2, "трех": 3, "трёх": 3, "четырех": 4}
_UNITS |= {"четырёх": 4, "пяти": 5, "шести": 6, "семи": 7, "восьми": 8, "девяти": 9}
_HUNDREDS = {
    **dict.fromkeys(words("сто ста"), 100),
    **dict.fromkeys(words("двести двухсот"), 200),
    **dict.fromkeys(words("триста трехсот трёхсот"), 300),
    **dict.fromkeys(words("четыреста четырехсот четырёхсот"), 400),
    **dict.fromkeys(words("пятьсот пятисот"), 500),
    **dict.fromkeys(words("шестьсот шестисот"), 600),
    **dict.fromkeys(words("семьсот семисот"), 700),
    **dict.fromkeys(words("восемьсот восьмисот"), 800),
    **dict.fromkeys(words("девятьсот девятисот"), 900),
}
# Small counts in words («три линии») are how people talk, not figures: ten and more count.
COUNT_WORDS: dict[str, int] = {
    **{form: 10 + at for at, word in enumerate(_TEENS) for form in (word, word[:-1] + "и", word + "ю")},
    **_TENS,
    **_HUNDREDS,
}


def _any_of(listed: Iterable[str]) -> str:
    return any_of(listed) + "(?![а-яё])"


UNIT_WORD = _any_of(_UNITS)
_TEEN = _any_of(word for word, value in COUNT_WORDS.items() if 10 <= value < 20)
_BELOW_HUNDRED = rf"(?:{_any_of(_TENS)}(?: {_any_of(_UNITS)})?|{_TEEN})"
COUNT_WORD = rf"(?:{_any_of(_HUNDREDS)}(?: (?:{_BELOW_HUNDRED}|{_any_of(_UNITS)}))?|{_BELOW_HUNDRED})"

# One word that is a number with its scale. The oblique forms also mean «many»: they count only behind a bound.
WHOLE: dict[str, int] = {
    **dict.fromkeys(words("тысяча тысячу тысячей тысячи"), 1000),
    **dict.fromkeys(words("миллион миллиона миллионом"), 10**6),
    **dict.fromkeys(words("миллиард миллиарда миллиардом"), 10**9),
    **dict.fromkeys(words("сотня сотню сотней сотни"), 100),
    **dict.fromkeys(words("десяток десятка"), 10),
    **dict.fromkeys(words("полсотни полусотни"), 50),
    **dict.fromkeys(words("полтысячи полутысячи"), 500),
    **dict.fromkeys(words("полмиллиона полумиллиона"), 500_000),
    **dict.fromkeys(words("полмиллиарда полумиллиарда"), 500_000_000),
}
WHOLE_OBLIQUE = frozenset(words("тысячи миллиона миллиарда сотни десятка"))

# A unit in words counts only before a scale: «около шести тысяч человек».
_UNIT_FORMS: dict[str, Decimal] = {
    **dict.fromkeys(words("полторы полтора полутора"), Decimal("1.5")),
    **dict.fromkeys(words("одна один одну одной одного"), Decimal(1)),
    **dict.fromkeys(words("два две двух двум двумя"), Decimal(2)),
    **dict.fromkeys(words("три трех трёх трем трём тремя"), Decimal(3)),
    **dict.fromkeys(words("четыре четырех четырёх четырем четырём четырьмя"), Decimal(4)),
    **dict.fromkeys(words("пять пяти пятью"), Decimal(5)),
    **dict.fromkeys(words("шесть шести шестью"), Decimal(6)),
    **dict.fromkeys(words("семь семи семью"), Decimal(7)),
    **dict.fromkeys(words("восемь восьми восемью"), Decimal(8)),
    **dict.fromkeys(words("девять девяти девятью"), Decimal(9)),
    **dict.fromkeys(words("десять десяти десятью"), Decimal(10)),
}
_UNIT_FORM = _any_of(_UNIT_FORMS)
SCALED_NUMBER = (
    rf"(?:{NUMBER}|(?i:{COUNT_WORD}(?!{_SPACE}(?:с половиной|и более))|{_UNIT_FORM}(?: с половиной)?(?={_SPACE}{SCALE})"
    rf"|{_any_of(WHOLE)}(?!{_SPACE}{SCALE})))"
)

# «двое из пяти», «три человека из ста»: how many of how many, both in words. «Один из трёх» singles one out.
_OF_ABOVE = {"двое": 2, "две": 2, "два": 2, "трое": 3, "три": 3, "четверо": 4, "четыре": 4, "пятеро": 5, "пять": 5}
_OF_ABOVE |= {"шестеро": 6, "шесть": 6, "семеро": 7, "семь": 7, "восемь": 8, "девять": 9, "десять": 10}
_OF_BELOW = {"трех": 3, "трёх": 3, "четырех": 4, "четырёх": 4, "пяти": 5, "шести": 6, "семи": 7, "восьми": 8}
_OF_BELOW |= {"девяти": 9, "десяти": 10, "двадцати": 20, "ста": 100, "тысячи": 1000}
OF_ABOVE, OF_BELOW = "|".join(_OF_ABOVE), "|".join(_OF_BELOW)

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
    "одиннадцат": 11,
    "двенадцат": 12,
    "пятнадцат": 15,
    "двадцат": 20,
    "тридцат": 30,
    "сороков": 40,
    "пятидесят": 50,
    "сот": 100,
}
ORDINAL = (
    "(?:"
    + "|".join(sorted(ORDINALS, key=len, reverse=True))
    + ")(?:ый|ий|ой|ая|ья|ое|ье|ого|ьего|ом|ьем|ьей|ую|ью|ому|ьему|ым|ьим)"
)


def value_of(number: str, scale: str = "") -> Decimal:
    """Return the value of a written number: "1,35" and "млрд" are 1350000000, "шести" and "тысяч" 6000."""
    value = _worded(number) if number[0].isalpha() else Decimal(re.sub(_SPACE, "", number).replace(",", "."))
    if not scale:
        return value
    scaled = value * 10 ** power_of(scale)
    return Decimal(int(scaled)) if scaled == int(scaled) else scaled  # 248000000, never 2.48E+8


def _worded(number: str) -> Decimal:
    """Return the value of a number in words: "пяти с половиной", "двадцать пять", "полмиллиона"."""
    whole, half, _ = number.lower().partition(" с половиной")
    value = _UNIT_FORMS.get(whole, Decimal(WHOLE.get(whole, 0) or count_of(whole)))
    return value + Decimal("0.5") if half else value


def power_of(scale: str) -> int:
    """Return the power of ten of a scale: 9 for «млрд»."""
    lower = scale.lower()
    return 9 if lower.startswith(("млрд", "миллиард")) else _SCALES[lower[:3]]


def part_of(above: str, below: str) -> tuple[int, int]:
    """Return «двое» and «пяти» as 2 and 5; 0 for what is no such word."""
    return _OF_ABOVE.get(above.lower(), 0), _OF_BELOW.get(below.lower(), 0)


def leading_bound(written: str) -> str:
    """Return the whole of the words that bound a figure at its beginning: «не менее чем», «чуть больше»."""
    found = re.match(rf"{BOUND}(?=\s)", written, re.IGNORECASE)
    return found.group() if found else ""


def bound_of(written: str) -> Bound:
    """Return which way a number is bounded by the words before it."""
    return _BOUNDS.get(" ".join(written.lower().split()), "")


def count_of(written: str) -> int:
    """Return the value of a count in words: "тридцать пять" is 35."""
    return sum(COUNT_WORDS.get(word, _UNITS.get(word, 0)) for word in written.lower().split())


def ordinal_of(written: str) -> int:
    """Return the number of an ordinal in any case: "восьмой" is 8."""
    lower = written.lower()
    return next((ORDINALS[stem] for stem in sorted(ORDINALS, key=len, reverse=True) if lower.startswith(stem)), 0)
