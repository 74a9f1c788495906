"""Texts as written with a straight quotation mark too few: rules that cut out somebody's words take its trace away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from newsletter.content.item import Block, Heading, Named, Paragraph, Quote
from newsletter.language.edit import MASK
from newsletter.language.quotation import unpaired


def odd_quoted(blocks: Sequence[Block]) -> Iterator[Named]:
    """Yield the words of blocks whose straight marks do not pair; code is masked, inches are no marks."""
    for block in blocks:
        if isinstance(block, Paragraph | Heading | Quote):
            words = "".join(MASK * len(span.text) if span.code else span.text for span in block.text)
            if any(words[at] == '"' for at in unpaired(words)):
                yield Named(text=words, origin=block.origin)
