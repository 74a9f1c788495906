"""The figures of an item: each once, with everything that its several mentions say about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from newsletter.content.figures import Found, find_figures
from newsletter.content.item import Block, Figure, ListBlock, Origin, Paragraph, Quote, plain
from newsletter.content.measures import Around, look_around, this_year
from newsletter.content.trust import is_proposal

_TYPED_DASH = re.compile(r"(?<=[ \u00a0])-(?=[ \u00a0])")
_MAX_FIGURES = 400  # what stands around each is read, up to a thousand characters; a press item has some thirty


class Passage(NamedTuple):
    """A stretch of running text in which facts are looked for."""

    words: str
    origin: Origin


class Told(NamedTuple):
    """A mention of a figure: where, what, and what its sentence says."""

    passage: Passage
    passage_number: int
    found: Found
    around: Around


def with_dashes(words: str) -> str:
    """Return words of the same length in which a hyphen between spaces, as typed, is the dash that it stands for."""
    return _TYPED_DASH.sub("–", words)


def passages(blocks: Sequence[Block]) -> Iterator[Passage]:
    """Yield the running text of blocks: paragraphs, quotes and list items. Tables are shown as tables."""
    for block in blocks:
        if isinstance(block, Paragraph | Quote):
            yield Passage(with_dashes(plain(block.text)), block.origin)
        elif isinstance(block, ListBlock):
            yield from (Passage(with_dashes(plain(entry)), block.origin) for entry in block.items)


def tell_figures(texts: Sequence[Passage], *, year: int = 0) -> list[Told]:
    """Return every mention of a figure in the order of the text. `year` is the year of the item's date, if known."""
    now = this_year([passage.words for passage in texts], year)
    told: list[Told] = []
    for number, passage in enumerate(texts):
        if len(told) < _MAX_FIGURES:
            mentions = _mentions(passage.words, now)[: _MAX_FIGURES - len(told)]
            told += [Told(passage, number, found, around) for found, around in mentions]
    return told


@lru_cache(maxsize=1024)  # of words and year alone; of an item under edit all paragraphs but one are as they were
def _mentions(words: str, year: int) -> tuple[tuple[Found, Around], ...]:
    found = find_figures(words)[:_MAX_FIGURES]
    return tuple(zip(found, look_around(words, found, year=year), strict=True))


def merge_figures(told: Sequence[Told]) -> tuple[Figure, ...]:
    """Return each figure once, at its first mention; later mentions fill in what it lacks."""
    money = {mention.found.value for mention in told if mention.found.rule == "figure-money"}
    figures: dict[tuple[object, ...], Figure] = {}
    named: set[tuple[object, ...]] = set()
    for mention in told:
        figure = figure_of(mention)
        if figure.rule == "figure-scaled" and figure.value in money:
            continue  # «76 млн» beside «76 млн рублей»
        key = (figure.kind, figure.value if figure.value is not None else figure.text.lower(), _unit_key(figure))
        if figure.kind == "share":  # «на треть» is not «треть», «каждый второй» not «половина»
            key = (figure.kind, figure.number or figure.text.lower(), "")
        first = figures.get(key)
        if first is None:
            figures[key] = figure
        else:
            better = mention.around.names and key not in named
            figures[key] = replace(
                first,
                bound=first.bound or figure.bound,
                measures=figure.measures if better or not first.measures else first.measures,
                comparison=first.comparison or figure.comparison,
                period=first.period or figure.period,
                base_period=first.base_period or figure.base_period,
            )
        if mention.around.names:
            named.add(key)
    return tuple(figures.values())


def figure_of(mention: Told) -> Figure:
    """Return one mention as a figure of the item."""
    found, around = mention.found, mention.around
    return Figure(
        text=mention.passage.words[found.start : found.end],
        kind=found.kind,
        value=found.value,
        unit=found.unit,
        number=found.number,
        bound=found.bound,
        measures=around.measures,
        comparison=around.comparison,
        period=around.period.name if around.period is not None and around.period.year else "",
        base_period=str(around.base.year) if around.base is not None and around.base.year else "",
        origin=mention.passage.origin,
        proposed=is_proposal(found.rule),
        rule=found.rule,
    )


def _unit_key(figure: Figure) -> str:
    """Return what kind of thing is counted, whatever its case or scale: рублей and рубля, человек and людей apart."""
    if figure.kind in {"share", "ratio"}:
        return ""
    last = re.sub(r"^(?:тыс\w*|млн|млрд|трлн|милли\w+)\.?\s+", "", figure.unit.lower())
    return last[:4]
