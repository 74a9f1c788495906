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
from newsletter.content.facts import Passage, merge_figures, passages, tell_figures, with_dashes
from newsletter.content.front import Front
from newsletter.content.headline import propose_title
from newsletter.content.item import (
    Block,
    Figure,
    FigureGroup,
    Heading,
    Link,
    ListBlock,
    Named,
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
from newsletter.content.named import find_organisations, find_people
from newsletter.content.odd_quotes import odd_quoted
from newsletter.content.quotes import join_open_quotes
from newsletter.content.series import find_series
from newsletter.content.spans import letters_of, text_of
from newsletter.content.voices import hear_voices
from newsletter.content.written import written_figure
from newsletter.errors import InputError
from newsletter.language.recogniser import Entity, find_entities

# Some rules look back and forth: beyond the size of any press item (a long one has 10,000 characters) they only
# would make an hour of a hostile file.
_MAX_PARAGRAPH = 5_000  # characters
_MAX_PARAGRAPHS = 400
_MAX_CHARACTERS = 60_000  # of all paragraphs together: three seconds at the worst
_MAX_RECOGNISED = 50_000  # characters; the models read some 50,000 a second


def understand(draft: Draft, front: Front, *, shown: str, title: str) -> NewsItem:
    """Return the item; `title` (from the command line) beats front matter, which beats the text."""
    lang = front.word("lang") or "ru"
    russian = lang.partition("-")[0] == "ru"
    blocks, closing = _closing(draft.blocks, front, russian)
    lead_line = front.line("lead") if "lead" in front.values else blocks[0].origin.line if blocks else 0
    lead, blocks = _lead(blocks, front)
    spoken: tuple[Quote, ...] = ()
    people: tuple[Named, ...] = ()
    organisations: tuple[Named, ...] = ()
    if russian:
        blocks = tuple(join_open_quotes(blocks))
        paragraphs = _words(lead, blocks)
        entities = recognised(paragraphs)
        people, organisations = _named(draft, blocks, paragraphs, entities)
        origin = draft.blocks[0].origin if draft.blocks else Origin(path=shown, line=1)
        voices = hear_voices(blocks, paragraphs, entities, origin=origin)
        blocks, spoken = voices.blocks, voices.spoken
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
        lead_line=lead_line,
        date=when if isinstance(when, date) else None,
        source=front.word("source"),
        rubric=front.word("rubric"),
        link=_link(front, shown),
        blocks=group + blocks + _button(front, shown),
        figures=figures,
        regions=_regions(texts, front),
        series=series,
        spoken=spoken,
        people=people,
        organisations=organisations,
        odd_quoted=tuple(odd_quoted(draft.blocks)),
        closing=closing,
        front=front.values,
        front_lines=front.lines,
        lang=lang,
        origin=Origin(path=shown, line=draft.first_line),
    )


def _readable(text: Text) -> str:
    """Return the words in which rules look for facts: none of a paragraph that no press office wrote."""
    words = with_dashes(plain(text))
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


def _words(lead: Text, blocks: Sequence[Block]) -> list[str]:
    """Return the readable words of lead and blocks, empty where no rule may look; people may be named in the lead."""
    words = [_readable(block.text) if isinstance(block, Paragraph | Quote) else "" for block in blocks]
    return _first([_readable(lead), *words])


def _first(words: Sequence[str]) -> list[str]:
    """Return the paragraphs that rules read, as far as a press item goes: those behind are empty, or left out."""
    kept: list[str] = []
    left = _MAX_CHARACTERS
    for paragraph in words[:_MAX_PARAGRAPHS]:
        left -= len(paragraph)
        kept.append(paragraph if left >= 0 else "")
    return kept


def recognised(words: Sequence[str]) -> list[tuple[Entity, ...]]:
    """Return what the models find in each paragraph, as far as a press item goes."""
    entities: list[tuple[Entity, ...]] = []
    left = _MAX_RECOGNISED
    for paragraph in words:
        left -= len(paragraph)
        entities.append(find_entities(paragraph) if left >= 0 else ())
    return entities


def _named(
    draft: Draft, blocks: Sequence[Block], words: Sequence[str], entities: Sequence[Sequence[Entity]]
) -> tuple[tuple[Named, ...], tuple[Named, ...]]:
    """Return the people and organisations of title, lead and blocks, in the order of the text."""
    origin = draft.blocks[0].origin if draft.blocks else Origin(path="", line=1)
    title = _readable(draft.title)
    texts = [Passage(title, replace(origin, line=draft.title_line or origin.line)), Passage(words[0], origin)]
    found = [tuple(find_entities(title)), entities[0]]
    for at, block in enumerate(blocks, 1):
        if at < len(words) and words[at]:
            texts.append(Passage(words[at], block.origin))
            found.append(entities[at])
            if isinstance(block, Quote) and block.speaker:
                texts.append(Passage(f"{block.speaker}, {block.role}", block.origin))
                found.append(())
        elif isinstance(block, ListBlock | Heading) and at < _MAX_PARAGRAPHS:
            entries = block.items if isinstance(block, ListBlock) else (block.text,)
            texts += [Passage(_readable(entry), block.origin) for entry in entries]
            found += [()] * len(entries)
    texts = _first_passages(texts)
    people = find_people(texts, found)
    return people, find_organisations(texts, found, people)


def _corrected(blocks: tuple[Block, ...], front: Front, shown: str) -> tuple[Block, ...]:
    """Return the blocks with speakers and roles as front matter `quotes` has them."""
    for entry in cast("list[dict[str, str]]", front.values.get("quotes", [])):
        begins = letters_of(entry["begins"])
        at = next(
            (
                index
                for index, block in enumerate(blocks)
                if begins and isinstance(block, Quote) and letters_of(plain(block.text)).startswith(begins)
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
    texts = [Passage(_readable(lead), origin), *passages(blocks)]
    readable = [text for text in texts[:_MAX_PARAGRAPHS] if len(text.words) <= _MAX_PARAGRAPH]
    return [*_first_passages(readable), *([title] if title and len(title.words) <= _MAX_PARAGRAPH else [])]


def _first_passages(texts: Sequence[Passage]) -> list[Passage]:
    words = _first([text.words for text in texts])
    return [Passage(paragraph, text.origin) for paragraph, text in zip(words, texts, strict=False)]


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
