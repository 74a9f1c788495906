"""What stands around a figure: what it measures in the text's own words, with what it is compared, and for when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.content.figures import Found
from newsletter.language.periods import YEAR_WORD, Period, find_periods, resolved
from newsletter.language.sentences import sentences
from newsletter.language.speech import VERB

_MAX_WORDS = 110  # characters; a card's label is two lines
_BOUNDARY = re.compile(r"[,;:]\s|\s[–—]\s|[()]")
_COMPARISON = re.compile(
    r"(?:(?:больше|меньше|выше|ниже|дороже|дешевле|быстрее|чаще|лучше)\s*,?\s+(?=чем\b))?"
    r"(?:чем\s+(?:за\s+|в\s+|на\s+|у\s+)?[^.,;!?»]+|(?P<with>по\s+сравнению\s+со?\s+)[^.,;!?»]+"
    r"|к\s+уровню\s+[^.,;!?»]+|превы[сш][а-яё]+\s+(?:показател|уровень|результат)[^.,;!?»]+|годом\s+ранее|год\s+назад)",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"^(?:(?:а|и|но|или|при\s+этом|также|кроме\s+того|это|что|из\s+них|в\s+том\s+числе|всего|итого|зато|сейчас|сегодня|уже|в\s+целом|причем|причём)\s+)+",
    re.IGNORECASE,
)
_ON_A_SUM = re.compile(
    r"\s*\b(?:на\s+(?:общую\s+)?сумму|в\s+размере|в\s+объеме|в\s+количестве|суммой)\s*$", re.IGNORECASE
)
_COPULA = re.compile(
    r"\s*\b(?:состав(?:ил|ля|ит|ят)|достиг|достигн|превыс|превыша|равн|насчитыва|вырос|увелич|сниз|сократи|упал|подня"
    r"|уменьш|стал[аио]?\b|выраст|оцениваетс|был[аио]?\b)[а-яё]*(?:\s+(?:до|на|в|почти|уже))?\s*$",
    re.IGNORECASE,
)
_DANGLING = re.compile(r"(?:^|\s)(?:до|на|в|к|за|с|по|от|из|и|а|уже|еще|ещё|для|во|со|это)\s*$", re.IGNORECASE)
_VERBISH = re.compile(r"[а-яё]+(?:ли|ла|ло|л|ют|ет|ит|ят|ено|ана|ены|аны|лся|лась|лись|лось)$")
_ATTRIBUTED = re.compile(rf",?\s+{VERB.pattern}.*$", re.IGNORECASE)
_COMPARATIVE = re.compile(r"(?:больше|меньше|выше|ниже|дороже|дешевле|быстрее|чаще|лучше)\b")
_AIM = re.compile(r"\b(?:к|до|с|после)\s+(?:конц[а-я]+\s+|начал[а-я]+\s+)?$", re.IGNORECASE)
_EMPTY = re.compile(r"(?:это|что|они|он|она|которые|который|таких|их|из)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a figure's sentence says about it; empty where it says nothing."""

    measures: str
    names: bool  # `measures` is a name («объем экспорта»), not a stretch of a sentence: better on a card
    comparison: str
    period: Period | None
    base: Period | None


def this_year(texts: Sequence[str], known: int = 0) -> int:
    """Return the year that «этого года» means: that of the item's date, else the latest that the lead reports on.

    A year further down may be one of plans or of history; then it stays unknown (0).
    """
    lead = next((text for text in texts if text), "")
    years = [int(found[1]) for found in YEAR_WORD.finditer(lead) if not _AIM.search(lead, 0, found.start())]
    return known or max(years, default=0)


def look_around(text: str, figures: Sequence[Found], *, year: int) -> list[Around]:
    """Return what surrounds each figure of a text, in their order."""
    spans = sentences(text)
    around: list[Around] = []
    for at, figure in enumerate(figures):
        start, end = next(((a, b) for a, b in spans if a <= figure.start < b), (0, len(text)))
        one = _around(text, start, end, figure, year)
        if not one.measures and at and figures[at - 1].start >= start:  # «…, это в 2,7 раза больше»
            one = Around(
                measures=around[-1].measures,
                names=around[-1].names,
                comparison=one.comparison,
                period=one.period or around[-1].period,
                base=one.base,
            )
        around.append(one)
    return around


def _around(text: str, start: int, end: int, figure: Found, year: int) -> Around:
    comparison = _comparison(text, start, end, figure)
    periods = list(find_periods(text[start:end]))
    inside = [period for period in periods if comparison and _within(period, comparison, start)]
    clause_start, clause_end = _clause(text, start, end, figure)
    # What opens the sentence holds for all of it; any other period only for its own clause.
    outside = [
        period
        for period in periods
        if period not in inside
        and not period.same
        and (period.start <= 12 or clause_start <= period.start + start < clause_end)
    ]
    period = min(outside, key=lambda entry: abs(entry.start + start - figure.start), default=None)
    if period is not None:
        period = resolved(period, this_year=year)
    behind = next((one for one in periods if one.same and 0 <= one.start + start - figure.end <= 1), None)
    if behind is not None and figure.kind == "amount":  # «против 2,9 млрд рублей годом ранее»
        period = resolved(behind, this_year=year, of=period)
    base = resolved(inside[0], this_year=year, of=period) if inside else None
    before, after = text[clause_start : figure.start], text[figure.end : clause_end]
    measures, names = _told(before, after, figure)
    listed = re.match(r"\s+[–—]\s+([^,.;:!?]+)", text[figure.end : end])
    if listed and not _without(before):  # «треть – масложировая продукция, 8,5% – мясо и молоко»
        measures, names = _short(_without(listed[1])), False
    if not measures and figure.kind == "amount":  # «первые два, на общую сумму более 1,1 млрд рублей»
        measures, names = _told(text[start : figure.start], "", figure)
    words = text[comparison[0] : comparison[1]].strip() if comparison else ""
    return Around(measures=measures, names=names, comparison=words, period=period, base=base)


def _within(period: Period, comparison: tuple[int, int], start: int) -> bool:
    return comparison[0] <= period.start + start < comparison[1]


def _comparison(text: str, start: int, end: int, figure: Found) -> tuple[int, int] | None:
    """Return where the comparison of a ratio or share stands: after it in its sentence, else before it."""
    found = _comparisons(text, start, end)
    after = [span for span in found if span[0] >= figure.end and not _another_number(text[figure.end : span[0]])]
    before = [span for span in found if span[1] <= figure.start and not _another_number(text[span[1] : figure.start])]
    if figure.kind in {"amount", "count"} and not re.search(r"\bна\s+$", text[start : figure.start]):
        return None  # what is compared is the ratio beside it
    return after[0] if after else before[-1] if before else None


def _comparisons(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return where comparisons stand. «По сравнению с 2019 годом поставки выросли» ends where its period ends."""
    spans: list[tuple[int, int]] = []
    for found in _COMPARISON.finditer(text, start, end):
        stop = found.end()
        if found["with"]:
            first = next(find_periods(text[found.end("with") : stop]), None)
            if first is not None and first.start <= 12:
                stop = found.end("with") + first.end
        spans.append((found.start(), stop))
    return spans


def _another_number(words: str) -> bool:
    return bool(re.search(r"\d", words))


def _clause(text: str, start: int, end: int, figure: Found) -> tuple[int, int]:
    left = max((found.end() for found in _BOUNDARY.finditer(text, start, figure.start)), default=start)
    if left > start and re.search(r"[–—]\s*$", text[start : figure.start]):  # «площадь – 12 га»: the dash is a verb
        left = max((found.end() for found in _BOUNDARY.finditer(text, start, left - 2)), default=start)
    right = next((found.start() for found in _BOUNDARY.finditer(text, figure.end, end)), end)
    return left, right


def _told(before: str, after: str, figure: Found) -> tuple[str, bool]:
    """Return what a figure measures, and whether that is a name rather than a stretch of a sentence."""
    before = _without(before)
    dashed = re.search(r"\s+[–—]\s*$", before)  # «площадь цеха – 12 га»
    before = before[: dashed.start()] if dashed else before
    after = "" if re.match(r"\s*(?:и|а|но|или)\s", after) else _without(after).strip(" .!?…;:")
    copula = _COPULA.search(before)
    subject = _DANGLING.sub("", _ON_A_SUM.sub("", before[: copula.start()] if copula else before)).strip()
    if copula and subject and not (after and figure.rule == "figure-share"):
        return _short(subject), True
    if figure.kind == "ratio" or _COMPARATIVE.match(after):
        after = ""
    if not subject or _EMPTY.fullmatch(subject):
        return _short(after), False
    if copula and after:  # «экспортером стал каждый шестой резидент» → «резидент стал экспортером»
        return _short(f"{after} {copula.group().strip()} {_lowered(subject)}"), False
    if not after:
        return _short(subject), bool(dashed)
    head, _, last = subject.rpartition(" ")
    if head and _VERBISH.fullmatch(last):  # «предприятия обеспечили 68% экспорта» → «экспорта обеспечили предприятия»
        return _short(f"{after} {last} {_lowered(head)}"), False
    return _short(f"{subject} {after}"), False


def _without(words: str) -> str:
    """Return words without comparison, period and the small words a clause begins with."""
    for start, end in reversed(_comparisons(words, 0, len(words))):
        words = words[:start] + " " + words[end:]
    for period in reversed(list(find_periods(words))):
        lead = re.search(
            r"\b(?:за|в|во|с|со|к|до|на|после|по\s+итогам)\s+(?:перв[а-яё]+\s+)?$", words[: period.start], re.IGNORECASE
        )
        words = words[: lead.start() if lead else period.start] + " " + words[period.end :]
    words = " ".join(words.split(" ")).strip(" ,")
    words = re.sub(r" {2,}", " ", words)
    return _LEADING.sub("", words + " ").strip(" ,")


def _lowered(words: str) -> str:
    first = words.split(" ", 1)[0]
    return words[0].lower() + words[1:] if re.fullmatch(r"[А-ЯЁ][а-яё]*", first) else words


def _short(words: str) -> str:
    words = _ATTRIBUTED.sub("", words).strip(' ,;:–—"')
    if words.count("«") != words.count("»"):  # cut out of a longer stretch
        words = words.strip("«» ")
    if len(words) <= _MAX_WORDS:
        return _lowered(words) if words else ""
    return _lowered(words[:_MAX_WORDS].rsplit(" ", 1)[0].rstrip(" ,–—")) + "…"
