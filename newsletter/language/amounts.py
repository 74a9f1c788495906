"""Money, shares and growth said as a press text says them: «2,5 млрд рублей», «каждый шестой», «вдвое», «на четверть».

The other direction of `numbers.py`: what is said here is read there as the same value (shares to four digits, as
rules know them). Nothing is rounded: a number that has no short form is said in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from newsletter.language.plurals import plural

Number = Decimal | int | float

_NBSP = "\u00a0"
_MINUS = "\u2212"
_CURRENCIES: Mapping[str, tuple[tuple[str, str, str], tuple[str, str]]] = {
    "RUB": (("рубль", "рубля", "рублей"), ("rouble", "roubles")),
    "USD": (("доллар", "доллара", "долларов"), ("dollar", "dollars")),
    "EUR": (("евро", "евро", "евро"), ("euro", "euros")),
    "CNY": (("юань", "юаня", "юаней"), ("yuan", "yuan")),
    "KZT": (("тенге", "тенге", "тенге"), ("tenge", "tenge")),
}
_SCALES = ((12, "трлн", "trillion"), (9, "млрд", "billion"), (6, "млн", "million"))
_MAX_DECIMALS = 2  # before a scale: 2,57 млрд; with more the next lower scale says it
_CLOSE = Decimal("0.0001")  # a third is known as 0.3333

_PARTS: Mapping[Fraction, tuple[str, str, str]] = {  # nominative, accusative, English
    Fraction(1, 2): ("половина", "половину", "half"),
    Fraction(1, 3): ("треть", "треть", "a third"),
    Fraction(1, 4): ("четверть", "четверть", "a quarter"),
    Fraction(2, 3): ("две трети", "две трети", "two thirds"),
    Fraction(3, 4): ("три четверти", "три четверти", "three quarters"),
}
_ORDINALS: Mapping[int, tuple[str, str, str]] = {
    2: ("второй", "вторая", "second"),
    3: ("третий", "третья", "third"),
    4: ("четвёртый", "четвёртая", "fourth"),
    5: ("пятый", "пятая", "fifth"),
    6: ("шестой", "шестая", "sixth"),
    7: ("седьмой", "седьмая", "seventh"),
    8: ("восьмой", "восьмая", "eighth"),
    9: ("девятый", "девятая", "ninth"),
    10: ("десятый", "десятая", "tenth"),
    20: ("двадцатый", "двадцатая", "twentieth"),
    100: ("сотый", "сотая", "hundredth"),
}
_FOLD = {2: "вдвое", 3: "втрое", 4: "вчетверо", 5: "впятеро", 6: "вшестеро"}


def number_text(value: Number, lang: str = "ru") -> str:
    """Return a number in figures: "12 500,5" with no-break spaces from five digits on, "12,500.5" in English."""
    amount = _decimal(value)
    whole, _, rest = f"{abs(amount):f}".partition(".")
    rest = rest.rstrip("0")
    sign = _MINUS if amount < 0 else ""
    if not _is_russian(lang):
        return sign + f"{int(whole):,}" + (f".{rest}" if rest else "")
    grouped = f"{int(whole):,}".replace(",", _NBSP) if len(whole) > 4 else whole
    return sign + grouped + (f",{rest}" if rest else "")


def money(value: Number, currency: str = "RUB", lang: str = "ru") -> str:
    """Return "2,5 млрд рублей", "1 рубль", "1500,5 рубля". Raises ValueError for a currency that it does not know."""
    if currency not in _CURRENCIES:
        raise ValueError(f"money knows {', '.join(_CURRENCIES)}, not {currency!r}")
    amount = _decimal(value)
    russian, english = _CURRENCIES[currency]
    forms: tuple[str, ...] = russian if _is_russian(lang) else english
    for power, scale, english_scale in _SCALES:
        scaled = (amount / 10**power).normalize()
        if abs(scaled) >= 1 and _decimals(scaled) <= _MAX_DECIMALS and scaled * 10**power == amount:
            word = scale if _is_russian(lang) else english_scale
            return f"{number_text(scaled, lang)}{_NBSP}{word} {forms[-1]}"
    return f"{number_text(amount, lang)}{_NBSP}{plural(amount.normalize() if amount % 1 else int(amount), *forms)}"


def share(value: Number, form: str = "part", lang: str = "ru") -> str:
    """Return a share in words where it has some, else in per cent.

    `form`: "part" («треть», "a third"), "by" («на треть», "by a third"), "each" («каждый третий», "one in three") or
    "each-f" («каждая третья»). Raises ValueError for another form.
    """
    if form not in {"part", "by", "each", "each-f"}:
        raise ValueError(f'share has the forms "part", "by", "each" and "each-f", not {form!r}')
    amount = _decimal(value)
    russian = _is_russian(lang)
    if form.startswith("each") and (number := _one_in(amount)):
        masculine, feminine, _ = _ORDINALS[number]
        if not russian:
            return f"one in {number}"
        return f"каждый {masculine}" if form == "each" else f"каждая {feminine}"
    by = ("на " if russian else "by ") if form == "by" else ""
    return by + (_part(amount, russian=russian, accusative=form == "by") or _percent(amount, lang))


def times(ratio: Number, lang: str = "ru") -> str:
    """Return a ratio as growth is said: «вдвое», «в полтора раза», «в 2,7 раза», "twofold", "2.7 times"."""
    amount = _decimal(ratio)
    if not _is_russian(lang):
        return f"{number_text(amount, lang)} {plural(amount, 'time', 'times')}"
    if amount in _FOLD:
        return _FOLD[int(amount)]
    if amount == Decimal("1.5"):
        return "в полтора раза"
    counted = amount if amount % 1 else int(amount)
    return f"в {number_text(amount)}{_NBSP}{plural(counted, 'раз', 'раза', 'раз')}"


def _part(amount: Decimal, *, russian: bool, accusative: bool) -> str:
    for part, (nominative, changed, english) in _PARTS.items():
        if _is_close(amount, part):
            return english if not russian else changed if accusative else nominative
    return ""


def _one_in(amount: Decimal) -> int:
    return next((number for number in _ORDINALS if _is_close(amount, Fraction(1, number))), 0)


def _is_close(amount: Decimal, part: Fraction) -> bool:
    return abs(amount - Decimal(part.numerator) / part.denominator) < _CLOSE


def _percent(amount: Decimal, lang: str) -> str:
    gap = _NBSP if _is_russian(lang) else ""
    return f"{number_text((amount * 100).normalize(), lang)}{gap}%"


def _decimals(amount: Decimal) -> int:
    return max(-int(amount.as_tuple().exponent), 0)


def _decimal(value: Number) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ValueError(f"{value!r} is no number that can be said")
    return amount


def _is_russian(lang: str) -> bool:
    return lang.partition("-")[0] == "ru"
