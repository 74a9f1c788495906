"""The block map: which bytes of the finished HTML came from which block of an item.

Templates print a block's `mark`, a comment that survives MJML and inlining; it is cut out again here. Preview,
comments and checks use the map; it lies beside the compiled issue and is no part of the digest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.content.item import Block, Origin
from newsletter.render.compiled import Part, SlotUse


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRange:
    """Block `index` of item `item`, written at `origin`, is between two offsets of the HTML's UTF-8 bytes.

    Offsets count static text only: slots have no length until they are merged.
    """

    item: int
    index: int
    kind: str
    origin: Origin
    start: int
    end: int


def mark(nonce: str, item: int, index: int) -> str:
    return f"<!--{nonce}b{item}.{index}-->"


def end_mark(nonce: str, item: int) -> str:
    """Return what stands behind the last block of an item: what follows is the theme's own."""
    return f"<!--{nonce}e{item}-->"


def take_marks(part: Part, nonce: str, items: Sequence[Sequence[Block]]) -> tuple[Part, tuple[BlockRange, ...]]:
    """Return the part without marks, and where each marked block stands: up to the next mark or the end."""
    pattern = re.compile(rf"<!--{re.escape(nonce)}(?:b(\d+)\.(\d+)|e\d+)-->")
    found: list[tuple[tuple[int, int] | None, int]] = []  # (item, block), or None for an end, and its offset
    pieces: list[str | SlotUse] = []
    length = 0
    for piece in part:
        if isinstance(piece, SlotUse):
            pieces.append(piece)
            continue
        kept: list[str] = []
        done = 0
        for match in pattern.finditer(piece):
            kept.append(piece[done : match.start()])
            length += len(kept[-1].encode())
            found.append(((int(match[1]), int(match[2])) if match[1] else None, length))
            done = match.end()
        kept.append(piece[done:])
        length += len(kept[-1].encode())
        pieces.append("".join(kept))
    ends = [*(start for _, start in found[1:]), length][: len(found)]
    ranges = tuple(
        BlockRange(
            item=block[0],
            index=block[1],
            kind=items[block[0]][block[1]].kind,
            origin=items[block[0]][block[1]].origin,
            start=start,
            end=end,
        )
        for (block, start), end in zip(found, ends, strict=True)
        if block is not None
    )
    return tuple(piece for piece in pieces if piece != ""), ranges
