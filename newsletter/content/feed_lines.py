"""Where the entries of a feed stand in its file, and whether its XML may be read at all.

A DTD is refused at once: entities can grow a line into gigabytes, or name files of this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from newsletter.errors import InputError

MAX_DEPTH = 100  # elements
MAX_NAME = 2_000  # characters; feedparser looks for an address in a name, quadratic in its length
_ENTRIES = frozenset({"item", "entry"})
_PEOPLE = frozenset({"author", "creator", "contributor", "editor", "managingeditor", "owner", "publisher", "webmaster"})


@dataclass(slots=True, kw_only=True)
class EntryLines:
    """The line of an entry's tag, and of the first word in each element directly below it, by local name."""

    line: int
    words: dict[str, int] = field(default_factory=dict)


def find_entries(text: str, *, shown: str, first_line: int) -> list[EntryLines]:
    """Return the entries in their order. Raises InputError with the line where the text is no well-formed XML."""
    scan = _Scan(shown, first_line)
    try:
        scan.parser.Parse(text, True)
    except expat.ExpatError as exc:
        line = first_line + exc.lineno - 1
        what = f"is no well-formed XML here: {expat.ErrorString(exc.code)}"
        raise InputError(what, path=shown, line=line, fix="mend this place, or export the feed again") from exc
    return scan.entries


class _Scan:
    def __init__(self, shown: str, first_line: int) -> None:
        self.shown = shown
        self.first_line = first_line
        self.entries: list[EntryLines] = []
        self.open: list[str] = []
        self.depth = 0  # at which the current entry stands, 0 outside one
        self.named = 0  # characters in an element that names somebody
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._words

    def _line(self) -> int:
        return self.first_line + self.parser.CurrentLineNumber - 1

    def _doctype(self, *_: object) -> None:
        raise InputError(
            "the feed carries a DTD (<!DOCTYPE …>), which may hide entities",
            path=self.shown,
            line=self._line(),
            fix="delete it",
        )

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = tag.rpartition(":")[2].lower()
        self.named = self.named if _PEOPLE.intersection(self.open) else 0
        self.open.append(name)
        if len(self.open) > MAX_DEPTH:
            raise InputError(
                f"elements are nested more than {MAX_DEPTH} deep here",
                path=self.shown,
                line=self._line(),
                fix="is this a feed?",
            )
        if name in _ENTRIES and not self.depth:
            self.depth = len(self.open)
            self.entries.append(EntryLines(line=self._line()))
        elif self.depth and len(self.open) > self.depth + 2:
            self._note()  # XHTML inside an Atom entry: the first element in its div

    def _end(self, tag: str) -> None:
        if len(self.open) == self.depth:
            self.depth = 0
        self.open.pop()

    def _words(self, words: str) -> None:
        self.named += len(words) if _PEOPLE.intersection(self.open) else 0
        if self.named > MAX_NAME:
            what = f"a name here has more than {MAX_NAME:,} characters"
            raise InputError(what, path=self.shown, line=self._line(), fix="shorten it")
        if self.depth and len(self.open) > self.depth and words.strip():
            self._note()

    def _note(self) -> None:
        self.entries[-1].words.setdefault(self.open[self.depth], self._line())
