"""What templates see of an issue: the records of `content` with the few derived values that looks need.

Only choices of form are made here (which figures become cards, how wide a bar is); facts come from the item.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from decimal import ROUND_HALF_UP, Decimal

from markupsafe import Markup

from newsletter.content.item import Block, Figure, FigureGroup, Link, NewsItem, Quote, Region, Series, Text
from newsletter.issue import Issue
from newsletter.language.calendar import long_date
from newsletter.language.numbers import leading_bound
from newsletter.render.blocks import end_mark, mark
from newsletter.render.slots import Slot

MAX_CARDS = 4
_BOUNDS = {"more": "более", "less": "менее", "about": "около"}
_MIN_BAR_PERCENT = 2  # a bar that cannot be seen says "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A figure shown big, its bound before it: "более 68 %" must never become "68 %"."""

    bound: str  # "более", "почти" or ""
    number: str
    unit: str
    label: str  # what is measured, and when
    comparison: str  # in words, with the ratio: "в 2,7 раза больше, чем годом ранее"
    arrow: str  # "▲", "▼" or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    label: str
    text: str
    percent: int  # 1 … 100, of the largest
    derived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    measures: str
    period: str  # what each bar covers where that is less than its year: "январь–март"; often empty
    unit: str
    points: tuple[Bar, ...]

    @property
    def has_derived(self) -> bool:
        return any(point.derived for point in self.points)


class BlockView:
    """A block with its `mark`; a figures block also has `cards`."""

    __slots__ = ("_block", "cards", "mark")

    def __init__(self, block: Block, marker: str) -> None:
        self._block = block
        self.mark = Markup(marker)  # noqa: S704 - a comment of our own letters
        self.cards = tuple(_cards(block.figures)) if isinstance(block, FigureGroup) else ()

    def __getattr__(self, name: str) -> object:
        return getattr(self._block, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    title: str
    lead: Text
    date_text: str
    source: str
    rubric: str
    link: str
    blocks: tuple[BlockView, ...]
    end_mark: Markup  # printed behind the last block
    figures: tuple[Figure, ...]
    cards: tuple[Card, ...]
    series: Bars | None
    regions: tuple[Region, ...]
    quotes: tuple[Quote, ...]
    button: Link | None  # the first link that stands alone; it is also among the blocks
    lang: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueView:
    subject: str
    preheader: str
    title: str
    date_text: str
    lang: str
    dir: str
    kind: str  # "letter": one item; "digest": several
    intro: Text
    items: tuple[ItemView, ...]
    recipient_number: Slot


def issue_view(issue: Issue, mark_word: str) -> IssueView:
    return IssueView(
        subject=issue.subject,
        preheader=issue.preheader,
        title=issue.title,
        date_text=long_date(issue.date, issue.lang) if issue.date else "",
        lang=issue.lang,
        dir=issue.dir,
        kind=issue.kind,
        intro=issue.intro,
        items=tuple(_item_view(item, number, issue, mark_word) for number, item in enumerate(issue.items)),
        recipient_number=Slot("issue.recipient_number"),
    )


def _item_view(item: NewsItem, number: int, issue: Issue, mark_word: str) -> ItemView:
    grouped = any(isinstance(block, FigureGroup) for block in item.blocks)
    return ItemView(
        title=item.title,
        lead=item.lead,
        date_text=long_date(item.date, issue.lang) if item.date else "",
        source=item.source,
        rubric=item.rubric,
        link=item.link,
        blocks=tuple(BlockView(block, mark(mark_word, number, index)) for index, block in enumerate(item.blocks)),
        end_mark=Markup(end_mark(mark_word, number)),  # noqa: S704 - a comment of our own letters
        figures=item.figures,
        cards=() if grouped else _chosen_cards(item.figures),
        series=_bars(item.series, item.figures) if item.series else None,
        regions=tuple(region for region in item.regions if not region.proposed),
        quotes=item.quotes,
        button=next((block for block in item.blocks if isinstance(block, Link)), None),
        lang=item.lang,
    )


def _chosen_cards(figures: tuple[Figure, ...]) -> tuple[Card, ...]:
    """Return at most MAX_CARDS cards: of certain figures, and of those that say what they measure."""
    return tuple(_cards([figure for figure in figures if not figure.proposed and figure.measures]))[:MAX_CARDS]


def _cards(figures: tuple[Figure, ...] | list[Figure]) -> Iterator[Card]:
    """Yield a card for each figure but ratios, which become the comparison of the figure they belong to."""
    taken: set[int] = set()
    for index, figure in enumerate(figures):
        if figure.kind == "ratio":
            continue
        ratio = _ratio_of(figure, figures, taken)
        yield Card(
            bound=_bound(figure),
            number=figure.number or figure.text,
            unit="" if not figure.number or figure.unit in figure.number else figure.unit,
            label=", ".join(part for part in (figure.measures, figure.period) if part),
            comparison=_comparison(ratio) if ratio else figure.comparison,
            arrow=_arrow(ratio),
        )
        taken.add(index)


def _ratio_of(figure: Figure, figures: tuple[Figure, ...] | list[Figure], taken: set[int]) -> Figure | None:
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


def _bars(series: Series, figures: tuple[Figure, ...]) -> Bars:
    # A bar labelled "2021" that holds a quarter would be read as the year: the caption says what it covers.
    periods = (figure.period for figure in figures if figure.measures == series.measures and figure.period)
    period = re.sub(r"\s*\d{4}\s*(?:года?|г\.)?$", "", next(periods, ""))
    largest = max(point.value for point in series.points)
    return Bars(
        measures=series.measures,
        period=period,
        unit=series.unit,
        points=tuple(
            Bar(label=p.label, text=p.text, percent=_percent(p.value, largest), derived=p.derived)
            for p in series.points
        ),
    )


def _percent(value: Decimal, largest: Decimal) -> int:
    share = int((value * 100 / largest).quantize(Decimal(1), ROUND_HALF_UP)) if largest > 0 else 0
    return min(100, max(_MIN_BAR_PERCENT, share))


def attributes(record: type) -> tuple[str, ...]:
    """Return the public names that a template may read of a view; templates/README.md documents each."""
    names = [f.name for f in fields(record)] if is_dataclass(record) else []
    return tuple(names + [n for n, v in vars(record).items() if isinstance(v, property)])
