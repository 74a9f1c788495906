"""Key figures in running text: money, measures, percentages, ratios, shares in words and counts, each as written.

How: one pattern a kind, tried in the order of `_rules`, the first to claim a stretch keeps it. Dates, times, ages,
durations, scores and numbers of houses and documents are no figures: nothing that follows is claimed by a pattern.
A range is one figure without a value; of a change from one value to another only the new one is a figure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from newsletter.content.change import SIGNS, Change, direction, earlier_value, implied_bound, is_reached
from newsletter.content.item import Bound, FigureKind
from newsletter.language.numbers import (
    BOUND,
    FOLD,
    NUMBER,
    OF_ABOVE,
    OF_BELOW,
    ORDINAL,
    SCALE,
    SCALED_NUMBER,
    TIMES_WORDS,
    WHOLE_OBLIQUE,
    bound_of,
    count_of,
    ordinal_of,
    part_of,
    power_of,
    value_of,
)
from newsletter.language.units import CURRENCY, HALVED, HALVES, MEASURE, NTHS, PARTS, THING, THIRDS, TIME

_GAP = "[ \u00a0\u202f]"
_PREFIX = rf"(?:\b(?P<bound>(?i:{BOUND}))\s+)?(?:\b(?P<prep>(?i:на|к|в|до))\s+)?"
_BEFORE = r"(?<![\d.,:№×xх/#A-Za-zА-Яа-яЁё–-])(?<![№#] )"
_NUMBER = (
    rf"{_BEFORE}(?P<from>(?i:от)\s+)?(?P<number>{SCALED_NUMBER})"
    rf"(?P<to>(?(from)(?:{_GAP}?(?P<scale1>{SCALE}))?\s+(?i:до)|\s?[–-])\s?(?P<number2>{SCALED_NUMBER}))?(?P<over>\s+с\s+лишним)?"
)
_SCALE = rf"(?:{_GAP}?(?P<scale>{SCALE})(?:{_GAP}(?P<rest>{NUMBER}){_GAP}?(?P<scale3>{SCALE}))?)?"
_SCALE_BEFORE = re.compile(rf"{SCALE}{_GAP}$", re.IGNORECASE)
_SHORT_SCALES = {3: "тыс.", 6: "млн", 9: "млрд", 12: "трлн"}
_PRICED = re.compile(
    r"(?:[–—]|\bсто(?:ит|ят|ил[аи]?)|составля[а-яё]+|обойд[а-яё]+|получа[а-яё]+|платят)\s+$", re.IGNORECASE
)
_COUNTS_OF = re.compile(
    r"(?:(?:ов|ев|ей|ий|иц|[её]к|ок)\s|заменено|принято|открыто|создано|построено|понадобится|осталось)"
)
_DENIED = re.compile(r"\bне\s+$")
_YEAR = re.compile(r"(?:19|20)\d\d")
_ORDINAL_BEFORE = re.compile(r"(?:перв|втор|последн|треть|прекрасн|лучш)[а-яё]+\s+$", re.IGNORECASE)
_COMPARATIVE = re.compile(r"(?:больше|меньше|выше|ниже|более|менее)", re.IGNORECASE)
# «Зал заполнен на 87%»: how far something is, no change.
_STATE = re.compile(
    r"(?:заполн|закры|готов|загру[жз]|обеспеч|выполн|укомплект|заверш|состо|оплач|заселен|засея|освоен|локализ|изношен|автоматизир"
    r"|разряж|заряж|оцифрова|газифицир|электрифицир|удовлетвор|покры|занят|освобожд|независим|использу)[а-яё]*"
    r"(?:\s+(?:[а-яё]+|[«А-ЯЁ][а-яё»]+))?\s+$",
    re.IGNORECASE,
)
_LOCATIVE = re.compile(r"(?:ах|ях|половине|трети|четверти)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A figure where it stands in a paragraph, before anything around it has been read."""

    start: int
    end: int
    kind: FigureKind
    value: Decimal | None
    unit: str
    number: str
    bound: Bound
    rule: str
    change: Change = ""  # the figure says by how much something changed
    earlier: tuple[int, int] = (0, 0)  # where the text says the value before: «с 310»


def find_figures(text: str) -> list[Found]:
    """Return the figures of a text in its order."""
    found: list[Found] = []
    for pattern, read in _rules():
        for match in pattern.finditer(text):
            figure = read(text, match)
            if figure is not None and _DENIED.search(text, max(0, figure.start - 4), figure.start) and not figure.bound:
                continue  # «не сто процентов»
            if figure is None or any(figure.start < other.end and other.start < figure.end for other in found):
                continue
            # What follows a scale is the end of a compound that no pattern read as a whole.
            if not _SCALE_BEFORE.search(text, max(0, figure.start - 20), figure.start):
                found.append(figure)
    return _without_earlier(text, sorted(found, key=lambda figure: figure.start))


def _without_earlier(text: str, found: Sequence[Found]) -> list[Found]:
    """Return figures without those that only tell the value before a change: «с 18%» of «с 18% до 7%»."""
    kept: list[Found] = []
    for figure in found:
        before = text[max(0, figure.start - 100) : figure.start]
        told = earlier_value(before)
        if told is None:
            kept.append(figure)
            continue
        at = figure.start - len(before)
        earlier = at + told.start("from"), at + told.end("from")
        kept = [other for other in kept if other.start < earlier[0]]
        kept.append(replace(figure, earlier=earlier))
    return kept


def _span(text: str, match: re.Match[str], *, share: bool) -> tuple[int, int, Bound, Change]:
    """Return where a figure starts and ends, its bound, and whether it is a change. «вырос до 5 млн» is no bound."""
    start = match.start()
    bound = bound_of(match["bound"] or "")
    if (match["prep"] or "").lower() == "на" and _COMPARATIVE.fullmatch(match["bound"] or ""):
        bound, start = "", match.start("prep")  # «соли стало меньше на 30%»
    before = text[max(0, start - 100) : start]
    if bound == "less" and (match["bound"] or "").lower() == "до" and is_reached(before):
        bound, start = "", _after(match, "bound")
    change: Change = ""
    prep = (match["prep"] or "").lower()
    if prep == "на":
        change = direction(before, text[match.end() : match.end() + 40], near=not share)
        if not change and share and not _LOCATIVE.search(match.group()) and not _STATE.search(before):
            change = "unknown"
    if prep and not bound and not change:
        start = _after(match, "prep")
    if start == match.start() and "from" in match.re.groupindex and match["from"] and not match["to"]:
        if match.groupdict().get("unit") and _PRICED.search(before):  # «билет – от 400 рублей»
            bound = "more"
        else:
            start = _after(match, "from")
    if match.groupdict().get("over"):
        bound = "more"
    return start, match.end(), bound or implied_bound(text[max(0, start - 60) : start]), change


def _after(match: re.Match[str], group: str) -> int:
    end = match.end(group)
    return end + len(match.string[end:]) - len(match.string[end:].lstrip())


def _written(match: re.Match[str]) -> tuple[str, str, Decimal | None]:
    """Return the number as a card shows it, its scale, and its value (none for a range)."""
    groups = match.groupdict()
    number, scale = _digits(match["number"]), groups.get("scale") or ""
    if scale and power_of(scale) < 3:  # «два десятка»
        value = value_of(match["number"], scale)
        return str(value), "", value
    if scale and not match["number"][0].isdigit():
        scale = _SHORT_SCALES[power_of(scale)]  # «двух тысяч» is 2 тыс., whatever its case
    if match["to"]:
        if groups.get("scale1") and groups["scale1"] != scale:  # «от 800 тыс. до 1,2 млн»
            return f"{number} {groups['scale1']} – {_digits(match['number2'])}", scale, None
        return f"{number}–{_digits(match['number2'])}", scale, None
    value = value_of(match["number"], scale)
    if groups.get("rest"):  # «1 миллиард 46 миллионов» is 1,046 млрд
        power = power_of(scale)
        value += value_of(groups["rest"] or "", groups["scale3"] or "")
        return format((value / 10**power).normalize(), "f").replace(".", ","), _SHORT_SCALES[power], value
    return number, scale, value


def _digits(number: str) -> str:
    if number[0].isdigit():
        return number
    value = value_of(number)
    return f"{value:,}".replace(",", "\u00a0") if value >= 1000 else str(value).replace(".", ",")


def _means_many(match: re.Match[str]) -> bool:
    """Claim that a word of a scale is no number: «тысячи людей», but «более тысячи людей»."""
    return match["number"] is not None and match["number"].lower() in WHOLE_OBLIQUE and not match["bound"]


def _amount(text: str, match: re.Match[str], *, rule: str, unit: str) -> Found | None:
    if _means_many(match):
        return None
    number, scale, value = _written(match)
    start, end, bound, change = _span(text, match, share=False)
    if match.groupdict().get("kopecks") and value is not None:
        value += Decimal(match["kopecks"]) / 100
        number += f",{int(match['kopecks']):02}"
    return Found(
        start=start,
        end=end,
        kind="amount",
        value=value,
        unit=" ".join(part for part in (scale, unit) if part),
        number=SIGNS[change] + number,
        bound=bound,
        rule=rule,
        change=change,
    )


def _money(text: str, match: re.Match[str]) -> Found | None:
    return _amount(text, match, rule="figure-money", unit=match["unit"])


def _scaled(text: str, match: re.Match[str]) -> Found | None:
    """Return «76 млн», of which the text does not say what it counts: mostly money."""
    more = re.match(rf"{_GAP}(?:\d|раз\b|{TIME})", text[match.end() :])  # «1 миллион 250 тысяч 400 рублей»
    return _amount(text, match, rule="figure-scaled", unit="") if match["scale"] and not more else None


def _measure(text: str, match: re.Match[str]) -> Found | None:
    if match["unit"] == "г" and _YEAR.fullmatch(match["number"]):
        return None
    return _amount(text, match, rule="figure-measure", unit=match["unit"])


def _percent(text: str, match: re.Match[str]) -> Found:
    number, _, value = ("0,5", "", Decimal("0.5")) if match["half"] else _written(match)
    start, end, bound, change = _span(text, match, share=True)
    share = None if value is None else value / 100
    unit = "п. п." if match["points"] else "%"
    shown = f"{SIGNS[change]}{number} {unit}"
    return replace(_share(start, end, share, shown, bound), unit=unit, rule="figure-percent", change=change)


def _ratio(text: str, match: re.Match[str]) -> Found:
    bound = bound_of(match["bound"] or "")
    if match["fold"]:
        value: Decimal | None = FOLD[match["fold"].lower()]
    elif match["word"]:
        value = TIMES_WORDS[match["word"].lower()] + (Decimal("0.5") if match["half"] else 0)
        value = None if match["word2"] else value
    else:
        value = None if match["to"] else value_of(match["number"])
    shown = f"{match['number']}–{match['number2']}" if match["to"] else str(value).replace(".", ",")
    if match["word2"]:
        shown = "–".join(str(TIMES_WORDS[match[word].lower()]).replace(".", ",") for word in ("word", "word2"))
    unit = "" if match["fold"] else match["unit"]
    return Found(
        start=match.start(),
        end=match.end(),
        kind="ratio",
        value=value,
        unit=unit,
        number=f"×{shown}",
        bound=bound,
        rule="figure-ratio",
    )


def _every(text: str, match: re.Match[str]) -> Found | None:
    nth = ordinal_of(match["nth"])
    if not nth:
        return None
    value = round(Decimal(1) / nth, 4)
    return _share(match.start(), match.end(), value, f"1 из {nth}", bound_of(match["bound"] or ""))


def _of_several(text: str, match: re.Match[str]) -> Found | None:
    above, below = part_of(match["above"], match["below"])
    if not 0 < above < below:
        return None
    value = round(Decimal(above) / below, 4)
    return _share(match.start(), match.end(), value, f"{above} из {below}", bound_of(match["bound"] or ""))


def _fraction(text: str, match: re.Match[str]) -> Found | None:
    start, end, bound, change = _span(text, match, share=True)
    whole = match["fraction"] or match["thirds"] or match["part"] or match["halved"] or match["nths"]
    if _ORDINAL_BEFORE.search(text[:start]) and match["fraction"]:
        return None
    lower = whole.lower()
    if match["halved"]:
        change = change or direction(text[max(0, start - 100) : start], text[end : end + 40], near=False)
    if match["nths"]:
        above, below = count_of(match["above"]), ordinal_of(match["nths"])
    elif match["part"]:
        above, below = 1, ordinal_of(lower)
    elif match["thirds"]:
        above, below = (2, 3) if "трет" in lower else (3, 4)
    else:
        above, below = 1, 2 if match["halved"] or lower.startswith("пол") else 3 if lower.startswith("тр") else 4
    if not below:
        return None
    shown = f"{SIGNS[change]}{above}/{below}"
    return replace(_share(start, end, round(Decimal(above) / below, 4), shown, bound), change=change)


def _of_digits(text: str, match: re.Match[str]) -> Found | None:
    above, below = int(match["above"]), int(match["below"])
    if not 0 < above < below or not (below <= 20 or below in {100, 1000}):
        return None
    value = round(Decimal(above) / below, 4)
    return _share(match.start(), match.end(), value, f"{above} из {below}", bound_of(match["bound"] or ""))


def _bare(text: str, match: re.Match[str]) -> Found | None:
    """Return a number whose sentence says before it what it counts: «число резидентов достигло 73»."""
    number, scale, value = _written(match)
    start = match.start("number")
    bound = bound_of(match["bound"] or "")
    alone = match["number"][0].isalpha() and value_of(match["number"], scale) >= 11
    if not (match["counted"] or match["were"] or alone):
        return None
    if bound == "less" and match["bound"].lower() == "до" and is_reached(text[max(0, start - 100) : start]):
        bound = ""
    elif bound:
        start = match.start("bound")
    if _means_many(match) or (not match["counted"] and not alone and _is_no_amount(number, scale, match["were"] or "")):
        return None
    shown, implied = f"{number} {scale}".strip(), implied_bound(text[max(0, start - 60) : start])
    return Found(
        start=start,
        end=match.end(),
        kind="count",
        value=value,
        unit=scale,
        number=shown,
        bound=bound or implied,
        rule="figure-bare",
    )


def _is_no_amount(number: str, scale: str, told: str) -> bool:
    """Claim that a number behind a verb may be a year or a day: «перенесено 14», but «заявок принято 14»."""
    small = scale or re.fullmatch(r"\d{1,2}", number)  # «было 21,5 млрд»: of what, is not said
    return bool(_YEAR.fullmatch(number) or (small and not _COUNTS_OF.search(told)))


def _share(start: int, end: int, value: Decimal | None, number: str, bound: Bound) -> Found:
    return Found(
        start=start, end=end, kind="share", value=value, unit="", number=number, bound=bound, rule="figure-share"
    )


def _count(text: str, match: re.Match[str]) -> Found | None:
    start, end, bound, change = _span(text, match, share=False)
    number, scale, value = _written(match)
    if _means_many(match) or (
        _YEAR.fullmatch(number)
        and not scale
        and not re.search(r"(?:ов|ев|ей|ий|[её]к|ниц|мест|человек)$", match["unit"])
    ):
        return None  # «тысячи людей», or a year somebody wrote without «год»
    shown = f"{number} {scale}".strip()
    return Found(
        start=start,
        end=end,
        kind="count",
        value=value,
        unit=match["unit"],
        number=SIGNS[change] + shown,
        bound=bound,
        rule="figure-count",
        change=change,
    )


def _pattern(inside: str) -> re.Pattern[str]:
    return re.compile(inside, re.IGNORECASE)


_TIMES = "|".join(TIMES_WORDS)
_BARE = (
    rf"(?:\b(?P<bound>{BOUND})\s+)?{_NUMBER}{_SCALE}"
    r"(?=\s*(?:[.,;:!?)»–—]|$|\s(?:и|а|но|в|на|за|против|вместо|по|из)\s))(?![.,]\d)"
)
_COUNTED = r"(?:числ[оа]|количеств[оа]|численност[ьи]|штат|парк|тираж|вместимост[ьи]|посещаемост[ьи]|население|сч[её]т)"
_REACHES = (
    r"(?:составил[аои]?|составля[ею]т|составит|достиг(?:л[аои])?|достигнет|превысил[аои]?|превышает|превысит"
    r"|(?:вырос(?:л[аои])?|увеличил(?:ся|ась|ось|ись)|сократил(?:ся|ась|ось|ись)|снизил(?:ся|ась|ось|ись)"
    r"|расширил(?:ся|ась|ось|ись)|довели|поднял(?:ся|ась|ось|ись))(?=\s+до)|равн[аоы]|[–—])"
)
_WERE = (
    r"(?P<were>(?!длит|продл)(?:[а-яё]{3,}(?:ов|ев|ей|ий|иц|[её]к|ок)\s+)?(?!около|длит|продл)[а-яё]{2,}(?:ло|лось|ено|ано|ято|[ие]тся|дит|дят|дет)"
    r"(?:\s+(?:уже|всего|ещ[её]|пока))?)"
)
# A number in words with nothing to count beside it, at the end of what is said: «Не хватало сорока одного».
_SPELT = r"(?:^|(?<=[.!?«]\s)|(?<=«)|(?:ещ[её]|пока|уже|всего|только|лишь|\b(?!около)[а-яё]{3,}(?:ло|ла|ет|ит)))"
_KOPECKS = rf"(?:{_GAP}(?P<kopecks>\d{{1,2}}){_GAP}?(?:копе[а-я]+|коп\.?))?"
_NO_RANGE = r"(?P<from>(?!))?(?P<to>(?!))?(?P<number2>(?!))?"
_BOUNDED = rf"(?:\b(?P<bound>{BOUND})\s+)?"
_Rule = tuple[re.Pattern[str], Callable[[str, re.Match[str]], Found | None]]


@cache
def _rules() -> Sequence[_Rule]:
    """Return the patterns in the order in which they claim stretches; made at first need, they take a while."""
    return (
        (_pattern(rf"{_PREFIX}{_NUMBER}{_SCALE}{_GAP}?(?P<unit>{CURRENCY}){_KOPECKS}"), _money),
        (_pattern(rf"{_PREFIX}(?P<unit>[$€£¥]){_GAP}?{_NO_RANGE}(?P<number>{NUMBER}){_SCALE}"), _money),
        (
            _pattern(
                rf"{_PREFIX}(?:\b(?P<half>пол(?=процента\b))|{_NUMBER}){_GAP}?(?:(?P<points>процентн[а-я]+\s+пункт[а-я]*|п\.\s?п\.?)|%|процент[а-я]*)(?!\w)"
            ),
            _percent,
        ),
        (
            _pattern(
                rf"{_BOUNDED}(?:\bв\s+(?:{_NUMBER}|(?P<word>{_TIMES})(?P<half>\s+с\s+половиной)?(?:\s?[–-]\s?(?P<word2>{_TIMES}))?)\s+(?P<unit>раза?)\b|\b(?P<fold>{'|'.join(FOLD)})\b)"
            ),
            _ratio,
        ),
        (re.compile(rf"{_PREFIX}{_NUMBER}{_SCALE}{_GAP}?(?P<unit>{MEASURE})"), _measure),
        (_pattern(rf"{_BOUNDED}\bкажд[а-я]{{2,3}}\s+(?P<nth>{ORDINAL})\b(?!\s+{TIME})"), _every),
        (
            _pattern(
                rf"{_BOUNDED}\b(?P<above>{OF_ABOVE})(?:\s+(?!{TIME})[а-яё]+)?\s+из\s+(?P<below>{OF_BELOW})(?![а-яё])"
            ),
            _of_several,
        ),
        (
            _pattern(
                rf"{_BOUNDED}{_BEFORE}(?P<above>\d{{1,3}})\s+из\s+(?:каждых\s+)?(?P<below>\d{{1,4}})(?![\d,%])(?!\s+(?:балл|очк|{TIME}))"
            ),
            _of_digits,
        ),
        (
            _pattern(
                rf"{_PREFIX}\b(?:{THIRDS}|{PARTS}|{HALVES}|{HALVED}|{NTHS})(?!\s+(?:века|часа|финал|дня|срока\s+в|второго|{TIME}))"
            ),
            _fraction,
        ),
        (re.compile(rf"{_PREFIX}{_NUMBER}{_SCALE}{_GAP}(?P<unit>{THING})"), _count),
        (
            _pattern(
                rf"(?:\b(?P<counted>{_COUNTED})\s[^.,;:!?\d–—]{{0,60}}?{_REACHES}\s+|\b{_WERE}\s+|{_SPELT}\s*){_BARE}"
            ),
            _bare,
        ),
        (_pattern(rf"{_PREFIX}{_NUMBER}{_SCALE}"), _scaled),
    )
