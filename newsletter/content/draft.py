"""A file as written, before any rule has looked for facts: what both loaders return."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.content.item import Block, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The title as written (empty when there is none) and the blocks in their order."""

    title: Text
    title_line: int
    blocks: tuple[Block, ...]
    left_out: tuple[str, ...] = ()  # words of the file that are no part of the item: buttons of a web page

    @property
    def first_line(self) -> int:
        """Return the line of the file on which the text begins."""
        return self.title_line or (self.blocks[0].origin.line if self.blocks else 1)
