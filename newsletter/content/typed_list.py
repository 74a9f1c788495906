"""Lists that somebody typed as paragraphs: a bullet, a dash or a number at the beginning of each.

Word's own HTML writes its lists so, and press offices type them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from newsletter.content.item import Block, ListBlock, Paragraph, plain
from newsletter.content.spans import cut

_BULLET = re.compile(r"(?:[•·▪●‣◦■□§\uf0b7\uf0a7*]|o(?=\u00a0))\s+(?=\S)")
_DASH = re.compile(r"[–—-]\s+(?=\S)")
_NUMBER = re.compile(r"(\d{1,2})[.)]\s+(?=\S)")


def gather_lists(blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks, runs of two and more such paragraphs as one list."""
    at = 0
    while at < len(blocks):
        size, mark = _list_at(blocks, at)
        if mark is None:
            yield blocks[at]
            at += 1
            continue
        run = [block for block in blocks[at : at + size] if isinstance(block, Paragraph)]
        items = tuple(
            cut(block.text, found.end(), len(plain(block.text)))
            for block in run
            if (found := mark.match(plain(block.text)))
        )
        yield ListBlock(ordered=mark is _NUMBER, items=items, origin=run[0].origin)
        at += size


def _list_at(blocks: Sequence[Block], at: int) -> tuple[int, re.Pattern[str] | None]:
    """Return how many blocks from `at` are items of one list, and their mark; 0 and None for no list."""
    for mark in (_BULLET, _DASH, _NUMBER):
        size = 0
        while at + size < len(blocks) and _is_item(blocks[at + size], mark, size + 1):
            size += 1
            # A dash may open direct speech too: a list goes on only behind a semicolon or a comma.
            if mark is _DASH and not _words(blocks[at + size - 1]).endswith((";", ",")):
                break
        if size >= 2:
            return size, mark
    return 0, None


def _is_item(block: Block, mark: re.Pattern[str], number: int) -> bool:
    found = mark.match(_words(block))
    return found is not None and (mark is not _NUMBER or int(found[1]) == number)


def _words(block: Block) -> str:
    return plain(block.text) if isinstance(block, Paragraph) else ""
