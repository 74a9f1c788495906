"""An item's words as they are mailed: typography over every text, last of all, once the facts have been found.

Styles keep their characters, code and written-out addresses stay as they are. What the rules would change to the eye
is also told as `Mend`s, so that a check can name it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

from newsletter.content.item import (
    Block,
    Figure,
    FigureGroup,
    Heading,
    Image,
    Link,
    ListBlock,
    NewsItem,
    Origin,
    Paragraph,
    Quote,
    Region,
    Series,
    Table,
    Text,
    plain,
)
from newsletter.content.spans import text_of
from newsletter.language.cells import set_cell
from newsletter.language.digits import grouped
from newsletter.language.edit import Edit, apply_edits
from newsletter.language.typography import Typeset, typeset, typeset_text, visible, worth_mending
from newsletter.settings import Typography

_PERCENT = re.compile("\\d[ \u00a0\u202f]?%")
_GLUED_PERCENT = re.compile(r"\d%")
_PERCENT_GAP = re.compile("(?<=\\d)[ \u00a0\u202f](?=%)")
_AROUND = 18  # characters of an excerpt on either side


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """What one rule changes, to the eye, in one block."""

    rule: str
    count: int
    excerpt: str  # around the first place, as written
    origin: Origin
    block: int | None  # index into the item's blocks; None in title and lead
    made: bool  # False: the rule is switched off, and the mail goes out as written


def polish_words(words: str, lang: str, settings: Typography) -> str:
    """Return plain words as set."""
    return typeset_text(words, lang, settings) if words else ""


def polish_header(words: str, lang: str, settings: Typography) -> str:
    """Return a subject as set, its spaces all ordinary: a filter or an old program takes U+00A0 for something odd."""
    edits = visible(_typeset(text_of(words), lang, settings).edits, words)
    return apply_edits(words, edits).replace("\u00a0", " ")


def polish_text(text: Text, lang: str, settings: Typography) -> Text:
    """Return styled text as set; a quotation may open in one span and close in another."""
    if not text:
        return ()
    done = _typeset(text, lang, settings)
    characters = zip(done.owners, done.text, strict=True)
    return tuple(
        replace(text[owner], text="".join(char for _, char in run))
        for owner, run in groupby(characters, key=lambda pair: pair[0])
    )


def polish_blocks(blocks: Sequence[Block], lang: str, settings: Typography) -> tuple[Block, ...]:
    """Return blocks with every text as set."""
    return tuple(map(_Hand(lang, settings).block, blocks))


def polish_item(item: NewsItem, settings: Typography, *, lang: str = "") -> NewsItem:
    """Return the item with every text as set, in `lang` or its own; front matter stays as it was read."""
    hand = _Hand(lang or item.lang, settings, _glues_percent(item))
    return replace(
        item,
        title=hand.words(item.title),
        lead=hand.text(item.lead),
        source=hand.words(item.source),
        rubric=hand.words(item.rubric),
        blocks=tuple(map(hand.block, item.blocks)),
        figures=tuple(map(hand.figure, item.figures)),
        regions=tuple(map(hand.region, item.regions)),
        series=hand.series(item.series) if item.series else None,
    )


def _glues_percent(item: NewsItem) -> bool:
    """Claim that an item writes most of its per cent signs without a space."""
    words = [item.title, plain(item.lead), *(plain(text) for block in item.blocks for text in texts_of(block))]
    glued, all_signs = (sum(len(pattern.findall(one)) for one in words) for pattern in (_GLUED_PERCENT, _PERCENT))
    return glued * 2 > all_signs


@dataclass(frozen=True, slots=True)
class _Hand:
    """Sets what it is given, in one language by one set of rules."""

    lang: str
    settings: Typography
    glued_percent: bool = False  # the item writes «5%», not «5 %»

    def words(self, written: str) -> str:
        return polish_words(written, self.lang, self.settings)

    def stated(self, written: str) -> str:
        """Set a figure's own words: «не менее» is looked for again when a card is made, and stays as it was found."""
        return polish_words(written, self.lang, replace(self.settings, nbsp_short=False))

    def text(self, written: Text) -> Text:
        return polish_text(written, self.lang, self.settings)

    def block(self, block: Block) -> Block:
        match block:
            case Paragraph() | Heading():
                return replace(block, text=self.text(block.text))
            case ListBlock():
                return replace(block, items=tuple(map(self.text, block.items)))
            case Table():
                rows = tuple(self.row(row, block.header) for row in block.rows)
                return replace(block, header=tuple(map(self.text, block.header)), rows=rows)
            case Quote():
                speaker, role, by = map(self.words, (block.speaker, block.role, block.attribution))
                return replace(block, text=self.text(block.text), speaker=speaker, role=role, attribution=by)
            case FigureGroup():
                return replace(block, figures=tuple(map(self.figure, block.figures)))
            case _:
                return self.small(block)

    def small(self, block: Image | Link) -> Block:
        if isinstance(block, Link):
            return replace(block, text=self.words(block.text))
        return replace(block, alt=self.words(block.alt), credit=self.words(block.credit))

    def row(self, row: Sequence[Text], header: Sequence[Text]) -> tuple[Text, ...]:
        """Set cells: a lone hyphen says that there is nothing, a long number is of what its header says."""
        heads = map(plain, (*header, *[()] * len(row)))
        return tuple(
            (replace(cell[0], text=set_cell(cell[0].text, head, self.lang, self.settings)),)
            if len(cell) == 1 and not cell[0].code
            else self.text(cell)
            for cell, head in zip(row, heads, strict=False)
        )

    def figure(self, figure: Figure) -> Figure:
        return replace(
            figure,
            text=self.stated(figure.text),
            unit=self.unit(figure.unit),
            number=self.percent(self.number(figure.number), figure.text),
            measures=self.words(figure.measures),
            comparison=self.words(figure.comparison),
            period=self.words(figure.period),
            base_period=self.words(figure.base_period),
        )

    def unit(self, unit: str) -> str:
        """Set the words behind a number as they are set behind one: «млрд. рублей» has a full stop too many."""
        return self.words(f"1 {unit}")[2:] if unit[:1].isalpha() else self.words(unit)

    def number(self, number: str) -> str:
        """Set a card's number; its unit, which is what makes it one that is grouped, stands elsewhere."""
        done = self.stated(number)
        return grouped(done) if self.is_russian and self.settings.digit_groups else done

    def percent(self, number: str, written: str) -> str:
        """Return a card's number with its per cent sign as the item writes it; rules put a space before each."""
        glued = _GLUED_PERCENT.search(written) if "%" in written else self.glued_percent
        as_written = self.settings.percent == "as_written" and glued
        return _PERCENT_GAP.sub("", number) if as_written or not self.is_russian else number

    @property
    def is_russian(self) -> bool:
        return self.lang.partition("-")[0] == "ru"

    def region(self, region: Region) -> Region:
        return replace(region, name=self.words(region.name), places=tuple(map(self.words, region.places)))

    def series(self, series: Series) -> Series:
        points = tuple(
            replace(p, label=self.words(p.label), text=self.percent(self.words(p.text), "")) for p in series.points
        )
        return replace(series, measures=self.words(series.measures), unit=self.words(series.unit), points=points)


@lru_cache(maxsize=1024)
def _typeset(text: Text, lang: str, settings: Typography) -> Typeset:
    """Every text is asked for twice with the same rules: as it is mailed, and for what the file left undone."""
    starts: list[int] = []
    fixed: list[tuple[int, int]] = []
    at = 0
    for span in text:
        starts.append(at)
        if span.code or (span.href and span.text == span.href):
            fixed.append((at, at + len(span.text)))
        at += len(span.text)
    return typeset(plain(text), lang, settings, fixed=fixed, starts=starts)


def mends_of(item: NewsItem, settings: Typography, *, lang: str = "") -> Iterator[Mend]:
    """Yield what the rules, switched off or not, change to the eye in an item: one mend for a rule and block."""
    spoken = lang or item.lang
    title = replace(item.origin, line=item.front_lines.get("title", item.origin.line))
    if not item.title_proposed:
        yield from _mends([text_of(item.title)], spoken, settings, title, None)
    yield from _mends([item.lead], spoken, settings, item.lead_origin, None)
    for index, block in enumerate(item.blocks):
        yield from _mends(list(texts_of(block)), spoken, settings, block.origin, index)


def word_mends(words: str, lang: str, settings: Typography, origin: Origin) -> Iterator[Mend]:
    """Yield what the rules change to the eye in plain words."""
    yield from _mends([text_of(words)], lang, settings, origin, None)


def texts_of(block: Block) -> Iterator[Text]:
    """Yield the texts that somebody wrote for a block; those of figures are cut out of other texts by rule."""
    match block:
        case Paragraph() | Heading():
            yield block.text
        case ListBlock():
            yield from block.items
        case Table():
            for row in (block.header, *block.rows):
                yield from row
        case Quote():
            yield block.text
            yield text_of(block.attribution or ", ".join(filter(None, (block.speaker, block.role))))
        case Image():
            yield text_of(block.alt)
            yield text_of(block.credit)
        case Link():
            yield text_of(block.text)


def _mends(texts: list[Text], lang: str, settings: Typography, origin: Origin, block: int | None) -> Iterator[Mend]:
    everything = Typography(percent=settings.percent)
    found: dict[str, tuple[int, str]] = {}
    for text in texts:
        words = plain(text)
        for edit in worth_mending(_typeset(text, lang, everything).edits, words):
            count, excerpt = found.get(edit.rule, (0, ""))
            found[edit.rule] = (count + 1, excerpt or _excerpt(words, edit))
    for rule, (count, excerpt) in found.items():
        made = bool(getattr(settings, rule))
        yield Mend(rule=rule, count=count, excerpt=excerpt, origin=origin, block=block, made=made)


def _excerpt(words: str, edit: Edit) -> str:
    """Return the words around an edit, whole ones where they are short, on one line."""
    start, end = max(edit.start - _AROUND, 0), min(edit.end + _AROUND, len(words))
    shown = words[start:end]
    if start and " " in shown[: edit.start - start - 1]:
        shown = shown[shown.index(" ") + 1 :]
    if end < len(words) and shown.rfind(" ") > len(shown) - _AROUND + 1:
        shown = shown[: shown.rindex(" ")]
    return re.sub(r"\s", " ", shown).strip()
