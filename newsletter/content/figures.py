"""Key figures in running text: money, measures, percentages, ratios, shares in words and counts, each as written.

How: one pattern a kind, tried in the order of `_RULES`, the first to claim a stretch keeps it. Dates, times, ages,
durations, scores and numbers of houses and documents are no figures: nothing that follows is claimed by a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from newsletter.content.item import Bound, FigureKind
from newsletter.language.numbers import (
    BOUND,
    COUNT_WORD,
    FOLD,
    NUMBER,
    ORDINAL,
    SCALE,
    TIMES_WORDS,
    bound_of,
    count_of,
    ordinal_of,
    value_of,
)

_GAP = "[ \u00a0\u202f]"
_PREFIX = rf"(?:\b(?P<bound>(?i:{BOUND}))\s+)?(?:\b(?P<prep>(?i:на|к|в|до))\s+)?"
_BEFORE = r"(?<![\d.,:№×xх/#A-Za-zА-Яа-яЁё–-])(?<![№#] )"
_NUMBER = rf"{_BEFORE}(?P<number>{NUMBER})(?P<to>\s?[–-]\s?(?P<number2>{NUMBER}))?"
_SCALE = rf"(?:{_GAP}?(?P<scale>{SCALE}))?"
_CURRENCY = (
    r"(?:рубл[а-я]+|руб\.?|₽|долл(?:ар[а-я]*|\.)(?:\s+США)?|\$|евро|€|юан[а-я]+|тенге|иен[а-я]?"
    r"|фунт[а-я]*(?:\s+стерлингов)?|драм[а-я]*)(?![а-яё])"
)
_MEASURE = (
    r"(?:кв\.\s?(?:километр[а-я]*|км|метр[а-я]*|м)|куб\.\s?(?:метр[а-я]*|м)|(?:квадратн|кубическ|погонн)[а-я]+\s+"
    r"(?:кило)?метр[а-я]*|кубометр[а-я]*|м[²³]|га|гектар[а-я]*|км²|км|километр[а-я]*|метр[а-я]*|м|см|мм|тонн[а-я]*|т"
    r"|кг|килограмм[а-я]*|литр[а-я]*|баррел[а-я]+|[кМГТ]Вт(?:[·∙-]?ч)?|(?:мега|кило|гига)ватт[а-я]*(?:-час[а-я]*)?"
    r"|МВА|кВА|[ГМТ]бит[а-я]*(?:/с)?|[ГТМ]Б|(?:мега|гига|тера)байт[а-я]*|процентн[а-я]+\s+пункт[а-я]*|п\.\s?п\.)(?![А-Яа-яё])"
)
_TIME = (
    r"(?:лет|год[а-я]*|месяц[а-я]*|недел[а-я]*|дн[а-я]{1,3}|день|суток|сутки|час[а-я]*|минут[а-я]*|секунд[а-я]*|век[а-я]*"
    r"|квартал[а-я]*|полугоди[а-я]+|утра|вечера|ночи|январ[а-я]+|феврал[а-я]+|март[а-я]?|апрел[а-я]+|ма[йяею]|июн[а-я]"
    r"|июл[а-я]|август[а-я]?|сентябр[а-я]|октябр[а-я]|ноябр[а-я]|декабр[а-я])(?![а-яё])"
)
_NO_COUNT = (
    rf"(?!{_TIME})(?!{SCALE})(?!(?:раз[а]?|этаж[а-я]*|мест[ое]м?|градус[а-я]*|числ[а-я]+|класс[а-я]*|курс[а-я]*|балл[а-я]*|очк[а-я]+"
    r"|номер[а-я]*|процент[а-я]*|лет[а-я]+|из|на|по|в|и|или|от|до|за|как|при|для|с|со|у|к|ко|о|об|не|это|уже|также)(?![а-яё]))"
)
_ADJECTIVE = r"[а-яё-]+(?:ых|их|ого|его|ой|ей|ая|яя|ую|юю|ым|им|ыми|ими|ому|ему|ое|ее|ые|ие|ый|ий)"
_SUBSTANTIVE = "(?:рабочих|служащих|больных|военных|пострадавших|взрослых|безработных|учащихся|ученых|учёных)"
# No genitive plural of a thing counted ends like these: «12 миллионов выделил».
_VERB_FORM = (
    r"(?:[а-яё]{2,}(?:[иаеу]л[аои]?|[иаеу]ли|ял[аио]?|[ая]ют|[ауи]ет|[ие]тся|лся|лась|лись|лось|ится))(?![а-яё])"
)
_NOUN = (
    rf"(?:{_SUBSTANTIVE}(?!{_GAP}(?:мест|специальност|дней|групп|профессий))"
    rf"|{_NO_COUNT}(?:{_ADJECTIVE}{_GAP}(?={_NO_COUNT}[а-яё])){{0,2}}(?!{_VERB_FORM}){_NO_COUNT}[а-яё-]{{3,}})(?![а-яё-])"
)
_HALVES = r"(?P<fraction>половин[ауыеой]{1,2}|трет[ьи]ю?|четверт[ьи]ю?)(?![а-яё])"
_THIRDS = r"(?P<thirds>(?:две|двух|двум|двумя)\s+трет[а-яё]+|(?:три|трех|трёх|трем|тремя)\s+четверт[а-яё]+)(?![а-яё])"
_PARTS = rf"(?:одн[а-я]+\s+)?(?P<part>{ORDINAL})\s+(?:част[а-я]+|дол[а-я]+)(?![а-яё])"
_CHANGED = re.compile(
    r"(?:вырос|увелич|сниз|сниж|сократ|упал|упас|прибав|подорож|подешев|подрос|прирос|уменьш)[а-яё]*\s*$"
)
_REACHED = re.compile(
    r"(?:вырос|увелич|сниз|сниж|сократ|упал|достиг|достич|довест|довел|подня|подним|расшир|уменьш|возраст|возрос|нараст"
    r"|вырас|прибав)[а-яё]*",
    re.IGNORECASE,
)
_FROM = re.compile(rf"\bсо?\s+{NUMBER}[^.!?;]{{0,25}}$")
_EXCEEDED = re.compile(r"превы(?:с|ш)[а-яё]+\s*$", re.IGNORECASE)
_ORDINAL_BEFORE = re.compile(r"(?:перв|втор|последн|треть|прекрасн|лучш)[а-яё]+\s+$", re.IGNORECASE)


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


def find_figures(text: str) -> list[Found]:
    """Return the figures of a text in its order."""
    found: list[Found] = []
    for pattern, read in _RULES:
        for match in pattern.finditer(text):
            figure = read(text, match)
            if figure is not None and not any(figure.start < other.end and other.start < figure.end for other in found):
                found.append(figure)
    return sorted(found, key=lambda figure: figure.start)


def _span(text: str, match: re.Match[str], *, keep_prep: bool) -> tuple[int, int, Bound]:
    """Return where a figure starts and ends with its bound. «вырос до 5 млн» and «с 18% до 7%» are no bounds."""
    start = match.start()
    bound = bound_of(match["bound"] or "")
    before = text[max(0, start - 100) : start]
    if (
        bound == "less"
        and (match["bound"] or "").lower() == "до"
        and (_REACHED.search(_sentence(before)) or _FROM.search(before))
    ):
        bound, start = "", _after(match, "bound")
    if match["prep"]:
        at = match.start("prep")
        wanted = keep_prep or bool(bound) or bool(_CHANGED.search(text[max(0, at - 40) : at]))
        if match["prep"].lower() in {"в", "до"} or not wanted or (match["prep"].lower() == "к" and not bound):
            start = _after(match, "prep") if not bound else start
    if not bound and _EXCEEDED.search(before):
        bound = "more"
    return start, match.end(), bound


def _sentence(before: str) -> str:
    """Return the end of what stands before a figure, from the last full stop on."""
    return re.split(r"[.!?…]\s", before)[-1]


def _after(match: re.Match[str], group: str) -> int:
    end = match.end(group)
    return end + len(match.string[end:]) - len(match.string[end:].lstrip())


def _written(match: re.Match[str]) -> tuple[str, str, Decimal | None]:
    """Return the number as a card shows it, its scale, and its value (none for a range)."""
    number, scale = match["number"], (match["scale"] or "" if "scale" in match.re.groupindex else "")
    if match["to"]:
        return f"{number}–{match['number2']}", scale, None
    return number, scale, value_of(number, scale)


def _amount(text: str, match: re.Match[str], *, rule: str) -> Found:
    number, scale, value = _written(match)
    start, end, bound = _span(text, match, keep_prep=False)
    unit = " ".join(part for part in (scale, match["unit"]) if part)
    return Found(start=start, end=end, kind="amount", value=value, unit=unit, number=number, bound=bound, rule=rule)


def _money(text: str, match: re.Match[str]) -> Found:
    return _amount(text, match, rule="figure-money")


def _scaled(text: str, match: re.Match[str]) -> Found:
    """Return «76 млн», of which the text does not say what it counts: mostly money."""
    number, _, value = _written(match)
    start, end, bound = _span(text, match, keep_prep=False)
    unit = match["unit"]
    value = None if value is None else value_of(match["number"], unit)
    return Found(
        start=start, end=end, kind="amount", value=value, unit=unit, number=number, bound=bound, rule="figure-scaled"
    )


def _measure(text: str, match: re.Match[str]) -> Found:
    return _amount(text, match, rule="figure-measure")


def _percent(text: str, match: re.Match[str]) -> Found:
    number, _, value = _written(match)
    start, end, bound = _span(text, match, keep_prep=True)
    share = None if value is None else value / 100
    return Found(
        start=start,
        end=end,
        kind="share",
        value=share,
        unit="%",
        number=f"{number} %",
        bound=bound,
        rule="figure-percent",
    )


def _ratio(text: str, match: re.Match[str]) -> Found:
    bound = bound_of(match["bound"] or "")
    if match["fold"]:
        value: Decimal | None = FOLD[match["fold"].lower()]
    elif match["word"]:
        value = TIMES_WORDS[match["word"].lower()]
    else:
        value = None if match["to"] else value_of(match["number"])
    shown = f"{match['number']}–{match['number2']}" if match["to"] else str(value).replace(".", ",")
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


def _fraction(text: str, match: re.Match[str]) -> Found | None:
    start, end, bound = _span(text, match, keep_prep=True)
    whole = match["fraction"] or match["thirds"] or match["part"]
    if _ORDINAL_BEFORE.search(text[:start]) and match["fraction"]:
        return None
    lower = whole.lower()
    if match["part"]:
        above, below = 1, ordinal_of(lower)
    elif match["thirds"]:
        above, below = (2, 3) if "трет" in lower else (3, 4)
    else:
        above, below = 1, 2 if lower.startswith("пол") else 3 if lower.startswith("тр") else 4
    return _share(start, end, round(Decimal(above) / below, 4), f"{above}/{below}", bound) if below else None


def _share(start: int, end: int, value: Decimal, number: str, bound: Bound) -> Found:
    return Found(
        start=start, end=end, kind="share", value=value, unit="", number=number, bound=bound, rule="figure-share"
    )


def _count(text: str, match: re.Match[str]) -> Found | None:
    start, end, bound = _span(text, match, keep_prep=False)
    if match["word"]:
        number, value = match["word"], Decimal(count_of(match["word"]))
        shown = str(value)
    else:
        number, scale, counted = _written(match)
        if re.fullmatch(r"(?:19|20)\d\d", number) and not scale:
            return None  # a year somebody wrote without «год»
        shown = f"{number} {scale}".strip()
        value = counted if counted is not None else Decimal(0)
        if counted is None:
            return Found(
                start=start,
                end=end,
                kind="count",
                value=None,
                unit=match["unit"],
                number=shown,
                bound=bound,
                rule="figure-count",
            )
    return Found(
        start=start,
        end=end,
        kind="count",
        value=value,
        unit=match["unit"],
        number=shown,
        bound=bound,
        rule="figure-count",
    )


def _pattern(inside: str) -> re.Pattern[str]:
    return re.compile(inside, re.IGNORECASE)


_TIMES = "|".join(TIMES_WORDS)
_RULES: Sequence[tuple[re.Pattern[str], Callable[[str, re.Match[str]], Found | None]]] = (
    (_pattern(rf"{_PREFIX}{_NUMBER}{_SCALE}{_GAP}?(?P<unit>{_CURRENCY})"), _money),
    (_pattern(rf"{_PREFIX}(?P<unit>[$€£¥]){_GAP}?(?P<number>{NUMBER})(?P<to>(?!))?(?P<number2>(?!))?{_SCALE}"), _money),
    (_pattern(rf"{_PREFIX}{_NUMBER}{_GAP}?(?:%|процент[а-я]*)(?!\w|{_GAP}*пункт)"), _percent),
    (
        re.compile(
            rf"(?:\b(?P<bound>{BOUND})\s+)?(?:\bв\s+(?:{_NUMBER}|(?P<word>{_TIMES}))\s+(?P<unit>раза?)\b"
            rf"|\b(?P<fold>{'|'.join(FOLD)})\b)",
            re.IGNORECASE,
        ),
        _ratio,
    ),
    (re.compile(rf"{_PREFIX}{_NUMBER}{_SCALE}{_GAP}?(?P<unit>{_MEASURE})"), _measure),
    (
        _pattern(rf"(?:\b(?P<bound>{BOUND})\s+)?\bкажд[а-я]{{2,3}}\s+(?P<nth>{ORDINAL})\b(?!\s+{_TIME})"),
        _every,
    ),
    (
        _pattern(
            rf"{_PREFIX}\b(?:{_THIRDS}|{_PARTS}|{_HALVES})(?!\s+(?:века|часа|финал|дня|срока\s+в|второго|{_TIME}))"
        ),
        _fraction,
    ),
    (
        re.compile(rf"{_PREFIX}(?:{_NUMBER}{_SCALE}|\b(?P<word>{COUNT_WORD})){_GAP}(?P<unit>{_NOUN})"),
        _count,
    ),
    (_pattern(rf"{_PREFIX}{_NUMBER}{_GAP}(?P<unit>{SCALE})"), _scaled),
)
