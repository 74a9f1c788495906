"""From blocks to a NewsItem: the rules look for facts in a fixed order, and front matter overrides what they find."""

from __future__ import annotations

from datetime import date

from newsletter.content.draft import Draft
from newsletter.content.front import Front
from newsletter.content.item import Block, Link, NewsItem, Origin, Paragraph, Text, plain
from newsletter.content.links import clean_href
from newsletter.content.spans import text_of


def understand(draft: Draft, front: Front, *, shown: str, title: str) -> NewsItem:
    """Return the item; `title` (from the command line) beats front matter, which beats the text."""
    lead, blocks = _lead(draft, front)
    words = title or front.word("title") or plain(draft.title)
    when = front.values.get("date")
    return NewsItem(
        title=words or plain(lead)[:90],
        title_proposed=not words,
        lead=lead,
        date=when if isinstance(when, date) else None,
        source=front.word("source"),
        blocks=blocks + _button(front, shown),
        front=front.values,
        front_lines=front.lines,
        lang=front.word("lang") or "ru",
        origin=Origin(path=shown, line=front.body_line),
    )


def _lead(draft: Draft, front: Front) -> tuple[Text, tuple[Block, ...]]:
    """Return the lead and the blocks after it: the first block if it is a paragraph, unless front matter has one."""
    if "lead" in front.values:
        return text_of(front.word("lead")), draft.blocks
    first = draft.blocks[0] if draft.blocks else None
    if isinstance(first, Paragraph):
        return first.text, draft.blocks[1:]
    return (), draft.blocks


def _button(front: Front, shown: str) -> tuple[Link, ...]:
    button = front.values.get("button")
    if not isinstance(button, dict):
        return ()
    origin = Origin(path=shown, line=front.line("button"))
    return (Link(text=button["text"], href=clean_href(button["href"], origin), origin=origin),)
