"""The texts of an item with their places, for checks of language: what somebody wrote, code and addresses masked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.check.checked import Checked, Place, front_place
from newsletter.content.item import NewsItem, Text
from newsletter.content.polish import texts_of
from newsletter.content.spans import text_of
from newsletter.language.edit import MASK
from newsletter.language.fixed import fixed_ranges


def masked(text: Text) -> str:
    """Return the characters of a text, code and addresses as letters of no alphabet."""
    words = list("".join(MASK * len(span.text) if span.code else span.text for span in text))
    for start, end in fixed_ranges("".join(words)):
        words[start:end] = MASK * (end - start)
    return "".join(words)


def texts_of_issue(subject: Checked) -> Iterator[tuple[str, Place]]:
    """Yield subject, preheader, introduction and every text of every item, masked; a title that is the subject once."""
    yield masked(text_of(subject.subject)), front_place(subject, "subject")
    if not subject.preheader_proposed:
        yield masked(text_of(subject.preheader)), front_place(subject, "preheader")
    yield masked(subject.intro), Place()
    for item in subject.items:
        for text, place in texts_of_item(item):
            if place.block is not None or text.replace("\u00a0", " ") != subject.subject:
                yield text, place


def shown(words: str) -> str:
    """Return words for a message: on one line, what is masked as an ellipsis."""
    return re.sub(r"\s", " ", re.sub(f"{MASK}+", "…", words)).strip()


def texts_of_item(item: NewsItem) -> Iterator[tuple[str, Place]]:
    """Yield the texts of an item, masked: title, lead, blocks."""
    path, line = item.origin.path, item.origin.line
    yield masked(text_of(item.title)), Place(file=path, line=item.front_lines.get("title", line))
    yield masked(item.lead), Place(file=path, line=item.lead_origin.line)
    for index, block in enumerate(item.blocks):
        for text in texts_of(block):
            yield masked(text), Place(file=block.origin.path, line=block.origin.line, block=index)
