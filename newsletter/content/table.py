"""An HTML table: rows that hold facts, or a grid that only puts a page's parts side by side.

Merged cells are taken apart: the words stand in the first of them, the others are empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from newsletter.content.item import Block, Origin, Paragraph, Table, Text, plain
from newsletter.content.markup import Element
from newsletter.content.spans import text_of
from newsletter.errors import InputError

MAX_COLUMNS = 40  # a mail shows a dozen
_LONG_CELL = 600  # characters; longer ones are a page's columns
_PARTS = frozenset({"thead", "tbody", "tfoot"})
_OF_A_PAGE = frozenset({"h1", "h2", "h3", "table", "blockquote", "figure", "article", "section"})


class Cell(NamedTuple):
    element: Element
    columns: int
    rows: int


def rows_of(table: Element, origin: Origin) -> list[list[Cell]]:
    """Return the cells of each row that has any. Raises InputError for a table too wide."""
    rows = [[_cell(child) for child in row if child.tag in {"td", "th"}] for row in map(_elements, _rows(table))]
    for row in rows:
        if sum(cell.columns for cell in row) > MAX_COLUMNS:
            line = row[0].element.line or origin.line
            what = f"this table has more than {MAX_COLUMNS} columns"
            raise InputError(what, path=origin.path, line=line, fix="split it, or link to a file")
    return [row for row in rows if row]


def is_layout(table: Element, rows: Sequence[Sequence[Cell]]) -> bool:
    """Claim that the table only arranges a page: its cells are then read one after another."""
    if table.get("role") in {"presentation", "none"}:
        return True
    if any(found.tag in _OF_A_PAGE for row in rows for cell in row for found in cell.element):
        return True
    if any(found.tag in {"th", "caption"} for found in table):
        return False
    columns = max((len(row) for row in rows), default=0)
    longest = max((len(cell.element.words()) for row in rows for cell in row), default=0)
    return columns < 2 or len(rows) < 2 or longest > _LONG_CELL


def read_table(
    table: Element, rows: Sequence[Sequence[Cell]], text: Callable[[Element], Text], origin: Origin
) -> Iterator[Block]:
    """Yield the caption as a paragraph, then the table; `text` reads a cell. The first row is the header."""
    for found in table:
        if found.tag == "caption" and (words := found.words()):
            yield Paragraph(text=text_of(words), origin=Origin(path=origin.path, line=found.line or origin.line))
    grid = [row for row in _grid(rows, text) if any(plain(cell) for cell in row)]
    if grid and sum(1 for cell in grid[0] if plain(cell)) == 1 and len(grid) > 2 and len(rows[0]) == 1:
        yield Paragraph(text=next(cell for cell in grid[0] if plain(cell)), origin=origin)
        del grid[0]
    width = max((len(row) for row in grid), default=0)
    grid = [[*row, *[()] * (width - len(row))] for row in grid]
    used = [at for at in range(width) if any(plain(row[at]) for row in grid)]
    cells = [tuple(row[at] for at in used) for row in grid]
    if cells:
        yield Table(header=cells[0], rows=tuple(cells[1:]), origin=origin)


def _grid(rows: Sequence[Sequence[Cell]], text: Callable[[Element], Text]) -> Iterator[list[Text]]:
    """Yield each row with an empty cell for every place that a merged one covers."""
    held: dict[int, int] = {}  # column → rows that a cell above still covers
    for row in rows:
        cells: list[Text] = []
        covered = {at: count - 1 for at, count in held.items() if count > 1}
        for cell in row:
            cells += [()] * _covered_from(len(cells), held)
            if cell.rows > 1:
                covered |= dict.fromkeys(range(len(cells), len(cells) + cell.columns), cell.rows - 1)
            cells += [text(cell.element), *[()] * (cell.columns - 1)]
        held = covered
        yield cells


def _covered_from(column: int, held: Mapping[int, int]) -> int:
    """Return how many columns from this one a cell above covers."""
    count = 0
    while column + count in held:
        count += 1
    return count


def _rows(table: Element) -> Iterator[Element]:
    for child in _elements(table):
        if child.tag in _PARTS:
            yield from (row for row in _elements(child) if row.tag == "tr")
        elif child.tag == "tr":
            yield child


def _elements(element: Element) -> list[Element]:
    return [child for child in element.children if isinstance(child, Element)]


def _cell(element: Element) -> Cell:
    return Cell(element, _count(element.get("colspan")), _count(element.get("rowspan")))


def _count(words: str) -> int:
    return max(1, int(words)) if re.fullmatch(r"[0-9]{1,4}", words.strip()) else 1
