"""Whether a figure says how much there is, or by how much it changed, and from which earlier value.

«Вырос на 12%» is a change, shown with its sign; in «с 310 до 355 тонн» the new value is the figure and the old one its
comparison. To print a change or an old value as if it were the state of things would be a false fact.
"""

from __future__ import annotations

import re
from typing import Literal

from newsletter.language.numbers import BOUND, NUMBER

Change = Literal["", "up", "down", "unknown"]

_UP = (
    r"вырос|выраст|увелич|прибав|подорож|подрос|прирос|возрос|возраст|растет|растёт|растут|росл|подня|подним|нараст|нарасти"
    r"|расшир|повыс|повыш|рост(?=(?:а|у|ом|е)?(?![а-яё]))|улучш|больше|выше|дороже|быстрее|чаще|длиннее|тяжелее"
)
_DOWN = (
    r"сниз|сниж|сократ|сокращ|упал|упас|паден|падает|подешев|уменьш|просе[лд]|осел|осед|потеря|урез|замедл|ухудш|меньше|ниже"
    r"|дешевле|реже|короче|медленнее|легче"
)
_DIRECTION = re.compile(rf"\b(?:(?P<up>{_UP})|(?P<down>{_DOWN}))[а-яё]*", re.IGNORECASE)
_COMPARED = re.compile(
    r"\s*(?:(?P<up>больше|выше|дороже|быстрее|чаще|длиннее|тяжелее)|(?P<down>меньше|ниже|дешевле|реже|короче|медленнее|легче))\b",
    re.IGNORECASE,
)
_ADVERB = r"(?:\s+(?:еще|ещё|уже|сразу|почти|лишь|только|вс[её]го))?"
_NEAR_VERB = _ADVERB + r"(?:\s+за\s+[а-яё]+)?\s*"
_ELLIPSIS = re.compile(r"\bна\s+\d[^.!?]*,\s[^,.!?]{1,40}\s[–—]\s+$")
_REACHED = re.compile(
    r"(?:вырос|увелич|сниз|сниж|сократ|упал|достиг|достич|довест|довел|подня|подним|расшир|уменьш|возраст|возрос|нараст"
    r"|вырас|прибав)[а-яё]*",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?…]\s+(?=[«А-ЯЁ])")
_PART = r"(?:половин[аыу]|трет[ьи]|четверт[ьи]|дв(?:ух|е)\s+трет(?:ей|и)|тр(?:ех|ёх|и)\s+четвертей)"
_FROM = re.compile(
    rf"\b(?P<from>со?\s+(?:(?:нынешн|прежн|прошлогодн)[а-яё]+\s+)?(?:{BOUND}\s+)?(?:{NUMBER}[^.!?;,–—]{{0,25}}?|{_PART}(?:\s+[а-яё]+)?))\s+до\s*$",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"\bне\s+(?:(?:мо[жг]|долж|буд)[а-яё]+\s+)?(?:превы[сш]|превосход|достиг|дотягива|дости|выход)[а-яё]+\s+(?:до\s+)?$",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"(?:\bне\s+(?:опуска|опуст|снижа|пада|упа)[а-яё]+\s+ниже\s+|(?:(?<!не )превы[сш]|перевал)[а-яё]+\s+(?:за\s+)?)$",
    re.IGNORECASE,
)


def earlier_value(before: str) -> re.Match[str] | None:
    """Return where words before a new value, «до» included, name the old one: «… увеличился с 310 до »."""
    return _FROM.search(before)


def is_reached(before: str) -> bool:
    """Claim that «до» after these words says what was reached and bounds nothing: «вырос до», «с 18% до»."""
    return bool(_REACHED.search(_SENTENCE.split(before)[-1]) or _FROM.search(before + " до"))


def implied_bound(before: str) -> Literal["", "more", "less"]:
    """Return the bound that a verb before a figure says: «превысила» is more, «не превышает» less."""
    return "less" if _AT_MOST.search(before) else "more" if _AT_LEAST.search(before) else ""


def direction(before: str, after: str, *, near: bool) -> Change:
    """Return which way something changed by a figure after «на»; empty when nothing says that it changed.

    `near`: only a verb right before it counts, as for money: «продали на 5 млн» is no change in a text about growth.
    """
    if compared := _COMPARED.match(after):
        return "up" if compared["up"] else "down"
    sentence = _SENTENCE.split(before)[-1]
    if near:
        last = list(_DIRECTION.finditer(sentence))[-1:]
        ellipsis = _ELLIPSIS.search(sentence)  # «одна осела на 3 мм, другая – на 11 см»
        found = [one for one in last if ellipsis or re.fullmatch(_NEAR_VERB, sentence[one.end() :])]
    else:
        found = list(_DIRECTION.finditer(sentence))[-1:]
    return ("up" if found[0]["up"] else "down") if found else ""


SIGNS: dict[Change, str] = {"": "", "up": "+", "down": "−", "unknown": ""}
