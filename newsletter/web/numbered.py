"""A text as numbered lines of HTML, each to be found by its file and number; made without a template for its length.

A template may have thousands of lines: they are put into groups of GROUP, which a browser lays out only when they come
into view (`content-visibility` in sheets.css, with the height of a whole group).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

GROUP = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A sign in a line's margin: a button that leads to a finding."""

    finding: int | None = None  # its number on the page of findings; None: it leads nowhere
    severity: str
    label: str  # what it is about, in the page's language


def numbered(file: str, lines: Sequence[tuple[int, str]], marks: Mapping[int, Mark] | None = None) -> Markup:
    """Return numbered lines of `file`, which stands in each one's `data-line`."""
    name, marks = escape(file), marks or {}
    rows = list(_rows(name, lines, marks))
    groups = ("".join(rows[start : start + GROUP]) for start in range(0, len(rows), GROUP))
    return Markup("".join(f'<span class="rows">{group}</span>' for group in groups))  # noqa: S704 - escaped piece by piece


def lines_of(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.removesuffix("\n").split("\n"), start=1))


def _rows(name: str, lines: Sequence[tuple[int, str]], marks: Mapping[int, Mark]) -> Iterator[str]:
    for number, text in lines:
        mark = marks.get(number)
        state = f" row-{escape(mark.severity)}" if mark else ""
        row = f'<span class="row{state}" data-line="{name}:{number}" data-number="{number}">'
        yield f"{row}{_sign(mark) if mark else ''}{escape(text)}\n</span>"


def _sign(mark: Mark) -> str:
    label = escape(mark.label)
    if mark.finding is None:
        return f'<span class="row-mark" role="img" title="{label}" aria-label="{label}"></span>'
    return (
        f'<button type="button" class="row-mark" data-goto-finding="{mark.finding}" title="{label}" '
        f'aria-label="{label}"></button>'
    )
