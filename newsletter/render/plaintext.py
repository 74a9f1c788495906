"""The text part's own tools: wrapping, underlining, numbered links; and the last touch once it is rendered.

The text part looks typed by a careful person: at most `WIDTH` columns, no trailing blanks, never two empty lines
running. A no-break space never becomes the end of a line; once lines are broken it is an ordinary one.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from newsletter.content.item import Text, plain
from newsletter.render.slots import Tokens

WIDTH = 72
FIELD_WIDTH = 40  # characters a subscriber's value is given before the line breaks in front of it
LINK_WIDTH = 120


@dataclass(slots=True)
class Notes:
    """The links of one text part in the order of their first use, numbered from 1."""

    urls: list[str] = field(default_factory=list)

    def number(self, url: str) -> int:
        if url not in self.urls:
            self.urls.append(url)
        return self.urls.index(url) + 1

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return iter(list(enumerate(self.urls, 1)))

    def __len__(self) -> int:
        return len(self.urls)

    def mark(self, text: Text | str) -> str:
        """Return `text` with [n] behind each link whose address is not the text itself."""
        if isinstance(text, str):
            return text
        return "".join(
            f"{span.text} [{self.number(span.href)}]" if span.href and span.href != span.text else span.text
            for span in text
        )


def wrap(text: Text | str, width: int = WIDTH, first: str = "", rest: str | None = None) -> str:
    """Wrap to `width` columns; `first` stands before the first line, `rest` before the others (default `first`)."""
    words = text if isinstance(text, str) else plain(text)
    return "\n".join(
        textwrap.fill(
            line,
            width=width,
            initial_indent=first if number == 0 else _rest(first, rest),
            subsequent_indent=_rest(first, rest),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for number, line in enumerate(words.split("\n"))
    )


def _rest(first: str, rest: str | None) -> str:
    return first if rest is None else rest


def underline(text: Text | str, char: str = "=", width: int = WIDTH) -> str:
    """Return the text wrapped, and below it a line as long as its longest line."""
    wrapped = wrap(text, width)
    return wrapped + "\n" + char * max(len(line) for line in wrapped.split("\n"))


def columns(text: Text | str, width: int) -> str:
    """Return the text filled up with blanks to `width`, for a small aligned list."""
    return _plain(text).ljust(width)


def _plain(text: Text | str) -> str:
    return text if isinstance(text, str) else plain(text)


TEXT_FILTERS: dict[str, Callable[..., object]] = {
    "plain": _plain,
    "wrap": wrap,
    "underline": underline,
    "columns": columns,
}


def finish(text: str, tokens: Tokens) -> str:
    """Trim, fold empty lines, break the line before a slot that could overrun it, and make all spaces ordinary."""
    lines: list[str] = []
    for line in re.sub("[\u00a0\u202f]", " ", text.replace("\r\n", "\n")).split("\n"):
        lines += _broken(line.rstrip(), tokens)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def _broken(line: str, tokens: Tokens) -> list[str]:
    match = tokens.pattern.search(line)
    if match is None:
        return [line]
    before = line[: match.start()]
    room = LINK_WIDTH if tokens.kind(match[0]).name.startswith("links.") else FIELD_WIDTH
    if before.strip() and len(before) + room > WIDTH:
        return [before.rstrip(), *_broken(line[match.start() :], tokens)]
    return [line]
