"""One measure over the years, from an amount and the ratios that the item itself compares it by.

248 million now, 2.7 times last year's and 4.5 times that of the year before, is about 92 and about 55 million then.
Rounded to as many digits as the ratio has, marked as derived; nothing where the item leaves a doubt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from newsletter.content.facts import Told
from newsletter.content.item import Point, Series
from newsletter.language.periods import Period
from newsletter.language.sentences import sentences

_MORE = re.compile(
    r"^\s*(?:больше|выше|превыша|превысил|увелич|вырос)|(?:увелич|вырос|возрос)[а-яё]*\s*$", re.IGNORECASE
)
_LESS = re.compile(r"^\s*(?:меньше|ниже)|(?:сниз|сократ|упал|уменьш)[а-яё]*\s*(?:на|в)?\s*$", re.IGNORECASE)
_GROWN = re.compile(r"(?:увелич|вырос|возрос|подн)[а-яё]*(?:\s+на)?\s*$|^\s*(?:больше|выше)", re.IGNORECASE)
_SYNONYMS = (
    ("поставк", "экспорт", "отгруз", "вывоз", "постав"),
    ("инвестиц", "вложен", "капиталовлож"),
    ("выручк", "продаж", "оборот", "доход"),
)
_SIGNS = ("$", "€", "£", "¥")
_ANYTHING = ("показател", "объем", "объём", "сумм", "результат", "значени")
_SAME_STRETCH = re.compile(r"аналогичн|соответствующ|т(?:от|ого|ом|ем)\s+же|годом\s+ранее|год\s+назад", re.IGNORECASE)


def find_series(told: Sequence[Told]) -> Series | None:
    """Return the series of the first amount that its sentence compares with an earlier period; else None."""
    for mention in told:
        period = mention.around.period
        if mention.found.kind != "amount" or mention.found.rule != "figure-money" or mention.found.value is None:
            continue
        if mention.found.bound or mention.found.change or period is None or not period.year:
            continue
        points = _points(told, mention, period)
        if points:
            return _series(told, mention, period, points)
    return None


def _series(told: Sequence[Told], mention: Told, period: Period, points: dict[int, Point]) -> Series:
    found = mention.found
    value = found.value or Decimal(0)
    same = [one for one in told if one.found.value == found.value and one.found.kind == "amount" and one.around.names]
    text = mention.passage.words[found.start : found.end]
    stated = Point(label=str(period.year), value=value, text=text, derived=False)
    years = {**points, period.year: stated}
    return Series(
        measures=(same[0] if same else mention).around.measures,
        unit=found.unit,
        points=tuple(years[year] for year in sorted(years)),
    )


def _points(told: Sequence[Told], amount: Told, period: Period) -> dict[int, Point]:
    """Return the derived points by year."""
    points = _stated(told, amount, period)
    same = [one for one in told if one.found.kind == "amount" and one.found.value == amount.found.value]
    for mention in told:
        factor = _factor(mention)
        base = mention.around.base
        if factor is None or base is None or not 0 < base.year < period.year or base.year in points:
            continue
        if not _same_months(base, period, mention.around.comparison) or _states_other_amount(told, mention, amount):
            continue
        if any(_belongs(mention, one) and _same_measure(mention, one) for one in same):
            points[base.year] = _derived(amount, factor, base.year)
    return points


def _stated(told: Sequence[Told], amount: Told, period: Period) -> dict[int, Point]:
    """Return the earlier amounts that the sentence itself states: «… против 2,9 млрд рублей годом ранее»."""
    points: dict[int, Point] = {}
    for other in told:
        earlier = other.around.period
        beside = other.passage_number == amount.passage_number and _sentence(other) == _sentence(amount)
        if not beside or other.found.unit != amount.found.unit or other.found.value is None or other.found.bound:
            continue
        words = other.passage.words
        if not re.search(r"\bпротив\s+$", words[: other.found.start]) or earlier is None:
            continue
        if 0 < earlier.year < period.year and (earlier.first, earlier.final) == (period.first, period.final):
            text = words[other.found.start : other.found.end]
            points[earlier.year] = Point(label=str(earlier.year), value=other.found.value, text=text, derived=False)
    return points


def _sentence(mention: Told) -> int:
    spans = sentences(mention.passage.words)
    return next((at for at, (start, end) in enumerate(spans) if start <= mention.found.start < end), 0)


def _belongs(ratio: Told, amount: Told) -> bool:
    """Claim that a ratio speaks of an amount: it follows it in its sentence or in the one right after."""
    if ratio.passage_number == amount.passage_number:
        return ratio.found.start > amount.found.start and _sentence(ratio) - _sentence(amount) <= 1
    return ratio.passage_number == amount.passage_number + 1 and _sentence(ratio) == 0


def _same_measure(ratio: Told, amount: Told) -> bool:
    """Claim that both speak of one thing: «поставки» are exports, «число экспортеров» is not."""
    if _sentence(ratio) == _sentence(amount) and ratio.passage_number == amount.passage_number:
        return True
    subject = re.findall(r"[а-яё]{4,}", ratio.around.measures.lower())[:1]
    if not subject or subject[0].startswith(_ANYTHING):
        return bool(subject)
    start, end = sentences(amount.passage.words)[_sentence(amount)]
    sentence = amount.passage.words[start:end].lower()
    group = next((group for group in _SYNONYMS if subject[0].startswith(group)), (subject[0][:6],))
    return any(stem in sentence for stem in group)


def _states_other_amount(told: Sequence[Told], ratio: Told, amount: Told) -> bool:
    return any(
        other.passage_number == ratio.passage_number
        and _sentence(other) == _sentence(ratio)
        and other.found.kind == "amount"
        and other.found.value != amount.found.value
        for other in told
    )


def _factor(mention: Told) -> tuple[Decimal, int] | None:
    """Return by what the amount is to be divided, and how many digits of the result are worth showing."""
    found = mention.found
    if found.value is None or found.bound:
        return None
    words = mention.passage.words
    before, after = words[max(0, found.start - 40) : found.start], words[found.end : found.end + 40]
    digits = max(1, len(re.sub(r"\D", "", found.number)))
    if found.kind == "ratio" and (_MORE.search(after) or _MORE.search(before)) and not _LESS.search(after):
        return found.value, digits
    if found.kind == "share" and found.rule == "figure-percent" and (_GROWN.search(after) or _GROWN.search(before)):
        return 1 + found.value, digits + 1
    return None


def _same_months(base: Period, period: Period, comparison: str) -> bool:
    return bool(_SAME_STRETCH.search(comparison)) or (base.first, base.final) == (period.first, period.final)


def _derived(amount: Told, factor: tuple[Decimal, int], year: int) -> Point:
    found = amount.found
    ratio, digits = factor
    digits = min(digits, len(re.sub(r"\D", "", found.number)))
    value = _rounded((found.value or Decimal(0)) / ratio, digits)
    # In the amount's own unit: 248 млн рублей by 2.7 is ≈ 92 млн рублей.
    per_unit = (found.value or Decimal(0)) / Decimal(re.sub(r"[ \u00a0\u202f]", "", found.number).replace(",", "."))
    shown = format((value / per_unit).normalize(), "f").replace(".", ",")
    text = f"≈ {shown} {found.unit}".strip()
    if (sign := found.unit[-1:]) in _SIGNS and amount.passage.words[found.start : found.end].startswith(sign):
        text = f"≈ {sign}{shown} {found.unit[:-1]}".strip()  # as the item writes it: $1,2 млрд
    return Point(label=str(year), value=value, text=text, derived=True)


def _rounded(value: Decimal, digits: int) -> Decimal:
    """Return a value rounded to a number of significant digits, as a plain number."""
    step = Decimal(10) ** (value.adjusted() - digits + 1)
    rounded = (value / step).quantize(Decimal(1)) * step
    return Decimal(int(rounded)) if rounded == int(rounded) else rounded
