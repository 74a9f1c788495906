"""What stands around a figure: what it measures in the text's own words, with what it is compared, and for when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from newsletter.content.figures import Found
from newsletter.language.calendar import MONTHS_GENITIVE
from newsletter.language.periods import Period, find_periods, resolved
from newsletter.language.phrases import (
    PREPOSITIONS,
    is_label,
    is_short_participle,
    is_verb,
    noun_phrase,
    without_dangling,
)
from newsletter.language.sentences import sentences
from newsletter.language.speech import VERB

_MAX_WORDS = 110  # characters; a card's label is two lines
_NEAR = 500  # characters of its sentence on either side; a hostile file has one sentence of thousands of figures
_BOUNDARY = re.compile(r"[,;:]\s|\s[–—]\s|[()]")
_COMPARISON = re.compile(
    r"(?:(?:больше|меньше|выше|ниже|дороже|дешевле|быстрее|чаще|реже|лучше)\s*,?\s+(?=чем\b))?"
    r"(?:чем\s+(?:за\s+|в\s+|на\s+|у\s+)?[^.,;!?»]+|(?P<with>по\s+сравнению\s+со?\s+)[^.,;!?»]+"
    r"|к\s+уровню\s+[^.,;!?»]+|превы[сш][а-яё]+\s+(?:показател|уровень|результат)[^.,;!?»]+|годом\s+ранее|год\s+назад)",
    re.IGNORECASE,
)
_AGAINST = re.compile(r"\s+((?:против|вместо)\s+(?:[^.,;:!?»–—]|[.,](?=\d))+)", re.IGNORECASE)
_BEFORE_AGAINST = re.compile(r"\b(?:против|вместо)\s+$", re.IGNORECASE)
_FROM_ON = re.compile(r"\bот\s+$", re.IGNORECASE)  # «взнос – от 500 рублей»: a label would say that it is 500
_LEADING = re.compile(
    r"^(?:(?:а|и|но|или|при\s+этом|также|кроме\s+того|это|что|из\s+них|в\s+том\s+числе|всего|итого|зато|сейчас|сегодня"
    r"|теперь|уже|в\s+целом|причем|причём|еще|ещё|вот|даже"
    r"|с\s+начала\s+(?:года|сезона))\s+)+",
    re.IGNORECASE,
)
_ON_A_SUM = re.compile(
    r"\s*\b(?:на\s+(?:общую\s+)?сумму|в\s+размере|в\s+объеме|в\s+количестве|суммой|(?:общей\s+)?стоимостью"
    r"|(?:общей\s+)?(?:длиной|площадью|мощностью|высотой|шириной|весом|объ[её]мом|вместимостью|протяж[её]нностью))\s*$",
    re.IGNORECASE,
)
_COPULA = re.compile(
    r"\s*\b(?:не\s+)?(?:состав(?:ил|ля|ит|ят)|достиг|достигн|превыс|превыша|равн|насчитыва|вырос|увелич|сниз|сократи|упал"
    r"|подня|уменьш|просе[лд]|подскоч|взлет|опуст|подорож|подешев|повыс|прибав|возрос|перевалил|стал[аио]?\b|выраст|раст[уеё]т|оцениваетс|был[аио]?\b|сто(?:ит|ил|ят)|обош(?:ел|ёл|л|едш)|обойд[её]т)"
    r"[а-яё]*(?:\s+[а-яё]+у)?(?:\s+(?:до|на|в|почти|уже|более|менее))*\s*$",
    re.IGNORECASE,
)
_DANGLING = re.compile(r"(?:^|\s)(?:до|на|в|к|за|с|по|от|из|и|а|уже|еще|ещё|для|во|со|это)\s*$", re.IGNORECASE)
_GOVERNED = re.compile(r"(?:^|\s)(?:на|в|во|к|ко|с|со|из|от|по|до|у|за|при)\s*$", re.IGNORECASE)
_ATTRIBUTED = re.compile(rf",?\s+{VERB.pattern}.*$", re.IGNORECASE)
_COMPARATIVE = re.compile(r"(?:больше|меньше|выше|ниже|дороже|дешевле|быстрее|чаще|реже|лучше)\b")
_EMPTY = re.compile(r"(?:это|что|они|он|она|которые|который|таких|их|из|почти|и|а)?\s*", re.IGNORECASE)
_OF_A_WHOLE = re.compile(r"^от\s+", re.IGNORECASE)
_FOR_A_TIME = re.compile(r"^((?:за|в)\s+(?:год|сезон|месяц|неделю|сутки|полгода|день))\s+(?=[а-яё«])", re.IGNORECASE)
_FULL_DATE = re.compile(rf"\b\d{{1,2}}\s+(?:{'|'.join(MONTHS_GENITIVE)})\s+((?:19|20)\d\d)\b", re.IGNORECASE)
_DAY = re.compile(rf"\b(?:со?\s+|до\s+|к\s+)?\d{{1,2}}\s+(?:{'|'.join(MONTHS_GENITIVE)})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a figure's sentence says about it; empty where it says nothing."""

    measures: str
    names: bool  # `measures` is a name («объем экспорта»), not a stretch of a sentence: better on a card
    comparison: str
    period: Period | None
    base: Period | None
    inherits: bool = False  # it says only how much more: of what, the figure before it said


def this_year(texts: Sequence[str], known: int = 0) -> int:
    """Return the year that «этого года» means: that of the item's date, else of a date or part of a year in the lead.

    A whole year, or one whose end is reported on, may be the year before: then it stays unknown (0).
    """
    lead = next((text for text in texts if text), "")
    days = [int(found[1]) for found in _FULL_DATE.finditer(lead)]
    parts = [period.year for period in find_periods(lead) if period.year and 0 < period.final < 12]
    return known or max(days + parts, default=0)


def look_around(text: str, figures: Sequence[Found], *, year: int) -> list[Around]:
    """Return what surrounds each figure of a text, in their order."""
    spans = sentences(text)
    around: list[Around] = []
    for at, figure in enumerate(figures):
        start, end = next(((a, b) for a, b in spans if a <= figure.start < b), (0, len(text)))
        start, end = max(start, figure.start - _NEAR), min(end, figure.end + _NEAR)
        one = _around(text, start, end, figure, year)
        if one.inherits and at and figures[at - 1].start >= start:  # «…, это в 2,7 раза больше»
            one = replace(
                one, measures=around[-1].measures, names=around[-1].names, period=one.period or around[-1].period
            )
            if figure.kind != "ratio" and not _can_stand(one.measures, figure):
                one = replace(one, measures="", names=False)
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
    before = text[clause_start : figure.earlier[0] or figure.start]
    after = text[figure.end : clause_end]
    measures, names = _measures(text, (start, end), (clause_start, clause_end), figure)
    inherits = not measures and (figure.kind == "ratio" or bool(figure.change)) and _says_nothing(before, after)
    words = text[comparison[0] : comparison[1]].strip() if comparison else ""
    if figure.earlier[1]:
        words = text[slice(*figure.earlier)]
    elif not words and (against := _AGAINST.match(text, figure.end, end)):
        words = against[1].strip()
    return Around(measures=measures, names=names, comparison=words, period=period, base=base, inherits=inherits)


def _says_nothing(before: str, after: str) -> bool:
    """Claim that a clause names no thing: «это в 2,7 раза больше»."""
    after = _COMPARATIVE.sub("", _without(after))
    return bool(_EMPTY.fullmatch(_without(before).strip(" –—"))) and not re.search(r"[а-яё]{3,}", after)


def _measures(text: str, sentence: tuple[int, int], clause: tuple[int, int], figure: Found) -> tuple[str, bool]:
    """Return what a figure measures, empty where the words cannot stand alone, and whether that is a name."""
    begin = figure.earlier[0] or figure.start
    before, after = text[clause[0] : begin], text[figure.end : clause[1]]
    if figure.change == "unknown" or _BEFORE_AGAINST.search(before) or _FROM_ON.search(text[: figure.start + 3]):
        return "", False
    if against := _AGAINST.match(text, figure.end, sentence[1]):
        after = text[max(against.end(), figure.end) : clause[1]] if against.end() < clause[1] else ""
    measures, names = _told(before, after, figure)
    listed = re.match(r"\s+[–—]\s+([^,.;:!?()]+)", text[figure.end : sentence[1]])
    said = re.match(r"\s+[–—]\s+([^,.;:!?()»]+)", text[clause[1] : sentence[1]])
    if listed and not _without(before).strip(" –—"):  # «треть – масложировая продукция, 8,5% – мясо и молоко»
        measures, names = ("" if listed[1].startswith("это ") else _short(_without(listed[1]))), False
    elif said and figure.kind == "share" and not figure.change and after.strip() and measures == _short(after):
        measures = f"{measures} – {_short(said[1])}"  # «каждый пятый мастер – женщина»
    if not measures and figure.kind == "amount":  # «самый крупный взнос, 9,5 млн, сделала семья»
        measures, names = _told(text[_clause_before(text, sentence[0], clause[0]) : begin], "", figure)
        measures = measures if measures == noun_phrase(measures) else ""
    return (measures, names) if _can_stand(measures, figure) else ("", False)


def _clause_before(text: str, start: int, at: int) -> int:
    return max((found.end() for found in _BOUNDARY.finditer(text, start, max(start, at - 1))), default=start)


def _can_stand(measures: str, figure: Found) -> bool:
    return is_label(measures, verb_first=figure.kind in {"amount", "count"} and not figure.change)


def _within(period: Period, comparison: tuple[int, int], start: int) -> bool:
    return comparison[0] <= period.start + start < comparison[1]


def _comparison(text: str, start: int, end: int, figure: Found) -> tuple[int, int] | None:
    """Return where the comparison of a ratio or share stands: after it in its sentence, else before it."""
    found = _comparisons(text, start, end)
    after = [span for span in found if span[0] >= figure.end and not _another_number(text[figure.end : span[0]])]
    before = [span for span in found if span[1] <= figure.start and not _another_number(text[span[1] : figure.start])]
    if figure.kind in {"amount", "count"} and not figure.change:
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
    if figure.kind == "ratio" or _COMPARATIVE.match(after):
        after = ""
    copula = _COPULA.search(before)
    summed = _ON_A_SUM.sub("", before[: copula.start()] if copula else before)
    subject = without_dangling(_DANGLING.sub("", summed))
    if not subject or _EMPTY.fullmatch(subject):
        return _short(_OF_A_WHOLE.sub("", after)), False
    # «экспорт составил 5 млн», «ставка снижена с 18 до 16,5%»
    if (copula and not (after and figure.rule == "figure-share")) or (figure.earlier[1] and not after):
        return _short(noun_phrase(subject)), True
    if copula or summed != before:
        # «экспортером стал каждый шестой резидент» → «резидент стал экспортером»; after «оборудование стоимостью» is
        # another's
        return _short(f"{after} {copula.group().strip()} {_lowered(subject)}" if copula else subject), False
    named = bool(dashed) and not after
    if named and figure.change:  # «сбор картофеля вырос вдвое, овощей – на 6,5%»: half of what grew is not here
        return "", False
    return _in_a_sentence(subject, after, figure, governed=bool(_GOVERNED.search(before))), named


def _in_a_sentence(subject: str, after: str, figure: Found, *, governed: bool) -> str:
    """Return the words on both sides of a figure as a label that reads on from the number."""
    if governed:  # «посеяны на 412 тыс. гектаров», «на 94 процентах площадей»
        return "" if figure.kind == "share" else _short(subject)
    head, verb = _parted(subject)
    if head and verb:
        return _behind_verb(head, verb, after)
    if not after:  # «опрошены руководители 39 предприятий»: read from the number on, this is none
        return "" if is_short_participle(subject.split(" ", 1)[0]) else _short(subject)
    if is_label(_lowered(subject)) and _is_from_behind(after):
        return _short(f"{subject} {after}")
    return _short(noun_phrase(after)) if figure.kind == "amount" else ""


def _behind_verb(head: str, verb: str, after: str) -> str:
    """Return the words around a figure that follows its verb, the number first."""
    if after and (_OF_A_WHOLE.match(after) or not _is_from_behind(after)):
        # «предприятия обеспечили 68% экспорта» → «экспорта обеспечили предприятия»
        return _short(f"{noun_phrase(_OF_A_WHOLE.sub('', after))} {verb} {_lowered(head)}".strip())
    if any(map(is_verb, head.split(" "))):
        return ""
    # «на предприятии создано 240 мест» → «создано на предприятии»
    if time := _FOR_A_TIME.match(head):
        return _short(f"{verb} {_lowered(head[time.end() :])} {_lowered(time[1])}")
    return _short(f"{verb} {_lowered(head)}")


def _is_from_behind(after: str) -> bool:
    return after.split(" ", 1)[0].lower() in PREPOSITIONS


def _parted(subject: str) -> tuple[str, str]:
    """Return words as what stands before the verbs at their end, and these."""
    parts = subject.split(" ")
    at = len(parts)
    while at and is_verb(parts[at - 1]) and len(parts) - at < 2:
        at -= 1
    return " ".join(parts[:at]), " ".join(parts[at:])


def _without(words: str) -> str:
    """Return words without comparison, period and the small words a clause begins with."""
    for start, end in reversed(_comparisons(words, 0, len(words))):
        words = words[:start] + " " + words[end:]
    for period in reversed(list(find_periods(words))):
        lead = re.search(
            r"\b(?:за|в|во|с|со|к|до|на|после|по\s+итогам)\s+(?:перв[а-яё]+\s+)?$", words[: period.start], re.IGNORECASE
        )
        words = words[: lead.start() if lead else period.start] + " " + words[period.end :]
    words = _DAY.sub(" ", words).strip(" ,")
    words = re.sub(r" {2,}", " ", words)
    return _LEADING.sub("", words + " ").strip(" ,")


def _lowered(words: str) -> str:
    first = words.split(" ", 1)[0]
    return words[0].lower() + words[1:] if re.fullmatch(r"[А-ЯЁ][а-яё]*", first) else words


def _short(words: str) -> str:
    words = _ATTRIBUTED.sub("", words).strip(' ,;:–—"')
    if words.count("«") != words.count("»"):  # cut out of a longer stretch
        words = words.strip("«» ")
    return _lowered(words) if words and len(words) <= _MAX_WORDS else ""
