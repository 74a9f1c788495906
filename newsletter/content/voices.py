"""Who says what in an item: its blocks with somebody's words as quotes, and the words that stay inside a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from newsletter.content.fragments import find_fragments
from newsletter.content.item import Block, Origin, Paragraph, Quote, plain
from newsletter.content.mentions import find_mentions
from newsletter.content.people import People
from newsletter.content.quotes import inner_quotes, split_quotes
from newsletter.content.replies import is_interview, reply, signed, whom_with
from newsletter.language.recogniser import Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """What blocks became, and what is said inside sentences: told apart, but printed where it stands."""

    blocks: tuple[Block, ...]
    spoken: tuple[Quote, ...]


def hear_voices(
    blocks: Sequence[Block], words: Sequence[str], entities: Sequence[Sequence[Entity]], *, origin: Origin
) -> Voices:
    """Return who says what. `words` are the readable words of lead and blocks, empty where no rule may look."""
    people = _people(words, entities)
    interview = whom_with(people, words) if is_interview(blocks) else None
    found: list[Block] = []
    spoken = list(inner_quotes(words[0], people, origin))
    skipped = False
    for index, block in enumerate(blocks, 1):
        if skipped:
            skipped = False
            continue
        if not isinstance(block, Paragraph) or index >= len(words) or not words[index]:
            found.append(_signed_by(block, people) if isinstance(block, Quote) else block)
            continue
        whole, skipped = signed(blocks, index - 1, people, found[-1] if found else None)
        told = whole if whole is None or whole.rule == "quote-after" else None
        told = told or reply(blocks, index - 1, people, interview=interview)
        if told is not None:
            found.append(told)
            continue
        before = words[index - 1] if index > 1 and isinstance(blocks[index - 2], Paragraph) else ""
        pieces = list(split_quotes(block, people, index, after=before or (words[0] if index == 1 else "")))
        if whole is not None and not any(isinstance(piece, Quote) for piece in pieces):
            pieces = [whole]
        found += pieces
        for piece in pieces:
            if isinstance(piece, Paragraph):
                spoken += _inside(piece, people, index)
    return Voices(blocks=tuple(found), spoken=tuple(spoken))


def _signed_by(quote: Quote, people: People) -> Quote:
    """Return a quote that was written as one with what the text says elsewhere of who signed it."""
    if not quote.speaker:
        return quote
    name = people.whole(quote.speaker)
    return replace(quote, speaker=name, role=quote.role or people.role(name))


def _inside(paragraph: Paragraph, people: People, index: int) -> list[Quote]:
    words = plain(paragraph.text)
    whole = list(inner_quotes(words, people, paragraph.origin, index=index))
    return whole or list(find_fragments(words, people, index, paragraph.origin))


def _people(words: Sequence[str], entities: Sequence[Sequence[Entity]]) -> People:
    others = [
        words[index][entity.start : entity.end]
        for index, found in enumerate(entities)
        for entity in found
        if entity.kind != "person"
    ]
    return People(find_mentions(words, entities), others)
