"""What templates see of an issue: the records of `content` with the few derived values that looks need.

Only choices of form are made here (which figures become cards, how wide a bar is); facts come from the item.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from markupsafe import Markup

from newsletter.content.item import (
    Block,
    Figure,
    FigureGroup,
    Heading,
    Link,
    NewsItem,
    Quote,
    Region,
    Series,
    Table,
    Text,
    plain,
)
from newsletter.issue import Issue
from newsletter.language.calendar import long_date
from newsletter.render.blocks import end_mark, mark
from newsletter.render.brief import brief
from newsletter.render.cards import Card, cards_of, chosen_cards
from newsletter.render.slots import Slot

_MIN_BAR_PERCENT = 2  # a bar that cannot be seen says "nothing"
_BESIDE_BAR = 28  # letters of label and value that leave a bar room between them on a window of 320 px
# "412", "−3,5 %", "≈ 217 млн", "-": what stands in a column of numbers. Longer cells are sentences that begin with one.
_NUMBER = re.compile(r"[×≈~+−–<>≤≥-]?\s*\d.{0,24}", re.DOTALL)
_NO_NUMBER = {"", "-", "–", "—", "−", "…", "н/д"}


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

    @property
    def stacked(self) -> bool:
        """Claim that label and value have no room on the line of their bar."""
        return max(len(point.label) for point in self.points) + max(len(p.text) for p in self.points) > _BESIDE_BAR


class BlockView:
    """A block with its `mark`; a figures block also has `cards`, a table `numeric`."""

    __slots__ = ("_block", "cards", "mark", "numeric")

    def __init__(self, block: Block, marker: str) -> None:
        self._block = block
        self.mark = Markup(marker)  # noqa: S704 - a comment of our own letters
        self.cards = tuple(cards_of(block.figures)) if isinstance(block, FigureGroup) else ()
        self.numeric = _numeric(block) if isinstance(block, Table) else ()

    def __getattr__(self, name: str) -> object:
        return getattr(self._block, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """A line of `item.brief`, with the mark of the block that it came from."""

    kind: str  # "figure", "entry" or "quote"
    mark: Markup  # empty where the block is not known, or where a line before had the same
    figure: str
    joint: str
    text: Text
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    title: str
    lead: Text
    date_text: str
    source: str
    rubric: str
    link: str
    blocks: tuple[BlockView, ...]
    brief: tuple[LineView, ...]
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
        blocks=tuple(
            BlockView(block, mark(mark_word, number, index))
            for index, block in enumerate(_levelled(item.blocks, first=2 if issue.kind == "letter" else 3))
        ),
        brief=tuple(_lines(item, number, mark_word)),
        end_mark=Markup(end_mark(mark_word, number)),  # noqa: S704 - a comment of our own letters
        figures=item.figures,
        cards=() if grouped else chosen_cards(item.figures),
        series=_bars(item.series, item.figures) if item.series else None,
        regions=tuple(region for region in item.regions if not region.proposed),
        quotes=item.quotes,
        button=next((block for block in item.blocks if isinstance(block, Link)), None),
        lang=item.lang,
    )


def _levelled(blocks: tuple[Block, ...], first: int) -> Iterator[Block]:
    """Yield the blocks, headings on levels from `first` on and none skipped, whatever the writer began with."""
    open_levels: list[int] = []  # as written, outermost first
    for block in blocks:
        if isinstance(block, Heading):
            open_levels = [level for level in open_levels if level < block.level]
            open_levels.append(block.level)
            yield replace(block, level=first + len(open_levels) - 1)
        else:
            yield block


def _lines(item: NewsItem, number: int, mark_word: str) -> Iterator[LineView]:
    marked: set[int] = {-1}  # one range for a block, whatever the number of its lines
    for line in brief(item):
        marker = "" if line.block in marked else mark(mark_word, number, line.block)
        marked.add(line.block)
        shown = Markup(marker)  # noqa: S704 - a comment of our own letters
        yield LineView(kind=line.kind, mark=shown, figure=line.figure, joint=line.joint, text=line.text, by=line.by)


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


def _numeric(table: Table) -> tuple[bool, ...]:
    """Return of each column whether numbers stand in it; the first says what a row is about, whatever stands there."""
    columns = max((len(row) for row in (table.header, *table.rows)), default=0)
    cells = [[plain(row[n]).strip() for row in table.rows if n < len(row)] for n in range(columns)]
    return tuple(n > 0 and _are_numbers(column) for n, column in enumerate(cells))


def _are_numbers(cells: list[str]) -> bool:
    said = [cell for cell in cells if cell.lower() not in _NO_NUMBER]
    return bool(said) and all(_NUMBER.fullmatch(cell) for cell in said)


def _percent(value: Decimal, largest: Decimal) -> int:
    share = int((value * 100 / largest).quantize(Decimal(1), ROUND_HALF_UP)) if largest > 0 else 0
    return min(100, max(_MIN_BAR_PERCENT, share))


def attributes(record: type) -> tuple[str, ...]:
    """Return the public names that a template may read of a view; templates/README.md documents each."""
    names = [f.name for f in fields(record)] if is_dataclass(record) else []
    return tuple(names + [n for n, v in vars(record).items() if isinstance(v, property)])
