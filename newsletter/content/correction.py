"""What `issue.toml` says of one file in its folder: front matter for a file that has none, or that beats its own.

So a Word file or a feed can have a link, a rubric, figures and speakers. A mistake in it is one of `issue.toml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from newsletter.content.front import Front
from newsletter.content.item import Block, Figure, FigureGroup, Link, NewsItem, Origin
from newsletter.errors import InputError

# The keys of front matter that belong to an item, not to a letter made of it alone.
ITEM_KEYS = (
    *("title", "lead", "date", "rubric", "link", "source", "quotes", "figures", "places", "closing", "button"),
    "waive",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Checked values by key, the line of each in `path`, and that of the table they stand in."""

    path: str
    line: int
    values: Mapping[str, object]
    lines: Mapping[str, int]

    def origin(self, key: str) -> Origin:
        return Origin(path=self.path, line=self.lines.get(key, self.line))

    def over(self, front: Front) -> Front:
        """Return front matter in which these values beat a file's own."""
        own = {key: line for key, line in front.lines.items() if key not in self.values}
        return replace(front, values={**front.values, **self.values}, lines={**own, **self.lines})

    @contextmanager
    def naming_its_file(self) -> Iterator[None]:
        """Let an error in what stands here name its file: whoever reads front matter knows the item's only."""
        try:
            yield
        except InputError as error:
            if error.line in self.lines.values():
                raise InputError(error.message, path=self.path, line=error.line, fix=error.fix) from error
            raise

    def placed(self, item: NewsItem) -> NewsItem:
        """Return the item understood with these values, each thing that came from here with its place here."""
        lines = {key: line for key, line in item.front_lines.items() if key not in self.values}
        blocks = list(item.blocks)
        figures = item.figures
        if "figures" in self.values and blocks and isinstance(blocks[0], FigureGroup):
            blocks[0] = replace(blocks[0], figures=self._placed(figures), origin=self.origin("figures"))
            figures = self._placed(figures)
        if "button" in self.values and blocks:
            blocks[-1] = self._button(blocks[-1])
        return replace(item, blocks=tuple(blocks), figures=figures, front_lines=lines)

    def _placed(self, figures: tuple[Figure, ...]) -> tuple[Figure, ...]:
        return tuple(replace(figure, origin=self.origin("figures")) for figure in figures)

    def _button(self, block: Block) -> Block:
        return replace(block, origin=self.origin("button")) if isinstance(block, Link) else block
