"""What checks look at: an issue, its compiled form and one merged sample, as plain values.

The command line fills it after a compile; a test can build it by hand. No check reads a file or a setting.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from newsletter.content.item import Block, Heading, ListBlock, NewsItem, Origin, Paragraph, Quote, Span, Table
from newsletter.render.compiled import CompiledIssue


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One issue as the checks see it."""

    subject: str
    preheader: str
    preheader_proposed: bool = False  # True: the lead's first sentence stands in
    title: str
    title_proposed: bool
    date: datetime.date | None
    waivers: Mapping[str, str] = field(default_factory=dict)  # finding id → reason
    items: tuple[NewsItem, ...]
    compiled: CompiledIssue
    sample_html: str  # merged for the specimen subscriber
    sample_text: str
    wire_bytes: int = 0  # the sample as a whole message; 0 where it was not built
    mjml_sources: Mapping[str, str] = field(default_factory=dict)  # template path as shown → Jinja and MJML as written
    rendered_mjml: Mapping[str, str] = field(default_factory=dict)  # variant key → MJML after Jinja
    # Where each line of a rendered variant came from, first line first. May be left out: places are then searched for.
    mjml_lines: Mapping[str, Sequence[Origin]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a finding is shown: fields as in `Finding`."""

    file: str = ""
    line: int = 0
    block: int | None = None


def front_place(subject: Checked, key: str) -> Place:
    """Return where front matter says `key`; where no item does, the file of the first item, without a line."""
    for item in subject.items:
        if key in item.front_lines:
            return Place(file=item.origin.path, line=item.front_lines[key])
    return Place(file=subject.items[0].origin.path if subject.items else "")


def spans_of(item: NewsItem) -> Iterator[tuple[Span, Place]]:
    """Yield every run of text of an item with its place."""
    for span in item.lead:
        yield span, Place(file=item.origin.path, line=item.origin.line)
    for index, block in enumerate(item.blocks):
        place = Place(file=block.origin.path, line=block.origin.line, block=index)
        for span in _spans_of_block(block):
            yield span, place


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
