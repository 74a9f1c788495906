"""What a news item is, once read: the one structure that templates, checks and the preview share.

Every block knows the file and line it came from. A fact that a rule guessed and that is not certain enough to
print without a human look carries `proposed=True` (see `docs/extract.md`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

FigureKind = Literal["amount", "ratio", "share", "count"]
Bound = Literal["", "more", "less", "about"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where something was written: a path as the user knows it, and a line counted from 1."""

    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A run of text in one style. `href` is empty, or an absolute http, https, mailto or tel address.

    A newline in `text` is a line break that the writer asked for; text has no other control characters.
    """

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    href: str = ""


Text = tuple[Span, ...]


def plain(text: Text) -> str:
    """Return the characters of `text` without style or addresses."""
    return "".join(span.text for span in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number the item states, as written and as understood."""

    text: str  # as written: "248 млн рублей", "в 2,7 раза", "каждый восьмой", "более четверти"
    kind: FigureKind
    value: Decimal | None  # amount: whole units (248000000); ratio: 2.7; share: 0.125
    unit: str = ""  # "млн рублей", "%", "раза"; empty where words carry it ("каждый восьмой")
    number: str = ""  # what a card shows big: "248", "×2,7", "68 %", "1 из 8"
    bound: Bound = ""  # "более 68 %" is "more", "почти" is "about"
    measures: str = ""  # what it counts, in the item's own words
    comparison: str = ""  # with what it is compared: "чем за аналогичный период прошлого года"
    period: str = ""  # "первый квартал 2021 года"
    base_period: str = ""  # of a ratio: the period compared with, "2020"
    origin: Origin
    proposed: bool = False
    rule: str = ""  # the rule that found it (content/trust.py); empty when a person wrote it down


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    kind: ClassVar[str] = "paragraph"
    text: Text
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    kind: ClassVar[str] = "heading"
    level: int  # 2 … 4: the title is the only h1
    text: Text
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ListBlock:
    kind: ClassVar[str] = "list"
    ordered: bool
    items: tuple[Text, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    kind: ClassVar[str] = "table"
    header: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Somebody's words, without the quotation marks around them. Speaker and role are empty when unknown."""

    kind: ClassVar[str] = "quote"
    text: Text
    speaker: str
    role: str
    origin: Origin
    proposed: bool = False  # the words are somebody's, but who said them is a guess to look at
    attribution: str = ""  # as written: "сказал директор завода на встрече"; speaker and role come from it
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureGroup:
    """Figures an editor put together on purpose; they replace the cards that would be chosen by rule."""

    kind: ClassVar[str] = "figures"
    figures: tuple[Figure, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    kind: ClassVar[str] = "image"
    src: str  # https address, or the file's path from the workspace's root ("content/plant.png")
    alt: str
    credit: str = ""
    width: int = 0  # pixels as shown (content/recoding.py); 0 where nobody looked into it
    height: int = 0
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that stands alone in its paragraph: shown as a button."""

    kind: ClassVar[str] = "link"
    text: str
    href: str
    origin: Origin


Block = Paragraph | Heading | ListBlock | Table | Quote | FigureGroup | Image | Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Places the item names as destinations, in the nominative: Region("Европа", ("Литва", …))."""

    name: str
    places: tuple[str, ...]
    proposed: bool = False
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A person or an organisation that the text names, in the words and the case in which it stands there."""

    text: str
    origin: Origin
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    label: str  # "2019"
    value: Decimal
    text: str  # as shown: "≈ 55 млн рублей"
    derived: bool  # calculated from the item's own ratios, not stated in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One measure over time, oldest first, fit for bars. At least two points."""

    measures: str
    unit: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsItem:
    """A news item as understood. Text is empty, never None, where the item says nothing."""

    title: str
    title_proposed: bool  # True: taken from the lead by rule, an editor should look
    lead: Text  # the first paragraph, not repeated in `blocks`
    lead_line: int = 0  # its line in the file; 0 where the file has no lines
    date: date | None
    source: str
    rubric: str = ""  # a word above the title: "Экспорт"
    link: str = ""  # the full text on the web: where a digest leads to
    blocks: tuple[Block, ...]
    figures: tuple[Figure, ...] = ()  # in the order of the text, lead and quotes included
    regions: tuple[Region, ...] = ()
    series: Series | None = None
    spoken: tuple[Quote, ...] = ()  # words of somebody in the lead or inside a sentence: printed where they stand
    people: tuple[Named, ...] = ()  # each once, at the first mention
    organisations: tuple[Named, ...] = ()
    odd_quoted: tuple[Named, ...] = ()  # texts with a straight quotation mark that has no partner, as written
    left_out: tuple[str, ...] = ()  # words of the file that are no part of the item: buttons of a web page
    closing: str = ""  # the closing call to subscribe: kept for the record, never shown as content
    front: Mapping[str, object] = field(default_factory=dict)  # front matter as read (plain YAML values)
    front_lines: Mapping[str, int] = field(default_factory=dict)  # line of each top-level front-matter key
    lang: str = "ru"
    origin: Origin

    @property
    def lead_origin(self) -> Origin:
        """Where the lead was written."""
        return replace(self.origin, line=self.lead_line or self.origin.line)

    @property
    def quotes(self) -> tuple[Quote, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Quote))
