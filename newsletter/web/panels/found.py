"""What the loader understood of each item, and the lines that mend it where it understood wrongly."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from newsletter.content.item import Figure, FigureGroup, NewsItem, Origin, Point, Quote, Region, plain
from newsletter.language.calendar import long_date
from newsletter.render.cards import MAX_CARDS, cards_of, chosen_cards
from newsletter.web.desk import Desk
from newsletter.web.mends import Home, Mend, figures_value, home_of, mend, places_value, quotes_value
from newsletter.web.places import begin_of
from newsletter.web.view import View

_WORDS_SHOWN = 120  # characters of a quote or a lead
_WORD = re.compile(r"\w+")
_MAX_SHOWN = 40  # figures, names: beyond, a list is no longer looked through


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundQuote:
    words: str
    speaker: str
    role: str
    as_written: str  # the attribution, where it says more than that somebody said it; else ""
    proposed: bool
    line: str  # "content/x.md:12", as the page finds it
    block: str  # "0.3"; "" for words in a sentence, which are printed where they stand
    mend: Mend | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFigure:
    figure: Figure
    line: str
    on_card: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundItem:
    number: int
    item: NewsItem
    day: str
    lead: str
    line: str
    title_mend: Mend | None
    date_mend: Mend | None  # where there is no date
    quotes: tuple[FoundQuote, ...]
    spoken: tuple[FoundQuote, ...]
    roles: Mapping[str, Sequence[str]]  # of whoever has several
    figures: tuple[FoundFigure, ...]
    figures_mend: Mend | None
    regions: tuple[Region, ...]
    places_mend: Mend | None
    points: tuple[Point, ...]
    closing_mend: Mend | None
    people: tuple[str, ...]
    organisations: tuple[str, ...]

    @property
    def guesses(self) -> int:
        """How many things here nobody wrote down and no rule is sure of."""
        found = (self.item.title_proposed, *(one.proposed for one in self.quotes))
        more = (*(one.figure.proposed for one in self.figures), *(one.proposed for one in self.regions))
        return sum((*found, *more))


def make(view: View) -> Mapping[str, object]:
    issue, desk = view.showing.result.issue, view.desk
    paths = [item.origin.path for item in issue.items]
    today, language = desk.premises.clock().date(), view.words.language
    homes = [_home(desk, item, is_alone=paths.count(item.origin.path) == 1) for item in issue.items]
    items = [
        _found(item, number, home, today=today, language=language)
        for number, (item, home) in enumerate(zip(issue.items, homes, strict=True))
    ]
    return {"items": items, "guesses": sum(one.guesses for one in items), "shown": _MAX_SHOWN}


def _home(desk: Desk, item: NewsItem, *, is_alone: bool) -> Home:
    root = desk.premises.workspace.root
    return home_of(item, root, _folder(desk.paths), is_alone=is_alone)


def _folder(paths: Sequence[Path]) -> Path | None:
    return paths[0] if paths and paths[0].is_dir() else None


def _found(item: NewsItem, number: int, home: Home, *, today: date, language: str) -> FoundItem:
    points = item.series.points if item.series else ()
    return FoundItem(
        number=number,
        item=item,
        day=long_date(item.date, language) if item.date else "",
        lead=begin_of(plain(item.lead), _WORDS_SHOWN),
        line=_place(item.lead_origin),
        title_mend=mend(home, "title", item.title),
        date_mend=None if item.date else mend(home, "date", today.isoformat()),
        quotes=tuple(
            _quote(item, block, f"{number}.{index}", home)
            for index, block in enumerate(item.blocks)
            if isinstance(block, Quote)
        ),
        spoken=tuple(_quote(item, quote, "", home) for quote in item.spoken),
        roles=_several_roles((*item.quotes, *item.spoken)),
        figures=_figures(item),
        figures_mend=_figures_mend(item, home),
        regions=item.regions,
        places_mend=mend(home, "places", places_value(item.regions)) if item.regions else None,
        points=points,
        closing_mend=mend(home, "closing", "no") if item.closing else None,
        people=tuple(one.text for one in item.people[:_MAX_SHOWN]),
        organisations=tuple(one.text for one in item.organisations[:_MAX_SHOWN]),
    )


def _quote(item: NewsItem, quote: Quote, block: str, home: Home) -> FoundQuote:
    value = quotes_value(item, quote) if block else []
    return FoundQuote(
        words=begin_of(plain(quote.text), _WORDS_SHOWN),
        speaker=quote.speaker,
        role=quote.role,
        as_written=quote.attribution if _tells_more(quote) else "",
        proposed=quote.proposed,
        line=_place(quote.origin),
        block=block,
        mend=mend(home, "quotes", value) if value else None,
    )


def _tells_more(quote: Quote) -> bool:
    """Claim that an attribution holds more than speaker, role and one verb: «рассказали в департаменте»."""
    known = _WORD.findall(f"{quote.speaker} {quote.role}".casefold())
    return sum(word not in known for word in _WORD.findall(quote.attribution.casefold())) > 1


def _several_roles(quotes: Sequence[Quote]) -> dict[str, list[str]]:
    """Return the roles of each speaker who has different ones; «директор» only shortens «директор завода»."""
    found: dict[str, list[str]] = {}
    for quote in quotes:
        roles = found.setdefault(quote.speaker, []) if quote.speaker and quote.role else []
        if not any(_is_within(quote.role, role) or _is_within(role, quote.role) for role in roles):
            roles.append(quote.role)
    return {speaker: roles for speaker, roles in found.items() if len(roles) > 1}


def _is_within(role: str, other: str) -> bool:
    return set(_WORD.findall(role.casefold())) <= set(_WORD.findall(other.casefold()))


def _figures(item: NewsItem) -> tuple[FoundFigure, ...]:
    """Return every figure once: those that somebody put together in a block, then those found in the text."""
    written = [figure for block in item.blocks if isinstance(block, FigureGroup) for figure in block.figures]
    cards = {} if written else _cards(item)
    found = [*written, *(figure for figure in item.figures if figure not in written)]
    return tuple(
        FoundFigure(figure=one, line=_place(one.origin), on_card=one in written or index in cards)
        for index, one in enumerate(found[:_MAX_SHOWN])
    )


def _cards(item: NewsItem) -> dict[int, Figure]:
    """Return the figures that a letter shows as cards, by their number, with the comparison that stands on the card."""
    chosen = {(card.number, card.label): card for card in chosen_cards(item.figures)}
    found: dict[int, Figure] = {}
    for index, figure in enumerate(item.figures):
        for alone in cards_of([figure]):
            if card := chosen.pop((alone.number, alone.label), None):
                found[index] = replace(figure, comparison=card.comparison)
    return found


def _figures_mend(item: NewsItem, home: Home) -> Mend | None:
    """Return the lines that show the same cards as now, or all figures where no card is shown."""
    if any(isinstance(block, FigureGroup) for block in item.blocks) and "figures" not in item.front:
        return None  # put together in the text itself: mended there
    written = "figures" in item.front
    figures = list(item.figures if written else _cards(item).values()) or list(item.figures[:MAX_CARDS])
    return mend(home, "figures", figures_value(figures)) if figures else None


def _place(origin: Origin) -> str:
    return f"{origin.path}:{origin.line}"
