"""An item's file as typography would have it: the source edited in its text alone, and proven to read the same.

The body is cut into stretches of text (paragraphs of a .txt; headings, paragraphs and cells of Markdown) without
their markup. A stretch's edits stand only if the whole body, parsed again, gives the blocks that it gave before, once
both are set: nothing but typography can have changed. What cannot be mended so is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt

from newsletter.content.draft import Draft
from newsletter.content.polish import polish_blocks, polish_text
from newsletter.errors import InputError
from newsletter.language.edit import Edit, apply_edits
from newsletter.language.typography import typeset, worth_mending
from newsletter.settings import Typography

_MAX_CHARS = 20_000  # of a stretch; a longer one is no paragraph that somebody wrote
_MAX_STRETCHES = 400  # each may cost a parse; an item of more is mended as a whole or not at all

# A bullet, a number, or the sign of a reply or a signature: the loader reads them.
_LEADING = re.compile(r"^[ \t]*(?:(?:[•·▪●*–—-]|--|\d{1,2}[.)])[ \t]+)?", re.MULTILINE)
_MARKUP = re.compile(
    r"(?P<fixed>(?P<ticks>`+)(?:.(?!(?P=ticks)))*.(?P=ticks)|\\.|&\w+;|&#\w+;|<[^<>\n]*>|[ \t]+(?=\n)|\t)"
    r"|(?P<gone>!?\[|\]\((?:[^()\n]|\([^()\n]*\))*\)|\]\[[^\]\n]*\]|\]|\*+|(?<!\w)_+|_+(?!\w))",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Text without its markup, and where each character stands in the source."""

    text: str
    places: tuple[int, ...]
    fixed: tuple[tuple[int, int], ...]

    def edits(self, lang: str, settings: Typography) -> tuple[Edit, ...]:
        """Return the visible edits in places of the source; one that would run over markup is left out."""
        done = typeset(self.text, lang, settings, fixed=self.fixed)
        return tuple(filter(None, map(self._placed, worth_mending(done.edits, self.text))))

    def _placed(self, edit: Edit) -> Edit | None:
        if edit.start == edit.end:
            start = self.places[edit.start - 1] + 1 if edit.start else self.places[0]
            return Edit(start=start, end=start, replacement=edit.replacement, rule=edit.rule)
        start, end = self.places[edit.start], self.places[edit.end - 1] + 1
        if end - start != edit.end - edit.start or "\n" in self.text[edit.start : edit.end]:
            return None
        return Edit(start=start, end=end, replacement=edit.replacement, rule=edit.rule)


def mend_body(body: str, *, markdown: bool, parse: Callable[[str], Draft], lang: str, settings: Typography) -> str:
    """Return the body mended. `parse` reads it as the loader does."""
    stretches = list(_markdown_stretches(body) if markdown else _plain_stretches(body))
    edits = [found for stretch in stretches if (found := stretch.edits(lang, settings))]
    wanted = _set(parse(body), lang, settings)

    def reads_alike(mended: str) -> bool:
        try:
            return _set(parse(mended), lang, settings) == wanted
        except InputError:
            return False

    whole = _applied(body, edits)
    if reads_alike(whole):
        return whole
    kept: list[tuple[Edit, ...]] = []
    for found in edits[:_MAX_STRETCHES]:
        if reads_alike(_applied(body, [*kept, found])):
            kept.append(found)
    return _applied(body, kept)


def _applied(body: str, edits: Sequence[tuple[Edit, ...]]) -> str:
    return apply_edits(body, sorted((edit for found in edits for edit in found), key=lambda edit: edit.start))


def _set(draft: Draft, lang: str, settings: Typography) -> Draft:
    title, blocks = polish_text(draft.title, lang, settings), polish_blocks(draft.blocks, lang, settings)
    return Draft(title=title, title_line=draft.title_line, blocks=blocks)


def _plain_stretches(body: str) -> Iterator[_Stretch]:
    """Yield the lines between blank ones: a quotation may run over the lines of a paragraph."""
    for found in re.finditer(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*", body):
        text, start = found.group(), found.start()
        fixed = [lead.span() for lead in _LEADING.finditer(text) if lead.group()]
        fixed += [tabs.span() for tabs in re.finditer(r"\t+", text)]
        yield _Stretch(text, tuple(range(start, found.end())), tuple(fixed))


def _markdown_stretches(body: str) -> Iterator[_Stretch]:
    """Yield what Markdown shows of each heading, paragraph and cell, found again in its source lines."""
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 100}).enable("table")
    starts = [0, *(found.end() for found in re.finditer("\n", body)), len(body) + 1]
    searched = 0
    for token in parser.parse(body):
        if token.type != "inline" or token.map is None or len(token.content) > _MAX_CHARS:
            continue
        places: list[int] = []
        at = max(searched, starts[token.map[0]])
        for number, line in enumerate(token.content.split("\n")):
            end = starts[min(token.map[0] + number + 1, len(starts) - 1)] - 1
            at = max(at, starts[min(token.map[0] + number, len(starts) - 1)])
            found = body.find(line, at, end)
            if found < 0:
                places = []
                break
            places += [*range(found, found + len(line)), found + len(line)]
            at = searched = found + len(line)
        if places:
            yield _shown(token.content, places[:-1])


def _shown(source: str, places: Sequence[int]) -> _Stretch:
    """Return the text of inline Markdown without markers, brackets and targets; code and escapes are fixed."""
    text: list[str] = []
    kept: list[int] = []
    fixed: list[tuple[int, int]] = []
    at = 0
    for found in _MARKUP.finditer(source):
        text.append(source[at : found.start()])
        kept += places[at : found.start()]
        if found["fixed"] is not None:
            fixed.append((len(kept), len(kept) + len(found.group())))
            text.append(found.group())
            kept += places[found.start() : found.end()]
        at = found.end()
    text.append(source[at:])
    kept += places[at:]
    return _Stretch("".join(text), tuple(kept), tuple(fixed))
