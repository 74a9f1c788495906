"""Edits of a text, and a sheet on which one pass after the other edits it while every character keeps its place.

A pass sees plain words and returns edits of them. What is fixed (code, addresses) it sees as letters of no alphabet,
and an edit that touches it is dropped. In the end the sheet says what changed, in places of the text it began with.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

MASK = "ǀ"  # a letter to every pattern, and to none that asks for Latin or Cyrillic


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Characters from `start` to `end` become `replacement`; an insertion where both are equal."""

    start: int
    end: int
    replacement: str
    rule: str


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return text with edits made; they stand in order and do not overlap."""
    parts: list[str] = []
    at = 0
    for edit in edits:
        parts += [text[at : edit.start], edit.replacement]
        at = edit.end
    return "".join([*parts, text[at:]])


class _Cell(NamedTuple):
    char: str
    start: int  # where it stood in the first text; an inserted one has start == end
    end: int
    rule: str  # the last that touched it
    fixed: bool


class Sheet:
    """A text under edit."""

    __slots__ = ("_cells", "_first", "_removed", "_shielded")

    def __init__(self, text: str, fixed: Sequence[tuple[int, int]] = ()) -> None:
        is_fixed = bytearray(len(text))
        for start, end in fixed:
            is_fixed[start:end] = b"\x01" * (end - start)
        self._first = text
        self._cells = [_Cell(char, at, at + 1, "", bool(is_fixed[at])) for at, char in enumerate(text)]
        self._removed: dict[int, str] = {}  # place in the first text → the rule that took it out
        self._shielded = bytearray(is_fixed)

    @property
    def text(self) -> str:
        return "".join([cell.char for cell in self._cells])

    def shield(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Fix ranges of the present text, until the next call."""
        self._shielded = bytearray(cell.fixed for cell in self._cells)
        for start, end in ranges:
            self._shielded[start:end] = b"\x01" * (end - start)

    @property
    def masked(self) -> str:
        """Return the present text as passes see it."""
        return "".join(
            [
                MASK if shielded and not cell.char.isspace() else cell.char
                for cell, shielded in zip(self._cells, self._shielded, strict=True)
            ]
        )

    def make(self, edits: Iterable[Edit]) -> bool:
        """Make the edits, given in places of the present text; return whether anything changed."""
        present = self.text
        cells: list[_Cell] = []
        shields = bytearray()
        at = 0
        changed = False
        for edit in sorted(edits, key=lambda one: (one.start, one.end)):
            if edit.start < at or edit.replacement == present[edit.start : edit.end] or self._is_shielded(edit):
                continue
            changed = True
            new = self._replaced(edit, cells[-1] if at == edit.start and cells else None)
            cells += [*self._cells[at : edit.start], *new]
            shields += self._shielded[at : edit.start] + bytes(len(new))
            at = edit.end
        self._cells = cells + self._cells[at:]
        self._shielded = shields + self._shielded[at:]
        return changed

    def _is_shielded(self, edit: Edit) -> bool:
        if edit.start == edit.end:
            return bool(0 < edit.start < len(self._cells) and all(self._shielded[edit.start - 1 : edit.start + 1]))
        return any(self._shielded[edit.start : edit.end])

    def _replaced(self, edit: Edit, before: _Cell | None) -> list[_Cell]:
        old = self._cells[edit.start : edit.end]
        if not edit.replacement:
            self._removed |= dict.fromkeys(range(old[0].start, old[-1].end), edit.rule) if old else {}
            return []
        if not old:
            before = before or (self._cells[edit.start - 1] if edit.start else None)
            place = before.end if before else 0
            return [_Cell(char, place, place, edit.rule, False) for char in edit.replacement]
        paired = min(len(old), len(edit.replacement))
        new = [
            _Cell(char, cell.start, cell.end if number < paired - 1 else old[-1].end, edit.rule, False)
            for number, (char, cell) in enumerate(zip(edit.replacement, old, strict=False))
        ]
        return new + [_Cell(char, old[-1].end, old[-1].end, edit.rule, False) for char in edit.replacement[paired:]]

    def edits(self) -> tuple[Edit, ...]:
        """Return what changed since the beginning; neighbours that one rule changed are one edit."""
        found: list[Edit] = []
        for edit in self._changes():
            last = found[-1] if found else None
            if last is not None and last.end == edit.start and last.rule == edit.rule:
                found[-1] = replace(last, end=edit.end, replacement=last.replacement + edit.replacement)
            else:
                found.append(edit)
        return tuple(found)

    def _changes(self) -> Iterator[Edit]:
        at = 0
        for cell in (*self._cells, _Cell("", len(self._first), len(self._first), "", False)):
            if cell.start > at:
                yield Edit(start=at, end=cell.start, replacement="", rule=self._removed.get(at, ""))
            if self._first[cell.start : cell.end] != cell.char:
                yield Edit(start=cell.start, end=cell.end, replacement=cell.char, rule=cell.rule)
            at = max(at, cell.end)

    def owners(self, starts: Sequence[int]) -> list[int]:
        """Return for each present character which part it belongs to; part n began at starts[n] of the first text.

        What was inserted belongs to the part of the character before it.
        """
        return [
            max(bisect_right(starts, cell.start if cell.end > cell.start else cell.start - 1) - 1, 0)
            for cell in self._cells
        ]
