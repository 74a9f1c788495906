"""Stretches of time as reports name them: «первый квартал 2021 года», «тот же период»."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from newsletter.language.table import words

_MONTH_NAMES = words("январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь")
_MONTH_STEMS = words("январ феврал март апрел ма[йяею] июн июл август сентябр октябр ноябр декабр")
_MONTH = (
    r"(?:(?:январ|феврал|апрел|июн|июл|сентябр|октябр|ноябр|декабр)(?:ем|ём|ь|я|е|ю)|(?:март|август)(?:ом|а|е|у)?"
    r"|ма(?:ем|й|я|е|ю))(?![а-яё])"
)
_YEAR = (
    r"(?:\s+(?:(?P<year>(?:19|20)\d\d)(?:[ \u00a0]*(?:год[а-я]*|г\.))?"
    r"|(?P<this>эт|текущ|нынешн)[а-я]+\s+год[а-я]*|(?P<last>прошл|минувш|предыдущ|прошедш)[а-я]+\s+год[а-я]*))"
)
_ORDINALS = ("перв", "втор", "трет", "четв")
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "1": 1, "2": 2, "3": 3, "4": 4}
_COUNTS = {
    "дв": 2,
    "тр": 3,
    "чет": 4,
    "пят": 5,
    "шест": 6,
    "сем": 7,
    "вос": 8,
    "девят": 9,
    "десят": 10,
    "один": 11,
}
_NTH = r"(?P<{0}>перв[а-я]+|втор[а-я]+|трет[а-я]+|четв[её]рт[а-я]+|IV|I{{1,3}}|[1-4](?:-[а-я]+)?)"
_COUNT = (
    r"(?P<months>дв[а-я]+|тр[а-яё]+|четыр[а-яё]+|пят[а-я]+|шест[а-я]+|сем[а-я]+|вос[а-я]+|девят[а-я]+|десят[а-я]+"
    r"|одиннадцат[а-я]+|\d{1,2})"
)
_SAME = (
    r"(?P<same>(?:аналогичн|соответствующ|сопоставим)[а-я]+\s+период[а-я]*|(?:тот|того|том|тем)\s+же\s+период[а-я]*)"
)
_PERIOD = re.compile(
    rf"\b(?:(?:{_NTH.format('quarter')}\s+квартал[а-я]*"
    rf"|{_NTH.format('half')}\s+полугоди[а-я]+"
    rf"|(?:перв[а-я]+\s+)?{_COUNT}\s+месяц[а-я]*"
    rf"|(?P<first>{_MONTH})(?:\s*[–—-]\s*(?P<final>{_MONTH}))?"
    rf"|{_SAME}){_YEAR}?"
    r"|(?P<ago>годом\s+ранее|год\s+назад|годом\s+раньше)"
    r"|(?P<lastyear>прошл[а-я]+|минувш[а-я]+|предыдущ[а-я]+)\s+год[а-я]*"
    r"|(?P<thisyear>эт[а-я]+|текущ[а-я]+|нынешн[а-я]+)\s+год[а-я]*"
    r"|(?P<only>(?:19|20)\d\d)(?:[ \u00a0]*(?:год[а-я]{0,3}|г\.)|-(?:й|м|го|му|е)(?![а-яё])))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of months in a year. Unknown parts are 0; `same` repeats the months of the period compared."""

    start: int  # where it stands in the text
    end: int
    words: str  # as written
    first: int = 0  # months, 1 … 12
    final: int = 0
    year: int = 0
    year_shift: int = 0  # -1: "прошлого года", when `year` is not known yet
    relative: bool = False  # the year is said in relation to another
    same: bool = False

    @property
    def name(self) -> str:
        """Return the period in the nominative: «первый квартал 2021 года»; without a known year as written."""
        months = (self.first, self.final)
        year = f" {self.year} года" if self.year else ""
        if not self.first or months == (1, 12):
            return f"{self.year} год" if self.year else self.words
        if "квартал" in self.words and months in _QUARTERS:
            return _QUARTERS[months] + year
        if "полугод" in self.words:
            return ("первое" if self.first == 1 else "второе") + " полугодие" + year
        first = _MONTH_NAMES[self.first - 1]
        return (first if self.first == self.final else f"{first}–{_MONTH_NAMES[self.final - 1]}") + year


_QUARTERS = {
    (1, 3): "первый квартал",
    (4, 6): "второй квартал",
    (7, 9): "третий квартал",
    (10, 12): "четвертый квартал",
}


def find_periods(text: str) -> Iterator[Period]:
    """Yield the periods in a text, in order. A day («5 июня») is none."""
    for found in _PERIOD.finditer(text):
        if found["first"] and re.search(r"\d\s*$", text[max(0, found.start() - 4) : found.start()]):
            continue
        months = _months(found)
        yield Period(
            start=found.start(),
            end=found.end(),
            words=" ".join(found.group().split()),
            first=months[0],
            final=months[1],
            year=int(found["year"] or found["only"] or 0),
            year_shift=-1 if found["last"] or found["lastyear"] or found["ago"] else 0,
            relative=bool(found["this"] or found["last"] or found["lastyear"] or found["thisyear"] or found["ago"])
            or bool(found["same"] and not found["year"]),
            same=bool(found["same"] or found["ago"]),
        )


def _months(found: re.Match[str]) -> tuple[int, int]:
    if found["quarter"]:
        nth = _nth(found["quarter"])
        return 3 * nth - 2, 3 * nth
    if found["half"]:
        return (1, 6) if _nth(found["half"]) == 1 else (7, 12)
    if found["months"]:
        count = _count(found["months"])
        return (1, count) if 1 <= count <= 12 else (0, 0)
    if found["first"]:
        first = _month(found["first"])
        return first, _month(found["final"]) if found["final"] else first
    if found["only"] or found["lastyear"] or found["thisyear"]:
        return 1, 12
    return 0, 0


def _nth(written: str) -> int:
    lower = written.lower()
    by_stem = next((at for at, stem in enumerate(_ORDINALS, 1) if lower.startswith(stem)), 0)
    return by_stem or _ROMAN.get(written.partition("-")[0].upper(), 0)


def _count(written: str) -> int:
    if written.isdigit():
        return int(written)
    lower = written.lower()
    if lower.startswith("двенадцат"):
        return 12
    return next((count for stem, count in _COUNTS.items() if lower.startswith(stem)), 0)


def _month(written: str) -> int:
    return next(at for at, stem in enumerate(_MONTH_STEMS, 1) if re.match(stem, written.lower()))


def resolved(period: Period, *, this_year: int, of: Period | None = None) -> Period:
    """Return a relative period with its year and months filled in: from `of`, the period it is compared with."""
    year = period.year
    if not year and period.relative:
        known = of.year if of is not None and of.year else this_year
        shift = period.year_shift or (-1 if period.same else 0)
        year = known + shift if known else 0
    first, final = period.first, period.final
    if period.same and of is not None:
        first, final = of.first, of.final
    return replace(period, year=year, first=first, final=final)
