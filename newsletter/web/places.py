"""Where in a mail a comment stands: found again by the words of its block, though blocks move and change."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from newsletter.content.item import Block, FigureGroup, NewsItem, Quote, plain
from newsletter.content.polish import texts_of
from newsletter.decision import MAX_QUOTED, Comment
from newsletter.web.openings import LEAD, TITLE, squeezed

_ALIKE = 0.5  # of the letters in common: below, another paragraph rather than the same one mended


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`state`: "whole" about the mail or an item; "there" as it was; "changed" since; "gone"."""

    state: Literal["whole", "there", "changed", "gone"]
    block: str = ""  # "ITEM.INDEX", "ITEM.title" or "ITEM.lead", as the page names it


def begin_of(words: str, most: int) -> str:
    """Return words on one line, at most `most` characters: cut behind a whole word, with an ellipsis."""
    line = " ".join(words.split())
    if len(line) <= most:
        return line
    cut = line[:most]  # the last word of these makes room for the ellipsis
    whole = cut.rpartition(" ")[0]
    return f"{(whole if len(whole) > most // 2 else cut[:-1]).rstrip(' ,;:–—')}…"


def words_of_block(block: Block) -> str:
    """Return a block's words on one line, as a person would quote them; of a quote, not who said it."""
    if isinstance(block, Quote):
        return " ".join(plain(block.text).split())
    if isinstance(block, FigureGroup):
        words = [" ".join(filter(None, (figure.text, figure.measures))) for figure in block.figures]
    else:
        words = [plain(text) for text in texts_of(block)]
    return " ".join(" ".join(filter(None, words)).split())


def find_place(comment: Comment, items: Sequence[NewsItem]) -> Place:
    """Return where a comment stands now: at the block that begins with its words, else at the most alike."""
    if not comment.quoted:
        return Place(state="whole")
    found = _openings if comment.block is None else _blocks
    blocks = list(found(comment, items))
    for name, words in sorted(blocks, key=lambda one: not one[0].endswith(f".{comment.block}")):
        if words == comment.quoted:  # at its old number first: two paragraphs may read alike
            return Place(state="there", block=name)
    name, likeness = max(
        ((name, _likeness(words, comment.quoted)) for name, words in blocks), key=_second, default=("", 0)
    )
    return Place(state="changed", block=name) if likeness >= _ALIKE else Place(state="gone")


def _blocks(comment: Comment, items: Sequence[NewsItem]) -> Iterator[tuple[str, str]]:
    for number, item in enumerate(items):
        if item.origin.path == comment.item:  # several, where they are entries of one feed
            for index, block in enumerate(item.blocks):
                yield f"{number}.{index}", words_of_block(block)[:MAX_QUOTED]


def _openings(comment: Comment, items: Sequence[NewsItem]) -> Iterator[tuple[str, str]]:
    for number, item in enumerate(items):
        if item.origin.path == comment.item:
            for name, words in words_of_openings(item).items():
                yield f"{number}.{name}", words[:MAX_QUOTED]


def words_of_openings(item: NewsItem) -> Mapping[str, str]:
    """Return an item's title and lead as a person would quote them, by their names."""
    words = {TITLE: squeezed(item.title), LEAD: squeezed(plain(item.lead))}
    return {name: one for name, one in words.items() if one}


@lru_cache(maxsize=20_000)  # some ten milliseconds a pair: of every comment and block again with every look at the page
def _likeness(one: str, other: str) -> float:
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:  # most blocks are far from alike
        return 0
    return matcher.ratio()


def _second(pair: tuple[str, float]) -> float:
    return pair[1]
