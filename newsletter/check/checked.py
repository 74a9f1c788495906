"""What checks look at: an issue, its compiled form and one merged sample, as plain values.

The command line fills it after a compile; a test can build it by hand. No check reads a file or a setting.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from newsletter.content.item import (
    Block,
    Heading,
    Image,
    Link,
    ListBlock,
    NewsItem,
    Origin,
    Paragraph,
    Quote,
    Span,
    Table,
    Text,
)
from newsletter.content.polish import Mend
from newsletter.render.compiled import CompiledIssue


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One issue as the checks see it."""

    kind: Literal["letter", "digest"] = "letter"
    subject: str
    preheader: str
    preheader_proposed: bool = False  # True: the lead's first sentence stands in
    title: str
    title_proposed: bool
    date: datetime.date | None
    waivers: Mapping[str, str] = field(default_factory=dict)  # finding id → reason
    origins: Mapping[str, Origin] = field(default_factory=dict)  # where each word about the issue as a whole stands
    items: tuple[NewsItem, ...]
    intro: Text = ()  # of a digest
    mends: tuple[Mend, ...] = ()  # what typography changed in the items, or would change
    compiled: CompiledIssue
    sample_html: str  # merged for the specimen subscriber
    sample_text: str
    variant_html: Mapping[str, str] = field(default_factory=dict)  # the same for every variant; empty: the sample alone
    mjml_sources: Mapping[str, str] = field(default_factory=dict)  # template path as shown → Jinja and MJML as written
    rendered_mjml: Mapping[str, str] = field(default_factory=dict)  # variant key → MJML after Jinja
    # Where each line of a rendered variant came from, first line first. May be left out: places are then searched for.
    mjml_lines: Mapping[str, Sequence[Origin]] = field(default_factory=dict)

    @property
    def pages(self) -> tuple[str, ...]:
        """The HTML of every variant as the specimen reads it, each once, the sample first."""
        return tuple(dict.fromkeys((self.sample_html, *self.variant_html.values())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a finding is shown: fields as in `Finding`."""

    file: str = ""
    line: int = 0
    block: int | None = None


def front_place(subject: Checked, key: str) -> Place:
    """Return where the issue says `key`: in `issue.toml`, or in a letter's front matter; else that file, without line.

    A digest of files named on the command line says nothing as a whole, and front matter of its items is not its own.
    """
    if key in subject.origins:
        return Place(file=subject.origins[key].path, line=subject.origins[key].line)
    if subject.kind == "digest":
        return Place(file=next((origin.path for origin in subject.origins.values()), ""))
    for item in subject.items:
        if key in item.front_lines:
            return Place(file=item.origin.path, line=item.front_lines[key])
    return Place(file=subject.items[0].origin.path if subject.items else "")


def spans_of(item: NewsItem) -> Iterator[tuple[Span, Place]]:
    """Yield every run of text of an item with its place."""
    for span in item.lead:
        yield span, Place(file=item.origin.path, line=item.lead_origin.line)
    for index, block in enumerate(item.blocks):
        place = Place(file=block.origin.path, line=block.origin.line, block=index)
        for span in _spans_of_block(block):
            yield span, place


def subject_place(subject: Checked) -> Place:
    """Return where the issue says its subject; without one of its own, its title, which stands in."""
    place = front_place(subject, "subject")
    return place if place.line else front_place(subject, "title")


def place_of_words(subject: Checked, words: str) -> Place:
    """Return the first place of an item that holds these words; nowhere when a template or a setting says them."""
    sought = _squeezed(words)
    if not sought:
        return Place()
    for item in subject.items:
        if sought in _squeezed(item.title):
            line = item.front_lines.get("title", item.origin.line)
            return Place(file=item.origin.path, line=line)
        if sought in _squeezed("".join(span.text for span in item.lead)):
            return Place(file=item.origin.path, line=item.lead_origin.line)
        for index, block in enumerate(item.blocks):
            if sought in _squeezed(words_of_block(block)):
                return Place(file=block.origin.path, line=block.origin.line, block=index)
    return Place()


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def words_of_block(block: Block) -> str:
    """Return the words of a block as they stand in the item, of a list or a table without anything between."""
    if isinstance(block, Image):
        return f"{block.alt} {block.credit}"
    if isinstance(block, Link):
        return block.text
    if isinstance(block, Quote):
        return " ".join((*(span.text for span in block.text), block.speaker, block.role))
    return "".join(span.text for span in _spans_of_block(block))


def _spans_of_block(block: Block) -> Iterator[Span]:
    if isinstance(block, Paragraph | Heading | Quote):
        yield from block.text
    elif isinstance(block, ListBlock):
        for text in block.items:
            yield from text
    elif isinstance(block, Table):
        for row in (block.header, *block.rows):
            for cell in row:
                yield from cell
