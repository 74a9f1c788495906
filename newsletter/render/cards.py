"""Figures of an item as cards: the number big, beside it what is measured and with what it is compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from newsletter.content.item import Figure
from newsletter.language.numbers import leading_bound

MAX_CARDS = 4
_BOUNDS = {"more": "более", "less": "менее", "about": "около"}
# «Каждый третий рубль»: with "1 из 3" the label «рубль достался цехам» would not go on as a sentence.
_EVERY = re.compile(r"\bкажд(?P<ending>ый|ая|ое|ого|ому|ым|ом|ой|ую)\b", re.IGNORECASE)
_ONE_IN = re.compile(r"1[ \u00a0]из[ \u00a0](?P<nth>\d+)")
# How an ordinal ends behind figures: one letter where a vowel stands before the last, else two.
_ENDINGS = {"ый": "й", "ая": "я", "ое": "е", "ого": "го", "ому": "му", "ым": "м", "ом": "м", "ой": "й", "ую": "ю"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A figure shown big, its bound before it: "более 68 %" must never become "68 %"."""

    bound: str  # "более", "почти" or ""
    number: str
    unit: str
    label: str  # what is measured, and when
    comparison: str  # in words, with the ratio: "в 2,7 раза больше, чем годом ранее"
    arrow: str  # "▲", "▼" or ""


def chosen_cards(figures: Sequence[Figure]) -> tuple[Card, ...]:
    """Return at most MAX_CARDS cards: of certain figures, and of those that say what they measure."""
    sure = [figure for figure in figures if not figure.proposed and figure.measures and not lacks_preposition(figure)]
    return tuple(cards_of(sure))[:MAX_CARDS]


def cards_of(figures: Sequence[Figure]) -> Iterator[Card]:
    """Yield a card for each figure but ratios, which become the comparison of the figure they belong to."""
    taken: set[int] = set()
    for index, figure in enumerate(figures):
        if figure.kind == "ratio":
            continue
        ratio = _ratio_of(figure, figures, taken)
        yield Card(
            bound=_bound(figure),
            number=_shown(figure),
            unit="" if not figure.number or figure.unit in figure.number else figure.unit,
            label=", ".join(part for part in (figure.measures, figure.period) if part),
            comparison=_comparison(ratio) if ratio else figure.comparison,
            arrow=_arrow(ratio),
        )
        taken.add(index)


def is_every(figure: Figure) -> bool:
    """Claim that a figure is a share said as «каждый третий», whose label goes on as the same sentence."""
    return bool(_EVERY.search(figure.text) and _ONE_IN.fullmatch(figure.number))


def lacks_preposition(figure: Figure) -> bool:
    """Claim that «каждый» stands in a case that most likely a preposition before the figure asks for: «на каждом»."""
    every = _EVERY.search(figure.text)
    return bool(every and is_every(figure) and every["ending"].lower() not in {"ый", "ая", "ое", "ую", "ому"})


def _shown(figure: Figure) -> str:
    """Return the number as a card shows it: «каждая третья» as "каждая 3-я", in the gender and case of its sentence."""
    every, one_in = _EVERY.search(figure.text), _ONE_IN.fullmatch(figure.number)
    if not every or not one_in:
        return figure.number or figure.text
    return f"{every[0].lower()}\u00a0{one_in['nth']}-{_ENDINGS[every['ending'].lower()]}"


def _ratio_of(figure: Figure, figures: Sequence[Figure], taken: set[int]) -> Figure | None:
    for index, other in enumerate(figures):
        if other.kind == "ratio" and index not in taken and other.measures == figure.measures and figure.measures:
            taken.add(index)
            return other
    return None


def _comparison(ratio: Figure) -> str:
    base = ratio.comparison or (f"к {ratio.base_period}" if ratio.base_period else "")
    return " ".join(part for part in (ratio.text, base) if part)


def _bound(figure: Figure) -> str:
    """Return the item's own words for "at least" and its kin, where the number does not carry them."""
    if not figure.bound or not figure.number:
        return ""
    words = leading_bound(figure.text).lower() or _BOUNDS[figure.bound]  # a sentence may have begun with them
    return "" if figure.number.lower().startswith(words) else words


def _arrow(ratio: Figure | None) -> str:
    if ratio is None or ratio.value is None:
        return ""
    return "▲" if ratio.value > 1 else "▼" if ratio.value < 1 else ""
