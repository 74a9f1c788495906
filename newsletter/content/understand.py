"""From blocks to a NewsItem: the rules look for facts in a fixed order, and front matter overrides what they find.

The rules are Russian. In an item of another language only what was written down counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import cast

from newsletter.content.closing import split_closing
from newsletter.content.destinations import find_regions
from newsletter.content.draft import Draft
from newsletter.content.facts import Passage, merge_figures, passages, tell_figures
from newsletter.content.front import Front
from newsletter.content.headline import propose_title
from newsletter.content.item import (
    Block,
    Figure,
    FigureGroup,
    Link,
    NewsItem,
    Origin,
    Paragraph,
    Quote,
    Region,
    Series,
    Text,
    plain,
)
from newsletter.content.links import clean_href
from newsletter.content.people import People, find_mentions
from newsletter.content.quotes import join_open_quotes, split_quotes
from newsletter.content.series import find_series
from newsletter.content.spans import text_of
from newsletter.content.written import written_figure
from newsletter.errors import InputError

# Some rules look back and forth: beyond the size of any press item (a long one has 10,000 characters) they only
# would make an hour of a hostile file.
_MAX_PARAGRAPH = 5_000  # characters
_MAX_PARAGRAPHS = 400


def understand(draft: Draft, front: Front, *, shown: str, title: str) -> NewsItem:
    """Return the item; `title` (from the command line) beats front matter, which beats the text."""
    lang = front.word("lang") or "ru"
    russian = lang.partition("-")[0] == "ru"
    blocks, closing = _closing(draft.blocks, front, russian)
    lead, blocks = _lead(blocks, front)
    if russian:
        blocks = _with_quotes(lead, blocks)
    blocks = _corrected(blocks, front, shown)
    texts = _texts(draft, lead, blocks) if russian else []
    figures, series = _figures(texts, front, shown)
    group = _group(front, figures, shown)
    words = title or front.word("title") or plain(draft.title)
    when = front.values.get("date")
    return NewsItem(
        title=words or _proposed_title(lead, blocks),
        title_proposed=not words,
        lead=lead,
        date=when if isinstance(when, date) else None,
        source=front.word("source"),
        rubric=front.word("rubric"),
        link=_link(front, shown),
        blocks=group + blocks + _button(front, shown),
        figures=figures,
        regions=_regions(texts, front),
        series=series,
        closing=closing,
        front=front.values,
        front_lines=front.lines,
        lang=lang,
        origin=Origin(path=shown, line=draft.first_line),
    )


def _readable(text: Text) -> str:
    """Return the words in which rules look for facts: none of a paragraph that no press office wrote."""
    words = plain(text)
    return words if len(words) <= _MAX_PARAGRAPH else ""


def _closing(blocks: tuple[Block, ...], front: Front, russian: bool) -> tuple[tuple[Block, ...], str]:
    if "closing" in front.values or not russian:
        return blocks, front.word("closing")
    return split_closing(blocks)


def _lead(blocks: tuple[Block, ...], front: Front) -> tuple[Text, tuple[Block, ...]]:
    """Return the lead and the blocks after it: the first block if it is a paragraph, unless front matter has one."""
    if "lead" in front.values:
        return text_of(front.word("lead")), blocks
    first = blocks[0] if blocks else None
    if isinstance(first, Paragraph):
        return first.text, blocks[1:]
    return (), blocks


def _with_quotes(lead: Text, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return the blocks with somebody's words as quotes. People may be named in the lead; that is paragraph 0."""
    blocks = join_open_quotes(blocks)
    words = [
        _readable(lead),
        *(_readable(block.text) if isinstance(block, Paragraph | Quote) else "" for block in blocks),
    ]
    people = People(find_mentions(words[:_MAX_PARAGRAPHS]))
    found: list[Block] = []
    for index, block in enumerate(blocks, 1):
        if isinstance(block, Paragraph) and words[index] and index < _MAX_PARAGRAPHS:
            before = words[index - 1] if index > 1 and isinstance(blocks[index - 2], Paragraph) else ""
            found += split_quotes(block, people, index, after=before or (words[0] if index == 1 else ""))
        else:
            found.append(block)
    return tuple(found)


def _corrected(blocks: tuple[Block, ...], front: Front, shown: str) -> tuple[Block, ...]:
    """Return the blocks with speakers and roles as front matter `quotes` has them."""
    for entry in cast("list[dict[str, str]]", front.values.get("quotes", [])):
        at = next(
            (
                index
                for index, block in enumerate(blocks)
                if isinstance(block, Quote) and plain(block.text).startswith(entry["begins"].strip("«»„“” …"))
            ),
            -1,
        )
        if at < 0:
            raise InputError(
                f"no quote begins with {entry['begins'][:60]!r}",
                path=shown,
                line=front.line("quotes"),
                fix="copy its first words, or write it as a Markdown quote (> …)",
            )
        quote = cast("Quote", blocks[at])
        speaker, role = entry.get("speaker", quote.speaker), entry.get("role", quote.role)
        corrected = replace(quote, speaker=speaker, role=role, proposed=False, rule="")
        blocks = (*blocks[:at], corrected, *blocks[at + 1 :])
    return blocks


def _texts(draft: Draft, lead: Text, blocks: Sequence[Block]) -> list[Passage]:
    """Return the running text in which figures are looked for: lead and blocks, and last what only the title says."""
    origin = draft.blocks[0].origin if draft.blocks else Origin(path="", line=1)
    title = Passage(plain(draft.title), replace(origin, line=draft.title_line)) if draft.title else None
    texts = [Passage(_readable(lead), origin), *passages(blocks)][:_MAX_PARAGRAPHS]
    return [text for text in [*texts, *([title] if title else [])] if len(text.words) <= _MAX_PARAGRAPH]


def _figures(texts: Sequence[Passage], front: Front, shown: str) -> tuple[tuple[Figure, ...], Series | None]:
    when = front.values.get("date")
    year = when.year if isinstance(when, date) else 0
    told = tell_figures(texts, year=year)
    series = find_series(told)
    if "figures" in front.values:
        origin = Origin(path=shown, line=front.line("figures"))
        fields = cast("list[dict[str, str]]", front.values["figures"])
        return tuple(written_figure(entry, origin) for entry in fields), series
    return merge_figures(told), series


def _group(front: Front, figures: tuple[Figure, ...], shown: str) -> tuple[FigureGroup, ...]:
    """Return the figures of front matter as the group that replaces cards chosen by rule."""
    if "figures" not in front.values or not figures:
        return ()
    return (FigureGroup(figures=figures, origin=Origin(path=shown, line=front.line("figures"))),)


def _regions(texts: Sequence[Passage], front: Front) -> tuple[Region, ...]:
    if "places" in front.values:
        written = cast("dict[str, list[str]]", front.values["places"])
        return tuple(Region(name=name, places=tuple(places)) for name, places in written.items())
    return find_regions([text.words for text in texts])


def _proposed_title(lead: Text, blocks: Sequence[Block]) -> str:
    return next(filter(None, map(propose_title, _title_sources(lead, blocks))), "")


def _title_sources(lead: Text, blocks: Sequence[Block]) -> Iterator[str]:
    yield plain(lead)
    yield from (passage.words for passage in passages(blocks))


def _link(front: Front, shown: str) -> str:
    return clean_href(front.word("link"), Origin(path=shown, line=front.line("link"))) if front.word("link") else ""


def _button(front: Front, shown: str) -> tuple[Link, ...]:
    button = front.values.get("button")
    if not isinstance(button, dict):
        return ()
    origin = Origin(path=shown, line=front.line("button"))
    return (Link(text=button["text"], href=clean_href(button["href"], origin), origin=origin),)
